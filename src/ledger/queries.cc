#include "ledger/queries.h"

#include <algorithm>
#include <tuple>

#include "ledger/counters.h"
#include "ledger/schema.h"

namespace godwit::ledger {

using db::Value;

Result<std::unique_ptr<LedgerReader>> LedgerReader::open(const std::string& path) {
    GODWIT_TRY(auto connection, db::SqliteDatabase({.path = path}).connect(db::Access::Read));
    GODWIT_TRY_VOID(db::require_migrated(*connection, kExecutionSchema));
    std::unique_ptr<LedgerReader> reader(new LedgerReader(std::move(connection)));
    // Its process was killed between making the tables and entering the execution.
    auto head = reader->head();
    if (!head && head.error().kind() == ErrorKind::NotFound) return std::move(head.error());
    return reader;
}

Result<std::vector<OutcomeRow>> LedgerReader::select(Sql id, std::initializer_list<Value> values) {
    std::vector<OutcomeRow> rows;
    GODWIT_TRY_VOID(
        for_each_row(tables_.statements(), id, values, [&](db::Statement& statement) -> Result<void> {
            GODWIT_TRY(OutcomeRow row, read_outcome(statement, connection_->name()));
            rows.push_back(std::move(row));
            return {};
        }));
    return rows;
}

Result<std::vector<OutcomeRow>> LedgerReader::rows(std::int64_t after_seq) {
    return select(Sql::OutcomePage,
                  {Value::integer(after_seq), Value::integer(static_cast<std::int64_t>(kPageRowsMax))});
}

Result<std::vector<OutcomeRow>> LedgerReader::rows_of(const model::Key& key) {
    return select(Sql::OutcomesOfKey, {Value::bytes(key.bytes())});
}

Result<std::vector<CountEntry>> LedgerReader::counters() {
    GODWIT_TRY(std::vector<CountEntry> entries, read_counters(tables_.statements()));
    auto order = [](const CountEntry& entry) { return std::tie(entry.outcome, entry.reason, entry.origin); };
    std::ranges::sort(entries, [&](const CountEntry& a, const CountEntry& b) { return order(a) < order(b); });
    return entries;
}

Result<std::vector<ErrorGroup>> LedgerReader::error_groups() {
    std::vector<ErrorGroup> groups;
    std::vector<std::int64_t> samples;
    GODWIT_TRY_VOID(
        for_each_row(tables_.statements(), Sql::ErrorGroups, {}, [&](db::Statement& row) -> Result<void> {
            ErrorGroup group;
            group.scope = static_cast<Scope>(row.integer(0));
            group.code = row.text(1);
            group.kind = row.text(2);
            group.count = static_cast<std::uint64_t>(row.integer(3));
            group.first_unix_ns = row.integer(4);
            samples.push_back(row.integer(5));
            groups.push_back(std::move(group));
            return {};
        }));
    for (std::size_t i = 0; i < groups.size(); ++i) {
        GODWIT_TRY(std::vector<OutcomeRow> rows, select(Sql::OutcomeBySeq, {Value::integer(samples[i])}));
        if (!rows.empty()) groups[i].sample = std::move(rows.front());
    }
    std::ranges::sort(groups, [](const ErrorGroup& a, const ErrorGroup& b) {
        return std::tie(b.count, a.scope, a.code, a.kind) < std::tie(a.count, b.scope, b.code, b.kind);
    });
    return groups;
}

bool RowFilter::matches(const ObjectRecord& record) const {
    if (record.ended_unix_ns < since_unix_ns) return false;
    if (!outcomes.empty() && std::ranges::find(outcomes, record.outcome) == outcomes.end()) return false;
    return !path || path->matches(record.key.bytes());
}

Result<std::vector<OutcomeRow>> RowScan::next() {
    while (true) {
        GODWIT_TRY(std::vector<OutcomeRow> rows, reader_.rows(seq_));
        if (rows.empty()) return rows;
        seq_ = rows.back().seq;
        std::erase_if(rows, [&](const OutcomeRow& row) { return !filter_.matches(row.record); });
        if (!rows.empty()) return rows;
    }
}

}  // namespace godwit::ledger
