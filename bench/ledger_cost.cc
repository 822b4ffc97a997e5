// What it costs to write down an object: ledger row, index row and counters, durable, without the copy
// itself.
//
// usage: ledger_cost DIRECTORY LISTED RECORDED. Lists so many made-up objects, in whole batches, and records
// an outcome for the first RECORDED of them, in a new state below DIRECTORY. Writes one JSON line with CPU of
// the writers and of the loop, wall time, bytes left on disk, and how many objects the ledger counts at its
// end.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>

#include "ledger/execution_ledger.h"
#include "ledger/testing/samples.h"
#include "runtime/group.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

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

constexpr std::size_t kBatchesAtOnce = 8;

// What the engine does to a ledger, without the engine: lists, leases, records, finishes.
class Recorder {
  public:
    Recorder(runtime::Loop& loop, ExecutionLedger& ledger, std::uint64_t listed, std::uint64_t recorded)
        : loop_(loop), ledger_(ledger), listed_(listed), recorded_(recorded) {}

    runtime::Task<Result<void>> run() {
        std::vector<model::KeyRange> everything(1);
        GODWIT_CO_TRY_VOID(co_await ledger_.add_shards(std::move(everything)));
        runtime::TaskGroup batches(loop_);
        for (std::uint64_t first = 0; first < listed_; first += kBatchItemsMax) {
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
            if (first + item.number < recorded_)
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
    std::uint64_t listed_, recorded_;
    Result<void> outcome_;
};

struct Cost {
    double writers_s = 0, loop_s = 0, wall_s = 0;
    std::uint64_t counted = 0, commits = 0;
};

// In an empty directory. The writers are all threads but this one.
Result<Cost> record_all(const std::string& directory, std::uint64_t listed, std::uint64_t recorded) {
    runtime::IoLoop loop;
    GODWIT_TRY(auto index, Index::open(directory + "/index.db"));
    ExecutionLedgerSettings settings{.path = directory + "/exec-1.db", .loop = loop, .index = *index};
    ExecutionHead head{.id = "exec-1", .task = "task-1"};
    GODWIT_TRY(auto ledger, ExecutionLedger::create(std::move(settings), head));
    double all = cpu_seconds(RUSAGE_SELF), mine = cpu_seconds(RUSAGE_THREAD);
    auto start = std::chrono::steady_clock::now();
    Recorder recorder(loop, *ledger, listed, recorded);
    GODWIT_TRY_VOID(loop.block_on(recorder.run()));
    GODWIT_TRY(auto closing, ledger->close());
    mine = cpu_seconds(RUSAGE_THREAD) - mine;
    all = cpu_seconds(RUSAGE_SELF) - all;
    return Cost{.writers_s = all - mine,
                .loop_s = mine,
                .wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
                .counted = closing.counts.listed(),
                .commits = ledger->statistics().groups};
}

std::uint64_t count_in(std::string_view text) {
    std::uint64_t count = 0;
    auto end = text.data() + text.size();
    bool whole = std::from_chars(text.data(), end, count).ptr == end && !text.empty();
    GODWIT_CHECK(whole, "ledger_cost: {:?} is no count of objects", text);
    return count;
}

}  // namespace
}  // namespace godwit::ledger

int main(int argc, char** argv) {
    if (argc != 4) {
        fmt::print(stderr, "usage: ledger_cost DIRECTORY LISTED RECORDED\n");
        return 2;
    }
    std::string directory = argv[1];
    auto cost = godwit::ledger::record_all(directory, godwit::ledger::count_in(argv[2]),
                                           godwit::ledger::count_in(argv[3]));
    if (!cost) {
        fmt::print(stderr, "ledger_cost: {}\n", cost.error().message());
        return 1;
    }
    fmt::print(
        R"({{"writer_cpu_us":{:.0f},"loop_cpu_us":{:.0f},"wall_us":{:.0f},"disk_bytes":{},"commits":{},"counted":{}}})"
        "\n",
        cost->writers_s * 1e6, cost->loop_s * 1e6, cost->wall_s * 1e6, godwit::ledger::bytes_in(directory),
        cost->commits, cost->counted);
    return 0;
}
