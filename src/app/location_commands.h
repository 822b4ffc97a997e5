// Commands that look at one location: ls and stat.
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

Result<ExitCode> run_list(const Invocation& invocation, Session& session);
Result<ExitCode> run_stat(const Invocation& invocation, Session& session);

}  // namespace godwit::app
