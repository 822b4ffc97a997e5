#include "db/group_commit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "db/testing/databases.h"

namespace godwit::db {
namespace {

using std::chrono::milliseconds;
using testing::failed_with;
using testing::succeeded;

// A group is never due by time in these tests, unless they say so.
constexpr milliseconds kLongWait{60'000};

GroupCommit::Work insert(std::int64_t id) {
    return [id](Connection& connection) -> Result<void> {
        GODWIT_TRY(auto statement, connection.prepare("INSERT INTO t (id) VALUES (?1)"));
        return statement->run({Value::integer(id)});
    };
}

// What became of one job; ready once it was told.
struct End {
    std::promise<Result<void>> promise;
    std::future<Result<void>> future = promise.get_future();
    GroupCommit::Done done() {
        return [this](Result<void> outcome) { promise.set_value(std::move(outcome)); };
    }
    bool is_ready() const { return future.wait_for(milliseconds(0)) == std::future_status::ready; }
};

class GroupCommits : public ::testing::TestWithParam<Dialect> {
  protected:
    void SetUp() override {
        database_ = testing::make_database(GetParam(), directory_);
        if (!database_) GTEST_SKIP() << testing::kNoPostgres;
        auto connection = database_->connect(Access::Write);
        ASSERT_TRUE(succeeded(connection));
        ASSERT_TRUE(succeeded((*connection)->execute("CREATE TABLE t (id BIGINT PRIMARY KEY)")));
    }
    std::unique_ptr<GroupCommit> start(GroupCommitOptions options, GroupHooks* hooks = nullptr) {
        auto connection = database_->connect(Access::Write);
        EXPECT_TRUE(succeeded(connection));
        return std::make_unique<GroupCommit>(*std::move(connection), options, hooks);
    }
    // As another connection sees them: what is committed.
    std::string ids() {
        auto connection = database_->connect(Access::Read);
        auto statement = (*connection)->prepare("SELECT id FROM t ORDER BY id");
        std::string text;
        while (*(*statement)->step()) text += std::to_string((*statement)->integer(0)) + " ";
        return text;
    }

    testing::TemporaryDirectory directory_;
    std::unique_ptr<Database> database_;
};

INSTANTIATE_TEST_SUITE_P(All, GroupCommits, ::testing::Values(Dialect::Sqlite, Dialect::Postgres),
                         [](const auto& test) { return testing::dialect_name(test.param); });

TEST_P(GroupCommits, commit_when_there_are_rows_enough) {
    auto writer = start({.group_rows_due = 10, .group_wait_max = kLongWait});
    std::array<End, 5> ends;
    for (std::size_t i = 0; i < 4; ++i)
        writer->submit(Lane::Bulk, 2, insert(static_cast<int>(i)), ends[i].done());
    EXPECT_FALSE(ends[0].is_ready());
    EXPECT_EQ(ids(), "");
    writer->submit(Lane::Bulk, 2, insert(4), ends[4].done());
    for (End& end : ends) EXPECT_TRUE(succeeded(end.future.get()));
    EXPECT_EQ(ids(), "0 1 2 3 4 ");
    EXPECT_EQ(writer->statistics().groups, 1u);
    EXPECT_EQ(writer->statistics().rows, 10u);
}

TEST_P(GroupCommits, commit_when_the_first_job_has_waited_long_enough) {
    auto writer = start({.group_rows_due = 1'000, .group_wait_max = milliseconds(5)});
    End end;
    writer->submit(Lane::Bulk, 1, insert(1), end.done());
    EXPECT_TRUE(succeeded(end.future.get()));
    EXPECT_EQ(ids(), "1 ");
}

TEST_P(GroupCommits, commit_at_once_for_an_urgent_job_and_take_the_others_along) {
    auto writer = start({.group_rows_due = 1'000, .group_wait_max = kLongWait});
    End bulk, urgent;
    writer->submit(Lane::Bulk, 1, insert(1), bulk.done());
    writer->submit(Lane::Urgent, 1, insert(2), urgent.done());
    EXPECT_TRUE(succeeded(urgent.future.get()));
    EXPECT_TRUE(succeeded(bulk.future.get()));
    EXPECT_EQ(ids(), "1 2 ");
}

TEST_P(GroupCommits, tell_the_end_only_after_the_commit) {
    auto writer = start({.group_rows_due = 1, .group_wait_max = kLongWait});
    std::promise<std::string> seen;
    writer->submit(Lane::Bulk, 1, insert(1), [&](Result<void>) { seen.set_value(ids()); });
    EXPECT_EQ(seen.get_future().get(), "1 ");
}

TEST_P(GroupCommits, keep_the_good_jobs_of_a_group_in_which_one_fails) {
    auto writer = start({.group_rows_due = 4, .group_wait_max = kLongWait});
    std::array<End, 4> ends;
    writer->submit(Lane::Bulk, 1, insert(1), ends[0].done());
    // Fails half-way: its first row must go too.
    writer->submit(
        Lane::Bulk, 1,
        [](Connection& connection) -> Result<void> {
            GODWIT_TRY_VOID(insert(50)(connection));
            return insert(1)(connection);
        },
        ends[1].done());
    writer->submit(
        Lane::Bulk, 1,
        [](Connection&) -> Result<void> {
            return Error(ErrorKind::Changed, "check", "a lease", "it is lost");
        },
        ends[2].done());
    writer->submit(Lane::Bulk, 1, insert(2), ends[3].done());
    EXPECT_TRUE(succeeded(ends[0].future.get()));
    EXPECT_TRUE(failed_with(ends[1].future.get(), ErrorKind::Exists));
    EXPECT_TRUE(failed_with(ends[2].future.get(), ErrorKind::Changed));
    EXPECT_TRUE(succeeded(ends[3].future.get()));
    EXPECT_EQ(ids(), "1 2 ");
    EXPECT_EQ(writer->statistics().jobs_run_apart, 4u);
}

TEST_P(GroupCommits, tell_a_job_that_fails_alone) {
    auto writer = start({.group_rows_due = 1, .group_wait_max = kLongWait});
    EXPECT_TRUE(succeeded(writer->run_blocking(Lane::Urgent, insert(1))));
    EXPECT_TRUE(failed_with(writer->run_blocking(Lane::Urgent, insert(1)), ErrorKind::Exists));
    EXPECT_TRUE(succeeded(writer->run_blocking(Lane::Urgent, insert(2))));
    EXPECT_EQ(ids(), "1 2 ");
}

// Collects how often add() was called within the transaction that counts.
class Sum final : public GroupHooks {
  public:
    void add(std::int64_t number) { sum_ += number; }
    void begun() override { sum_ = 0; }
    void committed() override { ++commits_; }
    int commits() const { return commits_; }
    Result<void> before_commit(Connection& connection) override { return insert(1'000 + sum_)(connection); }

  private:
    std::int64_t sum_ = 0;
    int commits_ = 0;
};

TEST_P(GroupCommits, write_the_sums_of_what_was_kept) {
    Sum sum;
    auto writer = start({.group_rows_due = 3, .group_wait_max = kLongWait}, &sum);
    auto add = [&](std::int64_t id) -> GroupCommit::Work {
        return [&sum, id](Connection& connection) -> Result<void> {
            GODWIT_TRY_VOID(insert(id)(connection));
            sum.add(id);
            return {};
        };
    };
    std::array<End, 3> ends;
    writer->submit(Lane::Bulk, 1, add(1), ends[0].done());
    writer->submit(Lane::Bulk, 1, add(1), ends[1].done());
    writer->submit(Lane::Bulk, 1, add(3), ends[2].done());
    EXPECT_TRUE(succeeded(ends[0].future.get()));
    EXPECT_FALSE(ends[1].future.get());
    EXPECT_TRUE(succeeded(ends[2].future.get()));
    EXPECT_EQ(ids(), "1 3 1004 ");
    EXPECT_EQ(sum.commits(), 1);
}

TEST_P(GroupCommits, hold_submitters_back_while_the_queue_is_full) {
    std::promise<void> gate;
    std::shared_future<void> opened = gate.get_future().share();
    auto writer = start({.group_rows_due = 1, .group_wait_max = kLongWait, .queue_rows_max = 3});
    std::promise<void> begun;
    writer->submit(
        Lane::Bulk, 1,
        [&](Connection&) -> Result<void> {
            begun.set_value();
            opened.wait();
            return {};
        },
        [](Result<void>) {});
    begun.get_future().wait();
    for (int i = 0; i < 3; ++i) writer->submit(Lane::Bulk, 1, insert(i), [](Result<void>) {});
    std::atomic<bool> submitted = false;
    std::thread submitter([&] {
        writer->submit(Lane::Bulk, 1, insert(9), [](Result<void>) {});
        submitted = true;
    });
    End urgent;
    writer->submit(Lane::Urgent, 1, insert(10), urgent.done());
    EXPECT_FALSE(submitted);
    gate.set_value();
    EXPECT_TRUE(succeeded(urgent.future.get()));
    submitter.join();
    writer->stop();
    EXPECT_EQ(ids(), "0 1 2 9 10 ");
}

TEST_P(GroupCommits, write_all_that_is_queued_before_they_stop) {
    auto writer = start({.group_rows_due = 1'000, .group_wait_max = kLongWait});
    std::array<End, 3> ends;
    for (std::size_t i = 0; i < 3; ++i)
        writer->submit(Lane::Bulk, 1, insert(static_cast<int>(i)), ends[i].done());
    writer->stop();
    for (End& end : ends) EXPECT_TRUE(succeeded(end.future.get()));
    EXPECT_EQ(ids(), "0 1 2 ");
    EXPECT_TRUE(failed_with(writer->run_blocking(Lane::Urgent, insert(4)), ErrorKind::Cancelled));
}

TEST_P(GroupCommits, H77_fail_everything_after_the_state_has_become_unknown) {
    auto writer = start({.group_rows_due = 1, .group_wait_max = kLongWait});
    auto breaks = [](Connection&) -> Result<void> {
        return Error(ErrorKind::Lost, "write", "state", "gone");
    };
    EXPECT_TRUE(failed_with(writer->run_blocking(Lane::Urgent, breaks), ErrorKind::Lost));
    EXPECT_TRUE(failed_with(writer->run_blocking(Lane::Urgent, insert(1)), ErrorKind::Lost));
    EXPECT_EQ(ids(), "");
}

TEST_P(GroupCommits, take_jobs_from_many_threads) {
    constexpr int kThreads = 4, kEach = 300;
    auto writer = start({.group_rows_due = 100, .group_wait_max = milliseconds(5)});
    std::atomic<int> succeeded_jobs = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < kEach; ++i)
                writer->submit(Lane::Bulk, 1, insert(thread * kEach + i),
                               [&](Result<void> outcome) { succeeded_jobs += outcome ? 1 : 0; });
        });
    }
    for (std::thread& thread : threads) thread.join();
    writer->stop();
    EXPECT_EQ(succeeded_jobs, kThreads * kEach);
    EXPECT_LT(writer->statistics().groups, 200u);
}

// The whole group fails when the database gives up the transaction: nobody is told success.
TEST(GroupCommitOnSqlite, H77_L112_full_disk_fails_the_group_and_later_jobs_get_their_turn) {
    testing::TemporaryDirectory directory;
    SqliteDatabase database({.path = directory / "state.db"});
    auto connection = database.connect(Access::Write);
    ASSERT_TRUE(succeeded((*connection)
                              ->execute("CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE big (b BLOB); "
                                        "PRAGMA max_page_count = 20")));
    GroupCommit writer(*std::move(connection), {.group_rows_due = 2, .group_wait_max = kLongWait});
    std::array<End, 2> ends;
    writer.submit(Lane::Bulk, 1, insert(1), ends[0].done());
    writer.submit(
        Lane::Bulk, 1,
        [](Connection& writing) -> Result<void> {
            std::string megabyte(1 << 20, 'b');
            GODWIT_TRY(auto statement, writing.prepare("INSERT INTO big (b) VALUES (?1)"));
            return statement->run({Value::bytes(megabyte)});
        },
        ends[1].done());
    Result<void> small = ends[0].future.get();
    EXPECT_TRUE(failed_with(ends[1].future.get(), ErrorKind::Full));
    if (!small) EXPECT_EQ(small.error().kind(), ErrorKind::Full);
    EXPECT_TRUE(succeeded(writer.run_blocking(Lane::Urgent, insert(2))));
}

}  // namespace
}  // namespace godwit::db
