// --delete and what bounds it: what a run may remove at DST.
#pragma once

#include <optional>

#include "app/arguments.h"
#include "app/ends.h"
#include "engine/options.h"

namespace godwit::app {

// Absent without --delete. Fails with a usage error, also for a bound without it.
Result<std::optional<engine::DeleteOptions>> delete_options(const Values& values);

// A single file or object has no mirror: fails with a usage error.
Result<void> check_deletes(const Ends& ends, const engine::ExecutionOptions& options);

}  // namespace godwit::app
