// The tables of one execution as operations, each part of a transaction of the caller's. No threads
// here: ExecutionLedger runs these on its writer's thread, tests on both databases.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/group_commit.h"
#include "ledger/counters.h"
#include "ledger/journal.h"
#include "ledger/outcome_rows.h"
#include "ledger/statements.h"

namespace godwit::ledger {

// What an execution is.
struct ExecutionHead {
    std::string id;
    std::string task;
    // The options as text, for whoever carries the execution on and for people. No secrets.
    std::string options = {};
    // Marks what this execution stages at the destination. Unguessable.
    std::string staging_token = {};
    model::ExecutionStatus status = model::ExecutionStatus::Queued;
    std::int64_t created_unix_ns = 0;
    std::optional<std::int64_t> ended_unix_ns = {};
};

// Events of the execution itself, committed with what they are about. An object's row is its own
// event (outcome_rows.h). Stored: never renumber.
enum class EventKind : std::uint8_t {
    StatusChanged = 1,  // payload: the status's name
};

// A batch ready to be inserted: encoding is done before the transaction begins.
struct EncodedBatch {
    BatchKind kind = BatchKind::Ordinary;
    std::string first_key;
    std::size_t object_count = 0;
    std::string objects;
};
// At most this many objects come into one batch.
inline constexpr std::size_t kBatchItemsMax = 1024;
// `objects` cut into batches.
std::vector<EncodedBatch> encode_batches(BatchKind kind, std::span<const model::PlannedObject> objects);

// Who leases, and until when by the database's clock.
struct LeaseTerms {
    std::string owner;
    std::int64_t now_ns = 0;
    std::int64_t expires_ns = 0;
};

class ExecutionTables final : public db::GroupHooks {
  public:
    explicit ExecutionTables(db::Connection& connection) : connection_(connection), statements_(connection) {}

    // Before anything else: finds the highest ids. One writer at a time, so ids are counted here.
    Result<void> load();
    std::int64_t newest_seq() const { return newest_seq_; }
    Statements& statements() { return statements_; }

    Result<void> insert_head(const ExecutionHead& head);
    Result<ExecutionHead> head();
    Result<void> set_status(model::ExecutionStatus status, std::int64_t now_unix_ns);

    Result<std::vector<Shard>> shards();
    Result<void> add_shards(const std::vector<model::KeyRange>& ranges);
    // See Journal.
    Result<Shard> split_shard(std::int64_t shard, const std::string& last_key);
    // `commit`'s objects come in `batches`, its adopted rows are the index's. Fails as
    // Journal::commit_listing().
    Result<void> commit_listing(const ListingCommit& commit, const std::vector<EncodedBatch>& batches);

    // See Journal. A Retry batch is made of all that was deferred until now, a HardLinks batch of what was
    // listed.
    Result<std::optional<Batch>> lease(BatchKind kind, const LeaseTerms& terms);
    // Unfinished ones, and deferred objects and names of files with several that are in none yet.
    Result<std::uint64_t> open_batches();
    Result<Extras> extras();
    // A part of what Journal::withhold_deletes() does, small enough for one transaction. False: there was
    // nothing left to do.
    Result<bool> withhold_some_deletes();
    // These fail with Changed, code LeaseLost, when somebody else has leased the batch since.
    Result<void> renew(std::int64_t batch, std::int64_t epoch, std::int64_t expires_ns);
    Result<void> finish(std::int64_t batch, std::int64_t epoch);
    // Inserts the row with its counters; gives the row's seq. `evidence` is the record's, packed. Fails
    // with Exists for an item that has its end already.
    Result<std::int64_t> record(const ObjectRecord& record, std::string_view evidence);
    // All of them or, when it fails, none.
    Result<void> record_together(const std::vector<ObjectRecord>& records);
    Result<void> defer(std::int64_t batch, std::uint32_t item, const model::PlannedObject& object);
    Result<void> put_aside(std::int64_t batch, std::uint32_t item, const model::PlannedObject& object);
    // Leases of a process that is gone: whoever calls this is alone.
    Result<void> release_leases();

    Result<std::vector<Upload>> uploads();
    Result<void> put_upload(const Upload& upload);
    Result<void> remove_upload(const model::Key& key);

    Result<model::Counts> counts();
    // At most `count_max` of the messages about what could not be listed.
    Result<std::vector<std::string>> unlisted(std::size_t count_max);

    // What the rows of the last transaction do to the index. Taken after committed().
    IndexChanges take_index_changes() { return std::exchange(index_changes_, {}); }

    void begun() override;
    Result<void> before_commit(db::Connection& connection) override;
    void committed() override { uncommitted_ = false; }

  private:
    // A batch that is worked on: which of its items have their end. Kept in memory and written once
    // for each group of commits, because a row of its own for each item would cost as much as the
    // outcome.
    struct OpenBatch {
        std::int64_t item_count = 0;
        std::string ended;  // a bit for each item, lowest first
        std::int64_t ended_count = 0;
        std::optional<std::int64_t> checked_epoch;  // found to be the lease's, in this transaction
        bool changed = false;

        bool has_ended(std::uint32_t item) const;
        void set_ended(std::uint32_t item);
    };

    Result<void> insert_batch(const EncodedBatch& batch, std::optional<std::int64_t> shard);
    Result<void> gather_deferred();
    // Names on their way into a batch.
    struct HardLinkedNames {
        std::vector<model::PlannedObject> objects;
        std::uint64_t counted = 0, counted_bytes = 0;  // those that were UNCHANGED when they were listed
    };
    Result<void> insert_hard_link(const std::string& file, std::string_view key,
                                  const model::PlannedObject& object);
    Result<std::optional<model::PlannedObject>> unchanged_hard_link(const std::string& file);
    Result<void> add_hard_link(const model::PlannedObject& object, model::Counts& unchanged);
    Result<void> gather_hard_links();
    Result<bool> take_names_of(const std::string& file, HardLinkedNames& gathered);
    Result<std::int64_t> insert_outcome(const ObjectRecord& record, std::string_view evidence);
    Result<void> note_end(const ObjectRecord& record, std::string_view evidence);
    Result<Batch> read_batch(std::int64_t id);
    Result<OpenBatch*> open_batch(std::int64_t id);
    Result<OpenBatch*> open_leased(std::int64_t id, std::int64_t epoch);
    Result<void> check_item(const OpenBatch& batch, std::int64_t id, std::uint32_t item) const;
    Result<std::int64_t> read_number(Sql id, std::initializer_list<db::Value> values);

    db::Connection& connection_;
    Statements statements_;
    Counters counters_;
    OutcomeValues values_;
    IndexChanges index_changes_;
    std::unique_ptr<db::BulkAppend> append_outcome_;
    std::unique_ptr<db::BulkAppend> append_error_;
    std::int64_t newest_seq_ = 0, newest_batch_ = 0, newest_shard_ = 0;
    std::map<std::int64_t, OpenBatch> open_batches_;  // as many as are leased
    bool uncommitted_ = false;                        // open_batches_ is ahead of the database
    std::string gathered_file_;                       // of those before it no name waits for a batch
};

}  // namespace godwit::ledger
