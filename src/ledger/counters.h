// The counters of an execution: objects and bytes for each outcome and reason. What a group of
// commits adds is collected in memory and written once, in the same transaction as the rows that it
// counts, so that the counters can never disagree with the ledger.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/statements.h"
#include "model/evidence.h"
#include "model/outcome.h"

namespace godwit::ledger {

// What was counted. Stored: never renumber.
enum class CountOrigin : std::uint8_t {
    Listing = 1,  // objects that get no row: unchanged ones
    Rows = 2,     // rows of `outcomes`
};

struct CountEntry {
    CountOrigin origin = CountOrigin::Rows;
    model::Outcome outcome = model::Outcome::Failed;
    std::string reason;
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
};

// Sums of what was added. One thread at a time.
class Counters {
  public:
    void add(CountOrigin origin, model::Outcome outcome, std::string_view reason, std::uint64_t objects,
             std::uint64_t bytes);
    // The opposite, of what was counted in this transaction or an earlier one.
    void take_back(CountOrigin origin, model::Outcome outcome, std::uint64_t objects, std::uint64_t bytes) {
        if (objects > 0) add(origin, outcome, "", 0 - objects, 0 - bytes);
    }
    void clear() { entries_.clear(); }
    // Adds the sums to those in the database.
    Result<void> write(Statements& statements) const;
    const std::vector<CountEntry>& entries() const { return entries_; }

  private:
    std::vector<CountEntry> entries_;  // a handful: outcomes times reasons
};

// All committed counters.
Result<std::vector<CountEntry>> read_counters(Statements& statements);
model::Counts sum_of(const std::vector<CountEntry>& entries);

// What a row counts for.
struct OutcomeSize {
    model::Outcome outcome;
    std::string_view reason;  // during the call
    std::uint64_t bytes;
    model::EvidenceLevel level;
};
// Calls `take` for every row. Fails with Corrupt for an outcome that there is not.
Result<void> for_each_outcome_size(Statements& statements,
                                   const std::function<void(const OutcomeSize&)>& take);

// How many objects ended how, on what evidence.
struct LevelSum {
    model::Outcome outcome = model::Outcome::Verified;
    model::EvidenceLevel level = model::EvidenceLevel::None;
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
};

// In the order of outcomes, the strongest evidence first.
Result<std::vector<LevelSum>> level_sums(Statements& statements);

// Counts the rows anew and compares (I8). Fails with Corrupt and both numbers where they differ. As it
// reads all rows, it also gives what level_sums() would.
Result<std::vector<LevelSum>> verify_counters(Statements& statements);

}  // namespace godwit::ledger
