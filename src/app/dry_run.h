// `copy --dry-run`: lists and compares both ends as a run would, and says what it would do. Nothing is
// written anywhere, neither at the destination nor to state.
#pragma once

#include "app/copy_command.h"
#include "app/loop_run.h"
#include "runtime/task.h"

namespace godwit::app {

runtime::Task<Result<ExitCode>> dry_run(LoopRun& run, StoreKit& kit, const CopyArguments& arguments);

}  // namespace godwit::app
