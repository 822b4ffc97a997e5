// Ends an interrupted execution that nobody will carry on, leaving nothing of it behind.
#pragma once

#include "ledger/journal.h"
#include "store/store.h"

namespace godwit::engine {

// Releases what the execution had staged at `destination`: its unfinished uploads, and what was under
// way in batches that somebody had leased. Then its status is CANCELLED. `destination` is attached
// with the execution's own staging token. Fails with what the journal fails with, or Cancelled.
runtime::Task<Result<void>> give_up(runtime::Context& context, ledger::Journal& journal,
                                    store::Store& destination);

}  // namespace godwit::engine
