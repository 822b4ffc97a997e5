// The worker: leases batches and brings every object in them to its end in the ledger.
#pragma once

#include <span>

#include "engine/transfer.h"
#include "ledger/journal.h"
#include "runtime/channel.h"
#include "runtime/group.h"

namespace godwit::engine {

// Batches worked on at once: enough that one slow object holds nobody up.
inline constexpr std::size_t kBatchesInFlightMax = 8;
// Objects begun and not yet durable in the ledger, over all batches: what is in flight, and what
// waits for its commit.
inline constexpr std::uint64_t kObjectsInFlightMax = 2048;
// Of these, those that wait for memory or a request: enough to fill every gap, few enough that what they
// hold stays in the processor's caches.
inline constexpr std::uint64_t kObjectsStartingMax = 64;

class Worker {
  public:
    Worker(TransferContext& shared, ledger::Journal& journal) : shared_(shared), journal_(journal) {}

    // Works on batches of `kind` until there are none and `more` says that none will come. `more` is
    // asked after a lease that found nothing: it waits until there may be another batch, and gives
    // false at the end. Fails when the execution cannot go on; what was recorded stays.
    using More = std::function<Task<Result<bool>>()>;
    Task<Result<void>> run(Context& context, ledger::BatchKind kind, const More& more);

    // Leases no further batch and begins no further object; those under way are finished.
    void drain() { draining_ = true; }
    bool draining() const { return draining_; }

  private:
    struct BatchRun;
    struct ItemPermits {
        runtime::Permit begun;  // of objects_
        runtime::Permit start;  // of starting_
    };
    using Begin = std::function<void(std::size_t, ItemPermits, runtime::TaskGroup&)>;
    // Calls `begin` for 0 to count - 1 as permits come, and waits for what it has spawned.
    Task<Result<void>> begin_each(BatchRun& run, std::size_t count, const Begin& begin);
    Task<void> batch_task(Context& context, ledger::Batch batch, std::optional<Error>& first_error);
    Task<Result<void>> run_kind(BatchRun& run);
    Task<Result<void>> run_batch(BatchRun& run);
    Task<Result<void>> run_hard_links(BatchRun& run);
    Task<Result<void>> run_by_depth(BatchRun& run);
    Task<Result<void>> run_items(BatchRun& run, const std::vector<const ledger::Batch::Item*>& items);
    Task<void> item_task(BatchRun& run, const ledger::Batch::Item& item, ItemPermits permits,
                         runtime::TaskGroup& tasks);
    Task<void> hard_links_task(BatchRun& run, std::span<const ledger::Batch::Item> names,
                               ItemPermits permits);
    Task<Result<void>> end_hard_links(BatchRun& run, std::span<const ledger::Batch::Item> names,
                                      runtime::Permit& start);
    Result<void> not_ended(BatchRun& run, Error error);
    Task<void> record_task(BatchRun& run, ledger::ObjectRecord record, runtime::Permit begun);
    Task<Result<std::optional<ledger::ObjectRecord>>> finish_item(BatchRun& run,
                                                                  const ledger::Batch::Item& item,
                                                                  runtime::Permit& start);
    Task<Result<ObjectEnd>> end_of(Context& context, const ledger::Batch& batch, model::PlannedObject& object,
                                   runtime::Permit& start);
    ledger::ObjectRecord row_of(const ledger::Batch& batch, std::uint32_t item, model::PlannedObject& object,
                                ObjectEnd end, std::int64_t started_unix_ns);
    Task<Result<void>> sweep_staged(Context& context, const ledger::Batch& batch);
    Task<void> sweep_one(Context& context, const model::Key& key, std::optional<Error>& cancelled);

    TransferContext& shared_;
    ledger::Journal& journal_;
    runtime::Permits objects_{kObjectsInFlightMax};
    runtime::Permits starting_{kObjectsStartingMax};
    bool draining_ = false;
};

}  // namespace godwit::engine
