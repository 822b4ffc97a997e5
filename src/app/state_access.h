// What the commands share that read state: the directory, opened without a lock, and executions by
// the names that people give them.
#pragma once

#include <optional>
#include <string>

#include "app/arguments.h"
#include "app/session.h"
#include "ledger/state_directory.h"

namespace godwit::app {

// For reading. NotFound, with the path, when there is no state yet.
Result<ledger::StateDirectory> open_state_to_read(const Values& values, const Session& session);
Result<ledger::StateDirectory> open_state_to_write(const Values& values, const Session& session);

// "latest", an id, or the beginning of one. NotFound; Invalid (code Usage) when several begin so.
Result<ledger::ExecutionInfo> find_execution(const ledger::StateDirectory& state, const std::string& name);
// Absent when the task is no longer known.
Result<std::optional<ledger::TaskInfo>> task_of(const ledger::StateDirectory& state,
                                                const ledger::ExecutionInfo& execution);
// Why a ledger could not be read: its execution ended before it had one, so there is nothing to be shown.
bool never_began(const Error& error);

// The status for people: an execution that neither ended nor runs is "INTERRUPTED".
std::string_view status_word(const ledger::ExecutionInfo& execution);

}  // namespace godwit::app
