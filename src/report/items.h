// The table from rows of the ledger to items of a report, in the form of DataSync's Basic mode.
//
// A row stands in at most one of Transferred, Skipped and Deleted, and in Verified beside Transferred. So
// the numbers agree with the summary's: Transferred holds what was copied (SUCCESS) and what failed or was
// deferred (FAILED), Skipped what was skipped, Deleted what only the destination had.
#pragma once

#include <optional>
#include <string>

#include "ledger/journal.h"
#include "report/options.h"

namespace godwit::report {

enum class Status : std::uint8_t { Success, Failed };

// How the object did in what reports of that kind tell of; absent: it is none of theirs.
std::optional<Status> status_in(Kind kind, const ledger::ObjectRecord& record);

// Reasons for a failure are cut to this.
inline constexpr std::size_t kReasonBytesMax = 4096;

// The object's item, one line of JSON; `status` is what status_in() said. What the ledger does not know is
// left out.
std::string item_json(Kind kind, const ledger::ObjectRecord& record, Status status);

}  // namespace godwit::report
