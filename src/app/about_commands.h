// Commands about Godwit itself: version, help, completion, man.
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

Result<ExitCode> run_version(const Invocation& invocation, Session& session);
// `godwit help [TOPIC | COMMAND]`.
Result<ExitCode> run_help(const Invocation& invocation, Session& session);
Result<ExitCode> run_completion(const Invocation& invocation, Session& session);
Result<ExitCode> run_man(const Invocation& invocation, Session& session);

// -h of a command, or of a noun; the overview when neither was named.
void show_help(const Invocation& invocation, Terminal& terminal);

}  // namespace godwit::app
