#include "ledger/index.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>

#include "ledger/packed.h"
#include "ledger/schema.h"

namespace godwit::ledger {

using db::Value;

namespace {

// Rows come and go in key order: what is read or written again soon is in few pages.
db::SqliteOptions index_options(const std::string& path, std::size_t cache_bytes_max) {
    return {.path = path,
            .durability = db::Durability::Normal,
            .page_bytes = 8192,
            .cache_bytes_max = cache_bytes_max};
}
constexpr std::size_t kWriterCacheBytes = std::size_t{4} << 20;
constexpr std::size_t kReaderCacheBytes = std::size_t{1} << 20;

// What waits is held in memory, and the more of it there may be, the more a slow moment of the disk takes: a
// moment that a longer run meets more surely. So the queue is no longer than evens out a move of the log.
constexpr db::GroupCommitOptions kWriterOptions{.group_rows_due = 1,
                                                .group_wait_max = std::chrono::milliseconds(0),
                                                .group_rows_max = 8'192,
                                                .queue_rows_max = 8'192};

// Positions of `changes` in key order; of several with one key the last.
std::vector<std::uint32_t> in_key_order(const IndexChanges& changes) {
    std::vector<std::uint32_t> order(changes.size());
    std::iota(order.begin(), order.end(), 0u);
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
        int compared = changes.key(a).compare(changes.key(b));
        return compared != 0 ? compared < 0 : a > b;
    });
    auto rest = std::ranges::unique(order, {}, [&](std::uint32_t i) { return changes.key(i); });
    order.erase(rest.begin(), rest.end());
    return order;
}

// Rows on their way into the index, as values of a statement: the execution's number, then four a row.
class PutRows {
  public:
    static constexpr std::size_t kRowValues = 4;
    PutRows(Statements& statements, Value execution) : statements_(statements), execution_(execution) {}

    Result<void> add(const IndexChange& change) {
        if (values_.empty()) values_.push_back(execution_);
        values_.insert(values_.end(), {Value::bytes(change.key), Value::bytes(change.evidence),
                                       Value::integer(static_cast<std::int64_t>(change.level)),
                                       Value::integer(change.proved_unix_ns)});
        if (values_.size() < 1 + kIndexRowsAtOnce * kRowValues) return {};
        GODWIT_TRY_VOID(statements_.run(Sql::PutIndexRows, values_));
        values_.clear();
        return {};
    }
    // Those that were too few, one by one.
    Result<void> finish() {
        for (std::size_t i = 1; i < values_.size(); i += kRowValues) {
            GODWIT_TRY_VOID(statements_.run(
                Sql::PutIndexRow, {execution_, values_[i], values_[i + 1], values_[i + 2], values_[i + 3]}));
        }
        return {};
    }

  private:
    Statements& statements_;
    Value execution_;
    std::vector<Value> values_;
};

Result<std::vector<IndexedExecution>> read_executions(Statements& statements) {
    std::vector<IndexedExecution> executions;
    GODWIT_TRY_VOID(
        for_each_row(statements, Sql::IndexExecutions, {}, [&](db::Statement& row) -> Result<void> {
            executions.push_back({.number = row.integer(0),
                                  .id = std::string(row.text(1)),
                                  .applied_seq = row.integer(2),
                                  .complete = row.integer(3) != 0});
            return {};
        }));
    return executions;
}

}  // namespace

Result<std::unique_ptr<IndexReader>> IndexReader::open(const std::string& path) {
    GODWIT_TRY(auto connection,
               db::SqliteDatabase(index_options(path, kReaderCacheBytes)).connect(db::Access::Read));
    GODWIT_TRY_VOID(db::require_migrated(*connection, kIndexSchema));
    return std::unique_ptr<IndexReader>(new IndexReader(std::move(connection)));
}

Result<std::vector<IndexedExecution>> IndexReader::executions() {
    return read_executions(statements_);
}

Result<void> IndexReader::load_names() {
    GODWIT_TRY(std::vector<IndexedExecution> known, executions());
    for (IndexedExecution& execution : known) names_[execution.number] = std::move(execution.id);
    return {};
}

Result<model::IndexRow> IndexReader::read_row(const db::Statement& statement) {
    auto level = static_cast<model::EvidenceLevel>(statement.integer(2));
    std::optional<model::Evidence> evidence = unpack_evidence(statement.bytes(1), level);
    if (!evidence || level > model::EvidenceLevel::ReadBack) {
        return Error(ErrorKind::Corrupt, "read", connection_->name(),
                     "an index row holds what no Godwit writes; restore a backup");
    }
    std::int64_t number = statement.integer(3);
    if (!names_.contains(number)) GODWIT_TRY_VOID(load_names());
    return model::IndexRow{.key = model::Key(std::string(statement.bytes(0))),
                           .source = std::move(evidence->source),
                           .destination = std::move(evidence->destination),
                           .digest = evidence->source_digest,
                           .level = level,
                           .execution = names_[number],
                           .unix_ns = statement.integer(4),
                           .xattrs = evidence->xattrs,
                           .hard_links = evidence->hard_links};
}

Result<std::vector<model::IndexRow>> IndexReader::page(const model::KeyRange& range) {
    Value limit = Value::integer(static_cast<std::int64_t>(kIndexPageRowsMax));
    std::vector<model::IndexRow> rows;
    rows.reserve(kIndexPageRowsMax);
    auto take = [&](db::Statement& statement) -> Result<void> {
        GODWIT_TRY(model::IndexRow row, read_row(statement));
        rows.push_back(std::move(row));
        return {};
    };
    Value after = Value::bytes(range.after);
    GODWIT_TRY_VOID(range.before.empty() ? for_each_row(statements_, Sql::IndexPage, {after, limit}, take)
                                         : for_each_row(statements_, Sql::IndexPageBefore,
                                                        {after, limit, Value::bytes(range.before)}, take));
    return rows;
}

Result<std::optional<model::IndexRow>> IndexReader::find(const model::Key& key) {
    std::optional<model::IndexRow> found;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::FindIndexRow, {Value::bytes(key.bytes())},
                                 [&](db::Statement& statement) -> Result<void> {
                                     GODWIT_TRY(found, read_row(statement));
                                     return {};
                                 }));
    return found;
}

Result<std::uint64_t> IndexReader::count() {
    std::uint64_t rows = 0;
    GODWIT_TRY_VOID(
        for_each_row(statements_, Sql::CountIndexRows, {}, [&](db::Statement& statement) -> Result<void> {
            rows = static_cast<std::uint64_t>(statement.integer(0));
            return {};
        }));
    return rows;
}

Result<std::unique_ptr<Index>> Index::open(const std::string& path) {
    GODWIT_TRY(auto connection,
               db::SqliteDatabase(index_options(path, kWriterCacheBytes)).connect(db::Access::Write));
    GODWIT_TRY_VOID(db::migrate(*connection, kIndexSchema));
    GODWIT_TRY(auto reader, IndexReader::open(path));
    return std::unique_ptr<Index>(new Index(path, std::move(connection), std::move(reader)));
}

Index::Index(std::string path, std::unique_ptr<db::Connection> connection,
             std::unique_ptr<IndexReader> reader)
    : path_(std::move(path)), reader_(std::move(reader)) {
    statements_ = std::make_unique<Statements>(*connection);
    writer_ = std::make_unique<db::GroupCommit>(std::move(connection), kWriterOptions);
}

// Statements end before their connection, and nobody may use either any more.
Index::~Index() {
    writer_->stop();
    statements_.reset();
}

Result<IndexedExecution> Index::enter(const std::string& execution_id) {
    IndexedExecution found;
    auto look = [&]() -> Result<bool> {
        GODWIT_TRY(std::vector<IndexedExecution> known, read_executions(*statements_));
        auto match = std::ranges::find(known, execution_id, &IndexedExecution::id);
        if (match == known.end()) return false;
        found = *match;
        return true;
    };
    GODWIT_TRY_VOID(writer_->run_blocking(db::Lane::Urgent, [&](db::Connection&) -> Result<void> {
        GODWIT_TRY(bool known, look());
        if (known) return {};
        GODWIT_TRY_VOID(statements_->run(Sql::InsertIndexExecution, {Value::text(execution_id)}));
        GODWIT_TRY_VOID(look());
        return {};
    }));
    return found;
}

void Index::apply(std::int64_t execution_number, IndexChanges changes,
                  std::optional<std::int64_t> applied_seq) {
    std::size_t rows = changes.rows_to_hold() + 1;
    auto work = [this, execution_number, applied_seq,
                 changes = std::move(changes)](db::Connection&) -> Result<void> {
        if (stopped_by_) return stopped_by_->clone();
        Result<void> written = write(execution_number, changes, applied_seq);
        // Noted at once: what follows may be in the same group.
        if (!written) stopped_by_.emplace(written.error().clone());
        return written;
    };
    auto done = [this](Result<void> outcome) {
        if (!outcome && !stopped_by_) stopped_by_.emplace(std::move(outcome.error()));
    };
    writer_->submit(db::Lane::Bulk, rows, std::move(work), std::move(done));
}

Result<void> Index::write(std::int64_t execution_number, const IndexChanges& changes,
                          std::optional<std::int64_t> applied_seq) {
    Value number = Value::integer(execution_number);
    PutRows put(*statements_, number);
    for (std::uint32_t i : in_key_order(changes)) {
        const IndexChange change = changes[i];
        if (change.effect == IndexEffect::Remove) {
            GODWIT_TRY_VOID(statements_->run(Sql::RemoveIndexRow, {Value::bytes(change.key), number}));
        } else {
            GODWIT_TRY_VOID(put.add(change));
        }
    }
    GODWIT_TRY_VOID(put.finish());
    if (!applied_seq) return {};
    return statements_->run(Sql::SetApplied, {number, Value::integer(*applied_seq), Value::integer(0)});
}

// A job of the same lane comes after all that were submitted before it.
Result<void> Index::flush() {
    return writer_->run_blocking(db::Lane::Bulk, [this](db::Connection&) -> Result<void> {
        return stopped_by_ ? Result<void>(stopped_by_->clone()) : Result<void>();
    });
}

Result<void> Index::complete(std::int64_t execution_number, std::int64_t applied_seq) {
    GODWIT_TRY_VOID(flush());
    return writer_->run_blocking(db::Lane::Urgent, [=, this](db::Connection&) -> Result<void> {
        return statements_->run(Sql::SetApplied, {Value::integer(execution_number),
                                                  Value::integer(applied_seq), Value::integer(1)});
    });
}

// What is not in the log any more was synced when it was moved to the file. (The file itself must not
// be opened and closed here: that would drop this process's locks on it.)
Result<void> Index::make_durable() {
    GODWIT_TRY_VOID(flush());
    std::string log = path_ + "-wal";
    int fd = ::open(log.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? Result<void>() : errno_error(errno, "open", log);
    int failed = ::fdatasync(fd) == 0 ? 0 : errno;
    ::close(fd);
    return failed == 0 ? Result<void>() : errno_error(failed, "sync", log);
}

Result<std::vector<model::IndexRow>> Index::page(const model::KeyRange& range) {
    std::lock_guard lock(reader_mutex_);
    return reader_->page(range);
}

Result<std::vector<IndexedExecution>> Index::executions() {
    std::lock_guard lock(reader_mutex_);
    return reader_->executions();
}

}  // namespace godwit::ledger
