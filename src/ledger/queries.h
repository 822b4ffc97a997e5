// Questions about executions, asked of their ledgers without a lock and while they are being written.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/counters.h"
#include "ledger/execution_tables.h"
#include "ledger/index.h"
#include "model/key_pattern.h"

namespace godwit::ledger {

// Failures of one kind, for `executions errors`.
struct ErrorGroup {
    Scope scope = Scope::None;
    std::string code;  // may be empty
    std::string kind;
    std::uint64_t count = 0;
    std::int64_t first_unix_ns = 0;
    OutcomeRow sample;
};

// One execution's ledger, for reading. One thread at a time. Each question is a short read transaction
// of its own.
class LedgerReader {
  public:
    // Rows are read in pages of at most this many.
    static constexpr std::size_t kPageRowsMax = 4096;

    // Fails with NotFound when the ledger is not there (pruned, or never begun).
    static Result<std::unique_ptr<LedgerReader>> open(const std::string& path);

    Result<ExecutionHead> head() { return tables_.head(); }
    Result<model::Counts> counts() { return tables_.counts(); }
    // The same by reason, in the order of outcome and reason.
    Result<std::vector<CountEntry>> counters();
    // Most frequent first.
    Result<std::vector<ErrorGroup>> error_groups();
    Result<std::vector<LevelSum>> levels() { return level_sums(tables_.statements()); }
    // At most `count_max` of what could not be listed.
    Result<std::vector<std::string>> unlisted(std::size_t count_max) { return tables_.unlisted(count_max); }
    // Not yet finished and not yet released; of an execution that has ended, what it had to leave behind.
    Result<std::vector<Upload>> uploads() { return tables_.uploads(); }
    // The next rows behind `after_seq`, in order of seq; none at the end.
    Result<std::vector<OutcomeRow>> rows(std::int64_t after_seq);
    // Everything about one key.
    Result<std::vector<OutcomeRow>> rows_of(const model::Key& key);

  private:
    explicit LedgerReader(std::unique_ptr<db::Connection> connection)
        : connection_(std::move(connection)), tables_(*connection_) {}
    Result<std::vector<OutcomeRow>> select(Sql id, std::initializer_list<db::Value> values);

    std::unique_ptr<db::Connection> connection_;
    ExecutionTables tables_;
};

// Which rows are wanted.
struct RowFilter {
    // Outcomes; empty: all.
    std::vector<model::Outcome> outcomes;
    // Ended at or after this.
    std::int64_t since_unix_ns = 0;
    std::optional<model::KeyPattern> path;

    bool matches(const ObjectRecord& record) const;
};

// The rows of one ledger that pass a filter, page by page.
class RowScan {
  public:
    RowScan(LedgerReader& reader, RowFilter filter) : reader_(reader), filter_(std::move(filter)) {}
    // The next matching rows, at least one unless the end is reached.
    Result<std::vector<OutcomeRow>> next();

  private:
    LedgerReader& reader_;
    RowFilter filter_;
    std::int64_t seq_ = 0;
};

}  // namespace godwit::ledger
