// `doctor`: looks for what would go wrong before it does.
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

// Exit code NotClean when a check failed.
Result<ExitCode> run_doctor(const Invocation& invocation, Session& session);

}  // namespace godwit::app
