// `manifest check` and `manifest build`.
#pragma once

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/session.h"

namespace godwit::app {

Result<ExitCode> run_manifest_check(const Invocation& invocation, Session& session);
Result<ExitCode> run_manifest_build(const Invocation& invocation, Session& session);

}  // namespace godwit::app
