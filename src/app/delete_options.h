// --delete and what bounds it: what a run may remove at DST.
#pragma once

#include <optional>

#include "app/arguments.h"
#include "app/ends.h"
#include "engine/options.h"

namespace godwit::app {

// Absent without --delete. Fails with a usage error, also for a bound without it.
Result<std::optional<engine::DeleteOptions>> delete_options(const Values& values);

// --backup-dir, absent without it. Fails with a usage error.
Result<std::optional<Location>> backup_location(const Values& values);

// Fails with Invalid, code EndsOverlap, when the place of backups is, holds, or lies within one of the two
// ends: it would be copied or deleted with them. By the paths of directories, before anything is made;
Result<void> check_backup_apart(const Ends& ends, const Location& backup);
// and by what the place, once it is attached, says of itself.
Result<void> check_backup_apart(const Ends& ends, const Location& backup, const store::RootIdentity& root);

// A single file or object has no mirror: fails with a usage error.
Result<void> check_deletes(const Ends& ends, const engine::ExecutionOptions& options);

}  // namespace godwit::app
