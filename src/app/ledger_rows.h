// Rows of the ledger as columns that can be chosen: for `ledger query` and `ledger export`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/rows.h"
#include "ledger/queries.h"

namespace godwit::app {

class LedgerColumns {
  public:
    // All columns in their usual order.
    static LedgerColumns all();
    // "key,outcome,code". Fails with a usage error naming the unknown one and what there is.
    static Result<LedgerColumns> from(const std::string& list);

    std::vector<Column> columns() const;
    std::vector<Cell> cells(const ledger::ObjectRecord& record, std::string_view execution) const;

  private:
    std::vector<std::size_t> chosen_;  // numbers in the table of columns
};

// Which rows are wanted, from words like "outcome=failed,deferred".
struct LedgerFilter {
    std::string execution;  // as written; empty: all
    std::string task;       // the beginning of a task's id; empty: all
    std::vector<model::Outcome> outcomes;
    std::vector<model::EvidenceLevel> levels;
    std::vector<std::string> codes;
    std::string path;  // glob; empty: all
    std::optional<Duration> since;

    // What the ledger's scan looks at; the rest is asked of matches().
    ledger::RowFilter row_filter(std::int64_t now_unix_ns) const;
    bool matches(const ledger::ObjectRecord& record) const;
};
// Fails with a usage error naming the word.
Result<LedgerFilter> parse_ledger_filter(const std::vector<std::string>& words);

}  // namespace godwit::app
