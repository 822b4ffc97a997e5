// `state info | backup | restore | prune`.
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

Result<ExitCode> run_state_info(const Invocation& invocation, Session& session);
Result<ExitCode> run_state_backup(const Invocation& invocation, Session& session);
Result<ExitCode> run_state_restore(const Invocation& invocation, Session& session);
Result<ExitCode> run_state_prune(const Invocation& invocation, Session& session);

}  // namespace godwit::app
