#include "ledger/statements.h"

#include "base/check.h"
#include "ledger/schema.h"

namespace godwit::ledger {
namespace {

// An outcome with its error, if it has one, in the order of kOutcomeColumns and kErrorColumns.
#define OUTCOMES                                                                                           \
    "SELECT outcomes.seq, batch, item, outcome, type, key, bytes, level, evidence, attempts, started_ns, " \
    "duration_ns, index_effect, reason, errors.seq, scope, kind, code, message FROM outcomes "             \
    "LEFT JOIN errors ON errors.seq = outcomes.seq "

// Rows of the index, of execution ?1.
#define PUT_INDEX "INSERT INTO objects (key, evidence, level, execution, proved_ns) VALUES "
#define UNLESS_LATER                                                                         \
    "ON CONFLICT (key) DO UPDATE SET evidence = excluded.evidence, level = excluded.level, " \
    "execution = excluded.execution, proved_ns = excluded.proved_ns "                        \
    "WHERE excluded.execution >= objects.execution"
#define INDEX_ROW(key, evidence, level, proved) "(?" #key ", ?" #evidence ", ?" #level ", ?1, ?" #proved ")"
#define INDEX_ROWS \
    INDEX_ROW(2, 3, 4, 5) ", "\
    INDEX_ROW(6, 7, 8, 9) ", "\
    INDEX_ROW(10, 11, 12, 13) ", "\
    INDEX_ROW(14, 15, 16, 17) ", "\
    INDEX_ROW(18, 19, 20, 21) ", "\
    INDEX_ROW(22, 23, 24, 25) ", "\
    INDEX_ROW(26, 27, 28, 29) ", "\
    INDEX_ROW(30, 31, 32, 33) ", "\
    INDEX_ROW(34, 35, 36, 37) ", "\
    INDEX_ROW(38, 39, 40, 41) ", "\
    INDEX_ROW(42, 43, 44, 45) ", "\
    INDEX_ROW(46, 47, 48, 49) ", "\
    INDEX_ROW(50, 51, 52, 53) ", "\
    INDEX_ROW(54, 55, 56, 57) ", "\
    INDEX_ROW(58, 59, 60, 61) ", "\
    INDEX_ROW(62, 63, 64, 65)

constexpr std::array<SqlText, kSqlCount> kCatalogue{{
    {Sql::InsertTask, "InsertTask", kControlSchema,
     "INSERT INTO tasks (id, source_canonical, source_identity, source_uri, destination_canonical, "
     "destination_identity, destination_uri, created_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    {Sql::FindTask, "FindTask", kControlSchema,
     "SELECT id, source_canonical, source_identity, source_uri, destination_canonical, "
     "destination_identity, "
     "destination_uri, created_ns FROM tasks WHERE source_canonical = ?1 AND source_identity = ?2 "
     "AND destination_canonical = ?3 AND destination_identity = ?4"},
    {Sql::TasksOfEnds, "TasksOfEnds", kControlSchema,
     "SELECT id, source_canonical, source_identity, source_uri, destination_canonical, "
     "destination_identity, "
     "destination_uri, created_ns FROM tasks WHERE source_canonical = ?1 AND destination_canonical = ?2 "
     "ORDER BY created_ns, id"},
    {Sql::Tasks, "Tasks", kControlSchema,
     "SELECT id, source_canonical, source_identity, source_uri, destination_canonical, "
     "destination_identity, "
     "destination_uri, created_ns FROM tasks ORDER BY created_ns, id"},
    {Sql::InsertExecution, "InsertExecution", kControlSchema,
     "INSERT INTO executions (id, task, status, created_ns, error, number) VALUES (?1, ?2, ?3, ?4, ?5, "
     "(SELECT coalesce(max(number), 0) + 1 FROM executions))"},
    {Sql::EndExecution, "EndExecution", kControlSchema,
     "UPDATE executions SET status = ?2, ended_ns = ?3, error = ?4 WHERE id = ?1"},
    {Sql::SetExecutionPruned, "SetExecutionPruned", kControlSchema,
     "UPDATE executions SET pruned_ns = ?2 WHERE id = ?1"},
    {Sql::SetExecutionLimits, "SetExecutionLimits", kControlSchema,
     "UPDATE executions SET limits = ?2 WHERE id = ?1"},
    {Sql::ExecutionLimits, "ExecutionLimits", kControlSchema, "SELECT limits FROM executions WHERE id = ?1"},
    {Sql::Executions, "Executions", kControlSchema,
     "SELECT id, task, status, created_ns, ended_ns, pruned_ns, error FROM executions ORDER BY number"},
    {Sql::DeleteExecutionCounts, "DeleteExecutionCounts", kControlSchema,
     "DELETE FROM execution_counts WHERE execution = ?1"},
    {Sql::InsertExecutionCount, "InsertExecutionCount", kControlSchema,
     "INSERT INTO execution_counts (execution, outcome, objects, bytes) VALUES (?1, ?2, ?3, ?4)"},
    {Sql::ExecutionCounts, "ExecutionCounts", kControlSchema,
     "SELECT outcome, objects, bytes FROM execution_counts WHERE execution = ?1 ORDER BY outcome"},

    // A later execution's word is never replaced by an earlier one's, whatever the clock says.
    {Sql::PutIndexRow, "PutIndexRow", kIndexSchema, PUT_INDEX "(?2, ?3, ?4, ?1, ?5) " UNLESS_LATER},
    {Sql::PutIndexRows, "PutIndexRows", kIndexSchema, PUT_INDEX INDEX_ROWS " " UNLESS_LATER},
    {Sql::RemoveIndexRow, "RemoveIndexRow", kIndexSchema,
     "DELETE FROM objects WHERE key = ?1 AND execution <= ?2"},
    {Sql::IndexPage, "IndexPage", kIndexSchema,
     "SELECT key, evidence, level, execution, proved_ns FROM objects "
     "WHERE key > ?1 ORDER BY key LIMIT ?2"},
    {Sql::IndexPageBefore, "IndexPageBefore", kIndexSchema,
     "SELECT key, evidence, level, execution, proved_ns FROM objects "
     "WHERE key > ?1 AND key < ?3 "
     "ORDER BY key LIMIT ?2"},
    {Sql::FindIndexRow, "FindIndexRow", kIndexSchema,
     "SELECT key, evidence, level, execution, proved_ns FROM objects "
     "WHERE key = ?1"},
    {Sql::CountIndexRows, "CountIndexRows", kIndexSchema, "SELECT count(*) FROM objects"},
    {Sql::InsertIndexExecution, "InsertIndexExecution", kIndexSchema,
     "INSERT INTO executions (number, id, applied_seq, complete) "
     "SELECT coalesce(max(number), 0) + 1, ?1, 0, 0 FROM executions"},
    {Sql::IndexExecutions, "IndexExecutions", kIndexSchema,
     "SELECT number, id, applied_seq, complete FROM executions ORDER BY number"},
    {Sql::SetApplied, "SetApplied", kIndexSchema,
     "UPDATE executions SET applied_seq = ?2, complete = ?3 WHERE number = ?1"},

    {Sql::InsertHead, "InsertHead", kExecutionSchema,
     "INSERT INTO execution (id, task, options, staging_token, status, created_ns) "
     "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
    {Sql::Head, "Head", kExecutionSchema,
     "SELECT id, task, options, staging_token, status, created_ns, ended_ns FROM execution"},
    {Sql::SetStatus, "SetStatus", kExecutionSchema, "UPDATE execution SET status = ?1, ended_ns = ?2"},
    {Sql::InsertShard, "InsertShard", kExecutionSchema,
     "INSERT INTO shards (id, range_after, range_before, cursor, complete) VALUES (?1, ?2, ?3, ?4, 0)"},
    {Sql::Shards, "Shards", kExecutionSchema,
     "SELECT id, range_after, range_before, cursor, complete FROM shards ORDER BY id"},
    {Sql::ShardEnd, "ShardEnd", kExecutionSchema, "SELECT range_before FROM shards WHERE id = ?1"},
    {Sql::ShortenShard, "ShortenShard", kExecutionSchema,
     "UPDATE shards SET range_before = ?2 WHERE id = ?1 AND complete = 0 AND range_after < ?3 AND cursor <= "
     "?3 "
     "AND (range_before = ?4 OR range_before > ?2)"},
    {Sql::AdvanceShard, "AdvanceShard", kExecutionSchema,
     "UPDATE shards SET cursor = ?2, complete = ?3, destination_objects = destination_objects + ?4 "
     "WHERE id = ?1 AND complete = 0 AND cursor <= ?2 AND (range_before = ?5 OR range_before > ?2)"},
    {Sql::InsertBatch, "InsertBatch", kExecutionSchema,
     "INSERT INTO batches (id, shard, lane, state, lease_epoch, lease_expires_ns, first_key, item_count, "
     "items) "
     "VALUES (?1, ?2, ?3, 1, 0, 0, ?4, ?5, ?6)"},
    {Sql::BatchHead, "BatchHead", kExecutionSchema,
     "SELECT lane, lease_epoch, items FROM batches WHERE id = ?1"},
    {Sql::CountItems, "CountItems", kExecutionSchema, "SELECT item_count FROM batches WHERE id = ?1"},
    {Sql::Progress, "Progress", kExecutionSchema, "SELECT ended FROM batch_progress WHERE batch = ?1"},
    {Sql::PutProgress, "PutProgress", kExecutionSchema,
     "INSERT INTO batch_progress (batch, ended) VALUES (?1, ?2) "
     "ON CONFLICT (batch) DO UPDATE SET ended = excluded.ended"},
    {Sql::RemoveProgress, "RemoveProgress", kExecutionSchema, "DELETE FROM batch_progress WHERE batch = ?1"},
    {Sql::CheckLease, "CheckLease", kExecutionSchema,
     "SELECT count(*) FROM batches WHERE id = ?1 AND lease_epoch = ?2 AND state = 2"},
    {Sql::RenewLease, "RenewLease", kExecutionSchema,
     "UPDATE batches SET lease_expires_ns = ?3 WHERE id = ?1 AND lease_epoch = ?2 AND state = 2"},
    {Sql::FinishBatch, "FinishBatch", kExecutionSchema,
     "UPDATE batches SET state = 3, items = ?3 WHERE id = ?1 AND lease_epoch = ?2 AND state = 2"},
    {Sql::ReleaseLeases, "ReleaseLeases", kExecutionSchema, "UPDATE batches SET state = 1 WHERE state = 2"},
    {Sql::CountUnfinishedBatches, "CountUnfinishedBatches", kExecutionSchema,
     "SELECT count(*) FROM batches WHERE state < 3"},
    {Sql::UnfinishedBatches, "UnfinishedBatches", kExecutionSchema,
     "SELECT id FROM batches WHERE lane = ?1 AND state < 3 ORDER BY id LIMIT ?2"},
    {Sql::WithholdBatch, "WithholdBatch", kExecutionSchema,
     "UPDATE batches SET state = 3, items = ?2 WHERE id = ?1"},
    {Sql::Extras, "Extras", kExecutionSchema,
     "SELECT (SELECT CAST(coalesce(sum(item_count), 0) AS BIGINT) FROM batches WHERE lane = ?1 OR lane = "
     "?2), "
     "(SELECT CAST(coalesce(sum(destination_objects), 0) AS BIGINT) FROM shards), "
     "(SELECT count(*) FROM shards WHERE complete = 0), (SELECT count(*) FROM unlisted)"},
    {Sql::AddCount, "AddCount", kExecutionSchema,
     "INSERT INTO counts (origin, outcome, reason, objects, bytes) VALUES (?1, ?2, ?3, ?4, ?5) "
     "ON CONFLICT (origin, outcome, reason) DO UPDATE SET objects = counts.objects + excluded.objects, "
     "bytes = counts.bytes + excluded.bytes"},
    {Sql::Counts, "Counts", kExecutionSchema, "SELECT origin, outcome, reason, objects, bytes FROM counts"},
    {Sql::OutcomeSizes, "OutcomeSizes", kExecutionSchema,
     "SELECT seq, outcome, reason, bytes, level FROM outcomes WHERE seq > ?1 ORDER BY seq LIMIT ?2"},
    {Sql::InsertDeferral, "InsertDeferral", kExecutionSchema,
     "INSERT INTO deferrals (batch, item, object) VALUES (?1, ?2, ?3)"},
    {Sql::WaitingDeferrals, "WaitingDeferrals", kExecutionSchema,
     "SELECT batch, item, object FROM deferrals WHERE retry_batch IS NULL ORDER BY batch, item LIMIT ?1"},
    {Sql::CountWaitingDeferrals, "CountWaitingDeferrals", kExecutionSchema,
     "SELECT count(*) FROM deferrals WHERE retry_batch IS NULL"},
    {Sql::AssignDeferral, "AssignDeferral", kExecutionSchema,
     "UPDATE deferrals SET retry_batch = ?3, object = ?4 WHERE batch = ?1 AND item = ?2"},
    {Sql::InsertHardLink, "InsertHardLink", kExecutionSchema,
     "INSERT INTO hard_links (file, key, object) VALUES (?1, ?2, ?3)"},
    {Sql::UnchangedHardLink, "UnchangedHardLink", kExecutionSchema,
     "SELECT object FROM hard_links WHERE file = ?1 AND key = ?2"},
    {Sql::NextHardLinkedFile, "NextHardLinkedFile", kExecutionSchema,
     "SELECT file FROM hard_links WHERE file >= ?1 AND key > ?2 ORDER BY file LIMIT 1"},
    {Sql::HardLinksOfFile, "HardLinksOfFile", kExecutionSchema,
     "SELECT key, object FROM hard_links WHERE file = ?1 ORDER BY key LIMIT ?2"},
    {Sql::RemoveHardLinks, "RemoveHardLinks", kExecutionSchema,
     "DELETE FROM hard_links WHERE file = ?1 AND key <= ?2"},
    {Sql::CountHardLinks, "CountHardLinks", kExecutionSchema,
     "SELECT count(*) FROM hard_links WHERE key > ?1"},
    {Sql::PutUpload, "PutUpload", kExecutionSchema,
     "INSERT INTO uploads (key, intent_ns, checkpoint, source) VALUES (?1, ?2, ?3, ?4) "
     "ON CONFLICT (key) DO UPDATE SET intent_ns = excluded.intent_ns, checkpoint = excluded.checkpoint, "
     "source = excluded.source"},
    {Sql::RemoveUpload, "RemoveUpload", kExecutionSchema, "DELETE FROM uploads WHERE key = ?1"},
    {Sql::Uploads, "Uploads", kExecutionSchema,
     "SELECT key, intent_ns, checkpoint, source FROM uploads ORDER BY key"},
    {Sql::InsertUnlisted, "InsertUnlisted", kExecutionSchema,
     "INSERT INTO unlisted (id, shard, message) SELECT coalesce(max(id), 0) + 1, ?1, ?2 FROM unlisted"},
    {Sql::Unlisted, "Unlisted", kExecutionSchema, "SELECT message FROM unlisted ORDER BY id LIMIT ?1"},
    {Sql::NewestIds, "NewestIds", kExecutionSchema,
     "SELECT (SELECT coalesce(max(seq), 0) FROM outcomes), (SELECT coalesce(max(id), 0) FROM batches), "
     "(SELECT coalesce(max(id), 0) FROM shards)"},
    {Sql::OutcomePage, "OutcomePage", kExecutionSchema,
     OUTCOMES "WHERE outcomes.seq > ?1 ORDER BY outcomes.seq LIMIT ?2"},
    {Sql::OutcomesOfKey, "OutcomesOfKey", kExecutionSchema, OUTCOMES "WHERE key = ?1 ORDER BY outcomes.seq"},
    {Sql::IndexedOutcomes, "IndexedOutcomes", kExecutionSchema,
     "SELECT seq, key, evidence, level, started_ns + duration_ns, index_effect FROM outcomes WHERE seq > "
     "?1 "
     "ORDER BY seq LIMIT ?2"},
    {Sql::OutcomeBySeq, "OutcomeBySeq", kExecutionSchema, OUTCOMES "WHERE outcomes.seq = ?1"},
    {Sql::ErrorGroups, "ErrorGroups", kExecutionSchema,
     "SELECT scope, code, kind, count(*), min(started_ns + duration_ns), min(errors.seq) FROM errors "
     "JOIN outcomes ON outcomes.seq = errors.seq GROUP BY scope, code, kind"},
    {Sql::InsertEvent, "InsertEvent", kExecutionSchema,
     "INSERT INTO events (id, kind, payload, created_ns) "
     "SELECT coalesce(max(id), 0) + 1, ?1, ?2, ?3 FROM events"},
    {Sql::EventPage, "EventPage", kExecutionSchema,
     "SELECT id, kind, payload, created_ns FROM events WHERE id > ?1 ORDER BY id LIMIT ?2"},
}};

}  // namespace

const std::array<SqlText, kSqlCount>& sql_catalogue() {
    return kCatalogue;
}

Result<db::Statement*> Statements::get(Sql id) {
    auto& prepared = prepared_[static_cast<std::size_t>(id)];
    if (!prepared) {
        const SqlText& entry = sql_catalogue()[static_cast<std::size_t>(id)];
        GODWIT_CHECK(entry.id == id, "{} stands in the wrong place", entry.name);
        GODWIT_TRY(prepared, connection_.prepare(entry.text));
    }
    return prepared.get();
}

Result<void> Statements::run(Sql id, std::span<const db::Value> values) {
    GODWIT_TRY(db::Statement * statement, get(id));
    return statement->run(values);
}

}  // namespace godwit::ledger
