#include "ledger/locked_task.h"

#include <algorithm>
#include <ranges>

#include "ledger/replay.h"
#include "ledger/schema.h"

namespace godwit::ledger {

using model::ExecutionStatus;

namespace {

// A task is worked on for hours: who finds it locked is told at once.
constexpr std::chrono::milliseconds kNoWait{0};

bool is_complete(const std::vector<IndexedExecution>& known, const std::string& execution) {
    auto found = std::ranges::find(known, execution, &IndexedExecution::id);
    return found != known.end() && found->complete;
}

Result<void> write_status(const std::string& ledger_path, ExecutionStatus status, std::int64_t now_unix_ns) {
    GODWIT_TRY(auto connection, db::SqliteDatabase({.path = ledger_path}).connect(db::Access::Write));
    GODWIT_TRY_VOID(db::migrate(*connection, kExecutionSchema));
    GODWIT_TRY(db::Transaction transaction, db::Transaction::begin(*connection, db::Access::Write));
    GODWIT_TRY_VOID(ExecutionTables(*connection).set_status(status, now_unix_ns));
    return transaction.commit();
}

}  // namespace

Result<std::unique_ptr<LockedTask>> LockedTask::lock(const StateDirectory& state, const TaskInfo& task) {
    GODWIT_TRY_VOID(make_directories(state.task_path(task.id)));
    GODWIT_TRY(FileLock lock, FileLock::take(state.lock_path(task.id), kNoWait));
    GODWIT_TRY(auto index, Index::open(state.index_path(task.id)));
    std::unique_ptr<LockedTask> locked(new LockedTask(state, task, std::move(lock), std::move(index)));
    GODWIT_TRY_VOID(locked->catch_up());
    return locked;
}

// Whatever a crash kept from being entered, in control.db or in the index, is read from the ledgers.
Result<void> LockedTask::catch_up() {
    GODWIT_TRY(std::vector<IndexedExecution> known, index_->executions());
    GODWIT_TRY(std::vector<ExecutionInfo> executions, state_.entered_executions(task_.id));
    for (const ExecutionInfo& execution : executions) {
        bool nothing_to_do = model::is_final(execution.status) && is_complete(known, execution.id);
        if (execution.pruned_unix_ns || nothing_to_do) continue;
        GODWIT_TRY_VOID(catch_up_with(execution));
    }
    return {};
}

Result<void> LockedTask::catch_up_with(const ExecutionInfo& execution) {
    auto reader = state_.read_ledger(execution);
    if (!reader && reader.error().kind() == ErrorKind::NotFound) {
        // It was entered and its process ended before it made the ledger, or somebody removed the file.
        if (model::is_final(execution.status)) return {};
        return enter_end(execution.id, ExecutionStatus::Cancelled, {}, execution.created_unix_ns,
                         "it ended before it began");
    }
    if (!reader) return std::move(reader.error());
    GODWIT_TRY(ExecutionHead head, (*reader)->head());
    GODWIT_TRY(model::Counts counts, (*reader)->counts());
    bool finished = model::is_final(head.status);
    GODWIT_TRY_VOID(replay(state_.ledger_path(task_.id, execution.id), execution.id, *index_, finished));
    if (!finished) return {};
    return enter_end(execution.id, head.status, counts, head.ended_unix_ns, execution.error);
}

Result<void> LockedTask::enter_end(const std::string& execution, ExecutionStatus status,
                                   const model::Counts& counts, std::optional<std::int64_t> ended_unix_ns,
                                   const std::string& error) {
    ExecutionInfo end{.id = execution, .task = task_.id, .status = status};
    end.ended_unix_ns = ended_unix_ns;
    end.counts = counts;
    end.error = error;
    return state_.change_control([&](ControlTables& tables) { return tables.end_execution(end); });
}

Result<std::vector<ExecutionInfo>> LockedTask::unfinished() const {
    GODWIT_TRY(std::vector<ExecutionInfo> executions, state_.executions(task_.id));
    std::erase_if(executions,
                  [](const ExecutionInfo& execution) { return model::is_final(execution.status); });
    return executions;
}

Result<std::optional<ExecutionHead>> LockedTask::interrupted() const {
    GODWIT_TRY(std::vector<ExecutionInfo> executions, unfinished());
    if (executions.empty()) return std::optional<ExecutionHead>();
    GODWIT_TRY(auto reader, state_.read_ledger(executions.back()));
    GODWIT_TRY(ExecutionHead head, reader->head());
    return std::optional<ExecutionHead>(std::move(head));
}

Result<std::unique_ptr<ExecutionLedger>> LockedTask::resume(runtime::Loop& loop,
                                                            db::GroupCommitOptions commit) {
    GODWIT_TRY(std::vector<ExecutionInfo> executions, unfinished());
    if (executions.empty()) return std::unique_ptr<ExecutionLedger>();
    std::string newest = executions.back().id;
    executions.pop_back();
    for (const ExecutionInfo& older : executions) GODWIT_TRY_VOID(cancel(older.id));
    return ExecutionLedger::open({.path = state_.ledger_path(task_.id, newest),
                                  .loop = loop,
                                  .index = *index_,
                                  .commit = commit,
                                  .clock = &state_.clock()});
}

Result<void> LockedTask::cancel(const std::string& execution) {
    std::string path = state_.ledger_path(task_.id, execution);
    std::int64_t now = state_.clock().unix_time_ns();
    GODWIT_TRY_VOID(write_status(path, ExecutionStatus::Cancelled, now));
    GODWIT_TRY_VOID(replay(path, execution, *index_, true));
    GODWIT_TRY(auto reader, LedgerReader::open(path));
    GODWIT_TRY(model::Counts counts, reader->counts());
    return enter_end(execution, ExecutionStatus::Cancelled, counts, now, "it was interrupted and given up");
}

// A ledger that is gone or cannot be read hands nothing on, and hinders nobody. An execution that was killed
// before it had a ledger had nothing: the one before it is asked.
std::vector<Upload> LockedTask::left_uploads() const {
    auto executions = state_.executions(task_.id);
    if (!executions) return {};
    for (const ExecutionInfo& execution : *executions | std::views::reverse) {
        auto reader = state_.read_ledger(execution);
        bool never_began =
            !reader && reader.error().kind() == ErrorKind::NotFound && !execution.pruned_unix_ns;
        if (never_began) continue;
        if (!reader) return {};
        auto uploads = (*reader)->uploads();
        return uploads ? std::move(*uploads) : std::vector<Upload>();
    }
    return {};
}

Result<std::unique_ptr<ExecutionLedger>> LockedTask::begin(runtime::Loop& loop,
                                                           const NewExecution& execution) {
    GODWIT_TRY(std::vector<ExecutionInfo> left, unfinished());
    if (!left.empty()) {
        return Error(ErrorKind::Exists, "begin an execution of", task_.id,
                     left.back().id + " was interrupted; it must be carried on or cancelled first");
    }
    ExecutionHead head{.id = state_.new_id("exec"),
                       .task = task_.id,
                       .options = execution.options,
                       .staging_token = execution.staging_token,
                       .status = ExecutionStatus::Queued,
                       .created_unix_ns = state_.clock().unix_time_ns()};
    std::vector<Upload> uploads = left_uploads();
    ExecutionInfo info{
        .id = head.id, .task = head.task, .status = head.status, .created_unix_ns = head.created_unix_ns};
    // Known before it has a ledger: a ledger that nobody knows of would never be looked for.
    GODWIT_TRY_VOID(
        state_.change_control([&](ControlTables& tables) { return tables.insert_execution(info); }));
    return ExecutionLedger::create({.path = state_.ledger_path(task_.id, head.id),
                                    .loop = loop,
                                    .index = *index_,
                                    .commit = execution.commit,
                                    .clock = &state_.clock(),
                                    .left_uploads = std::move(uploads)},
                                   head);
}

Result<ExecutionLedger::Closing> LockedTask::close(std::unique_ptr<ExecutionLedger> ledger,
                                                   const std::string& error) {
    std::string id = ledger->head().id;
    GODWIT_TRY(ExecutionLedger::Closing closing, ledger->close());
    ledger.reset();
    if (model::is_final(closing.status)) {
        GODWIT_TRY_VOID(enter_end(id, closing.status, closing.counts, closing.ended_unix_ns, error));
    }
    return closing;
}

}  // namespace godwit::ledger
