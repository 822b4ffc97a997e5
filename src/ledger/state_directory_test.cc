#include "ledger/state_directory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "db/migrations.h"
#include "db/testing/databases.h"
#include "ledger/locked_task.h"
#include "ledger/schema.h"
#include "ledger/state_upkeep.h"
#include "ledger/testing/samples.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

using db::testing::failed_with;
using db::testing::succeeded;
using model::ExecutionStatus;
using testing::sample_key;
using testing::sample_record;

const End kSource{"posix:/a", "dev 1", "/a"};
const End kDestination{"s3:b", "eu", "s3://b"};

// Rows are recorded one by one here: no waiting for company.
constexpr db::GroupCommitOptions kQuick{.group_wait_max = std::chrono::milliseconds(0)};

// A clock that is turned by hand.
class SetClock final : public Clock {
  public:
    Instant now() const override { return Instant(Duration(unix_ns)); }
    std::int64_t unix_time_ns() const override { return unix_ns; }
    std::int64_t unix_ns = 1'000;
};

class States : public ::testing::Test {
  protected:
    States() { state_ = std::make_unique<StateDirectory>(open()); }
    StateDirectory open(db::Access access = db::Access::Write) {
        auto state = StateDirectory::open({.path = path(), .clock = &clock_}, access);
        GODWIT_CHECK(state, "{}", state.error().message());
        return *std::move(state);
    }
    std::string path() const { return directory_ / "home/state"; }
    TaskInfo task() {
        auto found = state_->find_or_create_task(kSource, kDestination);
        EXPECT_TRUE(succeeded(found));
        return found->task;
    }
    std::unique_ptr<LockedTask> lock() {
        auto locked = LockedTask::lock(*state_, task());
        GODWIT_CHECK(locked, "{}", locked.error().message());
        return *std::move(locked);
    }
    std::unique_ptr<ExecutionLedger> begin(LockedTask& locked) {
        ++clock_.unix_ns;
        auto ledger =
            locked.begin(loop_, {.options = "{\"x\":1}", .staging_token = "token", .commit = kQuick});
        GODWIT_CHECK(ledger, "{}", ledger.error().message());
        return *std::move(ledger);
    }
    template <class T>
    T wait(Task<T> work) {
        return loop_.block_on(std::move(work));
    }
    // Records objects first .. first + count - 1, in one batch.
    void record(ExecutionLedger& ledger, std::uint64_t first, std::uint32_t count) {
        ASSERT_TRUE(succeeded(wait(ledger.add_shards(std::vector<model::KeyRange>(1)))));
        auto shards = wait(ledger.shards());
        ListingCommit commit;
        commit.shard = shards->back().id;
        for (std::uint32_t i = 0; i < count; ++i)
            commit.ordinary.push_back(testing::sample_object(first + i));
        ASSERT_TRUE(succeeded(wait(ledger.commit_listing(std::move(commit)))));
        auto batch = wait(ledger.lease_batch(BatchKind::Ordinary));
        ASSERT_TRUE(batch && *batch);
        for (std::uint32_t i = 0; i < count; ++i) {
            ObjectRecord row = sample_record((*batch)->id, i, first + i);
            row.lease_epoch = (*batch)->lease_epoch;
            ASSERT_TRUE(succeeded(wait(ledger.record(std::move(row)))));
        }
        ASSERT_TRUE(succeeded(wait(ledger.finish_batch((*batch)->id, (*batch)->lease_epoch))));
    }
    // A whole execution.
    std::string run(LockedTask& locked, std::uint64_t first, std::uint32_t count) {
        auto ledger = begin(locked);
        std::string id = ledger->head().id;
        record(*ledger, first, count);
        EXPECT_TRUE(succeeded(wait(ledger->set_status(ExecutionStatus::Clean))));
        EXPECT_TRUE(succeeded(locked.close(std::move(ledger))));
        return id;
    }
    std::vector<ExecutionInfo> executions() {
        auto all = state_->executions();
        EXPECT_TRUE(succeeded(all));
        return *all;
    }
    // An execution that ends with an upload that it could not release.
    void fail_with_upload(LockedTask& task) {
        auto ledger = begin(task);
        Upload upload{
            .key = model::Key("large"), .intent_unix_ns = 5, .checkpoint = "its name", .source = {}};
        ASSERT_TRUE(succeeded(wait(ledger->put_upload(upload))));
        ASSERT_TRUE(succeeded(wait(ledger->set_status(ExecutionStatus::Failed))));
        ASSERT_TRUE(succeeded(task.close(std::move(ledger))));
    }
    bool exists(const std::string& file) const { return std::filesystem::exists(file); }

    db::testing::TemporaryDirectory directory_;
    SetClock clock_;
    runtime::IoLoop loop_;
    std::unique_ptr<StateDirectory> state_;
};

TEST_F(States, belong_to_their_user_alone) {
    struct stat status{};
    for (const std::string& made : {directory_ / "home", path(), path() + "/tasks"}) {
        ASSERT_EQ(::stat(made.c_str(), &status), 0) << made;
        EXPECT_EQ(status.st_mode & 0777, 0700u) << made;
    }
}

// Catalogue 59: what could not be released is not forgotten with the execution that began it.
TEST_F(States, E59_uploads_that_an_execution_had_to_leave_are_the_next_ones) {
    auto locked = lock();
    fail_with_upload(*locked);
    auto next = begin(*locked);
    auto left = wait(next->uploads());
    ASSERT_TRUE(succeeded(left));
    ASSERT_EQ(left->size(), 1u);
    EXPECT_EQ(left->front().key.bytes(), "large");
    EXPECT_EQ(left->front().checkpoint, "its name");
    ASSERT_TRUE(succeeded(wait(next->remove_upload(model::Key("large")))));
    ASSERT_TRUE(succeeded(wait(next->set_status(ExecutionStatus::Clean))));
    ASSERT_TRUE(succeeded(locked->close(std::move(next))));
    auto last = begin(*locked);
    EXPECT_TRUE(wait(last->uploads())->empty());
    EXPECT_TRUE(succeeded(wait(last->set_status(ExecutionStatus::Clean))));
    EXPECT_TRUE(succeeded(locked->close(std::move(last))));
}

TEST_F(States, E59_uploads_are_handed_on_past_an_execution_that_was_killed_before_it_had_a_ledger) {
    auto locked = lock();
    fail_with_upload(*locked);
    auto killed = begin(*locked);
    std::string path = killed->path();
    killed.reset();
    locked.reset();
    ASSERT_TRUE(std::filesystem::remove(path));
    locked = lock();
    auto next = begin(*locked);
    EXPECT_EQ(wait(next->uploads())->size(), 1u);
    EXPECT_TRUE(succeeded(wait(next->set_status(ExecutionStatus::Clean))));
    EXPECT_TRUE(succeeded(locked->close(std::move(next))));
}

TEST_F(States, H74_tell_an_execution_that_ended_before_it_had_a_ledger_from_a_ledger_that_is_gone) {
    auto locked = lock();
    std::string whole = run(*locked, 0, 3);
    auto killed = begin(*locked);
    std::string path = killed->path();
    killed.reset();
    for (const char* left : {"nothing", "an empty file"}) {
        std::filesystem::remove(path);
        if (left == std::string_view("an empty file")) std::ofstream(path).flush();
        auto reader = state_->read_ledger(executions().back());
        ASSERT_TRUE(failed_with(reader, ErrorKind::NotFound)) << left;
        EXPECT_EQ(reader.error().code(), StateDirectory::kNeverBegan) << left;
    }
    std::filesystem::remove(state_->ledger_path(task().id, whole));
    auto gone = state_->read_ledger(executions().front());
    ASSERT_TRUE(failed_with(gone, ErrorKind::NotFound));
    EXPECT_NE(gone.error().code(), StateDirectory::kNeverBegan);
}

TEST_F(States, that_do_not_exist_are_not_made_by_reading) {
    std::string nowhere = directory_ / "nowhere";
    EXPECT_TRUE(failed_with(StateDirectory::open({.path = nowhere}, db::Access::Read), ErrorKind::NotFound));
    EXPECT_FALSE(exists(nowhere));
}

TEST_F(States, with_a_file_in_the_way_say_so) {
    std::ofstream(directory_ / "file") << "x";
    auto state = StateDirectory::open({.path = directory_ / "file/state"}, db::Access::Write);
    ASSERT_FALSE(state);
    EXPECT_NE(state.error().message().find("file"), std::string::npos);
}

TEST_F(States, H77_with_a_damaged_control_file_say_so_and_keep_it) {
    state_.reset();
    std::string text(10'000, 'x');
    std::ofstream(path() + "/control.db") << text;
    auto state = StateDirectory::open({.path = path()}, db::Access::Write);
    ASSERT_TRUE(failed_with(state, ErrorKind::Corrupt));
    EXPECT_NE(state.error().message().find("control.db"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path() + "/control.db"), text.size());
}

TEST_F(States, have_one_task_for_a_pair_of_ends) {
    auto first = state_->find_or_create_task(kSource, kDestination);
    ASSERT_TRUE(succeeded(first));
    EXPECT_TRUE(first->created);
    EXPECT_FALSE(first->replaced);
    EXPECT_TRUE(first->task.id.starts_with("task-"));
    EXPECT_EQ(first->task.id.size(), 22u);
    auto second = state_->find_or_create_task(kSource, kDestination);
    EXPECT_FALSE(second->created);
    EXPECT_EQ(second->task.id, first->task.id);
    auto back = state_->find_or_create_task(kDestination, kSource);
    EXPECT_TRUE(back->created) << "the other direction is another task";
    EXPECT_EQ(state_->tasks()->size(), 2u);
}

TEST_F(States, begin_anew_when_another_root_is_behind_the_same_name) {
    auto first = state_->find_or_create_task(kSource, kDestination);
    ++clock_.unix_ns;
    End swapped = kSource;
    swapped.identity = "dev 2";
    auto second = state_->find_or_create_task(swapped, kDestination);
    ASSERT_TRUE(succeeded(second));
    EXPECT_TRUE(second->created);
    ASSERT_TRUE(second->replaced);
    EXPECT_EQ(second->replaced->id, first->task.id);
    EXPECT_EQ(second->replaced->source.identity, "dev 1");
    auto again = state_->find_or_create_task(kSource, kDestination);
    EXPECT_FALSE(again->created) << "the first root is back, and so is its index";
    EXPECT_EQ(again->task.id, first->task.id);
}

TEST_F(States, H82_lend_a_task_to_one_process_and_name_it) {
    auto mine = lock();
    auto second = LockedTask::lock(*state_, task());
    ASSERT_TRUE(failed_with(second, ErrorKind::Busy));
    EXPECT_EQ(second.error().code(), "Locked");
    EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
    mine.reset();
    EXPECT_TRUE(succeeded(LockedTask::lock(*state_, task())));
}

TEST_F(States, H82_take_a_lock_back_from_a_process_that_died) {
    TaskInfo shared = task();
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ::pid_t child = ::fork();
    if (child == 0) {
        auto held = LockedTask::lock(*state_, shared);
        (void)!::write(pipe[1], "x", 1);
        ::pause();
    }
    char ready;
    ASSERT_EQ(::read(pipe[0], &ready, 1), 1);
    auto busy = LockedTask::lock(*state_, shared);
    ASSERT_TRUE(failed_with(busy, ErrorKind::Busy));
    EXPECT_NE(busy.error().message().find(std::to_string(child)), std::string::npos);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(succeeded(LockedTask::lock(*state_, shared)));
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST_F(States, know_an_execution_from_its_beginning_to_its_end) {
    auto locked = lock();
    auto ledger = begin(*locked);
    std::string id = ledger->head().id;
    EXPECT_TRUE(id.starts_with("exec-"));
    EXPECT_EQ(ledger->head().options, "{\"x\":1}");
    EXPECT_EQ(ledger->head().staging_token, "token");
    ASSERT_TRUE(succeeded(wait(ledger->set_status(ExecutionStatus::Transferring))));
    record(*ledger, 0, 3);
    std::vector<ExecutionInfo> during = executions();
    ASSERT_EQ(during.size(), 1u);
    EXPECT_EQ(during[0].status, ExecutionStatus::Transferring);
    EXPECT_TRUE(during[0].running);
    EXPECT_EQ(during[0].counts.copied(), 3u) << "as its ledger says, without a lock";
    ASSERT_TRUE(succeeded(wait(ledger->set_status(ExecutionStatus::Clean))));
    auto closing = locked->close(std::move(ledger));
    ASSERT_TRUE(succeeded(closing));
    EXPECT_EQ(closing->counts.copied(), 3u);
    EXPECT_FALSE(closing->index_behind);
    locked.reset();
    std::vector<ExecutionInfo> after = executions();
    EXPECT_EQ(after[0].status, ExecutionStatus::Clean);
    EXPECT_EQ(after[0].ended_unix_ns, clock_.unix_ns);
    EXPECT_FALSE(after[0].running);
    EXPECT_EQ(after[0].counts, closing->counts);
    EXPECT_EQ(state_->find_execution(id.substr(0, 8))->id, id);
    EXPECT_TRUE(failed_with(state_->find_execution("exec-none"), ErrorKind::NotFound));
}

TEST_F(States, want_more_of_an_id_that_two_begin_with) {
    auto locked = lock();
    run(*locked, 0, 1);
    run(*locked, 1, 1);
    EXPECT_TRUE(failed_with(state_->find_execution("exec-"), ErrorKind::Invalid));
}

TEST_F(States, tell_executions_in_the_order_in_which_they_began_whatever_the_clock_says) {
    auto locked = lock();
    std::vector<std::string> began, told;
    for (std::int64_t unix_ns : {5'000, 5'000, 5'000, 5'000, 1'000, 9'000, 3'000}) {
        clock_.unix_ns = unix_ns - 1;  // begin() turns it on by one
        began.push_back(run(*locked, began.size(), 1));
    }
    for (const ExecutionInfo& execution : executions()) told.push_back(execution.id);
    EXPECT_EQ(told, began);
}

TEST_F(States, H81_number_executions_of_an_older_program_by_when_they_began) {
    {
        auto connection = db::SqliteDatabase({.path = state_->control_path()}).connect(db::Access::Write);
        for (const char* later : {"number", "limits"}) {
            ASSERT_TRUE(succeeded(
                (*connection)->execute(fmt::format("ALTER TABLE executions DROP COLUMN {}", later))));
        }
        ASSERT_TRUE(succeeded((*connection)->execute("UPDATE godwit_schema SET number = 1")));
        for (const char* row : {"'b', 't', 6, 20", "'a', 't', 6, 10", "'c', 't', 6, 20"})
            ASSERT_TRUE(succeeded(
                (*connection)
                    ->execute(fmt::format(
                        "INSERT INTO executions (id, task, status, created_ns, error) VALUES ({}, '')",
                        row))));
    }
    EXPECT_TRUE(failed_with(state_->executions(), ErrorKind::Unsupported))
        << "before it is brought up to date";
    open();
    std::string ids;
    for (const ExecutionInfo& execution : executions()) ids += execution.id;
    EXPECT_EQ(ids, "abc");
}

TEST_F(States, keep_what_an_execution_is_to_keep_to) {
    auto locked = lock();
    auto ledger = begin(*locked);
    std::string id = ledger->head().id;
    EXPECT_EQ(*state_->limits(id), "");
    auto set = [&](ControlTables& tables) { return tables.set_limits(id, "{}"); };
    ASSERT_TRUE(succeeded(state_->change_control(set))) << "while somebody works on it";
    EXPECT_EQ(*state_->limits(id), "{}");
    EXPECT_TRUE(failed_with(state_->limits("exec-none"), ErrorKind::NotFound));
}

TEST_F(States, H74_carry_on_what_was_interrupted) {
    auto locked = lock();
    std::string id;
    {
        auto ledger = begin(*locked);
        id = ledger->head().id;
        record(*ledger, 0, 2);
        auto closing = locked->close(std::move(ledger));
        EXPECT_EQ(closing->status, ExecutionStatus::Queued) << "not final: it was interrupted";
    }
    locked.reset();
    EXPECT_FALSE(executions()[0].running);
    locked = lock();
    auto interrupted = locked->interrupted();
    ASSERT_TRUE(interrupted && *interrupted);
    EXPECT_EQ((*interrupted)->id, id);
    EXPECT_TRUE(failed_with(locked->begin(loop_, {.options = {}, .staging_token = {}}), ErrorKind::Exists));
    auto ledger = locked->resume(loop_, kQuick);
    ASSERT_TRUE(ledger && *ledger);
    EXPECT_EQ((*ledger)->head().id, id);
    record(**ledger, 2, 2);
    ASSERT_TRUE(succeeded(wait((*ledger)->set_status(ExecutionStatus::Clean))));
    auto closing = locked->close(*std::move(ledger));
    EXPECT_EQ(closing->counts.copied(), 4u);
    EXPECT_FALSE(*locked->interrupted());
    auto nothing = locked->resume(loop_, kQuick);
    ASSERT_TRUE(succeeded(nothing));
    EXPECT_FALSE(*nothing);
}

// What the first schema had not.
void make_older(const std::string& ledger_path) {
    auto connection = db::SqliteDatabase({.path = ledger_path}).connect(db::Access::Write);
    ASSERT_TRUE(succeeded(connection));
    ASSERT_TRUE(succeeded((*connection)->execute("DROP TABLE hard_links")));
    ASSERT_TRUE(succeeded((*connection)->execute("ALTER TABLE shards DROP COLUMN destination_objects")));
    ASSERT_TRUE(succeeded((*connection)->execute("UPDATE godwit_schema SET number = 1")));
}

TEST_F(States, H81_ledgers_of_an_older_program_are_read_and_carried_on) {
    auto locked = lock();
    make_older(state_->ledger_path(task().id, run(*locked, 0, 3)));
    auto ledger = begin(*locked);
    std::string interrupted = ledger->path();
    record(*ledger, 3, 2);
    ASSERT_TRUE(succeeded(locked->close(std::move(ledger))));
    locked.reset();
    make_older(interrupted);

    ASSERT_EQ(executions().size(), 2u);
    auto reader = state_->read_ledger(executions()[0]);
    ASSERT_TRUE(succeeded(reader));
    EXPECT_EQ((*reader)->rows(0)->size(), 3u);
    locked = lock();
    auto carried_on = locked->resume(loop_, kQuick);
    ASSERT_TRUE(carried_on && *carried_on);
    record(**carried_on, 5, 1);
    ASSERT_TRUE(succeeded(wait((*carried_on)->set_status(ExecutionStatus::Clean))));
    EXPECT_EQ(locked->close(*std::move(carried_on))->counts.copied(), 3u);
}

TEST_F(States, give_up_what_was_interrupted_when_told) {
    auto locked = lock();
    auto ledger = begin(*locked);
    std::string id = ledger->head().id;
    record(*ledger, 0, 2);
    ASSERT_TRUE(succeeded(locked->close(std::move(ledger))));
    ASSERT_TRUE(succeeded(locked->cancel(id)));
    EXPECT_EQ(executions()[0].status, ExecutionStatus::Cancelled);
    EXPECT_EQ(executions()[0].counts.copied(), 2u);
    EXPECT_EQ(*(*state_->read_index(task().id))->count(), 2u) << "what it proved stays proved";
    run(*locked, 2, 1);
}

TEST_F(States, H74_enter_the_end_that_a_crash_kept_out) {
    auto locked = lock();
    auto ledger = begin(*locked);
    record(*ledger, 0, 2);
    ASSERT_TRUE(succeeded(wait(ledger->set_status(ExecutionStatus::Incomplete))));
    ASSERT_TRUE(succeeded(ledger->close()));
    ledger.reset();  // but never entered in control.db
    locked.reset();
    locked = lock();
    locked.reset();
    std::filesystem::remove(state_->ledger_path(task().id, executions()[0].id));
    EXPECT_EQ(executions()[0].status, ExecutionStatus::Incomplete) << "from control.db now";
    EXPECT_EQ(executions()[0].counts.copied(), 2u);
}

class LostExecution : public States {
  protected:
    // Enters an execution without a ledger; where that would be.
    std::string enter() {
        TaskInfo shared = task();
        ExecutionInfo lost{
            .id = "exec-lost", .task = shared.id, .status = ExecutionStatus::Queued, .created_unix_ns = 5};
        EXPECT_TRUE(succeeded(
            state_->change_control([&](ControlTables& tables) { return tables.insert_execution(lost); })));
        std::filesystem::create_directories(state_->task_path(shared.id));
        return state_->ledger_path(shared.id, lost.id);
    }
    void expect_to_end() {
        EXPECT_EQ(executions()[0].status, ExecutionStatus::Queued) << "reading does not fail";
        auto locked = lock();
        EXPECT_EQ(executions()[0].status, ExecutionStatus::Cancelled);
        EXPECT_FALSE(*locked->interrupted());
    }
};

TEST_F(LostExecution, that_never_got_a_ledger_is_ended) {
    enter();
    expect_to_end();
}

// Its disk was full, or its process killed, before its first transaction was through.
TEST_F(LostExecution, whose_ledger_is_an_empty_database_is_ended) {
    ASSERT_TRUE(succeeded(db::SqliteDatabase({.path = enter()}).connect(db::Access::Write)));
    expect_to_end();
}

TEST_F(LostExecution, H74_killed_before_it_entered_itself_in_its_ledger_is_ended) {
    {
        auto connection = db::SqliteDatabase({.path = enter()}).connect(db::Access::Write);
        ASSERT_TRUE(succeeded(db::migrate(**connection, kExecutionSchema)));
    }
    expect_to_end();
}

TEST_F(States, H77_make_a_lost_index_anew_when_the_task_is_locked) {
    auto locked = lock();
    run(*locked, 0, 3);
    run(*locked, 3, 2);
    locked.reset();
    std::filesystem::remove(state_->index_path(task().id));
    locked = lock();
    EXPECT_EQ(*(*state_->read_index(task().id))->count(), 5u);
}

TEST_F(States, tell_their_sizes) {
    auto locked = lock();
    run(*locked, 0, 100);
    auto sizes = measure_state(*state_);
    ASSERT_TRUE(succeeded(sizes));
    ASSERT_EQ(sizes->tasks.size(), 1u);
    EXPECT_TRUE(sizes->tasks[0].locked);
    EXPECT_EQ(sizes->tasks[0].index_rows, 100u);
    ASSERT_EQ(sizes->tasks[0].ledgers.size(), 1u);
    EXPECT_GT(sizes->tasks[0].ledgers[0].bytes, 10'000u);
    EXPECT_EQ(sizes->total_bytes,
              sizes->control_bytes + sizes->tasks[0].index_bytes + sizes->tasks[0].ledgers[0].bytes);
}

TEST_F(States, are_backed_up_while_they_are_used_and_restored_elsewhere) {
    auto locked = lock();
    std::string done = run(*locked, 0, 3);
    auto ledger = begin(*locked);
    record(*ledger, 3, 2);
    std::string backup = directory_ / "backup";
    ASSERT_TRUE(succeeded(back_up_state(*state_, backup)));
    record(*ledger, 5, 4);
    ASSERT_TRUE(succeeded(locked->close(std::move(ledger))));
    EXPECT_TRUE(failed_with(back_up_state(*state_, backup), ErrorKind::Exists));

    std::string target = directory_ / "elsewhere";
    ASSERT_TRUE(succeeded(restore_state(backup, target)));
    auto restored = StateDirectory::open({.path = target, .clock = &clock_}, db::Access::Write);
    ASSERT_TRUE(succeeded(restored));
    auto found = restored->find_or_create_task(kSource, kDestination);
    EXPECT_FALSE(found->created);
    auto all = restored->executions();
    ASSERT_EQ(all->size(), 2u);
    EXPECT_EQ((*all)[0].id, done);
    EXPECT_EQ((*all)[1].counts.copied(), 2u) << "as it was then";
    auto there = LockedTask::lock(*restored, found->task);
    ASSERT_TRUE(succeeded(there));
    EXPECT_EQ(*(*restored->read_index(found->task.id))->count(), 5u);
    auto carried_on = (*there)->resume(loop_);
    EXPECT_TRUE(carried_on && *carried_on);
    EXPECT_TRUE(failed_with(restore_state(backup, target), ErrorKind::Exists));
}

TEST_F(States, are_not_restored_from_a_damaged_backup) {
    auto locked = lock();
    run(*locked, 0, 500);
    std::string backup = directory_ / "backup";
    ASSERT_TRUE(succeeded(back_up_state(*state_, backup)));
    std::string victim = backup + "/tasks/" + task().id + "/index.db";
    {
        std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(2 * 8192);
        file << std::string(8192, 'x');
    }
    std::string target = directory_ / "elsewhere";
    auto restored = restore_state(backup, target);
    ASSERT_TRUE(failed_with(restored, ErrorKind::Corrupt));
    EXPECT_NE(restored.error().message().find("index.db"), std::string::npos);
    EXPECT_FALSE(exists(target));
}

TEST_F(States, lose_old_ledgers_but_no_proof_when_they_are_pruned) {
    auto locked = lock();
    std::string old = run(*locked, 0, 3);
    clock_.unix_ns = 1'000'000;
    std::string young = run(*locked, 2, 3);
    auto busy = prune_state(*state_, {.ended_before_unix_ns = 500'000});
    ASSERT_TRUE(succeeded(busy));
    EXPECT_TRUE(busy->executions.empty());
    EXPECT_EQ(busy->busy_tasks, std::vector{task().id});
    locked.reset();
    auto pruned = prune_state(*state_, {.ended_before_unix_ns = 500'000});
    ASSERT_TRUE(succeeded(pruned));
    ASSERT_EQ(pruned->executions.size(), 1u);
    EXPECT_EQ(pruned->executions[0].id, old);
    EXPECT_GT(pruned->freed_bytes, 0u);
    EXPECT_FALSE(exists(state_->ledger_path(task().id, old)));
    EXPECT_TRUE(exists(state_->ledger_path(task().id, young)));
    std::vector<ExecutionInfo> all = executions();
    EXPECT_EQ(all[0].pruned_unix_ns, clock_.unix_ns);
    EXPECT_EQ(all[0].counts.copied(), 3u) << "counts stay";
    EXPECT_TRUE(failed_with(state_->read_ledger(all[0]), ErrorKind::NotFound));
    auto index = state_->read_index(task().id);
    EXPECT_EQ(*(*index)->count(), 5u) << "so does the last proof of each key";
    auto proof = (*index)->find(model::Key(sample_key(0)));
    EXPECT_EQ((*proof)->execution, old);
    EXPECT_EQ((*proof)->digest, sample_record(1, 0, 0).evidence.source_digest);
    EXPECT_TRUE(prune_state(*state_, {.ended_before_unix_ns = 500'000})->executions.empty());
}

// A ledger may only go once its rows are in the index.
TEST_F(States, bring_the_index_up_to_date_before_a_ledger_is_pruned) {
    auto locked = lock();
    run(*locked, 0, 3);
    locked.reset();
    std::filesystem::remove(state_->index_path(task().id));
    ASSERT_TRUE(succeeded(prune_state(*state_, {.ended_before_unix_ns = clock_.unix_ns + 1})));
    EXPECT_EQ(*(*state_->read_index(task().id))->count(), 3u);
}

TEST_F(States, are_pruned_oldest_first_until_they_fit) {
    auto locked = lock();
    for (std::uint64_t i = 0; i < 4; ++i) run(*locked, i * 100, 100);
    locked.reset();
    auto before = measure_state(*state_);
    std::uint64_t wanted = before->total_bytes - before->tasks[0].ledgers[0].bytes - 1;
    auto pruned = prune_state(*state_, {.bytes_max = wanted});
    ASSERT_TRUE(succeeded(pruned));
    ASSERT_EQ(pruned->executions.size(), 2u);
    EXPECT_EQ(pruned->executions[0].id, before->tasks[0].ledgers[0].execution.id);
    EXPECT_LE(measure_state(*state_)->total_bytes, wanted);
}

TEST_F(States, keep_the_ledger_of_an_interrupted_execution) {
    auto locked = lock();
    auto ledger = begin(*locked);
    record(*ledger, 0, 1);
    ASSERT_TRUE(succeeded(locked->close(std::move(ledger))));
    locked.reset();
    EXPECT_TRUE(prune_state(*state_, {.ended_before_unix_ns = clock_.unix_ns + 1, .bytes_max = 1})
                    ->executions.empty());
}

}  // namespace
}  // namespace godwit::ledger
