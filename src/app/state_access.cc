#include "app/state_access.h"

#include <algorithm>

#include "app/data_directory.h"
#include "app/exit_code.h"
#include "app/run_record.h"

namespace godwit::app {
namespace {

Result<ledger::StateDirectory> open_state(const Values& values, const Session& session, db::Access access) {
    GODWIT_TRY(std::string directory, data_directory(values, session.environment));
    ledger::StateSettings settings{
        .path = absolute_location(directory), .clock = &session.clock, .random = &session.random};
    return ledger::StateDirectory::open(std::move(settings), access);
}

}  // namespace

Result<ledger::StateDirectory> open_state_to_read(const Values& values, const Session& session) {
    Result<ledger::StateDirectory> state = open_state(values, session, db::Access::Read);
    bool nothing = !state && state.error().kind() == ErrorKind::NotFound && state.error().code() == "ENOENT";
    if (!nothing) return state;
    GODWIT_TRY(std::string directory, data_directory(values, session.environment));
    return Error(ErrorKind::NotFound, "read", absolute_location(directory),
                 "nothing has been recorded here yet")
        .with_code("NothingRecorded")
        .with_scope(Scope::State);
}

Result<ledger::StateDirectory> open_state_to_write(const Values& values, const Session& session) {
    return open_state(values, session, db::Access::Write);
}

Result<ledger::ExecutionInfo> find_execution(const ledger::StateDirectory& state, const std::string& name) {
    if (name.empty())
        return usage_error("EXECUTION \"\"", "is empty; `godwit executions list` shows them all");
    if (name != "latest") {
        Result<ledger::ExecutionInfo> found = state.find_execution(name);
        if (!found && found.error().kind() == ErrorKind::Invalid) {
            return usage_error(name, found.error().cause());
        }
        return found;
    }
    GODWIT_TRY(std::vector<ledger::ExecutionInfo> executions, state.executions());
    if (executions.empty()) {
        return Error(ErrorKind::NotFound, "find", "latest execution", "there is none yet");
    }
    return std::move(executions.back());
}

Result<std::optional<ledger::TaskInfo>> task_of(const ledger::StateDirectory& state,
                                                const ledger::ExecutionInfo& execution) {
    GODWIT_TRY(std::vector<ledger::TaskInfo> tasks, state.tasks());
    auto found = std::ranges::find(tasks, execution.task, &ledger::TaskInfo::id);
    if (found == tasks.end()) return std::optional<ledger::TaskInfo>();
    return std::optional<ledger::TaskInfo>(std::move(*found));
}

bool never_began(const Error& error) {
    return error.code() == ledger::StateDirectory::kNeverBegan;
}

std::string_view status_word(const ledger::ExecutionInfo& execution) {
    bool interrupted = !model::is_final(execution.status) && !execution.running;
    return interrupted ? std::string_view("INTERRUPTED") : to_string(execution.status);
}

}  // namespace godwit::app
