// The tables, per dialect, as numbered migrations. What each file holds:
//
//   control.db                       tasks; executions with their final counts
//   tasks/<task>/index.db            what is proved to be at the destination, by key
//   tasks/<task>/exec-<id>.db        one execution: shards, batches, outcomes, counts, uploads, events
//
// On PostgreSQL each is a schema of its own. Times are nanoseconds since 1970; identities and digests
// are packed (packed.h); enumerators are stored by their number.
#pragma once

#include "db/migrations.h"

namespace godwit::ledger {

extern const db::Schema kControlSchema;
extern const db::Schema kIndexSchema;
extern const db::Schema kExecutionSchema;

}  // namespace godwit::ledger
