// `plan` writes what a copy would do into a file; `apply` does what such a file says.
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

Result<ExitCode> run_plan(const Invocation& invocation, Session& session);
Result<ExitCode> run_apply(const Invocation& invocation, Session& session);

}  // namespace godwit::app
