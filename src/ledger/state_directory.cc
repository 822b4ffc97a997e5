#include "ledger/state_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "db/file_system.h"
#include "ledger/schema.h"

namespace godwit::ledger {
namespace {

// A session on control.db lasts milliseconds; whoever waits longer tells who is in the way.
constexpr std::chrono::milliseconds kSessionWaitMax{10'000};
constexpr std::size_t kIdBytes = 9;
constexpr std::size_t kIdDigits = 17;

Result<void> make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    int failed = errno;
    struct stat status{};
    if (failed == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return errno_error(failed, "create directory", path);
}

}  // namespace

Result<void> make_directories(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
        GODWIT_TRY_VOID(make_directory(path.substr(0, slash)));
    return make_directory(path);
}

Result<StateDirectory> StateDirectory::open(StateSettings settings, db::Access access) {
    StateDirectory state(std::move(settings));
    if (access == db::Access::Write) {
        GODWIT_TRY_VOID(state.make());
    } else {
        GODWIT_TRY_VOID(state.read_control());
    }
    return state;
}

Result<void> StateDirectory::make() {
    GODWIT_TRY_VOID(make_directories(settings_.path));
    GODWIT_TRY(std::optional<std::string> warning, db::check_state_file_system(settings_.path));
    if (warning) warnings_.push_back(*std::move(warning));
    GODWIT_TRY_VOID(make_directory(tasks_path()));
    GODWIT_TRY_VOID(begin_session());
    return {};
}

Result<StateDirectory::Session> StateDirectory::begin_session() const {
    GODWIT_TRY(FileLock lock, FileLock::take(settings_.path + "/control.lock", kSessionWaitMax));
    GODWIT_TRY(auto connection, db::SqliteDatabase({.path = control_path()}).connect(db::Access::Write));
    GODWIT_TRY_VOID(db::migrate(*connection, kControlSchema));
    return Session{.lock = std::move(lock), .connection = std::move(connection)};
}

Result<std::unique_ptr<db::Connection>> StateDirectory::read_control() const {
    GODWIT_TRY(auto connection, db::SqliteDatabase({.path = control_path()}).connect(db::Access::Read));
    GODWIT_TRY_VOID(db::require_migrated(*connection, kControlSchema));
    return connection;
}

std::string StateDirectory::new_id(std::string_view prefix) const {
    return fmt::format("{}-{}", prefix, random_hex(*settings_.random, kIdBytes).substr(0, kIdDigits));
}

Result<FoundTask> StateDirectory::find_or_create_task(const End& source, const End& destination) {
    FoundTask found;
    GODWIT_TRY_VOID(change_control([&](ControlTables& tables) -> Result<void> {
        GODWIT_TRY(std::vector<TaskInfo> alike, tables.tasks_of_ends(source, destination));
        GODWIT_TRY(std::optional<TaskInfo> task, tables.find_task(source, destination));
        std::erase_if(alike, [&](const TaskInfo& other) { return task && other.id == task->id; });
        if (!alike.empty()) found.replaced = std::move(alike.back());
        found.created = !task;
        found.task = task ? *std::move(task)
                          : TaskInfo{.id = new_id("task"),
                                     .source = source,
                                     .destination = destination,
                                     .created_unix_ns = settings_.clock->unix_time_ns()};
        return found.created ? tables.insert_task(found.task) : Result<void>();
    }));
    GODWIT_TRY_VOID(make_directory(task_path(found.task.id)));
    return found;
}

Result<std::vector<TaskInfo>> StateDirectory::tasks() const {
    GODWIT_TRY(auto connection, read_control());
    return ControlTables(*connection).tasks();
}

Result<std::vector<ExecutionInfo>> StateDirectory::entered_executions(
    const std::optional<std::string>& task) const {
    GODWIT_TRY(auto connection, read_control());
    GODWIT_TRY(std::vector<ExecutionInfo> executions, ControlTables(*connection).executions());
    if (task)
        std::erase_if(executions, [&](const ExecutionInfo& execution) { return execution.task != *task; });
    return executions;
}

Result<std::vector<ExecutionInfo>> StateDirectory::executions(const std::optional<std::string>& task) const {
    GODWIT_TRY(std::vector<ExecutionInfo> executions, entered_executions(task));
    for (ExecutionInfo& execution : executions) {
        if (!model::is_final(execution.status)) GODWIT_TRY_VOID(look_into_ledger(execution));
    }
    return executions;
}

Result<void> StateDirectory::look_into_ledger(ExecutionInfo& execution) const {
    execution.running = FileLock::is_held(lock_path(execution.task));
    auto reader = LedgerReader::open(ledger_path(execution.task, execution.id));
    // Its process ended before, or has not yet come to, making the ledger.
    if (!reader && reader.error().kind() == ErrorKind::NotFound) return {};
    if (!reader) return std::move(reader.error());
    GODWIT_TRY(ExecutionHead head, (*reader)->head());
    GODWIT_TRY(execution.counts, (*reader)->counts());
    execution.status = head.status;
    execution.ended_unix_ns = head.ended_unix_ns;
    return {};
}

Result<ExecutionInfo> StateDirectory::find_execution(const std::string& id_prefix) const {
    GODWIT_TRY(std::vector<ExecutionInfo> all, executions());
    std::vector<ExecutionInfo> fitting;
    for (ExecutionInfo& execution : all) {
        if (execution.id == id_prefix) return std::move(execution);
        if (execution.id.starts_with(id_prefix)) fitting.push_back(std::move(execution));
    }
    if (fitting.size() == 1) return std::move(fitting.front());
    if (fitting.empty())
        return Error(ErrorKind::NotFound, "find execution", id_prefix,
                     "there is none; `godwit executions list` shows them all");
    return Error(
        ErrorKind::Invalid, "find execution", id_prefix,
        fmt::format("{} begin so, {} and {} among them", fitting.size(), fitting[0].id, fitting[1].id));
}

Result<std::string> StateDirectory::limits(const std::string& execution) const {
    GODWIT_TRY(auto connection, read_control());
    return ControlTables(*connection).limits(execution);
}

Result<std::unique_ptr<LedgerReader>> StateDirectory::read_ledger(const ExecutionInfo& execution) const {
    if (execution.pruned_unix_ns) {
        return Error(ErrorKind::NotFound, "read the ledger of", execution.id,
                     "it was pruned; its counts and the last proof of each key are kept");
    }
    auto reader = LedgerReader::open(ledger_path(execution.task, execution.id));
    bool is_missing = !reader && reader.error().kind() == ErrorKind::NotFound;
    // One that is gone is not to be taken for one that never was.
    if (!is_missing || execution.counts != model::Counts{}) return reader;
    return Error(ErrorKind::NotFound, "read the ledger of", execution.id,
                 "it ended before it had one: nothing was recorded")
        .with_code(std::string(kNeverBegan));
}

Result<std::unique_ptr<IndexReader>> StateDirectory::read_index(const std::string& task) const {
    return IndexReader::open(index_path(task));
}

}  // namespace godwit::ledger
