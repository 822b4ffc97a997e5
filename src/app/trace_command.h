// `ledger trace`: is this file safe, and how do we know?
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

// Exit code NotFound when nothing is known of the object, NotClean when it is not proved to be safe.
Result<ExitCode> run_ledger_trace(const Invocation& invocation, Session& session);

// The key of `object` under `root`, both as display texts ("/a", "s3://b/p"); absent when it does not
// lie there.
std::optional<std::string> key_below(const std::string& root, const std::string& object);

}  // namespace godwit::app
