// `report`: a task report of an execution that has ended or was interrupted.
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

Result<ExitCode> run_report(const Invocation& invocation, Session& session);

}  // namespace godwit::app
