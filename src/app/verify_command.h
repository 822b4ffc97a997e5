// `verify`: compares two ends without writing to either.
#pragma once

#include "app/arguments.h"
#include "app/ends.h"
#include "app/exit_code.h"
#include "app/loop_run.h"
#include "app/session.h"
#include "engine/compare.h"

namespace godwit::app {

// Exit code NotClean when the ends differ.
Result<ExitCode> run_verify(const Invocation& invocation, Session& session);

// SRC and DST of an invocation, with the options of both ends.
Result<EndsRequest> ends_request(const Invocation& invocation);

// "1,204 objects compared by metadata in 2 s: 1,200 equal, 1 removed, 2 added, 1 different."
std::string comparison_text(const engine::CompareResult& result, std::string_view mode, Duration took);

}  // namespace godwit::app
