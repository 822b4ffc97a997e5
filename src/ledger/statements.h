// Every statement that the ledger runs, in one catalogue. A test runs all of them against SQLite and
// PostgreSQL on the same rows and expects the same answers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "db/database.h"
#include "db/migrations.h"

namespace godwit::ledger {

// SQLite spends as much on a statement as on a row.
inline constexpr std::size_t kIndexRowsAtOnce = 16;

enum class Sql : std::uint8_t {
    // control
    InsertTask,
    FindTask,
    TasksOfEnds,
    Tasks,
    InsertExecution,
    EndExecution,
    SetExecutionPruned,
    SetExecutionLimits,
    ExecutionLimits,
    Executions,
    DeleteExecutionCounts,
    InsertExecutionCount,
    ExecutionCounts,
    // index
    PutIndexRow,
    PutIndexRows,  // kIndexRowsAtOnce of them
    RemoveIndexRow,
    IndexPage,
    IndexPageBefore,
    FindIndexRow,
    CountIndexRows,
    InsertIndexExecution,
    IndexExecutions,
    SetApplied,
    // execution
    InsertHead,
    Head,
    SetStatus,
    InsertShard,
    Shards,
    ShardEnd,
    ShortenShard,
    AdvanceShard,
    InsertBatch,
    BatchHead,
    CountItems,
    Progress,
    PutProgress,
    RemoveProgress,
    CheckLease,
    RenewLease,
    FinishBatch,
    ReleaseLeases,
    CountUnfinishedBatches,
    UnfinishedBatches,
    WithholdBatch,
    Extras,
    AddCount,
    Counts,
    OutcomeSizes,
    InsertDeferral,
    WaitingDeferrals,
    CountWaitingDeferrals,
    AssignDeferral,
    InsertHardLink,
    UnchangedHardLink,
    NextHardLinkedFile,
    HardLinksOfFile,
    RemoveHardLinks,
    CountHardLinks,
    PutUpload,
    RemoveUpload,
    Uploads,
    InsertUnlisted,
    Unlisted,
    NewestIds,
    OutcomePage,
    OutcomesOfKey,
    IndexedOutcomes,
    OutcomeBySeq,
    ErrorGroups,
    InsertEvent,
    EventPage,
};
inline constexpr std::size_t kSqlCount = static_cast<std::size_t>(Sql::EventPage) + 1;

struct SqlText {
    Sql id;
    std::string_view name;
    const db::Schema& schema;  // whose tables it is about
    std::string_view text;
};

// In the order of the enumeration.
const std::array<SqlText, kSqlCount>& sql_catalogue();

// The columns of `outcomes` and `errors` in the order in which rows are appended and read.
inline constexpr std::array<std::string_view, 14> kOutcomeColumns{
    "seq",   "batch",    "item",     "outcome",    "type",        "key",          "bytes",
    "level", "evidence", "attempts", "started_ns", "duration_ns", "index_effect", "reason"};
inline constexpr std::array<std::string_view, 5> kErrorColumns{"seq", "scope", "kind", "code", "message"};

// The prepared statements of one connection, each made at its first use. Ends before the connection.
class Statements {
  public:
    explicit Statements(db::Connection& connection) : connection_(connection) {}
    Result<db::Statement*> get(Sql id);

    // get() and run.
    Result<void> run(Sql id, std::span<const db::Value> values);
    Result<void> run(Sql id, std::initializer_list<db::Value> values) { return run(id, std::span(values)); }
    db::Connection& connection() { return connection_; }

  private:
    db::Connection& connection_;
    std::array<std::unique_ptr<db::Statement>, kSqlCount> prepared_;
};

// Runs a statement and calls `take(statement)` on each row; `take` returns Result<void>.
template <class Take>
Result<void> for_each_row(Statements& statements, Sql id, std::initializer_list<db::Value> values,
                          Take take) {
    GODWIT_TRY(db::Statement * statement, statements.get(id));
    db::ResetAtEnd reset_at_end(*statement);
    statement->bind_all(values);
    while (true) {
        GODWIT_TRY(bool row, statement->step());
        if (!row) return {};
        GODWIT_TRY_VOID(take(*statement));
    }
}

}  // namespace godwit::ledger
