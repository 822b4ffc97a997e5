// From the command line to the command that it names, and from what became of it to an exit code.
#pragma once

#include <span>
#include <string>

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

// Parses, runs, reports an error. Everything a command says goes through the session's terminal.
ExitCode run_program(std::span<const std::string> arguments, Session& session);

// Is there somebody who runs this command of the table?
bool is_dispatched(std::string_view command);

// Runs one parsed command.
Result<ExitCode> dispatch(const Invocation& invocation, Session& session);

}  // namespace godwit::app
