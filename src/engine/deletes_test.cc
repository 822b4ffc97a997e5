#include "engine/deletes.h"

#include <fmt/format.h>

#include "engine/testing/world.h"

namespace godwit::engine {
namespace {

using model::ExecutionStatus;
using model::Outcome;
using testing::World;
using namespace std::chrono_literals;

// A source of objects that the destination has as well, and more at the destination.
void fill_both(World& world, int shared, int extra) {
    for (int i = 0; i < shared; ++i) world.source.write(fmt::format("kept/{:03}", i), "bytes");
    EXPECT_TRUE(world.run());
    world.journal.next_execution();
    world.progress.listing_done = false;
    for (int i = 0; i < extra; ++i) world.destination.write(fmt::format("old/{:03}", i), "old bytes");
}

std::uint64_t standing(const World& world, std::string_view prefix) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        world.destination.objects, [&](const auto& each) { return each.first.starts_with(prefix); }));
}

std::string reason_of(const World& world, std::string_view key) {
    for (const auto& record : world.journal.records()) {
        if (record.key.bytes() == key) return record.reason;
    }
    return "no row";
}

// Nothing has gone, and the run says why.
void expect_withheld(const World& world, const std::optional<ExecutionResult>& result, std::string_view code,
                     std::uint64_t extra) {
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Incomplete);
    ASSERT_TRUE(result->deletes_withheld);
    EXPECT_EQ(result->deletes_withheld->code(), code) << result->deletes_withheld->message();
    EXPECT_EQ(result->counts[Outcome::Deleted], 0u);
    EXPECT_EQ(result->counts[Outcome::Kept], extra);
    EXPECT_EQ(standing(world, "old/"), extra);
    EXPECT_TRUE(world.journal.all_batches_finished());
}

TEST(Deletes, nothing_goes_unless_the_run_mirrors) {
    World world;
    fill_both(world, 5, 3);
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    EXPECT_EQ(standing(world, "old/"), 3u);
}

TEST(Deletes, what_only_the_destination_has_goes_each_with_its_row) {
    World world;
    fill_both(world, 20, 1500);
    world.mirror();
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    EXPECT_EQ(result->counts[Outcome::Deleted], 1500u);
    EXPECT_EQ(result->counts.listed(), 20u);
    world.expect_same_objects();
    EXPECT_EQ(reason_of(world, "old/007"), "not_at_source");
    EXPECT_TRUE(world.journal.all_batches_finished());
}

TEST(Deletes, the_index_forgets_what_has_gone) {
    World world;
    fill_both(world, 5, 0);
    world.source.objects.erase("kept/002");
    world.mirror();
    ASSERT_TRUE(world.run());
    world.expect_same_objects();
    for (const auto& record : world.journal.records()) {
        if (record.key.bytes() == "kept/002") EXPECT_EQ(record.outcome, Outcome::Deleted);
    }
}

TEST(Deletes, what_the_selection_hides_stays) {
    World world;
    fill_both(world, 5, 3);
    world.destination.write("old/hidden.tmp", "bytes");
    auto selection = std::make_shared<model::Selection>();
    selection->exclude(*model::KeyPattern::selecting_glob("*.tmp"), "*.tmp");
    world.options.selection = selection;
    world.mirror();
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Deleted], 3u);
    EXPECT_TRUE(world.destination.objects.contains("old/hidden.tmp"));
}

TEST(Deletes, an_object_whose_source_is_out_of_bounds_stays) {
    World world;
    fill_both(world, 5, 0);
    auto selection = std::make_shared<model::Selection>();
    world.source.write("kept/003", "grown to more bytes");
    selection->set_bounds({.size_bytes_max = 10});
    world.options.selection = selection;
    world.mirror();
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Deleted], 0u);
    EXPECT_TRUE(world.destination.objects.contains("kept/003"));
}

TEST(Deletes, B17_nothing_goes_when_a_listing_fails) {
    for (bool at_source : {true, false}) {
        for (ErrorKind kind : {ErrorKind::Denied, ErrorKind::Corrupt, ErrorKind::Invalid}) {
            World world;
            fill_both(world, 5, 3);
            world.mirror();
            // attach, then the first page.
            store::FaultPlan fault({2, store::FaultMoment::Before, kind, false});
            (at_source ? world.source_faults : world.destination_faults) = fault;
            auto result = world.run();
            ASSERT_TRUE(result);
            EXPECT_EQ(result->status, ExecutionStatus::Failed);
            EXPECT_EQ(standing(world, "old/"), 3u);
        }
    }
}

TEST(Deletes, B17_nothing_goes_when_the_source_is_empty) {
    World world;
    fill_both(world, 5, 3);
    world.source.objects.clear();
    world.mirror();
    auto result = world.run();
    ASSERT_TRUE(result);
    ASSERT_TRUE(result->deletes_withheld);
    EXPECT_EQ(result->deletes_withheld->code(), "EmptySource");
    EXPECT_EQ(world.destination.objects.size(), 8u);
}

TEST(Deletes, B17_what_the_listing_left_out_stops_everything) {
    World world;
    fill_both(world, 50, 0);
    world.mirror();
    std::vector<decltype(world.source.objects)::node_type> left_out;
    for (int i = 10; i < 50; ++i)
        left_out.push_back(world.source.objects.extract(fmt::format("kept/{:03}", i)));
    world.meanwhile = [&](Duration) {
        if (!world.progress.listing_done) return;
        for (auto& object : left_out) world.source.objects.insert(std::move(object));
        left_out.clear();
    };
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Failed);
    ASSERT_TRUE(result->stopped_by);
    EXPECT_EQ(result->stopped_by->code(), "IncompleteListing");
    EXPECT_EQ(standing(world, "kept/"), 50u);
}

TEST(Deletes, B18_nothing_goes_when_a_root_is_another_one) {
    for (bool at_source : {true, false}) {
        World world;
        fill_both(world, 5, 3);
        world.mirror();
        world.meanwhile = [&](Duration) {
            if (world.progress.listing_done) (at_source ? world.source : world.destination).root = 1;
        };
        expect_withheld(world, world.run(), "RootReplaced", 3);
    }
}

TEST(Deletes, B18_no_more_goes_than_is_allowed) {
    for (DeleteOptions options :
         {DeleteOptions{.objects_max = 2, .percent_max = 100}, DeleteOptions{.percent_max = 37}}) {
        World world;
        fill_both(world, 5, 3);
        world.mirror(options);
        expect_withheld(world, world.run(), "TooManyDeletes", 3);
    }
    for (DeleteOptions options :
         {DeleteOptions{.objects_max = 3, .percent_max = 100}, DeleteOptions{.percent_max = 38}}) {
        World world;
        fill_both(world, 5, 3);
        world.mirror(options);
        ASSERT_TRUE(world.run());
        EXPECT_EQ(standing(world, "old/"), 0u);
    }
}

TEST(Deletes, what_could_not_be_copied_holds_them_back_unless_told_otherwise) {
    for (bool despite : {false, true}) {
        World world;
        fill_both(world, 5, 3);
        world.source.write("renamed", "the bytes of what was called old/000");
        world.mirror({.percent_max = 100, .despite_failures = despite});
        // attach, one page, open.
        world.source_faults = store::FaultPlan({3, store::FaultMoment::Before, ErrorKind::Denied, false});
        auto result = world.run();
        if (!despite) {
            expect_withheld(world, result, "FailedObjects", 3);
            continue;
        }
        ASSERT_TRUE(result);
        EXPECT_EQ(result->counts[Outcome::Failed], 1u);
        EXPECT_EQ(result->counts[Outcome::Deleted], 3u);
    }
}

TEST(Deletes, a_store_that_cannot_remove_exactly_what_was_listed_is_asked_for_nothing) {
    for (bool inexact : {false, true}) {
        World world;
        fill_both(world, 5, 3);
        world.mirror({.percent_max = 100, .inexact = inexact});
        world.destination_removes_exactly = false;
        auto result = world.run();
        if (!inexact) {
            expect_withheld(world, result, "InexactDelete", 3);
            continue;
        }
        ASSERT_TRUE(result);
        EXPECT_EQ(result->counts[Outcome::Deleted], 3u);
    }
}

TEST(Deletes, an_object_that_the_source_got_meanwhile_stays) {
    World world;
    fill_both(world, 5, 3);
    world.mirror();
    world.meanwhile = [&, done = false](Duration) mutable {
        if (world.progress.listing_done && !std::exchange(done, true)) world.source.write("old/001", "new");
    };
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    EXPECT_EQ(result->counts[Outcome::Deleted], 2u);
    EXPECT_EQ(reason_of(world, "old/001"), "at_source");
}

TEST(Deletes, an_object_that_somebody_has_written_since_the_listing_stays) {
    World world;
    fill_both(world, 5, 3);
    world.mirror();
    world.meanwhile = [&, done = false](Duration) mutable {
        if (world.progress.listing_done && !std::exchange(done, true))
            world.destination.write("old/001", "new");
    };
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Deleted], 2u);
    EXPECT_EQ(reason_of(world, "old/001"), "changed");
}

TEST(Deletes, an_object_that_came_after_the_start_of_the_run_stays) {
    World world;
    fill_both(world, 5, 3);
    world.mirror();
    world.destination.write("old/new", "written by another program");
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    EXPECT_EQ(result->counts[Outcome::Deleted], 3u);
    EXPECT_EQ(reason_of(world, "old/new"), "newer");
    EXPECT_TRUE(world.destination.objects.contains("old/new"));
}

// I10, B19: whenever it is killed, the run that carries it on ends with the same objects, and one row for
// each.
TEST(Deletes, B19_killed_at_any_moment_they_are_carried_on_to_the_same_end) {
    for (int milliseconds = 0; milliseconds < 400; milliseconds += 5) {
        SCOPED_TRACE(fmt::format("killed after {} ms", milliseconds));
        World world;
        world.options.concurrency_start = world.options.limits.concurrency_max = 4;
        fill_both(world, 10, 30);
        world.source.write("new", "bytes");
        world.mirror();
        world.run(Duration::max(), std::chrono::milliseconds(milliseconds));
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean);
        EXPECT_EQ(result->counts[Outcome::Deleted], 30u);
        EXPECT_EQ(result->counts.listed(), 11u);
        world.expect_same_objects();
    }
}

// Whatever single operation fails, nothing goes that should not, and the next run ends the matter.
TEST(Deletes, C31_every_single_failing_operation_is_survived) {
    for (auto moment : {store::FaultMoment::Before, store::FaultMoment::After}) {
        for (bool at_source : {true, false}) {
            bool fired = true;
            for (std::uint64_t nth = 1; fired; ++nth) {
                SCOPED_TRACE(fmt::format("operation {}{}", nth, at_source ? " at the source" : ""));
                World world;
                fill_both(world, 4, 6);
                world.source.write("new", "bytes");
                world.mirror();
                store::FaultPlan& faults = at_source ? world.source_faults : world.destination_faults;
                faults = store::FaultPlan({nth, moment, ErrorKind::Lost, false});
                world.run();
                fired = faults.fired();
                faults = store::FaultPlan();
                world.journal.next_execution();
                auto second = world.run();
                ASSERT_TRUE(second);
                EXPECT_EQ(second->status, ExecutionStatus::Clean);
                world.expect_same_objects();
            }
        }
    }
}

}  // namespace
}  // namespace godwit::engine
