// Replay: brings an index up to date from an execution's ledger. The ledger is the truth; what a
// crash kept from reaching the index is read from there.
#pragma once

#include <string>

#include "ledger/index.h"

namespace godwit::ledger {

// Applies all rows of the ledger file behind the index's mark for this execution. Blocks. Returns the
// last row's seq. `finished`: the execution's status is final, so that it need not be looked at again.
Result<std::int64_t> replay(const std::string& ledger_path, const std::string& execution_id, Index& index,
                            bool finished);

}  // namespace godwit::ledger
