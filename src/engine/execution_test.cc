#include "engine/execution.h"

#include <gtest/gtest-spi.h>

#include <map>
#include <ranges>

#include "base/encoding.h"
#include "engine/testing/world.h"
#include "store/testing/vector_list.h"

namespace godwit::engine {
namespace {

using model::ExecutionStatus;
using model::Outcome;
using testing::kPart;
using testing::World;

TEST(Execution, copies_everything_with_evidence) {
    World world;
    world.fill(300);
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    world.expect_same_objects();
    world.expect_counts_add_up(*result);
    for (const auto& record : world.journal.records()) {
        EXPECT_EQ(record.outcome, Outcome::Verified);
        EXPECT_EQ(record.evidence.level, model::EvidenceLevel::Attested);
        ASSERT_TRUE(record.evidence.source_digest);
        EXPECT_EQ(record.evidence.source_digest, record.evidence.destination_digest);
    }
    EXPECT_TRUE(world.journal.all_batches_finished());
    EXPECT_TRUE(world.destination.uploads.empty());
}

// A batch that is committed while a lease looks in vain must still be worked on.
TEST(Execution, a_single_object_is_copied) {
    World world;
    world.source.write("k", "bytes");
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Verified], 1u);
}

// Permits of two kinds that are taken in two orders wait for one another for ever.
TEST(Execution, small_objects_and_parts_share_little_memory_and_few_requests) {
    for (std::uint32_t concurrency : {1u, 2u, 3u, 8u}) {
        for (bool read_back : {false, true}) {
            World world;
            world.options.limits.memory_bytes_max = 3 * kPart;
            world.options.concurrency_start = concurrency;
            world.options.limits.concurrency_max = concurrency;
            world.options.read_back = read_back;
            for (int i = 0; i < 40; ++i) {
                world.source.write("a" + std::to_string(i), std::string(kPart - 1, 'a'));
                world.source.write("b" + std::to_string(i), std::string(5 * kPart + 1, 'b'));
            }
            auto result = world.run();
            ASSERT_TRUE(result) << concurrency;
            EXPECT_EQ(result->status, ExecutionStatus::Clean);
            world.expect_same_objects();
        }
    }
}

TEST(Execution, a_second_run_finds_everything_unchanged_and_asks_nothing_but_listings) {
    World world;
    world.fill(300);
    ASSERT_TRUE(world.run());
    world.journal.next_execution();
    world.source_faults = store::FaultPlan();
    world.destination_faults = store::FaultPlan();
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Unchanged], 300u);
    EXPECT_EQ(result->counts.copied(), 0u);
    for (const auto* faults : {&world.source_faults, &world.destination_faults}) {
        for (const std::string& operation : faults->names()) {
            EXPECT_TRUE(operation == "attach" || operation.find("next") != std::string::npos ||
                        operation.find("list") != std::string::npos)
                << operation;
        }
    }
}

TEST(Execution, what_is_unchanged_has_rows_when_they_are_asked_for) {
    World world;
    world.fill(300);
    ASSERT_TRUE(world.run());
    world.journal.next_execution();
    world.options.record_unchanged = true;
    world.source.write("dir1/object1", "new bytes");
    std::size_t earlier = world.journal.records().size();
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    EXPECT_EQ(result->counts[Outcome::Unchanged], 299u);
    EXPECT_EQ(result->counts[Outcome::Verified], 1u);
    world.expect_counts_add_up(*result);
    EXPECT_EQ(world.journal.records().size() - earlier, 300u);
    std::uint64_t bytes = 0;
    for (const auto& record : world.journal.records() | std::views::drop(earlier)) {
        if (record.outcome != Outcome::Unchanged) continue;
        EXPECT_EQ(record.reason, "unchanged");
        EXPECT_EQ(record.evidence.source.size_bytes, record.bytes);
        bytes += record.bytes;
    }
    EXPECT_EQ(bytes, result->counts.bytes[static_cast<std::size_t>(Outcome::Unchanged)]);
    EXPECT_TRUE(world.journal.all_batches_finished());
}

TEST(Execution, a_changed_object_is_copied_again_and_only_that) {
    World world;
    world.fill(50);
    ASSERT_TRUE(world.run());
    world.journal.next_execution();
    world.source.write("dir1/object1", "new bytes");
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Verified], 1u);
    EXPECT_EQ(result->counts[Outcome::Unchanged], 49u);
    world.expect_same_objects();
}

TEST(Execution, C30_an_object_replaced_at_the_destination_is_put_right) {
    World world;
    world.fill(50);
    ASSERT_TRUE(world.run());
    world.journal.next_execution();
    world.destination.write("dir1/object1", "somebody else's");
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Verified], 1u);
    world.expect_same_objects();
}

// Catalogue 74 and 76 at the store's edge: whatever single operation fails, before or after it acted,
// the run ends, nothing false is recorded, and the next run makes it right.
TEST(Execution, C31_every_single_failing_operation_is_survived) {
    std::uint64_t operations = 0;
    {
        World world;
        world.fill(12);
        ASSERT_TRUE(world.run());
        operations = world.destination_faults.operations();
    }
    for (auto moment : {store::FaultMoment::Before, store::FaultMoment::After}) {
        for (std::uint64_t nth = 1; nth <= operations; ++nth) {
            for (bool at_source : {true, false}) {
                SCOPED_TRACE("operation " + std::to_string(nth) + (at_source ? " at the source" : ""));
                World world;
                world.fill(12);
                store::Fault fault{nth, moment, ErrorKind::Lost, false};
                (at_source ? world.source_faults : world.destination_faults) = store::FaultPlan(fault);
                auto first = world.run();
                for (const auto& record : world.journal.records()) {
                    if (record.outcome != Outcome::Verified) continue;
                    EXPECT_TRUE(world.destination.objects.at(record.key.bytes()).bytes ==
                                world.source.objects.at(record.key.bytes()).bytes);
                }
                world.journal.next_execution();
                auto second = world.run();
                ASSERT_TRUE(second);
                EXPECT_EQ(second->status, ExecutionStatus::Clean);
                world.expect_same_objects();
                world.expect_counts_add_up(*second);
            }
        }
    }
}

// I10: stopped at any moment and carried on, it ends with the same objects and one row for each.
TEST(Execution, H74_killed_at_any_moment_it_is_carried_on_to_the_same_end) {
    for (int milliseconds = 0; milliseconds < 400; milliseconds += 5) {
        SCOPED_TRACE("killed after " + std::to_string(milliseconds) + " ms");
        World world;
        world.options.limits.concurrency_max = 4;
        world.options.concurrency_start = 4;
        world.fill(40);
        world.run(Duration::max(), std::chrono::milliseconds(milliseconds));
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean);
        world.expect_same_objects();
        world.expect_counts_add_up(*result);
        EXPECT_TRUE(world.destination.uploads.empty());
    }
}

TEST(Execution, H74_killed_at_any_moment_it_tells_once_of_each_object_that_is_unchanged) {
    for (int milliseconds = 0; milliseconds < 100; milliseconds += 5) {
        SCOPED_TRACE("killed after " + std::to_string(milliseconds) + " ms");
        World world;
        world.fill(40);
        ASSERT_TRUE(world.run());
        world.journal.next_execution();
        std::size_t earlier = world.journal.records().size();
        world.source.write("dir1/object1", "new bytes");
        world.options.record_unchanged = true;
        world.run(Duration::max(), std::chrono::milliseconds(milliseconds));
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->counts[Outcome::Unchanged], 39u);
        EXPECT_EQ(result->counts[Outcome::Verified], 1u);
        EXPECT_EQ(world.journal.records().size() - earlier, 40u);
        world.expect_counts_add_up(*result);
    }
}

// The number of the first operation of this name at the destination, in an undisturbed copy of one large
// object.
std::uint64_t first_operation(std::string_view name) {
    World world;
    world.fill(1);
    EXPECT_TRUE(world.run());
    const std::vector<std::string>& names = world.destination_faults.names();
    auto found = std::ranges::find(names, name);
    EXPECT_NE(found, names.end()) << name;
    return static_cast<std::uint64_t>(found - names.begin()) + 1;
}

// The answer to the beginning is lost, and the process is killed before it can ask again.
TEST(Execution, E59_an_upload_of_which_only_the_intent_is_known_is_ended_by_the_run_that_carries_on) {
    store::Fault lost{first_operation("begin"), store::FaultMoment::After, ErrorKind::Lost, false};
    int left_behind = 0;
    for (int milliseconds = 0; milliseconds < 100; milliseconds += 5) {
        SCOPED_TRACE("killed after " + std::to_string(milliseconds) + " ms");
        World world;
        world.fill(1);
        world.destination_faults = store::FaultPlan(lost);
        world.run(Duration::max(), std::chrono::milliseconds(milliseconds));
        if (world.destination.uploads.empty()) continue;
        ++left_behind;
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean);
        EXPECT_TRUE(world.destination.uploads.empty());
        world.expect_same_objects();
    }
    EXPECT_GT(left_behind, 0);
}

// An upload carries the metadata of the generation that it was begun for.
TEST(Execution, A10_an_upload_of_an_older_generation_is_not_carried_on) {
    for (bool changed : {false, true}) {
        World world;
        world.fill(1);
        store::Fault gone{first_operation("commit"), store::FaultMoment::Before, ErrorKind::Lost, true};
        world.destination_faults = store::FaultPlan(gone);
        world.run(Duration::max(), std::chrono::milliseconds(200));
        ASSERT_EQ(world.destination.uploads.size(), 1u);
        if (changed) world.source.write("dir0/object0", std::string(3 * kPart + 17, 'x'));
        world.destination_faults = store::FaultPlan();
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean);
        EXPECT_EQ(std::ranges::count(world.destination_faults.names(), "resume"), changed ? 0 : 1);
        EXPECT_TRUE(world.destination.uploads.empty());
        world.expect_same_objects();
    }
}

TEST(Execution, a_drained_run_says_that_it_can_be_carried_on) {
    World world;
    world.options.limits.concurrency_max = 2;
    world.options.concurrency_start = 2;
    world.fill(3000);
    auto stopped = world.run(std::chrono::milliseconds(100));
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->status, ExecutionStatus::Transferring);
    EXPECT_LT(stopped->counts.listed(), 3000u);
    world.journal.void_leases();
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    world.expect_same_objects();
    world.expect_counts_add_up(*result);
}

TEST(Execution, H74_one_that_is_stopped_before_any_batch_begins_can_be_carried_on) {
    for (int lease = 1;; ++lease) {
        SCOPED_TRACE(lease);
        World world;
        for (const char* key : {"d/", "d/e/", "file"}) world.source.write(key, "");
        world.stop_at_lease = lease;
        auto stopped = world.run();
        ASSERT_TRUE(stopped);
        if (world.stop_at_lease != 0) break;
        bool all_done = world.journal.all_batches_finished();
        EXPECT_TRUE(all_done || stopped->status == ExecutionStatus::Transferring);
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean);
        world.expect_same_objects();
        world.expect_counts_add_up(*result);
    }
}

TEST(Execution, L112_a_state_disk_that_is_full_as_the_transfer_begins_stops_the_listing_beside_it) {
    for (ExecutionStatus status : {ExecutionStatus::Preparing, ExecutionStatus::Transferring}) {
        World world;
        world.fill(20);
        world.journal.fails_to_become = status;
        auto stopped = world.run();
        if (stopped) EXPECT_EQ(stopped->stopped_by->kind(), ErrorKind::Full);
        world.journal.fails_to_become.reset();
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean);
        world.expect_same_objects();
    }
}

TEST(Execution, a_failed_listing_fails_the_execution_and_keeps_what_was_copied) {
    World world;
    world.fill(20);
    // attach, then the first page.
    world.source_faults = store::FaultPlan({2, store::FaultMoment::Before, ErrorKind::Denied, false});
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Failed);
    ASSERT_TRUE(result->stopped_by);
    EXPECT_EQ(result->stopped_by->kind(), ErrorKind::Denied);
}

// Catalogue 1 and 10: what changes between listing and publishing is never stored as a mix.
TEST(Execution, A1_an_object_that_changed_after_listing_is_tried_again_and_verified) {
    World world;
    world.source.write("calm", "bytes");
    world.source.write("live", std::string(3 * kPart, 'a'));
    bool changed = false;
    world.meanwhile = [&](Duration spent) {
        if (changed || spent < std::chrono::milliseconds(45)) return;
        changed = true;
        world.source.write("live", std::string(3 * kPart, 'b'));
    };
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_TRUE(changed);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    world.expect_same_objects();
    world.expect_counts_add_up(*result);
    EXPECT_TRUE(world.destination.uploads.empty());
}

TEST(Execution, A1_an_object_that_never_rests_is_deferred_and_the_old_copy_stays) {
    World world;
    world.source.write("live", std::string(3 * kPart, 'a'));
    ASSERT_TRUE(world.run());
    world.journal.next_execution();
    world.meanwhile = [&](Duration) { world.source.write("live", std::string(3 * kPart, 'b')); };
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Incomplete);
    EXPECT_EQ(result->counts.deferred(), 1u);
    EXPECT_EQ(world.destination.objects.at("live").bytes.front(), std::byte{'a'});
    EXPECT_TRUE(world.destination.uploads.empty());
}

// Catalogue 5.
TEST(Execution, A5_an_object_that_vanished_after_listing_is_gone) {
    World world;
    world.fill(20);
    world.meanwhile = [&](Duration spent) {
        if (spent >= std::chrono::milliseconds(30)) world.source.objects.erase("dir5/object5");
    };
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Gone], 1u);
    EXPECT_EQ(result->counts.listed(), 20u);
    EXPECT_FALSE(world.destination.objects.contains("dir5/object5"));
}

// Catalogue 58: a store that keeps other bytes than it was given is found by reading back.
TEST(Execution, B22_bytes_that_rot_at_the_destination_before_they_are_read_back_are_not_verified) {
    World world;
    world.attests = false;
    world.source.write("k", "good bytes");
    world.meanwhile = [&](Duration) {
        if (world.destination.objects.contains("k")) world.destination.objects["k"].bytes[0] = std::byte{'X'};
    };
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Failed], 1u);
    ASSERT_EQ(world.journal.records().size(), 1u);
    EXPECT_EQ(world.journal.records()[0].error_code, "Mismatch");
}

// Catalogue 58: wrong bytes may stand under the name, with the attributes that we gave them. The next run
// must not take those for a sign that the object is equal.
TEST(Execution, E58_what_was_written_and_not_proved_is_copied_again) {
    World world;
    world.attests = false;
    model::Metadata metadata;
    metadata.posix.emplace().mtime_ns = 1'700'000'000'000'000'000;
    world.source.write("k", "good bytes", metadata);
    world.meanwhile = [&](Duration) {
        if (world.destination.objects.contains("k")) world.destination.objects["k"].bytes[0] = std::byte{'X'};
    };
    ASSERT_TRUE(world.run());
    world.meanwhile = [](Duration) {};
    world.journal.next_execution();
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Verified], 1u);
    world.expect_same_objects();
}

// The same where it was deferred after it had been written, and the next try got no further than the source.
TEST(Execution, E58_what_was_written_and_deferred_is_copied_again_whatever_the_next_try_met) {
    model::Metadata metadata;
    metadata.posix.emplace().mtime_ns = 1'700'000'000'000'000'000;
    // The first operation is to attach.
    std::uint64_t nth = 2;
    for (bool fired = true; fired; ++nth) {
        World world;
        world.attests = false;
        world.options.deferrals_max = 1;
        world.source.write("k", "good bytes", metadata);
        world.source_faults = store::FaultPlan({.nth = nth, .kind = ErrorKind::Denied, .from_then_on = true});
        bool replaced = false;
        world.meanwhile = [&](Duration) {
            if (replaced || !world.destination.objects.contains("k")) return;
            world.destination.write("k", "evil bytes", metadata);
            replaced = true;
        };
        ASSERT_TRUE(world.run());
        fired = world.source_faults.fired();
        world.meanwhile = [](Duration) {};
        world.source_faults = store::FaultPlan();
        world.journal.next_execution();
        ASSERT_TRUE(world.run());
        SCOPED_TRACE(nth);
        world.expect_same_objects();
    }
    EXPECT_GT(nth, 6u) << "never as far as the second try";
}

TEST(Execution, F65_keys_beneath_a_file_are_unrepresentable_in_a_file_system) {
    World world;
    world.options.policy.destination_hierarchical = true;
    world.source.write("a", "file");
    world.source.write("a.txt", "between");
    world.source.write("a/b", "beneath");
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Incomplete);
    EXPECT_EQ(result->counts[Outcome::Unrepresentable], 1u);
    EXPECT_EQ(result->counts[Outcome::Verified], 2u);
    EXPECT_FALSE(world.destination.objects.contains("a/b"));
}

std::shared_ptr<const model::KeyList> listed(std::vector<std::string> names) {
    return std::make_shared<const store::testing::VectorList>(model::KeyListKind::Keys, std::move(names));
}

// What is missing is told by its line; what the destination has of it stays, and nothing else is looked at.
TEST(Execution, what_a_list_asks_for_and_is_missing_fails_by_its_line) {
    World world;
    for (const char* key : {"a", "b", "c", "unlisted"}) world.source.write(key, "bytes");
    world.destination.write("bb", "of another run");
    world.list = listed({"a", "b", "bb", "c", "zz"});
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Incomplete);
    EXPECT_EQ(result->counts[Outcome::Verified], 3u);
    EXPECT_EQ(result->counts[Outcome::Failed], 2u);
    EXPECT_FALSE(world.destination.objects.contains("unlisted"));
    EXPECT_TRUE(world.destination.objects.contains("bb"));
    std::map<std::string, std::string> failed;
    for (const auto& record : world.journal.records()) {
        if (record.outcome != Outcome::Failed) continue;
        failed[record.key.bytes()] = record.error_message;
        EXPECT_EQ(record.error_code, "ManifestFileDoesNotExist");
        EXPECT_EQ(record.scope, Scope::Source);
    }
    ASSERT_EQ(failed.size(), 2u);
    EXPECT_NE(failed["bb"].find("line 3 of the list"), std::string::npos) << failed["bb"];
    EXPECT_NE(failed["zz"].find("line 5 of the list"), std::string::npos) << failed["zz"];
}

// Each has one end however often the run is killed, those that are missing too (I8, I10).
TEST(Execution, a_killed_run_over_a_list_ends_each_once) {
    for (int kill_after_ms : {5, 20, 40, 80}) {
        World world;
        world.fill(300);
        std::vector<std::string> names;
        for (const auto& [key, object] : world.source.objects) names.push_back(key);
        for (int i = 0; i < 40; ++i)
            names.push_back("dir" + std::to_string(i % 7) + "/missing" + std::to_string(i));
        world.list = listed(names);
        world.run(Duration::max(), std::chrono::milliseconds(kill_after_ms));
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->counts[Outcome::Failed], 40u);
        EXPECT_EQ(result->counts.listed(), 340u);
        std::set<std::string> keys;
        for (const auto& record : world.journal.records())
            EXPECT_TRUE(keys.insert(record.key.bytes()).second);
        world.expect_same_objects();
    }
}

// What an engine with a bug would do, done by hand in the middle of a run.
using Deed = std::function<Task<Result<void>>(Context&, store::Store& source, store::Store& destination)>;

void run_with_deed(World& world, const Deed& deed) {
    world.source.write("k", "new bytes");
    world.destination.write("k", "the old bytes");
    world.destination.write("foreign", "bytes");
    world.meanwhile = [&, done = false](Duration) mutable {
        if (std::exchange(done, true)) return;
        runtime::ManualLoop loop;
        Context context(loop);
        auto source = store::make_memory_store(world.source),
             destination = store::make_memory_store(world.destination);
        auto work = [&]() -> Task<void> { EXPECT_TRUE(co_await deed(context, *source, *destination)); };
        loop.spawn(work());
        loop.run_until_idle();
    };
    world.run();
}

Task<Result<void>> remove_from(Context& context, store::Store& store, std::string name) {
    model::Key key(std::move(name));
    bool with_tags = false;
    GODWIT_CO_TRY(auto there, co_await store.stat(context, key, with_tags));
    co_return co_await store.remove(context, key, there->entry.identity);
}

Task<Result<void>> replace_in(Context& context, store::Store& store, std::string name,
                              std::string_view text) {
    store::PutRequest request;
    request.key = model::Key(std::move(name));
    request.size_bytes = text.size();
    bool with_tags = false;
    GODWIT_CO_TRY(auto there, co_await store.stat(context, request.key, with_tags));
    request.replaces = there->entry.identity;
    Digest digest = digest_of(request.digest, bytes_of(text));
    GODWIT_CO_TRY_VOID(co_await store.put(context, request, bytes_of(text), digest));
    co_return {};
}

Task<Result<void>> discard_in(Context& context, store::Store& store, std::string upload) {
    model::Key any("k");
    co_return co_await store.discard(context, any, upload, 0);
}

TEST(Execution, the_delete_auditor_lets_a_copy_replace_what_it_copies) {
    World world;
    run_with_deed(world, [](Context&, store::Store&, store::Store&) -> Task<Result<void>> { co_return {}; });
    EXPECT_EQ(world.auditor.losses(), 1u);
    EXPECT_EQ(world.destination.objects.at("k").bytes, world.source.objects.at("k").bytes);
}

TEST(Execution, the_delete_auditor_catches_a_source_object_that_is_removed) {
    World world;
    EXPECT_NONFATAL_FAILURE(
        run_with_deed(world, [](Context& context, store::Store& source,
                                store::Store&) { return remove_from(context, source, "k"); }),
        "no rule permits that remove makes 'k' vanish at the source");
}

TEST(Execution, the_delete_auditor_catches_a_destination_object_that_is_removed) {
    World world;
    EXPECT_NONFATAL_FAILURE(run_with_deed(world,
                                          [](Context& context, store::Store&, store::Store& destination) {
                                              return remove_from(context, destination, "foreign");
                                          }),
                            "no rule permits that remove makes 'foreign' vanish at the destination");
}

TEST(Execution, the_delete_auditor_catches_an_overwrite_of_what_is_not_copied) {
    World world;
    EXPECT_NONFATAL_FAILURE(run_with_deed(world,
                                          [](Context& context, store::Store&, store::Store& destination) {
                                              return replace_in(context, destination, "foreign", "new bytes");
                                          }),
                            "no rule permits that publish makes 'foreign' vanish at the destination");
}

TEST(Execution, the_delete_auditor_catches_bytes_that_are_no_generation_of_the_source) {
    World world;
    EXPECT_NONFATAL_FAILURE(run_with_deed(world,
                                          [](Context& context, store::Store&, store::Store& destination) {
                                              return replace_in(context, destination, "k", "new mixed");
                                          }),
                            "no rule permits that publish makes 'k' vanish at the destination");
}

TEST(Execution, the_delete_auditor_catches_a_foreign_upload_that_is_discarded) {
    World world;
    world.destination.uploads["theirs"].key = model::Key("k");
    EXPECT_NONFATAL_FAILURE(run_with_deed(world,
                                          [](Context& context, store::Store&, store::Store& destination) {
                                              return discard_in(context, destination, "theirs");
                                          }),
                            "no rule permits that discard makes 'theirs' vanish at the destination");
}

// Lies: all objects say that they are names of one file.
void fill_with_names(World& world, int names) {
    model::Metadata metadata;
    metadata.posix = model::PosixAttributes{.mode = 0100644, .uid = 1, .gid = 2, .mtime_ns = 3};
    metadata.file_id = model::FileId{1, 2};
    for (int i = 0; i < names; ++i) {
        std::size_t size = i % 50 == 0 ? 3 * kPart + 17 : 100;
        std::string bytes = std::to_string(i % 90);
        bytes.resize(size, 'x');
        world.source.write("name" + std::to_string(i), bytes, metadata);
    }
    world.options.policy.hard_links = model::HardLinkMode::Told;
    world.options.policy.destination_hierarchical = true;
}

TEST(Execution, A8_objects_that_lie_about_their_file_are_copied_each_with_its_bytes) {
    World world;
    fill_with_names(world, 300);
    auto result = world.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, ExecutionStatus::Clean);
    world.expect_same_objects();
    world.expect_counts_add_up(*result);
    EXPECT_EQ(result->counts[Outcome::Verified], 300u);
    EXPECT_TRUE(world.journal.all_batches_finished());
    for (const auto& record : world.journal.records())
        EXPECT_EQ(record.evidence.source, world.source.objects.at(record.key.bytes()).identity);
}

TEST(Execution, A8_killed_anywhere_objects_that_were_put_aside_are_not_lost) {
    for (int milliseconds = 20; milliseconds < 400; milliseconds += 60) {
        World world;
        fill_with_names(world, 60);
        world.run(Duration::max(), std::chrono::milliseconds(milliseconds));
        world.journal.void_leases();
        auto result = world.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, ExecutionStatus::Clean) << milliseconds;
        world.expect_same_objects();
        world.expect_counts_add_up(*result);
    }
}

}  // namespace
}  // namespace godwit::engine
