// One run of a task: recover, list, transfer, retry what changed, finish.
#pragma once

#include <optional>
#include <vector>

#include "engine/backup.h"
#include "engine/shards.h"
#include "engine/transfer.h"
#include "engine/uploads.h"
#include "engine/worker.h"
#include "ledger/journal.h"

namespace godwit::engine {

struct ExecutionResult {
    // Final, or Transferring when the run was interrupted and can be carried on.
    model::ExecutionStatus status = model::ExecutionStatus::Failed;
    model::Counts counts;
    // Why it did not come to its end: listing failed, no space, stopped.
    std::optional<Error> stopped_by;
    // Parts of either side that could not be listed.
    std::vector<Error> unreadable;
    // Why nothing was deleted, although the run mirrors and there was something.
    std::optional<Error> deletes_withheld;
    // Approved entries for which there was nothing to do any more, as far as this process has listed.
    std::uint64_t plan_not_needed = 0;
};

class Execution {
  public:
    // Both stores are attached. All arguments outlive the execution.
    Execution(Context& context, store::Store& source, store::Store& destination, ledger::Journal& journal,
              const ExecutionOptions& options, Progress& progress);

    // Runs to the end, or to where it can be carried on by another Execution on the same journal.
    // Fails only when the journal does: then nothing more can be said.
    Task<Result<ExecutionResult>> run();

    // Stops listing and leasing, finishes what is under way. Loop thread.
    void drain();

    // In place of those of the options, at any time: holds for what begins from now on. What waits for its
    // turn at a rate hears of another one within half a second. Loop thread.
    void set_limits(const Limits& limits);

  private:
    Task<Result<void>> list_and_transfer();
    Task<void> list_task();
    Task<Result<bool>> wait_for_batches();
    Task<Result<void>> work_off(ledger::BatchKind kind);
    Task<Result<void>> delete_extras();
    Task<Result<void>> open_backup();
    Task<Result<ExecutionResult>> finish(Result<void> ran);

    Context context_;
    // Of what begins new work: listing, and each object's first permit. drain() ends it.
    Context new_work_;
    ledger::Journal& journal_;
    const ExecutionOptions& options_;
    Progress& progress_;

    runtime::Permits memory_;
    runtime::AdaptiveLimit requests_;
    runtime::RateLimit rate_;
    JournalUploads uploads_;
    TransferContext shared_;
    std::optional<Backup> backup_;
    Worker worker_;
    Shards shards_;

    runtime::Signal batches_changed_;
    std::uint64_t commits_ = 0;       // of the listing, in this run
    std::uint64_t commits_seen_ = 0;  // when the worker last asked for more
    bool listing_done_ = false;
    std::optional<Error> listing_error_;
    std::optional<Error> deletes_withheld_;
};

}  // namespace godwit::engine
