// MemoryJournal: a Journal that ends with the process. It keeps
// what it was told in plain containers that a test can look at, and hands it on to a second execution
// as a crash would.
#pragma once

#include <map>
#include <set>

#include "ledger/journal.h"

namespace godwit::ledger {

class MemoryJournal : public Journal {
  public:
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

    // As after a crash: leases are void, the index stays, everything else too.
    void void_leases();
    // As for the next execution of the same task: only the index stays.
    void next_execution();

    const std::vector<ObjectRecord>& records() const { return records_; }
    const std::map<std::string, model::IndexRow>& index() const { return index_; }
    model::ExecutionStatus status() const { return status_; }
    bool all_batches_finished() const { return batches_.empty(); }

  private:
    struct StoredBatch {
        BatchKind kind;
        std::vector<model::PlannedObject> objects;
        std::set<std::uint32_t> done;
        bool leased = false;
        std::int64_t epoch = 0;
    };
    void add_batch(BatchKind kind, std::vector<model::PlannedObject> objects);
    void add_hard_link(model::PlannedObject object);
    void gather_hard_links();

    std::vector<Shard> shards_;
    std::map<std::int64_t, StoredBatch> batches_;
    Extras extras_;
    std::uint64_t withheld_ = 0;
    std::int64_t next_batch_ = 1;
    std::vector<ObjectRecord> records_;
    model::Counts unchanged_;
    // Of one file: its first UNCHANGED name, and those that need something.
    struct HardLinkedNames {
        std::optional<model::PlannedObject> unchanged;
        std::vector<model::PlannedObject> others;
    };
    std::map<std::pair<std::uint64_t, std::uint64_t>, HardLinkedNames> hard_links_;
    std::map<std::string, Upload> uploads_;
    std::map<std::string, model::IndexRow> index_;
    model::ExecutionStatus status_ = model::ExecutionStatus::Queued;
};

}  // namespace godwit::ledger
