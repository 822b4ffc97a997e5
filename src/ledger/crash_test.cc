// H74 for the state: a process is killed while it records, and the next one finds a ledger
// that adds up and an index that follows it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "db/testing/databases.h"
#include "ledger/locked_task.h"
#include "ledger/testing/samples.h"
#include "runtime/group.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

using db::testing::succeeded;
using runtime::Task;

const End kSource{"posix:/a", "dev 1", "/a"};
const End kDestination{"s3:b", "eu", "s3://b"};
constexpr std::uint64_t kObjects = 20 * kBatchItemsMax;

// Lists and records, and says on a pipe what it was told to be durable.
class Worker {
  public:
    Worker(runtime::Loop& loop, ExecutionLedger& ledger, int told)
        : loop_(loop), ledger_(ledger), told_(told) {}

    Task<Result<void>> run() {
        GODWIT_CO_TRY(std::vector<Shard> shards, co_await ledger_.shards());
        if (shards.empty()) {
            std::vector<model::KeyRange> everything(1);
            GODWIT_CO_TRY_VOID(co_await ledger_.add_shards(std::move(everything)));
            GODWIT_CO_TRY(shards, co_await ledger_.shards());
        }
        GODWIT_CO_TRY_VOID(co_await list(shards.front()));
        for (;;) {
            GODWIT_CO_TRY(std::optional<Batch> batch, co_await ledger_.lease_batch(BatchKind::Ordinary));
            if (!batch) break;
            runtime::TaskGroup items(loop_);
            for (const Batch::Item& item : batch->items) items.spawn(record(*batch, item));
            co_await items.wait();
            GODWIT_CO_TRY_VOID(co_await ledger_.finish_batch(batch->id, batch->lease_epoch));
        }
        co_return co_await ledger_.set_status(model::ExecutionStatus::Clean);
    }

  private:
    // The cursor's number is how many objects were listed.
    Task<Result<void>> list(Shard shard) {
        std::uint64_t first = shard.cursor.empty() ? 0 : std::strtoull(shard.cursor.c_str(), nullptr, 10);
        while (!shard.complete) {
            ListingCommit commit;
            commit.shard = shard.id;
            for (std::uint64_t i = 0; i < kBatchItemsMax; ++i)
                commit.ordinary.push_back(testing::sample_object(first + i));
            first += kBatchItemsMax;
            commit.cursor = std::to_string(first);
            commit.unchanged.add(model::Outcome::Unchanged, 10, 1000);
            shard.complete = commit.complete = first >= kObjects;
            GODWIT_CO_TRY_VOID(co_await ledger_.commit_listing(std::move(commit)));
        }
        co_return {};
    }
    Task<void> record(const Batch& batch, const Batch::Item& item) {
        std::uint64_t number = number_of(item.object);
        ObjectRecord row = testing::sample_record(batch.id, item.number, number);
        row.lease_epoch = batch.lease_epoch;
        Result<void> recorded = co_await ledger_.record(std::move(row));
        if (recorded) (void)!::write(told_, &number, sizeof number);
    }
    static std::uint64_t number_of(const model::PlannedObject& object) {
        return static_cast<std::uint64_t>(object.source.mtime_ns - testing::sample_identity(0).mtime_ns);
    }

    runtime::Loop& loop_;
    ExecutionLedger& ledger_;
    int told_;
};

class Crashes : public ::testing::Test {
  protected:
    // One life of the program on this state directory. True when the execution came to its end.
    bool live(int told) {
        auto state = StateDirectory::open({.path = directory_ / "state"}, db::Access::Write);
        auto found = state->find_or_create_task(kSource, kDestination);
        auto task = LockedTask::lock(*state, found->task);
        GODWIT_CHECK(task, "{}", task.error().message());
        runtime::IoLoop loop;
        auto ledger = (*task)->resume(loop);
        GODWIT_CHECK(ledger, "{}", ledger.error().message());
        if (!*ledger) ledger = (*task)->begin(loop, {.options = "{}", .staging_token = "t"});
        GODWIT_CHECK(ledger, "{}", ledger.error().message());
        Worker worker(loop, **ledger, told);
        Result<void> worked = loop.block_on(worker.run());
        GODWIT_CHECK(worked, "{}", worked.error().message());
        auto closing = (*task)->close(*std::move(ledger));
        GODWIT_CHECK(closing && !closing->index_behind, "{}", closing.error().message());
        return true;
    }

    // Lives in a child that is killed once it has said `kill_after` times that something is durable.
    // True when it came to its end before.
    bool live_in_child(std::uint64_t kill_after, std::set<std::uint64_t>& told) {
        int pipe[2];
        GODWIT_CHECK(::pipe(pipe) == 0);
        ::pid_t child = ::fork();
        if (child == 0) {
            ::close(pipe[0]);
            ::_exit(live(pipe[1]) ? 0 : 1);
        }
        ::close(pipe[1]);
        std::uint64_t number = 0;
        while (::read(pipe[0], &number, sizeof number) == sizeof number) {
            EXPECT_TRUE(told.insert(number).second) << number << " was recorded twice";
            if (--kill_after == 0) ::kill(child, SIGKILL);
        }
        ::close(pipe[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        return WIFEXITED(status);
    }

    db::testing::TemporaryDirectory directory_;
};

TEST_F(Crashes, H74_lose_nothing_that_was_told_to_be_durable_and_record_nothing_twice) {
    std::set<std::uint64_t> told;
    int kills = 0;
    for (std::uint64_t kill_after : {1u, 700u, 3000u, 3001u, 5000u}) {
        if (live_in_child(kill_after, told)) break;
        ++kills;
    }
    EXPECT_GE(kills, 3);
    std::set<std::uint64_t> ignored;
    ASSERT_TRUE(live_in_child(~std::uint64_t{0}, ignored));

    auto state = StateDirectory::open({.path = directory_ / "state"}, db::Access::Read);
    ASSERT_TRUE(succeeded(state));
    auto executions = state->executions();
    ASSERT_TRUE(succeeded(executions));
    ASSERT_EQ(executions->size(), 1u) << "every life carried on the same execution";
    const ExecutionInfo& execution = executions->front();
    EXPECT_EQ(execution.status, model::ExecutionStatus::Clean);
    EXPECT_EQ(execution.counts.copied(), kObjects);
    EXPECT_EQ(execution.counts.listed(), kObjects + 10 * kObjects / kBatchItemsMax);

    auto reader = state->read_ledger(execution);
    ASSERT_TRUE(succeeded(reader));
    RowScan scan(**reader, {});
    std::set<std::string> keys;
    std::uint64_t rows = 0;
    for (auto page = scan.next(); page && !page->empty(); page = scan.next()) {
        for (const OutcomeRow& row : *page) keys.insert(row.record.key.bytes());
        rows += page->size();
    }
    EXPECT_EQ(rows, kObjects);
    EXPECT_EQ(keys.size(), kObjects);
    for (std::uint64_t number : told) ASSERT_TRUE(keys.contains(testing::sample_key(number))) << number;

    auto index = state->read_index(execution.task);
    ASSERT_TRUE(succeeded(index));
    EXPECT_EQ(*(*index)->count(), kObjects);
    EXPECT_TRUE((*index)->executions()->front().complete);
}

TEST_F(Crashes, H74_after_every_few_rows_still_converge) {
    constexpr int kLivesMax = 40;
    std::set<std::uint64_t> told;
    int lives = 1;
    // Killed earlier and earlier in a life, so that recovery itself is killed too.
    for (; lives < kLivesMax; ++lives) {
        if (live_in_child(lives % 3 == 0 ? 1 : 1500, told)) break;
    }
    ASSERT_LT(lives, kLivesMax);
    auto state = StateDirectory::open({.path = directory_ / "state"}, db::Access::Read);
    auto executions = state->executions();
    ASSERT_EQ(executions->size(), 1u);
    EXPECT_EQ(executions->front().counts.copied(), kObjects);
    EXPECT_EQ(*(*state->read_index(executions->front().task))->count(), kObjects);
}

}  // namespace
}  // namespace godwit::ledger
