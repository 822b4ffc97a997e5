// A task that this process has for itself: its lock, its index, and the executions that it begins or
// carries on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ledger/execution_ledger.h"
#include "ledger/state_directory.h"

namespace godwit::ledger {

// What a new execution is, apart from what is made for it here.
struct NewExecution {
    std::string options;        // see ExecutionHead
    std::string staging_token;  // the same
    db::GroupCommitOptions commit = {};
};

class LockedTask {
  public:
    // Takes the task's lock and brings its index up to date with every ledger that a crash left
    // behind. Fails with Busy, code Locked, naming the holder's pid. `state` outlives it.
    static Result<std::unique_ptr<LockedTask>> lock(const StateDirectory& state, const TaskInfo& task);

    const TaskInfo& task() const { return task_; }
    Index& index() { return *index_; }

    // The execution that was interrupted, carried on; absent when there is none. It is the newest of
    // them: an older one is taken for given up, and ends as CANCELLED.
    Result<std::unique_ptr<ExecutionLedger>> resume(runtime::Loop& loop, db::GroupCommitOptions commit = {});
    // Its head, to look at before: other options may be a reason to cancel() it instead.
    Result<std::optional<ExecutionHead>> interrupted() const;
    // Ends an interrupted execution as CANCELLED.
    Result<void> cancel(const std::string& execution);

    // Begins an execution. One that was interrupted must have been resumed or cancelled before. Uploads
    // that the last one had to leave behind are now this one's.
    Result<std::unique_ptr<ExecutionLedger>> begin(runtime::Loop& loop, const NewExecution& execution);

    // Closes the ledger (see ExecutionLedger::close) and, if the execution has ended, enters its end
    // with counts in control.db; `error` says why it failed, for people.
    Result<ExecutionLedger::Closing> close(std::unique_ptr<ExecutionLedger> ledger,
                                           const std::string& error = {});

  private:
    LockedTask(const StateDirectory& state, TaskInfo task, FileLock lock, std::unique_ptr<Index> index)
        : state_(state), task_(std::move(task)), lock_(std::move(lock)), index_(std::move(index)) {}
    Result<void> catch_up();
    Result<void> catch_up_with(const ExecutionInfo& execution);
    // Not ended, oldest first.
    Result<std::vector<ExecutionInfo>> unfinished() const;
    std::vector<Upload> left_uploads() const;
    Result<void> enter_end(const std::string& execution, model::ExecutionStatus status,
                           const model::Counts& counts, std::optional<std::int64_t> ended_unix_ns,
                           const std::string& error);

    const StateDirectory& state_;
    TaskInfo task_;
    FileLock lock_;
    std::unique_ptr<Index> index_;
};

}  // namespace godwit::ledger
