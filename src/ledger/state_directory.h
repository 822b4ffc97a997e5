// The state directory: everything that Godwit remembers, as files of one user.
//
//   control.db                   tasks and executions; short write sessions under control.lock
//   tasks/<task>/lock            held by whoever works on the task, with its pid
//   tasks/<task>/index.db        the task's index
//   tasks/<task>/exec-<id>.db    the ledger of one execution
//   tasks/<task>/exec-<id>.keys  the list of objects that it is about, if it was given one
//   (ledger/key_file.h)
//
// Reading needs no lock. All calls block; one thread at a time, where nothing else is said.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "ledger/control_tables.h"
#include "ledger/file_lock.h"
#include "ledger/index.h"
#include "ledger/queries.h"

namespace godwit::ledger {

// The task for a pair of ends.
struct FoundTask {
    TaskInfo task;
    bool created = false;
    // The newest other task with the same canonical ends: behind one of these names is another root
    // now, so its index counts for nothing. Tell the user.
    std::optional<TaskInfo> replaced = {};
};

struct StateSettings {
    // Absolute path.
    std::string path;
    // All outlive the directory.
    const Clock* clock = &system_clock();
    Random* random = &system_random();
};

class StateDirectory {
  public:
    // Write: makes what is missing (mode 0700) and brings control.db up to date; refuses network file
    // systems with Unsupported. Read: fails with NotFound when there is no state yet.
    static Result<StateDirectory> open(StateSettings settings, db::Access access);

    const std::string& path() const { return settings_.path; }
    const Clock& clock() const { return *settings_.clock; }
    Random& random() const { return *settings_.random; }
    // For the user, from opening.
    const std::vector<std::string>& warnings() const { return warnings_; }

    // The task of exactly these ends (names and identities); made when there is none.
    Result<FoundTask> find_or_create_task(const End& source, const End& destination);
    // Oldest first.
    Result<std::vector<TaskInfo>> tasks() const;
    // Oldest first; of one task if it is given. Those that have not ended tell what their ledger says
    // now. An execution that neither ended nor runs was interrupted.
    Result<std::vector<ExecutionInfo>> executions(const std::optional<std::string>& task = {}) const;
    // The same as control.db has them: what did not get there before a crash is only in the ledgers.
    Result<std::vector<ExecutionInfo>> entered_executions(const std::optional<std::string>& task = {}) const;
    // By id, or by a beginning of an id that only one has. NotFound; Invalid when several fit.
    Result<ExecutionInfo> find_execution(const std::string& id_prefix) const;
    // What the execution is to keep to while it runs (ControlTables::limits). May be asked by any thread.
    Result<std::string> limits(const std::string& execution) const;
    // NotFound when it was pruned; with code kNeverBegan where its process ended before it had a ledger, so
    // that there is nothing to be read.
    static constexpr std::string_view kNeverBegan = "NeverBegan";
    Result<std::unique_ptr<LedgerReader>> read_ledger(const ExecutionInfo& execution) const;
    // NotFound when the task has none yet.
    Result<std::unique_ptr<IndexReader>> read_index(const std::string& task) const;

    // Runs `change` on control.db in a transaction of its own, alone among all processes.
    template <class Change>
    Result<void> change_control(Change change) const;

    std::string control_path() const { return settings_.path + "/control.db"; }
    std::string tasks_path() const { return settings_.path + "/tasks"; }
    std::string task_path(const std::string& task) const { return tasks_path() + "/" + task; }
    std::string index_path(const std::string& task) const { return task_path(task) + "/index.db"; }
    std::string lock_path(const std::string& task) const { return task_path(task) + "/lock"; }
    std::string ledger_path(const std::string& task, const std::string& execution) const {
        return task_path(task) + "/" + execution + ".db";
    }
    std::string list_path(const std::string& task, const std::string& execution) const {
        return task_path(task) + "/" + execution + ".keys";
    }
    // "exec-" or "task-" and 17 hexadecimal digits.
    std::string new_id(std::string_view prefix) const;

  private:
    explicit StateDirectory(StateSettings settings) : settings_(std::move(settings)) {}
    Result<void> make();
    // Refreshes what control.db does not know of an execution that has not ended.
    Result<void> look_into_ledger(ExecutionInfo& execution) const;

    struct Session {
        FileLock lock;
        std::unique_ptr<db::Connection> connection;
    };
    Result<Session> begin_session() const;
    Result<std::unique_ptr<db::Connection>> read_control() const;

    StateSettings settings_;
    std::vector<std::string> warnings_;
};

// Makes a directory (0700) with those above it. Success when it is there.
Result<void> make_directories(const std::string& path);

template <class Change>
Result<void> StateDirectory::change_control(Change change) const {
    GODWIT_TRY(Session session, begin_session());
    GODWIT_TRY(db::Transaction transaction, db::Transaction::begin(*session.connection, db::Access::Write));
    ControlTables tables(*session.connection);
    GODWIT_TRY_VOID(change(tables));
    return transaction.commit();
}

}  // namespace godwit::ledger
