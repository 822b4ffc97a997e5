#include "engine/backup.h"

#include <fmt/format.h>

#include "engine/testing/world.h"

namespace godwit::engine {
namespace {

using model::ExecutionStatus;
using model::Outcome;
using testing::World;

constexpr int kOld = 12;

// As a mirror finds them: objects at the destination alone, small and large, and some at both ends.
void fill(World& world) {
    for (int i = 0; i < 5; ++i) world.source.write(fmt::format("kept/{}", i), "bytes");
    ASSERT_TRUE(world.run());
    world.journal.next_execution();
    world.progress.listing_done = false;
    for (int i = 0; i < kOld; ++i) {
        std::size_t size = i % 4 == 0 ? 3 * testing::kPart + 17 : static_cast<std::size_t>(i);
        world.destination.write(fmt::format("old/{:02}", i), std::string(size, static_cast<char>('a' + i)));
    }
    world.mirror();
    world.backs_up = true;
}

std::map<std::string, std::vector<std::byte>> old_objects(const store::MemoryPlace& place) {
    std::map<std::string, std::vector<std::byte>> found;
    for (const auto& [key, object] : place.objects) {
        if (key.starts_with("old/")) found[key] = object.bytes;
    }
    return found;
}

TEST(Backup, what_goes_is_copied_first) {
    World world;
    fill(world);
    auto before = old_objects(world.destination);
    // Never, not for a moment, are there fewer than one of each.
    world.meanwhile = [&](Duration) {
        auto here = old_objects(world.destination), aside = old_objects(world.backup);
        for (const auto& [key, bytes] : before) EXPECT_TRUE(here.contains(key) || aside.contains(key)) << key;
    };
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    EXPECT_EQ(result->counts[Outcome::Deleted], static_cast<std::uint64_t>(kOld));
    EXPECT_EQ(old_objects(world.backup), before);
    EXPECT_EQ(world.backup.objects.size(), before.size()) << "nothing but what went";
    world.expect_same_objects();
    for (const auto& record : world.journal.records()) {
        if (record.outcome == Outcome::Deleted) EXPECT_EQ(record.reason, "backed_up");
    }
}

TEST(Backup, nothing_is_opened_when_nothing_goes) {
    World world;
    fill(world);
    std::erase_if(world.destination.objects, [](const auto& each) { return each.first.starts_with("old/"); });
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    EXPECT_EQ(world.backup_faults.operations(), 0u);
}

TEST(Backup, where_it_cannot_be_opened_nothing_goes) {
    World world;
    fill(world);
    world.backup_faults = store::FaultPlan({1, store::FaultMoment::Before, ErrorKind::Denied, true});
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Incomplete);
    ASSERT_TRUE(result->deletes_withheld);
    EXPECT_EQ(result->deletes_withheld->kind(), ErrorKind::Denied);
    EXPECT_EQ(old_objects(world.destination).size(), static_cast<std::size_t>(kOld));
}

TEST(Backup, what_cannot_be_copied_stays) {
    World world;
    fill(world);
    // The root is reached; everything after it is refused.
    world.backup_faults = store::FaultPlan({2, store::FaultMoment::Before, ErrorKind::Denied, true});
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::NotDeleted], static_cast<std::uint64_t>(kOld));
    EXPECT_EQ(result->counts[Outcome::Deleted], 0u);
    EXPECT_EQ(old_objects(world.destination).size(), static_cast<std::size_t>(kOld));
}

TEST(Backup, B19_killed_at_any_moment_nothing_is_lost_or_left_half_made) {
    for (int milliseconds = 0; milliseconds < 600; milliseconds += 5) {
        SCOPED_TRACE(fmt::format("killed after {} ms", milliseconds));
        World world;
        world.options.concurrency_start = world.options.limits.concurrency_max = 4;
        fill(world);
        auto before = old_objects(world.destination);
        world.run(Duration::max(), std::chrono::milliseconds(milliseconds));
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean);
        EXPECT_EQ(result->counts[Outcome::Deleted], static_cast<std::uint64_t>(kOld));
        EXPECT_EQ(old_objects(world.backup), before);
        EXPECT_TRUE(world.backup.uploads.empty());
        world.expect_same_objects();
    }
}

TEST(Backup, C31_every_single_failing_operation_is_survived) {
    for (auto moment : {store::FaultMoment::Before, store::FaultMoment::After}) {
        bool fired = true;
        for (std::uint64_t nth = 1; fired; ++nth) {
            SCOPED_TRACE(fmt::format("operation {} of the backup", nth));
            World world;
            fill(world);
            auto before = old_objects(world.destination);
            world.backup_faults = store::FaultPlan({nth, moment, ErrorKind::Lost, false});
            world.run();
            fired = world.backup_faults.fired();
            auto here = old_objects(world.destination), aside = old_objects(world.backup);
            for (const auto& [key, bytes] : before)
                EXPECT_TRUE(here.contains(key) || (aside.contains(key) && aside[key] == bytes)) << key;
        }
    }
}

}  // namespace
}  // namespace godwit::engine
