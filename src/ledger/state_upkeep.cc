#include "ledger/state_upkeep.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "ledger/locked_task.h"

namespace godwit::ledger {
namespace {

constexpr std::array<std::string_view, 3> kDatabaseFiles{"", "-wal", "-shm"};
// A list, and what an interrupted run had copied of it.
constexpr std::array<std::string_view, 2> kListFiles{"", ".part"};

std::uint64_t file_bytes(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

bool exists(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0;
}

// Success when it is not there.
Result<void> remove_file(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error(errno, "remove", path);
    return {};
}

// A database with its log. The shared memory beside it is no storage.
std::uint64_t database_bytes(const std::string& path) {
    return file_bytes(path) + file_bytes(path + "-wal");
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
    DIR* directory = ::opendir(path.c_str());
    if (!directory) return errno_error(errno, "list", path);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
        std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(directory);
    return names;
}

Result<void> require_empty(const std::string& path) {
    if (!exists(path)) return {};
    GODWIT_TRY(std::vector<std::string> names, list_directory(path));
    if (names.empty()) return {};
    return Error(ErrorKind::Exists, "write to", path,
                 fmt::format("it is not empty (\"{}\" is in it); name a new directory", names.front()));
}

Result<TaskSize> measure_task(const StateDirectory& state, const TaskInfo& task,
                              const std::vector<ExecutionInfo>& executions) {
    TaskSize size{.task = task,
                  .locked = FileLock::is_held(state.lock_path(task.id)),
                  .index_bytes = database_bytes(state.index_path(task.id)),
                  .index_rows = 0,
                  .ledgers = {}};
    if (auto index = state.read_index(task.id)) {
        GODWIT_TRY(size.index_rows, (*index)->count());
    }
    for (const ExecutionInfo& execution : executions) {
        if (execution.task != task.id) continue;
        size.ledgers.push_back({.execution = execution,
                                .bytes = database_bytes(state.ledger_path(task.id, execution.id)) +
                                         file_bytes(state.list_path(task.id, execution.id))});
    }
    return size;
}

}  // namespace

Result<StateSizes> measure_state(const StateDirectory& state) {
    StateSizes sizes{.control_bytes = database_bytes(state.control_path()), .tasks = {}, .total_bytes = 0};
    GODWIT_TRY(std::vector<TaskInfo> tasks, state.tasks());
    GODWIT_TRY(std::vector<ExecutionInfo> executions, state.executions());
    sizes.total_bytes = sizes.control_bytes;
    for (const TaskInfo& task : tasks) {
        GODWIT_TRY(TaskSize size, measure_task(state, task, executions));
        sizes.total_bytes += size.index_bytes;
        for (const LedgerSize& ledger : size.ledgers) sizes.total_bytes += ledger.bytes;
        sizes.tasks.push_back(std::move(size));
    }
    return sizes;
}

namespace {

// Copies one task's databases. `state` is where they come from, `target` where they go.
Result<void> copy_task(const StateDirectory& from, const StateDirectory& to, const TaskInfo& task,
                       const std::vector<ExecutionInfo>& executions) {
    GODWIT_TRY_VOID(make_directories(to.task_path(task.id)));
    if (exists(from.index_path(task.id)))
        GODWIT_TRY_VOID(db::back_up_sqlite(from.index_path(task.id), to.index_path(task.id)));
    for (const ExecutionInfo& execution : executions) {
        std::string path = from.ledger_path(task.id, execution.id);
        if (execution.task != task.id || !exists(path)) continue;
        GODWIT_TRY_VOID(db::back_up_sqlite(path, to.ledger_path(task.id, execution.id)));
    }
    return {};
}

// control.db goes first: what is begun while the rest is copied is in neither.
Result<void> copy_state(const StateDirectory& from, const std::string& target) {
    GODWIT_TRY_VOID(make_directories(target));
    GODWIT_TRY_VOID(db::back_up_sqlite(from.control_path(), target + "/control.db"));
    GODWIT_TRY(StateDirectory to,
               StateDirectory::open({.path = target, .clock = &from.clock()}, db::Access::Write));
    GODWIT_TRY(std::vector<TaskInfo> tasks, to.tasks());
    GODWIT_TRY(std::vector<ExecutionInfo> executions, to.executions());
    for (const TaskInfo& task : tasks) GODWIT_TRY_VOID(copy_task(from, to, task, executions));
    return {};
}

Result<void> check_backup(const StateDirectory& backup) {
    GODWIT_TRY_VOID(db::check_sqlite_integrity(backup.control_path()));
    GODWIT_TRY(std::vector<TaskInfo> tasks, backup.tasks());
    for (const TaskInfo& task : tasks) {
        if (!exists(backup.task_path(task.id))) continue;
        GODWIT_TRY(std::vector<std::string> names, list_directory(backup.task_path(task.id)));
        for (const std::string& name : names) {
            if (name.ends_with(".db"))
                GODWIT_TRY_VOID(db::check_sqlite_integrity(backup.task_path(task.id) + "/" + name));
        }
    }
    return {};
}

}  // namespace

Result<void> back_up_state(const StateDirectory& state, const std::string& target) {
    GODWIT_TRY_VOID(require_empty(target));
    return copy_state(state, target);
}

Result<void> restore_state(const std::string& backup, const std::string& target) {
    GODWIT_TRY_VOID(require_empty(target));
    GODWIT_TRY(StateDirectory source, StateDirectory::open({.path = backup}, db::Access::Read));
    GODWIT_TRY_VOID(check_backup(source));
    return copy_state(source, target);
}

namespace {

// Candidates, oldest first, and which of them go.
class Pruning {
  public:
    Pruning(const StateDirectory& state, const PrunePolicy& policy, std::uint64_t total_bytes)
        : state_(state), policy_(policy), left_bytes_(total_bytes) {}

    bool must_go(const LedgerSize& ledger) const {
        const ExecutionInfo& execution = ledger.execution;
        if (!model::is_final(execution.status) || execution.pruned_unix_ns || ledger.bytes == 0) return false;
        bool too_old = policy_.ended_before_unix_ns && execution.ended_unix_ns &&
                       *execution.ended_unix_ns < *policy_.ended_before_unix_ns;
        return too_old || (policy_.bytes_max && left_bytes_ > *policy_.bytes_max);
    }

    Result<void> remove(const TaskInfo& task, const LedgerSize& ledger) {
        if (busy_.contains(task.id)) return {};
        auto proved = keep_proofs(task);
        if (!proved && proved.error().kind() == ErrorKind::Busy) {
            busy_[task.id] = true;
            result_.busy_tasks.push_back(task.id);
            return {};
        }
        if (!proved) return proved;
        const std::string& id = ledger.execution.id;
        // Entered first: a ledger that is missing without a word would look like a loss.
        std::int64_t now = state_.clock().unix_time_ns();
        GODWIT_TRY_VOID(
            state_.change_control([&](ControlTables& tables) { return tables.set_pruned(id, now); }));
        for (std::string_view suffix : kDatabaseFiles)
            GODWIT_TRY_VOID(remove_file(state_.ledger_path(task.id, id) + std::string(suffix)));
        for (std::string_view suffix : kListFiles)
            GODWIT_TRY_VOID(remove_file(state_.list_path(task.id, id) + std::string(suffix)));
        left_bytes_ -= std::min(left_bytes_, ledger.bytes);
        result_.freed_bytes += ledger.bytes;
        result_.executions.push_back(ledger.execution);
        return {};
    }

    Pruned take_result() { return std::move(result_); }

  private:
    // Locking the task replays what its index lacks; then the index is put on disk. Once for a task:
    // ended ledgers do not change any more.
    Result<void> keep_proofs(const TaskInfo& task) {
        if (locked_.contains(task.id)) return {};
        GODWIT_TRY(auto locked, LockedTask::lock(state_, task));
        GODWIT_TRY_VOID(locked->index().make_durable());
        locked_[task.id] = std::move(locked);
        return {};
    }

    const StateDirectory& state_;
    const PrunePolicy& policy_;
    std::uint64_t left_bytes_;
    std::map<std::string, std::unique_ptr<LockedTask>> locked_;
    std::map<std::string, bool> busy_;
    Pruned result_;
};

}  // namespace

Result<Pruned> prune_state(const StateDirectory& state, const PrunePolicy& policy) {
    GODWIT_TRY(StateSizes sizes, measure_state(state));
    struct Candidate {
        const TaskInfo* task;
        const LedgerSize* ledger;
    };
    std::vector<Candidate> candidates;
    for (const TaskSize& task : sizes.tasks) {
        for (const LedgerSize& ledger : task.ledgers) candidates.push_back({&task.task, &ledger});
    }
    std::ranges::sort(candidates, {}, [](const Candidate& candidate) {
        const ExecutionInfo& execution = candidate.ledger->execution;
        return std::pair(execution.created_unix_ns, std::string_view(execution.id));
    });
    Pruning pruning(state, policy, sizes.total_bytes);
    for (const Candidate& candidate : candidates) {
        if (pruning.must_go(*candidate.ledger))
            GODWIT_TRY_VOID(pruning.remove(*candidate.task, *candidate.ledger));
    }
    return pruning.take_result();
}

}  // namespace godwit::ledger
