#include "engine/worker.h"

#include <algorithm>
#include <map>

namespace godwit::engine {

using ledger::Batch;
using ledger::BatchKind;
using model::Outcome;
using model::PlanAction;
using model::PlannedObject;
using model::SkipReason;

// One batch at work: its items end the whole run with the first error that concerns everybody.
struct Worker::BatchRun {
    Context context;
    const Batch& batch;
    std::optional<Error> first_error;
    // Objects that were not begun, because the run is being drained: the batch stays open.
    bool left_open = false;

    void fail(Error error) {
        if (first_error) return;
        context.cancel(error.clone());
        first_error.emplace(std::move(error));
    }
};

namespace {

std::optional<ObjectEnd> end_without_transfer(const PlannedObject& object, const store::Store& destination) {
    ObjectEnd end;
    switch (object.action) {
        case PlanAction::Skip:
            end.outcome = object.reason > SkipReason::Adopted ? Outcome::Skipped : Outcome::Unchanged;
            return end;
        case PlanAction::Conflict:
            end = ObjectEnd::failed(Scope::Destination,
                                    Error(ErrorKind::Exists, "put", destination.uri(object.key),
                                          "an object of another kind is in the way; it was left as it is"));
            end.outcome = Outcome::Conflict;
            return end;
        case PlanAction::Unrepresentable:
            end = ObjectEnd::failed(Scope::Destination,
                                    Error(ErrorKind::Unsupported, "put", destination.uri(object.key),
                                          "lies beneath a key that is a file; a file system cannot hold both")
                                        .with_code("UnrepresentableKey"));
            end.outcome = Outcome::Unrepresentable;
            return end;
        default:
            return {};
    }
}

// An object that changed while it was read gets quiet time before it is tried again.
Duration retry_pause(std::uint32_t deferrals) {
    constexpr Duration kFirst = std::chrono::milliseconds(500);
    return kFirst * (std::int64_t{1} << std::min(deferrals, 6u));
}

void count(Progress& progress, Outcome outcome) {
    ++progress.done_objects;
    if (outcome == Outcome::Verified) ++progress.verified_objects;
    if (outcome == Outcome::Failed || outcome == Outcome::Conflict || outcome == Outcome::Unrepresentable) {
        ++progress.failed_objects;
    }
    if (outcome == Outcome::Deferred) ++progress.deferred_objects;
}

}  // namespace

Task<Result<void>> Worker::run(Context& context, BatchKind kind, const More& more) {
    runtime::TaskGroup batches(context.loop());
    std::optional<Error> first_error;
    std::size_t at_once_max = kind == BatchKind::Directories ? 1 : kBatchesInFlightMax;
    Result<void> result;
    while (!draining_ && !first_error && result) {
        auto batch = co_await journal_.lease_batch(kind);
        if (!batch) {
            result = std::move(batch.error());
        } else if (*batch) {
            batches.spawn(batch_task(context, std::move(**batch), first_error));
            co_await batches.wait(at_once_max);
        } else {
            Result<bool> again = co_await more();
            if (!again) result = std::move(again.error());
            if (again && *again) continue;
            // A batch at work may yet defer objects into a new one.
            if (batches.running() == 0) break;
            co_await batches.wait(batches.running());
        }
    }
    co_await batches.wait();
    if (first_error) co_return std::move(*first_error);
    co_return std::move(result);
}

Task<void> Worker::batch_task(Context& context, Batch batch, std::optional<Error>& first_error) {
    BatchRun run{Context(context), batch, {}};
    Result<void> done;
    if (batch.leased_before) done = co_await sweep_staged(run.context, batch);
    bool by_depth = batch.kind == BatchKind::Directories;
    if (done) done = co_await (by_depth ? run_by_depth(run) : run_batch(run));
    if (done && !run.left_open) done = co_await journal_.finish_batch(batch.id, batch.lease_epoch);
    if (!done && !first_error) first_error.emplace(std::move(done.error()));
}

// A worker that died may have left staged bytes for any object of its batch; they carry our name.
Task<Result<void>> Worker::sweep_staged(Context& context, const Batch& batch) {
    const std::string no_checkpoint;
    for (const Batch::Item& item : batch.items) {
        if (item.object.action == PlanAction::Skip || item.object.type == model::ObjectType::Directory)
            continue;
        if (item.object.source.size_bytes > shared_.destination.capabilities().put_bytes_max) continue;
        Result<void> swept = co_await shared_.destination.discard(context, item.object.key, no_checkpoint, 0);
        if (!swept && swept.error().kind() == ErrorKind::Cancelled) co_return std::move(swept);
    }
    co_return {};
}

Task<Result<void>> Worker::run_batch(BatchRun& run) {
    std::vector<const Batch::Item*> items;
    for (const Batch::Item& item : run.batch.items) items.push_back(&item);
    co_return co_await run_items(run, items);
}

// All of them beside one another, as far as the bound on objects under way allows.
Task<Result<void>> Worker::run_items(BatchRun& run, const std::vector<const Batch::Item*>& items) {
    runtime::TaskGroup tasks(run.context.loop());
    for (const Batch::Item* item : items) {
        Result<runtime::Permit> begun = co_await objects_.acquire(shared_.new_work, 1);
        run.left_open |= !begun;
        if (!begun || run.first_error) break;
        Result<runtime::Permit> start = co_await starting_.acquire(shared_.new_work, 1);
        run.left_open |= !start;
        if (!start) break;
        tasks.spawn(item_task(run, *item, {std::move(*begun), std::move(*start)}, tasks));
    }
    co_await tasks.wait();
    if (run.first_error) co_return std::move(*run.first_error);
    co_return {};
}

// Directories, deepest level first: setting a parent's mtime is the last thing that happens in it.
// Those of one level touch different parents, or the same one's names, and go together.
Task<Result<void>> Worker::run_by_depth(BatchRun& run) {
    std::map<std::ptrdiff_t, std::vector<const Batch::Item*>, std::greater<>> levels;
    for (const Batch::Item& item : run.batch.items) {
        levels[std::ranges::count(item.object.key.bytes(), '/')].push_back(&item);
    }
    for (const auto& [depth, items] : levels) {
        GODWIT_CO_TRY_VOID(co_await run_items(run, items));
        if (run.left_open) break;
    }
    co_return {};
}

// An object waits longest for its row to be durable. Meanwhile it is nothing but the row.
Task<void> Worker::item_task(BatchRun& run, const Batch::Item& item, ItemPermits permits,
                             runtime::TaskGroup& tasks) {
    Result<std::optional<ledger::ObjectRecord>> ended = co_await finish_item(run, item, permits.start);
    if (!ended) {
        run.fail(std::move(ended.error()));
    } else if (*ended) {
        tasks.spawn(record_task(run, std::move(**ended), std::move(permits.begun)));
    }
}

Task<void> Worker::record_task(BatchRun& run, ledger::ObjectRecord record, runtime::Permit) {
    Result<void> recorded = co_await journal_.record(std::move(record));
    if (!recorded) run.fail(std::move(recorded.error()));
}

// The object's row; none when it was deferred or not begun.
Task<Result<std::optional<ledger::ObjectRecord>>> Worker::finish_item(BatchRun& run, const Batch::Item& item,
                                                                      runtime::Permit& start) {
    std::int64_t started = run.context.loop().unix_time_ns();
    PlannedObject object = item.object;
    Result<ObjectEnd> end = co_await end_of(run.context, run.batch, object, start);
    if (!end) {
        bool not_begun =
            draining_ && !run.context.is_cancelled() && end.error().kind() == ErrorKind::Cancelled;
        // Only what is written to fills up.
        if (end.error().kind() == ErrorKind::Full)
            co_return std::move(end.error()).with_scope(Scope::Destination);
        if (!not_begun) co_return std::move(end.error());
        run.left_open = true;
        co_return std::nullopt;
    }
    if (end->outcome == Outcome::Deferred && object.deferrals < shared_.options.deferrals_max) {
        ++object.deferrals;
        GODWIT_CO_TRY_VOID(co_await journal_.defer(run.batch.id, item.number, std::move(object)));
        co_return std::nullopt;
    }
    co_return row_of(run.batch, item.number, object, std::move(*end), started);
}

Task<Result<ObjectEnd>> Worker::end_of(Context& context, const Batch& batch, PlannedObject& object,
                                       runtime::Permit& start) {
    if (batch.kind == BatchKind::Retry) {
        start.release();
        GODWIT_CO_TRY_VOID(co_await runtime::sleep(shared_.new_work, retry_pause(object.deferrals)));
        Result<PlannedObject> planned = co_await look_again(context, shared_, object);
        if (!planned) {
            if (planned.error().kind() == ErrorKind::Cancelled) co_return std::move(planned.error());
            Outcome outcome = planned.error().kind() == ErrorKind::NotFound ? Outcome::Gone : Outcome::Failed;
            ObjectEnd end = ObjectEnd::failed(Scope::Source, std::move(planned.error()));
            end.outcome = outcome;
            co_return std::move(end);
        }
        object = std::move(*planned);
    }
    if (auto end = end_without_transfer(object, shared_.destination)) co_return std::move(*end);
    co_return co_await transfer(context, shared_, object, start);
}

ledger::ObjectRecord Worker::row_of(const Batch& batch, std::uint32_t item, PlannedObject& object,
                                    ObjectEnd end, std::int64_t started_unix_ns) {
    count(shared_.progress, end.outcome);
    ledger::ObjectRecord row;
    row.batch = batch.id;
    row.item = item;
    row.lease_epoch = batch.lease_epoch;
    row.key = std::move(object.key);
    row.type = object.type;
    row.outcome = end.outcome;
    if (object.action == PlanAction::Skip) row.reason = model::to_string(object.reason);
    row.bytes = end.bytes;
    row.evidence = std::move(end.evidence);
    row.scope = end.scope;
    if (end.error) {
        row.error_kind = to_string(end.error->kind());
        row.error_code = end.error->code();
        row.error_message = end.error->message();
        row.attempts = static_cast<std::uint32_t>(std::max(1, end.error->attempt()));
    }
    row.started_unix_ns = started_unix_ns;
    row.ended_unix_ns = shared_.loop.unix_time_ns();
    // What was deferred may have been written before it was.
    row.index = end.index || (object.deferrals > 0 && is_unproven(end.outcome));
    // Directories end level by level.
    row.is_awaited = batch.kind == BatchKind::Directories;
    return row;
}

Task<Result<PlannedObject>> look_again(Context& context, TransferContext& shared,
                                       const PlannedObject& object) {
    bool with_tags = false;
    GODWIT_CO_TRY(auto source, co_await shared.source.stat(context, object.key, with_tags));
    if (!source) {
        co_return Error(ErrorKind::NotFound, "stat", shared.source.uri(object.key), "vanished");
    }
    GODWIT_CO_TRY(auto destination, co_await shared.destination.stat(context, object.key, with_tags));
    model::PlanPolicy policy = shared.options.policy;
    policy.transfer_all = true;  // it was on its way already
    policy.use_index = false;
    const model::Entry* there = destination ? &destination->entry : nullptr;
    model::Plan plan = model::plan(&source->entry, there, nullptr, policy);
    PlannedObject planned = object;
    planned.action = plan.action;
    planned.reason = plan.reason;
    planned.type = source->entry.type;
    planned.source = source->entry.identity;
    planned.destination.reset();
    if (there) planned.destination = there->identity;
    planned.known_digest.reset();
    co_return std::move(planned);
}

}  // namespace godwit::engine
