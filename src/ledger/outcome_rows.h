// Rows of `outcomes` and `errors`: an object's end as columns, and back.
//
// Such a row is also the object's event: it is committed with the fact because it is the fact, and
// (execution, seq) names it for subscribers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "db/database.h"
#include "ledger/index_changes.h"
#include "ledger/journal.h"
#include "ledger/packed.h"
#include "ledger/statements.h"

namespace godwit::ledger {

IndexEffect index_effect(const ObjectRecord& record);

// The values of one row, in the order of kOutcomeColumns, and of its error, in the order of
// kErrorColumns. They refer to the arguments and to this object, which is kept for the next row.
class OutcomeValues {
  public:
    // `evidence` is the record's, packed.
    std::span<const db::Value> outcome(std::int64_t seq, const ObjectRecord& record,
                                       std::string_view evidence);
    std::span<const db::Value> error(std::int64_t seq, const ObjectRecord& record);

  private:
    std::string code_, message_;
    std::vector<db::Value> values_;
};

struct OutcomeRow {
    std::int64_t seq = 0;
    ObjectRecord record;  // lease_epoch is not kept
};

// The row that `statement`, which selected both lists of columns, stands on. Corrupt when a column
// holds what was never written.
Result<OutcomeRow> read_outcome(const db::Statement& statement, const std::string& subject);

}  // namespace godwit::ledger
