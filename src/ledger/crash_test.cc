// H74 for the state: a process is killed while it records, and the next one finds a ledger
// that adds up and an index that follows it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "db/testing/databases.h"
#include "ledger/locked_task.h"
#include "ledger/testing/listing_worker.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

using db::testing::succeeded;

const End kSource{"posix:/a", "dev 1", "/a"};
const End kDestination{"s3:b", "eu", "s3://b"};
constexpr std::uint64_t kObjects = 20 * kBatchItemsMax;

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
        // Says on a pipe what it was told to be durable.
        auto say = [told](std::uint64_t number, const Result<void>& recorded) {
            if (recorded) (void)!::write(told, &number, sizeof number);
        };
        testing::ListingWorker worker(loop, **ledger, {.objects = kObjects}, say);
        Result<void> worked = loop.block_on(worker.run());
        GODWIT_CHECK(worked, "{}", worked.error().message());
        auto closing = (*task)->close(*std::move(ledger));
        GODWIT_CHECK(closing && !closing->index_behind, "{}", closing.error().message());
        return true;
    }

    // Lives in a child that is killed once it has said `kill_after` times that something is durable.
    // True when the execution came to its end.
    bool live_in_child(std::uint64_t kill_after, std::set<std::uint64_t>& told) {
        int pipe[2];
        GODWIT_CHECK(::pipe(pipe) == 0);
        // The child does not run far ahead of what is read.
        constexpr int kUnreadBytesMax = 4096;
        GODWIT_CHECK(::fcntl(pipe[0], F_SETPIPE_SZ, kUnreadBytesMax) >= 0);
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
        return has_ended();
    }
    // Also of an execution whose process was killed when nothing was left to do but to exit.
    bool has_ended() const {
        auto state = StateDirectory::open({.path = directory_ / "state"}, db::Access::Read);
        EXPECT_TRUE(succeeded(state));
        auto executions = state->executions();
        EXPECT_TRUE(succeeded(executions));
        return !executions->empty() && model::is_final(executions->back().status);
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
    auto state = StateDirectory::open({.path = directory_ / "state"}, db::Access::Write);
    auto executions = state->executions();
    ASSERT_EQ(executions->size(), 1u);
    // Enters what the last kill may have kept out of the index.
    ASSERT_TRUE(succeeded(LockedTask::lock(*state, state->tasks()->front())));
    EXPECT_EQ(executions->front().counts.copied(), kObjects);
    EXPECT_EQ(*(*state->read_index(executions->front().task))->count(), kObjects);
}

}  // namespace
}  // namespace godwit::ledger
