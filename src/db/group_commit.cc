#include "db/group_commit.h"

#include <pthread.h>

#include <future>
#include <utility>

#include "base/sabotage.h"

namespace godwit::db {
namespace {

Error stopped() {
    return Error(ErrorKind::Cancelled, "write to", "the state", "the writer has been stopped");
}

// After these nobody knows what the database holds; only opening it anew can tell.
bool breaks_the_writer(const Error& error) {
    return error.kind() == ErrorKind::Corrupt || error.kind() == ErrorKind::Lost;
}

}  // namespace

GroupCommit::GroupCommit(std::unique_ptr<Connection> connection, GroupCommitOptions options,
                         GroupHooks* hooks)
    : options_(options), hooks_(hooks), connection_(std::move(connection)), thread_([this] { serve(); }) {
    ::pthread_setname_np(thread_.native_handle(), "state-writer");
}

GroupCommit::~GroupCommit() {
    stop();
}

void GroupCommit::submit(Lane lane, std::size_t rows, Work work, Done done) {
    std::unique_lock lock(mutex_);
    GODWIT_CHECK(std::this_thread::get_id() != thread_.get_id(), "the writer would wait for itself");
    if (lane == Lane::Bulk)
        room_came_.wait(lock, [&] { return stopping_ || bulk_rows_ < options_.queue_rows_max; });
    if (stopping_) {
        lock.unlock();
        done(stopped());
        return;
    }
    Job job{rows, std::move(work), std::move(done), {}};
    if (lane == Lane::Bulk) bulk_rows_ += rows;
    (lane == Lane::Bulk ? bulk_ : urgent_).push_back(std::move(job));
    // The writer sleeps through the filling of a group: it is woken for its first job and when it
    // has become due.
    bool wake = bulk_.size() + urgent_.size() == 1 || group_is_due_locked();
    lock.unlock();
    if (wake) work_came_.notify_one();
}

Result<void> GroupCommit::run_blocking(Lane lane, Work work) {
    std::promise<Result<void>> promise;
    auto future = promise.get_future();
    submit(lane, 1, std::move(work), [&](Result<void> outcome) { promise.set_value(std::move(outcome)); });
    return future.get();
}

void GroupCommit::stop() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_came_.notify_one();
    room_came_.notify_all();
    if (thread_.joinable()) thread_.join();
}

GroupCommit::Statistics GroupCommit::statistics() const {
    std::lock_guard lock(mutex_);
    return statistics_;
}

void GroupCommit::serve() {
    for (std::vector<Job> group = take_group(); !group.empty(); group = take_group()) commit_group(group);
}

bool GroupCommit::group_is_due_locked() const {
    return stopping_ || !urgent_.empty() || bulk_rows_ >= options_.group_rows_due;
}

// Waits for a group: all urgent jobs, then bulk jobs until there are rows enough. Empty once the
// writer is stopped and everything is written.
std::vector<GroupCommit::Job> GroupCommit::take_group() {
    std::unique_lock lock(mutex_);
    work_came_.wait(lock, [&] { return stopping_ || !urgent_.empty() || !bulk_.empty(); });
    if (!group_is_due_locked())
        work_came_.wait_until(lock, last_commit_ + options_.group_wait_max,
                              [&] { return group_is_due_locked(); });
    std::vector<Job> group;
    std::size_t rows = 0;
    auto take_from = [&](std::deque<Job>& queue) {
        rows += queue.front().rows;
        group.push_back(std::move(queue.front()));
        queue.pop_front();
    };
    while (!urgent_.empty()) take_from(urgent_);
    for (bool room = true; room && !bulk_.empty(); room = rows < options_.group_rows_max) {
        bulk_rows_ -= bulk_.front().rows;
        take_from(bulk_);
    }
    statistics_.groups += group.empty() ? 0 : 1;
    statistics_.jobs += group.size();
    statistics_.rows += rows;
    room_came_.notify_all();
    return group;
}

// One transaction for the whole group. When a job fails, all is rolled back and the group is run
// again with each job in a savepoint of its own, which costs more but keeps the good ones: savepoints
// are not paid for as long as nothing fails.
void GroupCommit::commit_group(std::vector<Job>& group) {
    Result<void> committed = broken_ ? Result<void>(broken_->clone()) : run_together(group);
    if (!committed && !breaks_the_writer(committed.error()) && group.size() > 1) {
        for (Job& job : group) job.error.reset();
        committed = run_apart(group);
    }
    if (!committed && !broken_ && breaks_the_writer(committed.error())) broken_ = committed.error().clone();
    last_commit_ = std::chrono::steady_clock::now();
    for (Job& job : group) {
        if (!committed)
            job.done(committed.error().clone());
        else if (job.error)
            job.done(std::move(*job.error));
        else
            job.done({});
    }
}

Result<void> GroupCommit::run_together(std::vector<Job>& group) {
    GODWIT_TRY(Transaction transaction, Transaction::begin(*connection_, Access::Write));
    if (hooks_) hooks_->begun();
    for (Job& job : group) {
        GODWIT_TRY_VOID(job.work(*connection_));
        if (GODWIT_SABOTAGE(acknowledge_before_commit)) std::exchange(job.done, [](Result<void>) {})({});
    }
    return commit(transaction);
}

Result<void> GroupCommit::run_apart(std::vector<Job>& group) {
    GODWIT_TRY(Transaction transaction, Transaction::begin(*connection_, Access::Write));
    if (hooks_) hooks_->begun();
    for (Job& job : group) {
        if (Result<void> run = run_in_savepoint(job); !run) {
            // When the database has given up the whole transaction, so do we.
            if (breaks_the_writer(run.error()) || !connection_->in_transaction()) return run;
            job.error = std::move(run.error());
        }
    }
    {
        std::lock_guard lock(mutex_);
        statistics_.jobs_run_apart += group.size();
    }
    return commit(transaction);
}

Result<void> GroupCommit::commit(Transaction& transaction) {
    if (hooks_) GODWIT_TRY_VOID(hooks_->before_commit(*connection_));
    GODWIT_TRY_VOID(transaction.commit());
    if (hooks_) hooks_->committed();
    return {};
}

Result<void> GroupCommit::run_in_savepoint(Job& job) {
    GODWIT_TRY_VOID(connection_->execute("SAVEPOINT job"));
    Result<void> run = job.work(*connection_);
    if (!run && connection_->in_transaction())
        GODWIT_TRY_VOID(connection_->execute("ROLLBACK TO SAVEPOINT job"));
    if (connection_->in_transaction()) GODWIT_TRY_VOID(connection_->execute("RELEASE SAVEPOINT job"));
    return run;
}

}  // namespace godwit::db
