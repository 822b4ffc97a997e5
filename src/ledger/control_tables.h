// The tables of control.db as operations, each part of a transaction of the caller's: which tasks
// there are, and which executions they had.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/statements.h"
#include "model/outcome.h"

namespace godwit::ledger {

// One end of a task.
struct End {
    std::string canonical;  // what names the location ("posix:/srv/data")
    std::string identity;   // what tells that it is still the same root behind that name
    std::string uri;        // as the user wrote it, without secrets

    friend bool operator==(const End&, const End&) = default;
};

struct TaskInfo {
    std::string id;
    End source;
    End destination;
    std::int64_t created_unix_ns = 0;
};

struct ExecutionInfo {
    std::string id;
    std::string task;
    model::ExecutionStatus status = model::ExecutionStatus::Queued;
    std::int64_t created_unix_ns = 0;
    std::optional<std::int64_t> ended_unix_ns = {};
    // Its ledger is gone; counts and the last proof of each key stay.
    std::optional<std::int64_t> pruned_unix_ns = {};
    // Why it failed; empty otherwise.
    std::string error = {};
    model::Counts counts = {};
    // Somebody is working on it now.
    bool running = false;
};

class ControlTables {
  public:
    explicit ControlTables(db::Connection& connection) : statements_(connection) {}

    Result<void> insert_task(const TaskInfo& task);
    // By canonical ends and identities.
    Result<std::optional<TaskInfo>> find_task(const End& source, const End& destination);
    // All with these canonical ends, oldest first.
    Result<std::vector<TaskInfo>> tasks_of_ends(const End& source, const End& destination);
    // Oldest first.
    Result<std::vector<TaskInfo>> tasks();

    Result<void> insert_execution(const ExecutionInfo& execution);
    // Status, end, error and counts of an execution that has ended.
    Result<void> end_execution(const ExecutionInfo& execution);
    Result<void> set_pruned(const std::string& execution, std::int64_t now_unix_ns);
    // What an execution is to keep to while it runs, as the program's text; "" when nobody has said.
    Result<void> set_limits(const std::string& execution, const std::string& text);
    // NotFound for an execution that is not known.
    Result<std::string> limits(const std::string& execution);
    // Oldest first; counts are those of ended ones. `running` is not known here.
    Result<std::vector<ExecutionInfo>> executions();

  private:
    Result<std::vector<TaskInfo>> read_tasks(Sql id, std::initializer_list<db::Value> values);
    Result<model::Counts> counts_of(const std::string& execution);

    Statements statements_;
};

}  // namespace godwit::ledger
