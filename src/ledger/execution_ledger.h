// ExecutionLedger: the Journal that lasts. One SQLite file for one execution, written by one thread
// in groups; when an operation's task returns success, it survives a power cut.
//
// The index of the task follows the ledger: rows go there after they are durable here, and what a
// crash kept from getting there is replayed when the execution is opened again.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "ledger/execution_tables.h"
#include "ledger/index.h"
#include "ledger/journal.h"
#include "ledger/written.h"
#include "runtime/loop.h"
#include "runtime/pool.h"

namespace godwit::ledger {

struct ExecutionLedgerSettings {
    std::string path;
    // Both outlive the ledger. The task's lock is held for as long as it lives.
    runtime::Loop& loop;
    Index& index;
    db::GroupCommitOptions commit = {};
    // Who leases batches.
    std::string lease_owner = "local";
    // Absent: a lease lasts as long as the process, which is alone.
    std::optional<Duration> lease_max = {};
    const Clock* clock = &system_clock();
    // Of a new execution: what the one before could neither finish nor release.
    std::vector<Upload> left_uploads = {};
};

class ExecutionLedger final : public Journal {
  public:
    // Makes the file. Fails with Exists when there is an execution in it.
    static Result<std::unique_ptr<ExecutionLedger>> create(ExecutionLedgerSettings settings,
                                                           const ExecutionHead& head);
    // Carries on an execution that another process began: its leases are void, its rows are in the
    // index when this returns.
    static Result<std::unique_ptr<ExecutionLedger>> open(ExecutionLedgerSettings settings);
    // Writes what is queued. No task of this object may be under way.
    ~ExecutionLedger() override;

    // As it was when the ledger was opened.
    const ExecutionHead& head() const { return head_; }
    const std::string& path() const { return path_; }

    Task<Result<std::vector<Shard>>> shards() override;
    Task<Result<void>> add_shards(std::vector<model::KeyRange> ranges) override;
    Task<Result<Shard>> split_shard(std::int64_t shard, std::string last_key) override;
    Task<Result<void>> commit_listing(ListingCommit commit) override;
    Task<Result<std::optional<Batch>>> lease_batch(BatchKind kind) override;
    Task<Result<void>> record(ObjectRecord record) override;
    Task<Result<void>> record_together(std::vector<ObjectRecord> records) override;
    Task<Result<void>> defer(std::int64_t batch, std::uint32_t item, model::PlannedObject object) override;
    Task<Result<void>> put_aside(std::int64_t batch, std::uint32_t item,
                                 model::PlannedObject object) override;
    Task<Result<void>> finish_batch(std::int64_t batch, std::int64_t lease_epoch) override;
    Task<Result<std::uint64_t>> open_batches() override;
    Task<Result<Extras>> extras() override;
    Task<Result<void>> withhold_deletes() override;
    Task<Result<std::vector<Upload>>> uploads() override;
    Task<Result<void>> put_upload(Upload upload) override;
    Task<Result<void>> remove_upload(model::Key key) override;
    Task<Result<void>> set_status(model::ExecutionStatus status) override;
    Task<Result<model::Counts>> counts() override;
    Task<Result<std::vector<model::IndexRow>>> index_page(model::KeyRange range) override;

    // Lengthens a lease by lease_max from now. Fails with Changed, code LeaseLost.
    Task<Result<void>> renew_lease(std::int64_t batch, std::int64_t lease_epoch);
    // Messages about what could not be listed, of all runs of this execution.
    Task<Result<std::vector<std::string>>> unlisted();

    // What is left when it was closed.
    struct Closing {
        model::ExecutionStatus status = model::ExecutionStatus::Queued;
        model::Counts counts;
        std::vector<LevelSum> levels;
        std::optional<std::int64_t> ended_unix_ns;
        // Why the index lags behind; the next run brings it up to date.
        std::optional<Error> index_behind;
    };
    // Writes what is queued, checks the counters against the rows (I8), and brings the index up to
    // date. Blocks; nothing may be called afterwards. Fails with Corrupt when the counters are wrong.
    Result<Closing> close();

    db::GroupCommit::Statistics statistics() const { return writer_->statistics(); }

  private:
    ExecutionLedger(ExecutionLedgerSettings settings, std::unique_ptr<db::Connection> connection,
                    std::int64_t index_number);
    Result<void> load();
    Result<LeaseTerms> lease_terms(db::Connection& connection) const;

    template <class Work, class After>
    Written<Work, After> write(db::Lane lane, std::size_t rows, Work& work, After& after) {
        return Written<Work, After>(loop_, *writer_, lane, rows, work, after);
    }
    template <class Work>
    Written<Work, NothingAfter> write(db::Lane lane, std::size_t rows, Work& work) {
        return Written<Work, NothingAfter>(loop_, *writer_, lane, rows, work, nothing_after_);
    }

    const std::string path_;
    runtime::Loop& loop_;
    Index& index_;
    const std::string lease_owner_;
    const std::optional<Duration> lease_max_;
    const Clock& clock_;
    const std::int64_t index_number_;
    NothingAfter nothing_after_;
    ExecutionHead head_;

    // The tables' hooks; what was committed goes on to the index.
    class Hooks final : public db::GroupHooks {
      public:
        explicit Hooks(ExecutionLedger& ledger) : ledger_(ledger) {}
        void begun() override { ledger_.tables_->begun(); }
        Result<void> before_commit(db::Connection& connection) override {
            return ledger_.tables_->before_commit(connection);
        }
        void committed() override;

      private:
        ExecutionLedger& ledger_;
    };

    std::unique_ptr<ExecutionTables> tables_;  // the writer's thread only
    Hooks hooks_;
    std::unique_ptr<db::GroupCommit> writer_;
    runtime::Pool reader_;  // reads the index
};

}  // namespace godwit::ledger
