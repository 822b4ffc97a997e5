#include "engine/execution.h"

#include <algorithm>

#include "base/buffer_stock.h"
#include "engine/deletes.h"

namespace godwit::engine {

using ledger::BatchKind;
using model::ExecutionStatus;

namespace {

// A server is met with few requests. Between file systems, which commit in groups, fewer than a group
// would only wait for one another.
std::uint32_t concurrency_start(const ExecutionOptions& options, const store::Store& source,
                                const store::Store& destination) {
    std::uint32_t group =
        std::min(source.capabilities().commit_group_objects, destination.capabilities().commit_group_objects);
    return std::max(options.concurrency_start, group);
}

}  // namespace

Execution::Execution(Context& context, store::Store& source, store::Store& destination,
                     ledger::Journal& journal, const ExecutionOptions& options, Progress& progress)
    : context_(context),
      new_work_(context_),
      journal_(journal),
      options_(options),
      progress_(progress),
      memory_(options.limits.memory_bytes_max),
      requests_(context.loop(), concurrency_start(options, source, destination),
                options.limits.concurrency_max),
      rate_(context.loop(), options.limits.bytes_per_second),
      uploads_(context_, journal, destination),
      shared_{context.loop(), new_work_, options, source,   destination,
              memory_,        requests_, rate_,   uploads_, progress},
      worker_(shared_, journal),
      shards_(new_work_, source, destination, journal, options, progress, [this] {
          ++commits_;
          batches_changed_.notify_all();
      }) {
    context_.set_pressure(requests_);
    BufferStock::shared().set_content_bytes_max(options.limits.memory_bytes_max);
}

void Execution::set_limits(const Limits& limits) {
    memory_.set_total(limits.memory_bytes_max);
    BufferStock::shared().set_content_bytes_max(limits.memory_bytes_max);
    requests_.set_max(limits.concurrency_max);
    rate_.set_per_second(limits.bytes_per_second);
}

void Execution::drain() {
    worker_.drain();
    new_work_.cancel(runtime::stop_requested());
    batches_changed_.notify_all();
}

Task<Result<ExecutionResult>> Execution::run() {
    GODWIT_CO_TRY_VOID(co_await journal_.set_status(ExecutionStatus::Preparing));
    Result<void> ran = co_await uploads_.load();
    if (ran) ran = co_await list_and_transfer();
    for (BatchKind kind : {BatchKind::Retry, BatchKind::HardLinks}) {
        if (ran) ran = co_await work_off(kind);
    }
    if (ran && !worker_.draining() && options_.deletes) ran = co_await delete_extras();
    // What goes moves its directory's mtime, too.
    if (ran) ran = co_await work_off(BatchKind::Directories);
    if (ran && !worker_.draining()) ran = co_await uploads_.discard_rest(context_);
    co_return co_await finish(std::move(ran));
}

// All batches of that kind that there are.
Task<Result<void>> Execution::work_off(BatchKind kind) {
    if (worker_.draining()) co_return {};
    Worker::More none = []() -> Task<Result<bool>> { co_return false; };
    co_return co_await worker_.run(context_, kind, none);
}

Task<Result<void>> Execution::delete_extras() {
    GODWIT_CO_TRY(ledger::Extras extras, co_await journal_.extras());
    if (extras.objects == 0) co_return {};
    GODWIT_CO_TRY(model::Counts counts, co_await journal_.counts());
    GODWIT_CO_TRY(deletes_withheld_, co_await reason_to_withhold(context_, shared_, journal_, counts));
    if (!deletes_withheld_ && options_.deletes->backup) GODWIT_CO_TRY_VOID(co_await open_backup());
    if (deletes_withheld_)
        co_return co_await withhold_deletes(context_, shared_, journal_, shards_.carried_on());
    GODWIT_CO_TRY_VOID(co_await work_off(BatchKind::Deletes));
    co_return co_await work_off(BatchKind::DirectoryDeletes);
}

// Without the place where copies are to go, nothing goes.
Task<Result<void>> Execution::open_backup() {
    Result<store::Store*> place = co_await options_.deletes->backup(context_);
    if (place) {
        backup_.emplace(shared_, **place);
        shared_.backup = &*backup_;
        co_return {};
    }
    if (context_.is_cancelled()) co_return std::move(place.error());
    deletes_withheld_.emplace(std::move(place.error()));
    co_return {};
}

// Listing and transferring run beside one another; the first failure of either ends both.
Task<Result<void>> Execution::list_and_transfer() {
    runtime::TaskGroup listing(context_.loop());
    listing.spawn(list_task());
    Result<void> worked = co_await journal_.set_status(ExecutionStatus::Transferring);
    Worker::More more = [this]() -> Task<Result<bool>> { return wait_for_batches(); };
    if (worked) worked = co_await worker_.run(context_, BatchKind::Ordinary, more);
    if (!worked) new_work_.cancel(worked.error().clone());
    co_await listing.wait();
    if (!worked) co_return std::move(worked);
    if (listing_error_ && !worker_.draining()) co_return std::move(*listing_error_);
    co_return {};
}

// A lease that found nothing may be older news than the last commit of the listing: only when
// nothing was committed since does "nothing" mean that there is nothing.
Task<Result<bool>> Execution::wait_for_batches() {
    while (commits_seen_ == commits_) {
        if (listing_done_ || worker_.draining()) co_return false;
        GODWIT_CO_TRY_VOID(co_await batches_changed_.wait(context_));
    }
    commits_seen_ = commits_;
    co_return true;
}

Task<void> Execution::list_task() {
    Result<void> listed = co_await shards_.list();
    if (!listed) listing_error_.emplace(std::move(listed.error()));
    listing_done_ = true;
    progress_.listing_done = !listing_error_.has_value();
    batches_changed_.notify_all();
}

Task<Result<ExecutionResult>> Execution::finish(Result<void> ran) {
    ExecutionResult result;
    result.unreadable = shards_.take_unreadable();
    result.deletes_withheld = std::move(deletes_withheld_);
    result.plan_not_needed = shards_.plan_not_needed();
    if (!ran) result.stopped_by.emplace(std::move(ran.error()));
    if (!result.stopped_by && worker_.draining()) result.stopped_by.emplace(runtime::stop_requested());
    GODWIT_CO_TRY(result.counts, co_await journal_.counts());
    bool resumable = result.stopped_by && (result.stopped_by->kind() == ErrorKind::Cancelled ||
                                           result.stopped_by->kind() == ErrorKind::Full);
    if (resumable) {
        result.status = ExecutionStatus::Transferring;
        co_return std::move(result);
    }
    GODWIT_CO_TRY(std::uint64_t open_batches, co_await journal_.open_batches());
    // Objects without an end must never hide behind a success (I8).
    GODWIT_CHECK(result.stopped_by || open_batches == 0, "{} batches are unfinished at the end",
                 open_batches);
    bool clean = result.counts.deferred() == 0 && result.counts.failed() == 0 &&
                 result.counts[model::Outcome::NotDeleted] == 0 && result.unreadable.empty() &&
                 !result.deletes_withheld;
    result.status = result.stopped_by ? ExecutionStatus::Failed
                    : clean           ? ExecutionStatus::Clean
                                      : ExecutionStatus::Incomplete;
    GODWIT_CO_TRY_VOID(co_await journal_.set_status(result.status));
    co_return std::move(result);
}

}  // namespace godwit::engine
