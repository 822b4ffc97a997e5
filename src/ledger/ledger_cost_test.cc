// What a recorded object costs: printed, not judged, because the machine is not ours alone.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>

#include "db/testing/databases.h"
#include "ledger/execution_ledger.h"
#include "ledger/testing/samples.h"
#include "runtime/group.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

using db::testing::succeeded;

// RUSAGE_SELF: of the whole process; RUSAGE_THREAD: of this thread.
double cpu_seconds(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    auto seconds = [](timeval time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uintmax_t bytes_in(const std::string& directory) {
    std::uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        if (!entry.path().string().ends_with("-shm")) bytes += entry.file_size();
    return bytes;
}

constexpr std::uint64_t kObjects = 256 * kBatchItemsMax;
constexpr std::size_t kBatchesAtOnce = 8;

// What the engine does to a ledger, without the engine: lists, leases, records, finishes.
class Recorder {
  public:
    Recorder(runtime::Loop& loop, ExecutionLedger& ledger) : loop_(loop), ledger_(ledger) {}

    runtime::Task<Result<void>> run() {
        std::vector<model::KeyRange> everything(1);
        GODWIT_CO_TRY_VOID(co_await ledger_.add_shards(std::move(everything)));
        runtime::TaskGroup batches(loop_);
        for (std::uint64_t first = 0; first < kObjects; first += kBatchItemsMax) {
            ListingCommit commit;
            commit.shard = 1;
            commit.cursor = testing::sample_key(first);
            for (std::uint64_t i = 0; i < kBatchItemsMax; ++i)
                commit.ordinary.push_back(testing::sample_object(first + i));
            GODWIT_CO_TRY_VOID(co_await ledger_.commit_listing(std::move(commit)));
            batches.spawn(work_on_batch());
            co_await batches.wait(kBatchesAtOnce);
        }
        co_await batches.wait();
        co_return std::move(outcome_);
    }

  private:
    runtime::Task<void> work_on_batch() {
        Result<std::optional<Batch>> leased = co_await ledger_.lease_batch(BatchKind::Ordinary);
        if (!leased || !*leased) co_return note(leased ? Result<void>() : std::move(leased.error()));
        Batch& batch = **leased;
        runtime::TaskGroup items(loop_);
        auto first = static_cast<std::uint64_t>(batch.id - 1) * kBatchItemsMax;
        for (const Batch::Item& item : batch.items)
            items.spawn(record(testing::sample_record(batch.id, item.number, first + item.number)));
        co_await items.wait();
        note(co_await ledger_.finish_batch(batch.id, batch.lease_epoch));
    }
    runtime::Task<void> record(ObjectRecord row) { note(co_await ledger_.record(std::move(row))); }
    void note(Result<void> outcome) {
        if (!outcome && outcome_) outcome_ = std::move(outcome.error());
    }

    runtime::Loop& loop_;
    ExecutionLedger& ledger_;
    Result<void> outcome_;
};

TEST(LedgerCost, of_recording_an_object_with_index_counters_and_event) {
    db::testing::TemporaryDirectory directory;
    runtime::IoLoop loop;
    auto index = Index::open(directory / "index.db");
    ASSERT_TRUE(succeeded(index));
    auto ledger = ExecutionLedger::create({.path = directory / "exec-1.db", .loop = loop, .index = **index},
                                          {.id = "exec-1", .task = "task-1"});
    ASSERT_TRUE(succeeded(ledger));
    double all = cpu_seconds(RUSAGE_SELF), mine = cpu_seconds(RUSAGE_THREAD);
    auto wall = std::chrono::steady_clock::now();
    Recorder recorder(loop, **ledger);
    ASSERT_TRUE(succeeded(loop.block_on(recorder.run())));
    auto closing = (*ledger)->close();
    ASSERT_TRUE(succeeded(closing));
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
    mine = cpu_seconds(RUSAGE_THREAD) - mine;
    all = cpu_seconds(RUSAGE_SELF) - all;
    auto statistics = (*ledger)->statistics();
    ledger->reset();
    index->reset();
    double objects = static_cast<double>(closing->counts.listed());
    std::cout << fmt::format(
        "{} objects: {:.2f} us CPU each to write (ledger, index, counters), {:.2f} us in the loop (samples "
        "included), "
        "{:.2f} us wall, {:.0f} bytes on disk, {} commits\n",
        objects, (all - mine) * 1e6 / objects, mine * 1e6 / objects, seconds * 1e6 / objects,
        static_cast<double>(bytes_in(directory.path())) / objects, statistics.groups);
}

}  // namespace
}  // namespace godwit::ledger
