// GroupCommit: the one writer of a database. Anybody hands it jobs; a thread of its own runs many of
// them in one transaction and commits that, because a commit waits for the disk and costs the same
// for a thousand rows as for one.
//
// It knows nothing of what the jobs write.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "db/database.h"

namespace godwit::db {

// Bulk jobs wait for company; an urgent one (control statements: leases, states) has the group
// committed at once.
enum class Lane : std::uint8_t { Bulk, Urgent };

struct GroupCommitOptions {
    // A group is due when this many rows wait, or this long after the commit before: jobs that come
    // one by one are committed at once, but never more than twenty times a second.
    std::size_t group_rows_due = 1'000;
    std::chrono::milliseconds group_wait_max{50};
    // A group takes along what else waits, up to this: a transaction of a few milliseconds.
    std::size_t group_rows_max = 4'096;
    // submit() blocks while this many rows of bulk jobs wait: a disk that can't keep up slows its
    // writers down instead of filling memory.
    std::size_t queue_rows_max = 65'536;
};

// What must happen once for each group: sums that its jobs collect in memory, say, and that are
// written once for all of them. Called on the writer's thread.
class GroupHooks {
  public:
    virtual ~GroupHooks() = default;
    // A transaction begins. If committed() was not called since the last time, that one was rolled
    // back, and everything that its jobs did in memory is void.
    virtual void begun() = 0;
    // The last act of the transaction.
    virtual Result<void> before_commit(Connection& connection) = 0;
    virtual void committed() = 0;
};

class GroupCommit {
  public:
    // Runs inside a transaction on the writer's thread. It may be run again after a roll-back, so it
    // has effects through the connection only (or on what GroupHooks resets, after the last thing that may
    // fail).
    using Work = std::move_only_function<Result<void>(Connection&)>;
    // Called once, on the writer's thread, in the order of commits: after COMMIT is durable, or with
    // why nothing of the job was kept. Kind Lost or Corrupt: it is unknown whether it was.
    using Done = std::move_only_function<void(Result<void>)>;

    // `hooks`, if any, outlives this.
    GroupCommit(std::unique_ptr<Connection> connection, GroupCommitOptions options,
                GroupHooks* hooks = nullptr);
    // As stop().
    ~GroupCommit();
    GroupCommit(const GroupCommit&) = delete;
    GroupCommit& operator=(const GroupCommit&) = delete;

    // Queues a job. Any thread but the writer's. Jobs of one lane are run in the order of submit();
    // an urgent one may overtake bulk ones. `rows` is about how many rows it writes.
    void submit(Lane lane, std::size_t rows, Work work, Done done);

    // The same and waits for the end: for set-up and tests, not for loops.
    Result<void> run_blocking(Lane lane, Work work);

    // Commits all that is queued and ends the thread; jobs that come later fail with Cancelled.
    void stop();

    // After stop() only: nobody uses it then.
    Connection& connection() { return *connection_; }

    struct Statistics {
        std::uint64_t groups = 0;
        std::uint64_t jobs = 0;
        std::uint64_t rows = 0;
        std::uint64_t jobs_run_apart = 0;
    };
    Statistics statistics() const;

  private:
    struct Job {
        std::size_t rows;
        Work work;
        Done done;
        std::optional<Error> error;
    };

    void serve();
    std::vector<Job> take_group();
    bool group_is_due_locked() const;
    void commit_group(std::vector<Job>& group);
    Result<void> run_together(std::vector<Job>& group);
    Result<void> run_apart(std::vector<Job>& group);
    Result<void> run_in_savepoint(Job& job);
    Result<void> commit(Transaction& transaction);

    const GroupCommitOptions options_;
    GroupHooks* const hooks_;
    const std::unique_ptr<Connection> connection_;  // the writer's thread only
    std::optional<Error> broken_;                   // the writer's thread only
    std::chrono::steady_clock::time_point last_commit_ = std::chrono::steady_clock::now();  // the same

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable work_came_;
    std::condition_variable room_came_;
    std::deque<Job> bulk_;
    std::deque<Job> urgent_;
    std::size_t bulk_rows_ = 0;
    bool stopping_ = false;
    Statistics statistics_;

    std::thread thread_;  // last: everything else exists when it starts
};

}  // namespace godwit::db
