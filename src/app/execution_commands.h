// `executions list | describe | errors | limit | retry`.
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

Result<ExitCode> run_executions_list(const Invocation& invocation, Session& session);
Result<ExitCode> run_executions_describe(const Invocation& invocation, Session& session);
Result<ExitCode> run_executions_errors(const Invocation& invocation, Session& session);
Result<ExitCode> run_executions_limit(const Invocation& invocation, Session& session);
Result<ExitCode> run_executions_retry(const Invocation& invocation, Session& session);

}  // namespace godwit::app
