#include "ledger/control_tables.h"

namespace godwit::ledger {

using db::Value;

namespace {

std::optional<std::int64_t> integer_if_any(const db::Statement& row, int column) {
    if (row.is_null(column)) return {};
    return row.integer(column);
}

Result<model::ExecutionStatus> read_status(std::int64_t number, std::string_view execution) {
    auto status = static_cast<model::ExecutionStatus>(number);
    if (number >= static_cast<std::int64_t>(model::ExecutionStatus::Queued) &&
        number <= static_cast<std::int64_t>(model::ExecutionStatus::Cancelled))
        return status;
    return Error(ErrorKind::Corrupt, "read", std::string(execution),
                 "its status cannot be true; restore a backup");
}

}  // namespace

Result<void> ControlTables::insert_task(const TaskInfo& task) {
    return statements_.run(Sql::InsertTask,
                           {Value::text(task.id), Value::text(task.source.canonical),
                            Value::text(task.source.identity), Value::text(task.source.uri),
                            Value::text(task.destination.canonical), Value::text(task.destination.identity),
                            Value::text(task.destination.uri), Value::integer(task.created_unix_ns)});
}

Result<std::vector<TaskInfo>> ControlTables::read_tasks(Sql id, std::initializer_list<Value> values) {
    std::vector<TaskInfo> tasks;
    GODWIT_TRY_VOID(for_each_row(statements_, id, values, [&](db::Statement& row) -> Result<void> {
        auto text = [&](int column) { return std::string(row.text(column)); };
        tasks.push_back({.id = text(0),
                         .source = {.canonical = text(1), .identity = text(2), .uri = text(3)},
                         .destination = {.canonical = text(4), .identity = text(5), .uri = text(6)},
                         .created_unix_ns = row.integer(7)});
        return {};
    }));
    return tasks;
}

Result<std::optional<TaskInfo>> ControlTables::find_task(const End& source, const End& destination) {
    GODWIT_TRY(
        std::vector<TaskInfo> found,
        read_tasks(Sql::FindTask, {Value::text(source.canonical), Value::text(source.identity),
                                   Value::text(destination.canonical), Value::text(destination.identity)}));
    if (found.empty()) return std::optional<TaskInfo>();
    return std::optional<TaskInfo>(std::move(found.front()));
}

Result<std::vector<TaskInfo>> ControlTables::tasks_of_ends(const End& source, const End& destination) {
    return read_tasks(Sql::TasksOfEnds, {Value::text(source.canonical), Value::text(destination.canonical)});
}

Result<std::vector<TaskInfo>> ControlTables::tasks() {
    return read_tasks(Sql::Tasks, {});
}

Result<void> ControlTables::insert_execution(const ExecutionInfo& execution) {
    return statements_.run(Sql::InsertExecution,
                           {Value::text(execution.id), Value::text(execution.task),
                            Value::integer(static_cast<std::int64_t>(execution.status)),
                            Value::integer(execution.created_unix_ns), Value::text(execution.error)});
}

Result<void> ControlTables::end_execution(const ExecutionInfo& execution) {
    std::string error = printable(execution.error);
    GODWIT_TRY_VOID(statements_.run(
        Sql::EndExecution,
        {Value::text(execution.id), Value::integer(static_cast<std::int64_t>(execution.status)),
         Value::integer(execution.ended_unix_ns), Value::text(error)}));
    GODWIT_TRY_VOID(statements_.run(Sql::DeleteExecutionCounts, {Value::text(execution.id)}));
    for (std::size_t i = 0; i < model::kOutcomeCount; ++i) {
        if (execution.counts.objects[i] == 0) continue;
        GODWIT_TRY_VOID(
            statements_.run(Sql::InsertExecutionCount,
                            {Value::text(execution.id), Value::integer(static_cast<std::int64_t>(i)),
                             Value::integer(static_cast<std::int64_t>(execution.counts.objects[i])),
                             Value::integer(static_cast<std::int64_t>(execution.counts.bytes[i]))}));
    }
    return {};
}

Result<void> ControlTables::set_pruned(const std::string& execution, std::int64_t now_unix_ns) {
    return statements_.run(Sql::SetExecutionPruned, {Value::text(execution), Value::integer(now_unix_ns)});
}

Result<void> ControlTables::set_limits(const std::string& execution, const std::string& text) {
    return statements_.run(Sql::SetExecutionLimits, {Value::text(execution), Value::text(text)});
}

Result<std::string> ControlTables::limits(const std::string& execution) {
    std::optional<std::string> text;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::ExecutionLimits, {Value::text(execution)},
                                 [&](db::Statement& row) -> Result<void> {
                                     text = std::string(row.text(0));
                                     return {};
                                 }));
    if (text) return *std::move(text);
    return Error(ErrorKind::NotFound, "read the limits of", execution, "there is no such execution");
}

Result<model::Counts> ControlTables::counts_of(const std::string& execution) {
    model::Counts counts;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::ExecutionCounts, {Value::text(execution)},
                                 [&](db::Statement& row) -> Result<void> {
                                     auto outcome = static_cast<std::size_t>(row.integer(0));
                                     if (outcome >= model::kOutcomeCount)
                                         return Error(ErrorKind::Corrupt, "read", execution,
                                                      "its counts cannot be true; restore a backup");
                                     counts.objects[outcome] = static_cast<std::uint64_t>(row.integer(1));
                                     counts.bytes[outcome] = static_cast<std::uint64_t>(row.integer(2));
                                     return {};
                                 }));
    return counts;
}

Result<std::vector<ExecutionInfo>> ControlTables::executions() {
    std::vector<ExecutionInfo> executions;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::Executions, {}, [&](db::Statement& row) -> Result<void> {
        GODWIT_TRY(auto status, read_status(row.integer(2), row.text(0)));
        executions.push_back({.id = std::string(row.text(0)),
                              .task = std::string(row.text(1)),
                              .status = status,
                              .created_unix_ns = row.integer(3),
                              .ended_unix_ns = integer_if_any(row, 4),
                              .pruned_unix_ns = integer_if_any(row, 5),
                              .error = std::string(row.text(6))});
        return {};
    }));
    for (ExecutionInfo& execution : executions) {
        GODWIT_TRY(execution.counts, counts_of(execution.id));
    }
    return executions;
}

}  // namespace godwit::ledger
