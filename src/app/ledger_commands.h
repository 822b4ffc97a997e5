// `ledger query | stats | export`. (`ledger trace` is in trace_command.h.)
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

Result<ExitCode> run_ledger_query(const Invocation& invocation, Session& session);
Result<ExitCode> run_ledger_stats(const Invocation& invocation, Session& session);
Result<ExitCode> run_ledger_export(const Invocation& invocation, Session& session);

}  // namespace godwit::app
