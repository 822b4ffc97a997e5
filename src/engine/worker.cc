#include "engine/worker.h"

#include <algorithm>
#include <map>

#include "engine/backup.h"
#include "engine/deletes.h"
#include "engine/hard_links.h"
#include "engine/look_again.h"

namespace godwit::engine {

using ledger::Batch;
using ledger::BatchKind;
using model::Outcome;
using model::PlanAction;
using model::PlannedObject;

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

// Objects of a batch whose staged bytes are looked for at once.
constexpr std::size_t kSweepsMax = 64;

// Directories of a file system: one within another have an order.
bool is_by_depth(BatchKind kind) {
    return kind == BatchKind::Directories || kind == BatchKind::DirectoryDeletes;
}

void count(Progress& progress, Outcome outcome) {
    ++progress.done_objects;
    if (outcome == Outcome::Verified) ++progress.verified_objects;
    if (outcome == Outcome::Failed || outcome == Outcome::Conflict || outcome == Outcome::Unrepresentable ||
        outcome == Outcome::NotDeleted) {
        ++progress.failed_objects;
    }
    if (outcome == Outcome::Deferred) ++progress.deferred_objects;
}

}  // namespace

Task<Result<void>> Worker::run(Context& context, BatchKind kind, const More& more) {
    runtime::TaskGroup batches(context.loop());
    std::optional<Error> first_error;
    std::size_t at_once_max = is_by_depth(kind) ? 1 : kBatchesInFlightMax;
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
    if (done) done = co_await run_kind(run);
    if (done && !run.left_open) done = co_await journal_.finish_batch(batch.id, batch.lease_epoch);
    if (!done && !first_error) first_error.emplace(std::move(done.error()));
}

Task<Result<void>> Worker::run_kind(BatchRun& run) {
    if (is_by_depth(run.batch.kind)) return run_by_depth(run);
    if (run.batch.kind == BatchKind::HardLinks) return run_hard_links(run);
    return run_batch(run);
}

Task<void> Worker::sweep_one(Context& context, const model::Key& key, std::optional<Error>& cancelled) {
    const std::string no_checkpoint;
    Result<void> swept = co_await shared_.destination.discard(context, key, no_checkpoint, 0);
    if (!swept && swept.error().kind() == ErrorKind::Cancelled) cancelled.emplace(std::move(swept.error()));
}

// A worker that died may have left staged bytes for any object of its batch; they carry our name.
Task<Result<void>> Worker::sweep_staged(Context& context, const Batch& batch) {
    std::optional<Error> cancelled;
    runtime::TaskGroup sweeping(context.loop());
    // The first of a run may do once what is for all.
    std::size_t at_once = 1;
    for (const Batch::Item& item : batch.items) {
        if (item.object.action == PlanAction::Delete && shared_.backup)
            GODWIT_CO_TRY_VOID(co_await shared_.backup->discard(context, item.object));
        bool has_none = item.object.action == PlanAction::Skip || item.object.action == PlanAction::Delete ||
                        item.object.action == PlanAction::Missing ||
                        item.object.type == model::ObjectType::Directory;
        if (has_none) continue;
        if (item.object.source.size_bytes > shared_.destination.capabilities().put_bytes_max) continue;
        sweeping.spawn(sweep_one(context, item.object.key, cancelled));
        co_await sweeping.wait(std::exchange(at_once, kSweepsMax));
        if (cancelled) break;
    }
    co_await sweeping.wait();
    if (cancelled) co_return std::move(*cancelled);
    co_return {};
}

Task<Result<void>> Worker::run_batch(BatchRun& run) {
    std::vector<const Batch::Item*> items;
    for (const Batch::Item& item : run.batch.items) items.push_back(&item);
    co_return co_await run_items(run, items);
}

// All of them beside one another, as far as the bound on objects under way allows.
Task<Result<void>> Worker::run_items(BatchRun& run, const std::vector<const Batch::Item*>& items) {
    auto begin = [&](std::size_t i, ItemPermits permits, runtime::TaskGroup& tasks) {
        tasks.spawn(item_task(run, *items[i], std::move(permits), tasks));
    };
    co_return co_await begin_each(run, items.size(), begin);
}

// Files beside one another, the names of each as one object.
Task<Result<void>> Worker::run_hard_links(BatchRun& run) {
    std::vector<std::span<const Batch::Item>> files;
    std::span<const Batch::Item> rest = run.batch.items;
    while (!rest.empty()) {
        auto other = std::ranges::find_if(rest, [&](const Batch::Item& item) {
            return !item.object.hard_link->is_of(*rest.front().object.hard_link);
        });
        files.push_back(rest.first(static_cast<std::size_t>(other - rest.begin())));
        rest = rest.subspan(files.back().size());
    }
    auto begin = [&](std::size_t i, ItemPermits permits, runtime::TaskGroup& tasks) {
        tasks.spawn(hard_links_task(run, files[i], std::move(permits)));
    };
    co_return co_await begin_each(run, files.size(), begin);
}

Task<Result<void>> Worker::begin_each(BatchRun& run, std::size_t count, const Begin& begin) {
    runtime::TaskGroup tasks(run.context.loop());
    for (std::size_t i = 0; i < count; ++i) {
        Result<runtime::Permit> begun = co_await objects_.acquire(shared_.new_work, 1);
        run.left_open |= !begun;
        if (!begun || run.first_error) break;
        Result<runtime::Permit> start = co_await starting_.acquire(shared_.new_work, 1);
        run.left_open |= !start;
        if (!start) break;
        begin(i, {std::move(*begun), std::move(*start)}, tasks);
    }
    co_await tasks.wait();
    if (run.first_error) co_return std::move(*run.first_error);
    // A run that is drained leaves objects open without an error; one that is stopped does not end well.
    co_return run.context.check();
}

Task<void> Worker::hard_links_task(BatchRun& run, std::span<const Batch::Item> names, ItemPermits permits) {
    Result<void> ended = co_await end_hard_links(run, names, permits.start);
    if (!ended) run.fail(std::move(ended.error()));
}

Task<Result<void>> Worker::end_hard_links(BatchRun& run, std::span<const Batch::Item> names,
                                          runtime::Permit& start) {
    std::int64_t started = run.context.loop().unix_time_ns();
    std::vector<HardLinkGroup::Name> planned;
    for (const Batch::Item& item : names) planned.push_back({.item = item.number, .object = item.object});
    HardLinkGroup group(run.context, shared_, std::move(planned));
    Result<void> ended = co_await group.run(run.batch.leased_before, start);
    if (!ended) co_return not_ended(run, std::move(ended.error()));
    std::vector<ledger::ObjectRecord> rows;
    for (HardLinkGroup::Name& name : group.names()) {
        rows.push_back(row_of(run.batch, name.item, name.object, *std::move(name.end), started));
        if (name.linked) rows.back().reason = "linked";
    }
    co_return co_await journal_.record_together(std::move(rows));
}

// Directories, deepest level first: setting a parent's mtime is the last thing that happens in it, and a
// parent goes after its children. Those of one level touch different parents, or the same one's names, and go
// together.
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

// The object's row; none when it was deferred, put aside or not begun.
Task<Result<std::optional<ledger::ObjectRecord>>> Worker::finish_item(BatchRun& run, const Batch::Item& item,
                                                                      runtime::Permit& start) {
    std::int64_t started = run.context.loop().unix_time_ns();
    PlannedObject object = item.object;
    Result<ObjectEnd> end = co_await end_of(run.context, run.batch, object, start);
    if (!end) {
        GODWIT_CO_TRY_VOID(not_ended(run, std::move(end.error())));
        co_return std::nullopt;
    }
    if (end->put_aside) {
        GODWIT_CO_TRY_VOID(co_await journal_.put_aside(run.batch.id, item.number, std::move(object)));
        co_return std::nullopt;
    }
    bool again = object.action != PlanAction::Skip && object.deferrals < shared_.options.deferrals_max;
    if (end->outcome == Outcome::Deferred && again) {
        ++object.deferrals;
        GODWIT_CO_TRY_VOID(co_await journal_.defer(run.batch.id, item.number, std::move(object)));
        co_return std::nullopt;
    }
    co_return row_of(run.batch, item.number, object, std::move(*end), started);
}

// Success when it is only that no object may begin any more.
Result<void> Worker::not_ended(BatchRun& run, Error error) {
    bool not_begun = draining_ && !run.context.is_cancelled() && error.kind() == ErrorKind::Cancelled;
    // Only what is written to fills up.
    if (error.kind() == ErrorKind::Full) return std::move(error).with_scope(Scope::Destination);
    if (!not_begun) return error;
    run.left_open = true;
    return {};
}

Task<Result<ObjectEnd>> Worker::end_of(Context& context, const Batch& batch, PlannedObject& object,
                                       runtime::Permit& start) {
    if (object.action == PlanAction::Delete) {
        GODWIT_CO_TRY(ObjectEnd end, co_await delete_extra(context, shared_, object, start));
        if (batch.leased_before && end.outcome != Outcome::Deleted)
            GODWIT_CO_TRY_VOID(co_await undo_delete(context, shared_, object));
        co_return std::move(end);
    }
    if (batch.kind == BatchKind::Retry) {
        start.release();
        GODWIT_CO_TRY_VOID(co_await runtime::sleep(shared_.new_work, retry_pause(object.deferrals)));
        GODWIT_CO_TRY(std::optional<ObjectEnd> vanished, co_await look_again(context, shared_, object));
        if (vanished) co_return *std::move(vanished);
    }
    if (auto end = end_without_transfer(shared_, object)) co_return std::move(*end);
    co_return co_await transfer_or_put_aside(context, shared_, object, start);
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
    row.reason = end.reason;
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
    row.is_awaited = is_by_depth(batch.kind);
    return row;
}

}  // namespace godwit::engine
