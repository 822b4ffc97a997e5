// Two places in memory, a journal that ends with the test, and executions between them on a clock that is
// turned by hand, watched by the delete auditor.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "engine/execution.h"
#include "ledger/memory_journal.h"
#include "runtime/manual_loop.h"
#include "store/faulty_store.h"
#include "store/listed_objects.h"
#include "store/memory_store.h"
#include "store/testing/delete_auditor.h"

namespace godwit::engine::testing {

inline constexpr std::uint64_t kPart = 1 << 16;

inline store::MemoryStoreOptions small_parts(std::string name, bool attests = true) {
    store::MemoryStoreOptions options;
    options.attests = attests;
    options.name = std::move(name);
    options.put_bytes_max = kPart;
    options.part_bytes = kPart;
    options.latency = std::chrono::milliseconds(10);
    return options;
}

class ListenedJournal final : public ledger::MemoryJournal {
  public:
    Task<Result<std::optional<ledger::Batch>>> lease_batch(ledger::BatchKind kind) override {
        on_lease();
        co_return co_await MemoryJournal::lease_batch(kind);
    }
    Task<Result<void>> set_status(model::ExecutionStatus status) override {
        if (status == fails_to_become)
            co_return Error(ErrorKind::Full, "commit", "a ledger", "No space left on device");
        co_return co_await MemoryJournal::set_status(status);
    }
    // Counts splits from 1; what it is told to fail is as if the process had been killed there.
    Task<Result<ledger::Shard>> split_shard(std::int64_t shard, std::string last_key) override {
        Error killed(ErrorKind::Cancelled, "split", "a shard", "the process was killed");
        ++splits;
        if (splits == killed_before_split) co_return std::move(killed);
        GODWIT_CO_TRY(ledger::Shard made, co_await MemoryJournal::split_shard(shard, std::move(last_key)));
        if (splits == killed_after_split) co_return std::move(killed);
        co_return std::move(made);
    }
    int splits = 0, killed_before_split = 0, killed_after_split = 0;
    std::function<void()> on_lease = [] {};
    std::optional<model::ExecutionStatus> fails_to_become;
};

// Of what is kept aside nothing ever goes; a killed run's copy may be made again.
inline bool backup_rule(const store::testing::DeleteAuditor::Loss& loss) {
    const store::Change& change = loss.change;
    return change.kind == store::ChangeKind::UploadDiscarded ||
           (change.kind == store::ChangeKind::Replaced && change.was == change.now);
}

class World {
  public:
    World() {
        auditor.watch(store::Role::Source, source);
        auditor.watch(store::Role::Destination, destination);
        backup_auditor.watch(store::Role::Destination, backup);
    }
    World(const World&) = delete;

    // Before the places, which tell it of every change.
    store::testing::DeleteAuditor auditor{store::testing::copy_rule};
    store::testing::DeleteAuditor backup_auditor{backup_rule};
    store::MemoryPlace source;
    store::MemoryPlace destination;
    ListenedJournal journal;
    // The run is stopped when it leases its batches for this time, from 1; 0: it is not.
    int stop_at_lease = 0;
    ExecutionOptions options;
    // What the run is about alone; null: everything.
    std::shared_ptr<const model::KeyList> list;
    Progress progress;
    bool attests = true;
    bool destination_removes_exactly = true;
    bool tags_may_be_md5 = false;
    std::size_t page_entries_max = 1000;
    store::FaultPlan source_faults, destination_faults;
    // Where runs that mirror copy to what goes, if they do.
    store::MemoryPlace backup;
    bool backs_up = false;
    store::FaultPlan backup_faults;
    // Called every 5 ms of the run's time: what the rest of the world does meanwhile.
    std::function<void(Duration)> meanwhile = [](Duration) {};

    void fill(int objects) {
        for (int i = 0; i < objects; ++i) {
            std::string key = "dir" + std::to_string(i % 7) + "/object" + std::to_string(i);
            std::size_t size = i % 10 == 0 ? 3 * kPart + 17 : static_cast<std::size_t>(i * 37 % 5000);
            source.write(key, std::string(size, static_cast<char>('a' + i % 26)));
        }
    }

    // Runs one execution; after `stop_after` of its time it is drained, after `kill_after` dropped
    // with all that it has in memory.
    std::optional<ExecutionResult> run(Duration stop_after = Duration::max(),
                                       Duration kill_after = Duration::max());

    // The runs from here on mirror: what stands there now is older than they are.
    void mirror(DeleteOptions deletes = {.percent_max = 100}) {
        options.deletes = std::move(deletes);
        // One clock for both.
        source.generations = destination.generations = std::max(source.generations, destination.generations);
        options.begun_unix_ns = static_cast<std::int64_t>(source.generations);
        auditor.permit(store::testing::mirror_rule(source, destination));
    }

    void expect_same_objects() const {
        ASSERT_EQ(source.objects.size(), destination.objects.size());
        for (const auto& [key, object] : source.objects) {
            auto found = destination.objects.find(key);
            ASSERT_NE(found, destination.objects.end()) << key;
            EXPECT_TRUE(found->second.bytes == object.bytes) << key;
        }
    }
    void expect_counts_add_up(const ExecutionResult& result) const {
        std::set<std::string> keys;
        for (const auto& record : journal.records()) EXPECT_TRUE(keys.insert(record.key.bytes()).second);
        EXPECT_EQ(result.counts.listed(), source.objects.size());
    }
};

inline std::optional<ExecutionResult> World::run(Duration stop_after, Duration kill_after) {
    runtime::ManualLoop loop;
    runtime::Context context(loop);
    store::MemoryStoreOptions source_options = small_parts("source");
    store::MemoryStoreOptions destination_options = small_parts("destination", attests);
    for (store::MemoryStoreOptions* each : {&source_options, &destination_options}) {
        each->page_entries_max = page_entries_max;
        each->tags_may_be_md5 = tags_may_be_md5;
    }
    auto from = store::make_faulty_store(store::make_memory_store(source, source_options), source_faults);
    destination_options.removes_exactly = destination_removes_exactly;
    auto to = store::make_faulty_store(store::make_memory_store(destination, std::move(destination_options)),
                                       destination_faults);
    auto aside =
        store::make_faulty_store(store::make_memory_store(backup, small_parts("backup")), backup_faults);
    if (backs_up) {
        options.deletes->backup = [&aside](runtime::Context& opening) -> Task<Result<store::Store*>> {
            auto root = co_await aside->attach(opening, store::Role::Destination);
            if (!root) co_return std::move(root.error());
            co_return aside.get();
        };
    }
    if (list) {
        from = store::make_listed_store(std::move(from), list, store::Role::Source);
        to = store::make_listed_store(std::move(to), list, store::Role::Destination);
    }
    std::optional<Execution> execution;
    std::optional<Result<ExecutionResult>> result;
    auto work = [&]() -> Task<void> {
        auto source_root = co_await from->attach(context, store::Role::Source);
        auto destination_root = co_await to->attach(context, store::Role::Destination);
        if (!source_root || !destination_root) {
            result.emplace(Error(ErrorKind::Lost, "attach", "stores", "failed"));
            co_return;
        }
        journal.on_lease = [this, &context] {
            if (stop_at_lease != 0 && --stop_at_lease == 0) context.cancel(runtime::stop_requested());
        };
        execution.emplace(context, *from, *to, journal, options, progress);
        result.emplace(co_await execution->run());
    };
    loop.spawn(work());
    constexpr Duration kStep = std::chrono::milliseconds(5);
    constexpr Duration kEnd = std::chrono::hours(1);
    for (Duration spent{}; !result && spent < kEnd; spent += kStep) {
        loop.advance(kStep);
        meanwhile(spent);
        if (spent >= stop_after && execution) execution->drain();
        if (spent >= kill_after) context.cancel(runtime::stop_requested());
    }
    EXPECT_TRUE(result.has_value()) << "the execution hangs";
    if (!result || !*result) return {};
    return std::move(**result);
}

}  // namespace godwit::engine::testing
