// An engine's use of a ledger without an engine: lists made-up objects and records each as verified.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

#include "ledger/execution_ledger.h"
#include "ledger/testing/samples.h"
#include "runtime/group.h"
#include "runtime/loop.h"

namespace godwit::ledger::testing {

struct Workload {
    std::uint64_t objects = 0;  // a multiple of objects_per_page
    std::uint64_t objects_per_page = kBatchItemsMax;
    // Counted with each page.
    std::uint64_t unchanged_per_page = 10;
};

// Begins or carries on; stops at the first error.
class ListingWorker {
  public:
    // How the recording of object `number` ended. On the loop's thread.
    using Told = std::function<void(std::uint64_t number, const Result<void>& recorded)>;

    ListingWorker(runtime::Loop& loop, ExecutionLedger& ledger, Workload workload, Told told)
        : loop_(loop), ledger_(ledger), workload_(workload), told_(std::move(told)) {}

    Task<Result<void>> run() {
        GODWIT_CO_TRY(std::vector<Shard> shards, co_await ledger_.shards());
        if (shards.empty()) {
            std::vector<model::KeyRange> everything(1);
            GODWIT_CO_TRY_VOID(co_await ledger_.add_shards(std::move(everything)));
            GODWIT_CO_TRY(shards, co_await ledger_.shards());
        }
        GODWIT_CO_TRY_VOID(co_await list(shards.front()));
        for (;;) {
            GODWIT_CO_TRY(std::optional<Batch> batch, co_await ledger_.lease_batch(BatchKind::Ordinary));
            if (!batch) break;
            runtime::TaskGroup items(loop_);
            for (const Batch::Item& item : batch->items) items.spawn(record(*batch, item));
            co_await items.wait();
            if (failed_) co_return failed_->clone();
            GODWIT_CO_TRY_VOID(co_await ledger_.finish_batch(batch->id, batch->lease_epoch));
        }
        co_return co_await ledger_.set_status(model::ExecutionStatus::Clean);
    }

  private:
    // The cursor's number is how many objects were listed.
    Task<Result<void>> list(Shard shard) {
        std::uint64_t first = shard.cursor.empty() ? 0 : std::strtoull(shard.cursor.c_str(), nullptr, 10);
        while (!shard.complete) {
            ListingCommit commit;
            commit.shard = shard.id;
            for (std::uint64_t i = 0; i < workload_.objects_per_page; ++i)
                commit.ordinary.push_back(sample_object(first + i));
            first += workload_.objects_per_page;
            commit.cursor = fmt::format("{:012}", first);
            commit.unchanged.add(model::Outcome::Unchanged, workload_.unchanged_per_page, 1000);
            shard.complete = commit.complete = first >= workload_.objects;
            GODWIT_CO_TRY_VOID(co_await ledger_.commit_listing(std::move(commit)));
        }
        co_return {};
    }
    Task<void> record(const Batch& batch, const Batch::Item& item) {
        auto number = static_cast<std::uint64_t>(item.object.source.mtime_ns - sample_identity(0).mtime_ns);
        ObjectRecord row = sample_record(batch.id, item.number, number);
        row.lease_epoch = batch.lease_epoch;
        Result<void> recorded = co_await ledger_.record(std::move(row));
        told_(number, recorded);
        if (!recorded && !failed_) failed_.emplace(std::move(recorded.error()));
    }

    runtime::Loop& loop_;
    ExecutionLedger& ledger_;
    const Workload workload_;
    const Told told_;
    std::optional<Error> failed_;
};

}  // namespace godwit::ledger::testing
