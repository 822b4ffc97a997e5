// The index of a task: for each key what was last proved, or adopted, to be equal at both ends.
//
// It is a projection of the ledgers: a row is written here after the ledger row that says so is
// durable, together with a mark of how far that ledger has been applied. After a crash the rows
// behind the mark are applied again (replay.h), so the index itself need not wait for the disk.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "db/group_commit.h"
#include "db/sqlite.h"
#include "ledger/index_changes.h"
#include "ledger/statements.h"
#include "model/plan.h"

namespace godwit::ledger {

// Rows of one page: a page is one short read transaction, so that the write-ahead log stays bounded
// while a long scan goes on.
inline constexpr std::size_t kIndexPageRowsMax = 1024;

// An execution as the index knows it.
struct IndexedExecution {
    // Grows from one execution to the next.
    std::int64_t number = 0;
    std::string id;
    // Ledger rows up to this one have been applied.
    std::int64_t applied_seq = 0;
    // No further row will come: there is nothing to replay.
    bool complete = false;
};

// Reads an index, through a connection of its own. One thread at a time.
class IndexReader {
  public:
    // Fails with NotFound when there is no index yet.
    static Result<std::unique_ptr<IndexReader>> open(const std::string& path);

    // Rows with keys in `range`, at most kIndexPageRowsMax, in key order; fewer only at the end.
    Result<std::vector<model::IndexRow>> page(const model::KeyRange& range);
    Result<std::optional<model::IndexRow>> find(const model::Key& key);
    Result<std::uint64_t> count();
    // In order of number.
    Result<std::vector<IndexedExecution>> executions();

  private:
    explicit IndexReader(std::unique_ptr<db::Connection> connection)
        : connection_(std::move(connection)), statements_(*connection_) {}
    Result<model::IndexRow> read_row(const db::Statement& statement);
    Result<void> load_names();

    std::unique_ptr<db::Connection> connection_;
    Statements statements_;
    std::unordered_map<std::int64_t, std::string> names_;  // of executions, by number
};

// Writes an index. Only the holder of the task's lock has one.
class Index {
  public:
    // Makes the file when it is missing, and migrates it.
    static Result<std::unique_ptr<Index>> open(const std::string& path);
    ~Index();

    // The execution's number and mark; entered when it is new. Blocks.
    Result<IndexedExecution> enter(const std::string& execution_id);

    // Queues changes of one execution, to be written in key order in one transaction together with
    // the mark. Any thread; blocks while the writer is far behind. Calls for one execution come in
    // the order of their marks. `applied_seq` absent: the changes are of no ledger row.
    // After a failure nothing more is written: the marks stay true, and the next run replays.
    void apply(std::int64_t execution_number, IndexChanges changes, std::optional<std::int64_t> applied_seq);

    // Blocks until everything queued is written. Fails with what writing failed with.
    Result<void> flush();
    // flush(), then enters that no further row of this execution will come. Blocks.
    Result<void> complete(std::int64_t execution_number, std::int64_t applied_seq);

    // flush(), then waits for the disk: afterwards a power cut loses nothing of it. Blocks.
    Result<void> make_durable();

    // As in IndexReader. Block; any thread.
    Result<std::vector<model::IndexRow>> page(const model::KeyRange& range);
    Result<std::vector<IndexedExecution>> executions();

    const std::string& path() const { return path_; }
    db::GroupCommit::Statistics statistics() const { return writer_->statistics(); }

  private:
    Index(std::string path, std::unique_ptr<db::Connection> connection, std::unique_ptr<IndexReader> reader);
    Result<void> write(std::int64_t execution_number, const IndexChanges& changes,
                       std::optional<std::int64_t> applied_seq);

    std::string path_;
    std::unique_ptr<db::GroupCommit> writer_;
    std::unique_ptr<Statements> statements_;  // the writer's thread only
    std::optional<Error> stopped_by_;         // the writer's thread only

    std::mutex reader_mutex_;  // guards reader_
    std::unique_ptr<IndexReader> reader_;
};

}  // namespace godwit::ledger
