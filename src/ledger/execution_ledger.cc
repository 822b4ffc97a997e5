#include "ledger/execution_ledger.h"

#include <limits>

#include "db/sqlite.h"
#include "ledger/replay.h"
#include "ledger/schema.h"

namespace godwit::ledger {

using db::Lane;

namespace {

// Messages about unreadable parts that are handed out; the rest is the same news.
constexpr std::size_t kUnlistedMax = 1000;

Result<std::unique_ptr<db::Connection>> open_file(const ExecutionLedgerSettings& settings) {
    // Rows are appended, hundreds at a time, which large pages make cheaper; but an execution that finds
    // nothing to do should not leave much behind, and each table takes a page.
    // Little of it is read again, and that soon.
    constexpr std::size_t kCacheBytes = std::size_t{2} << 20;
    db::SqliteDatabase database(
        {.path = settings.path, .page_bytes = 8192, .cache_bytes_max = kCacheBytes, .clock = settings.clock});
    GODWIT_TRY(auto connection, database.connect(db::Access::Write));
    GODWIT_TRY_VOID(db::migrate(*connection, kExecutionSchema));
    return connection;
}

Result<void> insert_head(db::Connection& connection, const ExecutionHead& head,
                         const std::vector<Upload>& left_uploads) {
    GODWIT_TRY(db::Transaction transaction, db::Transaction::begin(connection, db::Access::Write));
    ExecutionTables tables(connection);
    if (tables.head()) {
        return Error(ErrorKind::Exists, "create an execution in", connection.name(), "there is one in it");
    }
    GODWIT_TRY_VOID(tables.insert_head(head));
    for (const Upload& upload : left_uploads) GODWIT_TRY_VOID(tables.put_upload(upload));
    return transaction.commit();
}

Result<ExecutionHead> recover(db::Connection& connection) {
    GODWIT_TRY(db::Transaction transaction, db::Transaction::begin(connection, db::Access::Write));
    ExecutionTables tables(connection);
    GODWIT_TRY(ExecutionHead head, tables.head());
    GODWIT_TRY_VOID(tables.release_leases());
    GODWIT_TRY_VOID(transaction.commit());
    return head;
}

IndexChanges adopted_changes(std::vector<model::IndexRow>& rows, std::int64_t now_unix_ns) {
    IndexChanges changes;
    for (model::IndexRow& row : rows) {
        model::Evidence evidence;
        evidence.source = std::move(row.source);
        evidence.destination = std::move(row.destination);
        evidence.source_digest = row.digest;
        evidence.xattrs = row.xattrs;
        changes.add({IndexEffect::Put, row.level, row.key.bytes(), pack(evidence), now_unix_ns});
    }
    return changes;
}

}  // namespace

Result<std::unique_ptr<ExecutionLedger>> ExecutionLedger::create(ExecutionLedgerSettings settings,
                                                                 const ExecutionHead& head) {
    GODWIT_TRY(auto connection, open_file(settings));
    GODWIT_TRY_VOID(insert_head(*connection, head, settings.left_uploads));
    GODWIT_TRY(IndexedExecution execution, settings.index.enter(head.id));
    std::unique_ptr<ExecutionLedger> ledger(
        new ExecutionLedger(std::move(settings), std::move(connection), execution.number));
    ledger->head_ = head;
    GODWIT_TRY_VOID(ledger->load());
    return ledger;
}

Result<std::unique_ptr<ExecutionLedger>> ExecutionLedger::open(ExecutionLedgerSettings settings) {
    GODWIT_TRY(auto connection, open_file(settings));
    GODWIT_TRY(ExecutionHead head, recover(*connection));
    GODWIT_TRY_VOID(replay(settings.path, head.id, settings.index, false));
    GODWIT_TRY(IndexedExecution execution, settings.index.enter(head.id));
    std::unique_ptr<ExecutionLedger> ledger(
        new ExecutionLedger(std::move(settings), std::move(connection), execution.number));
    ledger->head_ = std::move(head);
    GODWIT_TRY_VOID(ledger->load());
    return ledger;
}

ExecutionLedger::ExecutionLedger(ExecutionLedgerSettings settings, std::unique_ptr<db::Connection> connection,
                                 std::int64_t index_number)
    : path_(std::move(settings.path)),
      loop_(settings.loop),
      index_(settings.index),
      lease_owner_(std::move(settings.lease_owner)),
      lease_max_(settings.lease_max),
      clock_(*settings.clock),
      index_number_(index_number),
      tables_(std::make_unique<ExecutionTables>(*connection)),
      hooks_(*this),
      writer_(std::make_unique<db::GroupCommit>(std::move(connection), settings.commit, &hooks_)),
      reader_(loop_, 1, "index-reader") {}

Result<void> ExecutionLedger::load() {
    return writer_->run_blocking(Lane::Urgent, [this](db::Connection&) { return tables_->load(); });
}

// The index gets what is durable here, and in the same order.
void ExecutionLedger::Hooks::committed() {
    ExecutionTables& tables = *ledger_.tables_;
    tables.committed();
    IndexChanges changes = tables.take_index_changes();
    if (!changes.empty())
        ledger_.index_.apply(ledger_.index_number_, std::move(changes), tables.newest_seq());
}

// The statements end before the connection, which the writer owns.
ExecutionLedger::~ExecutionLedger() {
    writer_->stop();
    tables_.reset();
}

Task<Result<std::vector<Shard>>> ExecutionLedger::shards() {
    auto work = [this](db::Connection&) { return tables_->shards(); };
    co_return co_await write(Lane::Urgent, 0, work);
}

Task<Result<void>> ExecutionLedger::add_shards(std::vector<model::KeyRange> ranges) {
    auto work = [&](db::Connection&) { return tables_->add_shards(ranges); };
    co_return co_await write(Lane::Urgent, ranges.size(), work);
}

Task<Result<Shard>> ExecutionLedger::split_shard(std::int64_t shard, std::string last_key) {
    auto work = [&](db::Connection&) { return tables_->split_shard(shard, last_key); };
    co_return co_await write(Lane::Urgent, 2, work);
}

Task<Result<void>> ExecutionLedger::commit_listing(ListingCommit commit) {
    std::vector<EncodedBatch> batches = encode_batches(BatchKind::Ordinary, commit.ordinary);
    auto add = [&](BatchKind kind, const std::vector<model::PlannedObject>& objects) {
        for (EncodedBatch& batch : encode_batches(kind, objects)) batches.push_back(std::move(batch));
    };
    add(BatchKind::Directories, commit.directories);
    add(BatchKind::Deletes, commit.deletes);
    add(BatchKind::DirectoryDeletes, commit.directory_deletes);
    IndexChanges adopted = adopted_changes(commit.adopted, clock_.unix_time_ns());
    auto work = [&](db::Connection&) { return tables_->commit_listing(commit, batches); };
    auto after = [&](const Result<void>&) {
        if (!adopted.empty()) index_.apply(index_number_, std::move(adopted), std::nullopt);
    };
    std::size_t rows = 1 + batches.size() + commit.hard_links.size();
    co_return co_await write(Lane::Urgent, rows, work, after);
}

Result<LeaseTerms> ExecutionLedger::lease_terms(db::Connection& connection) const {
    GODWIT_TRY(std::int64_t now_ns, connection.now());
    std::int64_t expires_ns =
        lease_max_ ? now_ns + lease_max_->count() : std::numeric_limits<std::int64_t>::max();
    return LeaseTerms{.owner = lease_owner_, .now_ns = now_ns, .expires_ns = expires_ns};
}

Task<Result<std::optional<Batch>>> ExecutionLedger::lease_batch(BatchKind kind) {
    auto work = [this, kind](db::Connection& connection) -> Result<std::optional<Batch>> {
        GODWIT_TRY(LeaseTerms terms, lease_terms(connection));
        return tables_->lease(kind, terms);
    };
    co_return co_await write(Lane::Urgent, 1, work);
}

// The hot path: many of these wait at once and share a commit.
Task<Result<void>> ExecutionLedger::record(ObjectRecord record) {
    std::string evidence = pack(record.evidence);
    auto work = [&](db::Connection&) { return tables_->record(record, evidence); };
    Lane lane = record.is_awaited ? Lane::Urgent : Lane::Bulk;
    Result<std::int64_t> recorded = co_await write(lane, 1, work);
    if (!recorded) co_return std::move(recorded.error());
    co_return {};
}

Task<Result<void>> ExecutionLedger::record_together(std::vector<ObjectRecord> records) {
    auto work = [&](db::Connection&) { return tables_->record_together(records); };
    co_return co_await write(Lane::Bulk, records.size(), work);
}

Task<Result<void>> ExecutionLedger::defer(std::int64_t batch, std::uint32_t item,
                                          model::PlannedObject object) {
    auto work = [&](db::Connection&) { return tables_->defer(batch, item, object); };
    co_return co_await write(Lane::Bulk, 1, work);
}

Task<Result<void>> ExecutionLedger::put_aside(std::int64_t batch, std::uint32_t item,
                                              model::PlannedObject object) {
    auto work = [&](db::Connection&) { return tables_->put_aside(batch, item, object); };
    co_return co_await write(Lane::Bulk, 1, work);
}

Task<Result<void>> ExecutionLedger::finish_batch(std::int64_t batch, std::int64_t lease_epoch) {
    auto work = [&](db::Connection&) { return tables_->finish(batch, lease_epoch); };
    // Once for hundreds of objects; and the next level of directories waits for it.
    co_return co_await write(Lane::Urgent, 1, work);
}

Task<Result<void>> ExecutionLedger::renew_lease(std::int64_t batch, std::int64_t lease_epoch) {
    auto work = [&](db::Connection& connection) -> Result<void> {
        GODWIT_TRY(LeaseTerms terms, lease_terms(connection));
        return tables_->renew(batch, lease_epoch, terms.expires_ns);
    };
    co_return co_await write(Lane::Urgent, 1, work);
}

Task<Result<std::uint64_t>> ExecutionLedger::open_batches() {
    auto work = [this](db::Connection&) { return tables_->open_batches(); };
    co_return co_await write(Lane::Urgent, 0, work);
}

Task<Result<Extras>> ExecutionLedger::extras() {
    auto work = [this](db::Connection&) { return tables_->extras(); };
    co_return co_await write(Lane::Urgent, 0, work);
}

Task<Result<void>> ExecutionLedger::withhold_deletes() {
    auto work = [this](db::Connection&) { return tables_->withhold_some_deletes(); };
    bool more = true;
    while (more) {
        GODWIT_CO_TRY(more, co_await write(Lane::Urgent, 1, work));
    }
    co_return {};
}

Task<Result<std::vector<Upload>>> ExecutionLedger::uploads() {
    auto work = [this](db::Connection&) { return tables_->uploads(); };
    co_return co_await write(Lane::Urgent, 0, work);
}

Task<Result<void>> ExecutionLedger::put_upload(Upload upload) {
    auto work = [&](db::Connection&) { return tables_->put_upload(upload); };
    co_return co_await write(Lane::Urgent, 1, work);
}

Task<Result<void>> ExecutionLedger::remove_upload(model::Key key) {
    auto work = [&](db::Connection&) { return tables_->remove_upload(key); };
    co_return co_await write(Lane::Urgent, 1, work);
}

Task<Result<void>> ExecutionLedger::set_status(model::ExecutionStatus status) {
    std::int64_t now_unix_ns = clock_.unix_time_ns();
    auto work = [&](db::Connection&) { return tables_->set_status(status, now_unix_ns); };
    co_return co_await write(Lane::Urgent, 1, work);
}

Task<Result<model::Counts>> ExecutionLedger::counts() {
    auto work = [this](db::Connection&) { return tables_->counts(); };
    co_return co_await write(Lane::Urgent, 0, work);
}

Task<Result<std::vector<std::string>>> ExecutionLedger::unlisted() {
    auto work = [this](db::Connection&) { return tables_->unlisted(kUnlistedMax); };
    co_return co_await write(Lane::Urgent, 0, work);
}

Task<Result<std::vector<model::IndexRow>>> ExecutionLedger::index_page(model::KeyRange range) {
    auto job = [&] { return index_.page(range); };
    co_return co_await reader_.run(job);
}

Result<ExecutionLedger::Closing> ExecutionLedger::close() {
    writer_->stop();
    Closing closing;
    GODWIT_TRY(closing.levels, verify_counters(tables_->statements()));
    GODWIT_TRY(ExecutionHead head, tables_->head());
    closing.status = head.status;
    closing.ended_unix_ns = head.ended_unix_ns;
    GODWIT_TRY(closing.counts, tables_->counts());
    Result<void> indexed =
        model::is_final(head.status) ? index_.complete(index_number_, tables_->newest_seq()) : index_.flush();
    if (!indexed) closing.index_behind.emplace(std::move(indexed.error()));
    return closing;
}

}  // namespace godwit::ledger
