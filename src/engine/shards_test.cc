#include "engine/shards.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/testing/world.h"

namespace godwit::engine {
namespace {

using model::ExecutionStatus;
using model::Outcome;
using testing::World;

// Pages are small and count as slow, so every listing that goes on for a while is cut.
void cut_eagerly(World& world) {
    world.page_entries_max = 5;
    world.options.slow_page_min = Duration::zero();
}

void write_flat(World& world, int objects) {
    for (int i = 0; i < objects; ++i) world.source.write(fmt::format("flat/{:06}", i), "x");
}

std::vector<ledger::Shard> shards_of(World& world) {
    std::vector<ledger::Shard> shards;
    runtime::ManualLoop loop;
    auto work = [&]() -> Task<void> { shards = *co_await world.journal.shards(); };
    loop.spawn(work());
    loop.run_until_idle();
    return shards;
}

// I8: the ranges part all keys among them, and each is complete.
void expect_shards_hold_everything(World& world) {
    std::vector<ledger::Shard> shards = shards_of(world);
    std::ranges::sort(shards, {}, [](const ledger::Shard& shard) { return shard.range.after; });
    std::string end;
    for (const ledger::Shard& shard : shards) {
        EXPECT_TRUE(shard.complete) << shard.id;
        if (&shard != &shards.front())
            EXPECT_EQ(end, model::KeyRange::before_what_follows(shard.range.after));
        end = shard.range.before;
    }
    EXPECT_EQ(shards.front().range.after, "");
    EXPECT_EQ(end, "");
}

TEST(Shards, a_slow_listing_is_cut_and_each_key_is_found_once) {
    World world;
    cut_eagerly(world);
    write_flat(world, 2000);
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    EXPECT_GE(world.journal.splits, 10);
    world.expect_same_objects();
    world.expect_counts_add_up(*result);
    expect_shards_hold_everything(world);
}

TEST(Shards, a_fast_listing_and_one_alone_are_not_cut) {
    World fast;
    fast.page_entries_max = 5;
    write_flat(fast, 500);
    ASSERT_TRUE(fast.run());
    EXPECT_EQ(fast.journal.splits, 0);
    World alone;
    cut_eagerly(alone);
    alone.options.listings_max = 1;
    write_flat(alone, 500);
    ASSERT_TRUE(alone.run());
    EXPECT_EQ(alone.journal.splits, 0);
}

TEST(Shards, a_second_run_in_shards_finds_all_unchanged) {
    World world;
    cut_eagerly(world);
    write_flat(world, 1000);
    ASSERT_TRUE(world.run());
    world.journal.next_execution();
    world.journal.splits = 0;
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Unchanged], 1000u);
    EXPECT_GE(world.journal.splits, 5);
}

// Any keys, also such as no cut can be made of; differences of every kind; deletes see all shards.
TEST(Shards, L113_random_keys_are_mirrored_exactly) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        World world;
        cut_eagerly(world);
        world.options.listings_max = 1 + random() % 16;
        world.destination.generations = 10'000;  // so that no times are equal
        const std::vector<std::string> letters{"a", "b", "/", " ", "\xff", "\xc3\xa9", "\x01"};
        for (int i = 0; i < 300; ++i) {
            std::string key;
            for (unsigned length = 1 + random() % 6; length > 0; --length)
                key += letters[random() % letters.size()];
            // Of an empty marker of a directory the bytes that the destination's has do not count.
            if (key.ends_with('/')) key += 'x';
            if (random() % 3) world.source.write(key, std::string(random() % 3, 's'));
            if (random() % 3) world.destination.write(key, std::string(random() % 3, 'd'));
        }
        world.mirror();
        auto result = world.run();
        ASSERT_TRUE(result);
        world.expect_same_objects();
        expect_shards_hold_everything(world);
    }
}

// I10: killed at any moment, while listings are being cut too.
TEST(Shards, H74_killed_at_any_moment_all_shards_are_carried_on) {
    for (int milliseconds = 0; milliseconds < 500; milliseconds += 10) {
        SCOPED_TRACE("killed after " + std::to_string(milliseconds) + " ms");
        World world;
        cut_eagerly(world);
        write_flat(world, 200);
        world.destination.write("flat/000100x", "only here");
        world.mirror();
        world.run(Duration::max(), std::chrono::milliseconds(milliseconds));
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean);
        world.expect_same_objects();
        expect_shards_hold_everything(world);
    }
}

TEST(Shards, H74_killed_before_and_after_each_cut_nothing_is_lost_and_nothing_deleted_early) {
    for (bool before : {true, false}) {
        for (int split = 1; split <= 8; ++split) {
            SCOPED_TRACE(fmt::format("killed {} cut {}", before ? "before" : "after", split));
            World world;
            cut_eagerly(world);
            write_flat(world, 2000);
            world.destination.write("flat/001999x", "only here");
            world.mirror();
            (before ? world.journal.killed_before_split : world.journal.killed_after_split) = split;
            auto first = world.run();
            ASSERT_TRUE(first);
            EXPECT_EQ(first->status, ExecutionStatus::Transferring);
            EXPECT_TRUE(world.destination.objects.contains("flat/001999x")) << "a shard is not complete";
            world.journal.void_leases();
            auto second = world.run();
            ASSERT_TRUE(second);
            EXPECT_EQ(second->status, ExecutionStatus::Clean);
            world.expect_same_objects();
            expect_shards_hold_everything(world);
        }
    }
}

// I4: what one shard could not list holds back the deletes of all.
TEST(Shards, B17_a_shard_that_fails_deletes_nothing) {
    for (std::uint64_t nth = 1; nth <= 60; ++nth) {
        World world;
        cut_eagerly(world);
        write_flat(world, 200);
        world.destination.write("flat/000000x", "only here");
        world.mirror();
        world.source_faults = store::FaultPlan({nth, store::FaultMoment::Before, ErrorKind::Lost, true});
        world.run();
        EXPECT_TRUE(world.destination.objects.contains("flat/000000x")) << nth;
    }
}

TEST(Shards, what_was_found_is_committed_within_a_second_however_slow_pages_are) {
    World world;
    world.page_entries_max = 1;  // in 10 ms
    world.options.listings_max = 1;
    write_flat(world, 400);
    world.run(Duration::max(), std::chrono::milliseconds(2500));
    ASSERT_EQ(shards_of(world).size(), 1u);
    EXPECT_GE(shards_of(world).front().cursor, "flat/000080");
}

}  // namespace
}  // namespace godwit::engine
