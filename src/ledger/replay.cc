#include "ledger/replay.h"

#include "ledger/schema.h"

namespace godwit::ledger {

using db::Value;

namespace {

// By the columns of Sql::IndexedOutcomes. Views into the row.
IndexChange read_change(const db::Statement& row) {
    return {.effect = static_cast<IndexEffect>(row.integer(5)),
            .level = static_cast<model::EvidenceLevel>(row.integer(3)),
            .key = row.bytes(1),
            .evidence = row.bytes(2),
            .proved_unix_ns = row.integer(4)};
}

}  // namespace

Result<std::int64_t> replay(const std::string& ledger_path, const std::string& execution_id, Index& index,
                            bool finished) {
    GODWIT_TRY(auto connection, db::SqliteDatabase({.path = ledger_path}).connect(db::Access::Read));
    GODWIT_TRY_VOID(db::require_migrated(*connection, kExecutionSchema));
    Statements statements(*connection);
    GODWIT_TRY(IndexedExecution execution, index.enter(execution_id));
    std::int64_t seq = execution.applied_seq;
    while (true) {
        IndexChanges changes;
        std::int64_t read = 0;
        Value limit = Value::integer(static_cast<std::int64_t>(kIndexPageRowsMax));
        auto take = [&](db::Statement& statement) -> Result<void> {
            ++read;
            seq = statement.integer(0);
            IndexChange change = read_change(statement);
            if (change.effect != IndexEffect::None) changes.add(change);
            return {};
        };
        GODWIT_TRY_VOID(for_each_row(statements, Sql::IndexedOutcomes, {Value::integer(seq), limit}, take));
        if (read == 0) break;
        index.apply(execution.number, std::move(changes), seq);
    }
    GODWIT_TRY_VOID(finished ? index.complete(execution.number, seq) : index.flush());
    return seq;
}

}  // namespace godwit::ledger
