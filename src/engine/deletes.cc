#include "engine/deletes.h"

#include <fmt/format.h>

#include "base/sabotage.h"
#include "engine/backup.h"

namespace godwit::engine {

using model::Outcome;
using model::PlannedObject;

namespace {

constexpr std::string_view kNotAtSource = "not_at_source", kBackedUp = "backed_up", kAtSource = "at_source",
                           kChanged = "changed", kNotEmpty = "not_empty";

Error withheld(const store::Store& destination, std::string code, std::string cause) {
    model::Key root;
    return Error(ErrorKind::Unsupported, "delete from", destination.uri(root), std::move(cause))
        .with_code(std::move(code))
        .with_scope(Scope::Destination);
}

std::string counted(std::uint64_t number, std::string_view what) {
    return number == 1 ? fmt::format("1 {}", what) : fmt::format("{} {}s", number, what);
}

std::optional<Error> incomplete_listing(const Listed& listed, const store::Store& destination) {
    std::uint64_t missing = listed.extras.incomplete_shards + listed.extras.unlisted_parts;
    if (missing == 0 || GODWIT_SABOTAGE(delete_from_incomplete_listing)) return {};
    return withheld(destination, "IncompleteListing",
                    fmt::format("{} of the two ends could not be listed", counted(missing, "part")));
}

std::optional<Error> empty_source(const Listed& listed, const store::Store& source,
                                  const store::Store& destination) {
    if (listed.source_objects > 0) return {};
    model::Key root;
    return withheld(
        destination, "EmptySource",
        fmt::format("{} holds nothing, which is more often a mistake than meant", source.uri(root)));
}

std::optional<Error> failed_objects(const DeleteOptions& options, const Listed& listed,
                                    const store::Store& destination) {
    if (listed.failed_objects == 0 || options.despite_failures) return {};
    return withheld(destination, "FailedObjects",
                    fmt::format("{} could not be copied, and what only DST has may be the last copy there",
                                counted(listed.failed_objects, "object")));
}

std::optional<Error> too_many(const DeleteOptions& options, const ledger::Extras& extras,
                              const store::Store& destination) {
    if (extras.objects > options.objects_max) {
        return withheld(destination, "TooManyDeletes",
                        fmt::format("{} would go; allowed are {}", counted(extras.objects, "object"),
                                    options.objects_max));
    }
    // Of counts that do not overflow when they are multiplied by a hundred.
    if (extras.objects * 100 > extras.destination_objects * options.percent_max) {
        return withheld(destination, "TooManyDeletes",
                        fmt::format("{} of {} would go; allowed are {}%", extras.objects,
                                    counted(extras.destination_objects, "object"), options.percent_max));
    }
    return {};
}

// That the root's name does not lead to it any more is a reason; that the run is to end is none.
Result<std::optional<Error>> root_reason(const Context& context, Result<void> verified, Scope scope) {
    if (verified) return std::optional<Error>();
    if (context.is_cancelled()) return std::move(verified.error());
    return std::optional<Error>(std::move(verified.error()).with_scope(scope));
}

Task<Result<std::optional<Error>>> roots_changed(Context& context, TransferContext& shared) {
    if (GODWIT_SABOTAGE(delete_without_looking_at_root)) co_return std::optional<Error>();
    GODWIT_CO_TRY(std::optional<Error> reason,
                  root_reason(context, co_await shared.source.verify_root(context), Scope::Source));
    if (reason) co_return std::move(reason);
    co_return root_reason(context, co_await shared.destination.verify_root(context), Scope::Destination);
}

Task<Result<std::optional<Error>>> inexact(Context& context, TransferContext& shared) {
    if (shared.options.deletes->inexact) co_return std::optional<Error>();
    Result<bool> exact = co_await shared.destination.removes_exactly(context);
    if (!exact && context.is_cancelled()) co_return std::move(exact.error());
    if (!exact) co_return std::optional<Error>(std::move(exact.error()).with_scope(Scope::Destination));
    if (*exact) co_return std::optional<Error>();
    co_return std::optional<Error>(
        withheld(shared.destination, "InexactDelete",
                 "the server has no conditional deletes and the bucket keeps no versions, so that an object "
                 "which is overwritten in the moment of its removal would be lost"));
}

ObjectEnd kept(std::string_view reason) {
    ObjectEnd end;
    end.outcome = Outcome::Kept;
    end.reason = reason;
    return end;
}

Result<ObjectEnd> not_deleted(const Context& context, Scope scope, Error error) {
    GODWIT_TRY(ObjectEnd end, end_of_error(context, scope, std::move(error)));
    end.outcome = Outcome::NotDeleted;
    return end;
}

Error listing_was_wrong(const TransferContext& shared, const PlannedObject& object) {
    return Error(ErrorKind::Corrupt, "list", shared.source.uri(object.key),
                 "it is there, and was before this run, but the listing did not give it; nothing more is "
                 "deleted")
        .with_code("IncompleteListing")
        .with_scope(Scope::Source);
}

// Has the source the object after all? An end, when that decides.
Task<Result<std::optional<ObjectEnd>>> look_at_source(Context& context, TransferContext& shared,
                                                      const PlannedObject& object) {
    if (GODWIT_SABOTAGE(delete_without_looking_at_source)) co_return std::optional<ObjectEnd>();
    bool with_tags = false;
    Result<std::optional<model::ObjectInfo>> found =
        co_await shared.source.stat(context, object.key, with_tags);
    if (!found) {
        GODWIT_CO_TRY(ObjectEnd end, not_deleted(context, Scope::Source, std::move(found.error())));
        co_return std::optional<ObjectEnd>(std::move(end));
    }
    if (!*found) co_return std::optional<ObjectEnd>();
    if (!shared.source.may_be_newer((*found)->entry.identity, shared.options.begun_unix_ns))
        co_return listing_was_wrong(shared, object);
    co_return std::optional<ObjectEnd>(kept(kAtSource));
}

// Absent: there is a proved copy, or nothing left to copy.
Task<Result<std::optional<ObjectEnd>>> back_up(Context& context, TransferContext& shared,
                                               const PlannedObject& object, runtime::Permit& start) {
    if (object.type == model::ObjectType::Directory || GODWIT_SABOTAGE(delete_without_backup))
        co_return std::optional<ObjectEnd>();
    GODWIT_CO_TRY(ObjectEnd end, co_await shared.backup->copy(context, object, start));
    if (end.outcome == Outcome::Verified || end.outcome == Outcome::Gone)
        co_return std::optional<ObjectEnd>();
    if (!end.error || end.error->kind() == ErrorKind::Changed)
        co_return std::optional<ObjectEnd>(kept(kChanged));
    end.outcome = Outcome::NotDeleted;
    co_return std::optional<ObjectEnd>(std::move(end));
}

}  // namespace

std::optional<Error> reason_in_listings(const DeleteOptions& options, const Listed& listed,
                                        const store::Store& source, const store::Store& destination) {
    if (listed.extras.objects == 0) return {};
    if (options.refused_because) return withheld(destination, "RootReplaced", *options.refused_because);
    if (auto reason = incomplete_listing(listed, destination)) return reason;
    if (auto reason = empty_source(listed, source, destination)) return reason;
    if (auto reason = failed_objects(options, listed, destination)) return reason;
    return too_many(options, listed.extras, destination);
}

// What costs a request comes last.
Task<Result<std::optional<Error>>> reason_to_withhold(Context& context, TransferContext& shared,
                                                      ledger::Journal& journal, const model::Counts& counts) {
    Listed listed{.source_objects = counts.listed(), .failed_objects = counts[Outcome::Failed], .extras = {}};
    GODWIT_CO_TRY(listed.extras, co_await journal.extras());
    std::optional<Error> reason =
        reason_in_listings(*shared.options.deletes, listed, shared.source, shared.destination);
    if (reason) co_return std::move(reason);
    GODWIT_CO_TRY(reason, co_await roots_changed(context, shared));
    if (reason) co_return std::move(reason);
    co_return co_await inexact(context, shared);
}

Task<Result<ObjectEnd>> delete_extra(Context& context, TransferContext& shared, const PlannedObject& object,
                                     runtime::Permit& start) {
    ++shared.progress.planned_objects;
    if (object.reason != model::SkipReason::None) co_return kept(model::to_string(object.reason));
    if (shared.backup) {
        GODWIT_CO_TRY(std::optional<ObjectEnd> stays, co_await back_up(context, shared, object, start));
        if (stays) co_return std::move(*stays);
    }
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await shared.requests.acquire(shared.new_work));
    start.release();
    GODWIT_CO_TRY(std::optional<ObjectEnd> decided, co_await look_at_source(context, shared, object));
    if (decided) co_return std::move(*decided);
    Result<void> removed = co_await shared.destination.remove(context, object.key, *object.destination);
    if (!removed) {
        ErrorKind kind = removed.error().kind();
        if (kind == ErrorKind::Changed) co_return kept(kChanged);
        bool directory = object.type == model::ObjectType::Directory;
        if (kind == ErrorKind::Exists && directory) co_return kept(kNotEmpty);
        co_return not_deleted(context, Scope::Destination, std::move(removed.error()));
    }
    slot.succeeded();
    ObjectEnd end;
    end.outcome = Outcome::Deleted;
    end.reason = shared.backup && object.type != model::ObjectType::Directory ? kBackedUp : kNotAtSource;
    end.bytes = object.destination->size_bytes;
    end.evidence.destination = *object.destination;
    co_return std::move(end);
}

// No upload was ever begun for what is deleted.
Task<Result<void>> undo_delete(Context& context, TransferContext& shared, const PlannedObject& object) {
    const std::string no_checkpoint;
    if (object.type == model::ObjectType::Directory) co_return {};
    std::int64_t now = context.loop().unix_time_ns();
    Result<void> undone = co_await shared.destination.discard(context, object.key, no_checkpoint, now);
    if (!undone && context.is_cancelled()) co_return std::move(undone);
    co_return {};
}

Task<Result<void>> withhold_deletes(Context& context, TransferContext& shared, ledger::Journal& journal,
                                    bool carried_on) {
    while (carried_on) {
        GODWIT_CO_TRY(std::optional<ledger::Batch> batch,
                      co_await journal.lease_batch(ledger::BatchKind::Deletes));
        if (!batch) break;
        if (!batch->leased_before) continue;
        for (const ledger::Batch::Item& item : batch->items)
            GODWIT_CO_TRY_VOID(co_await undo_delete(context, shared, item.object));
    }
    co_return co_await journal.withhold_deletes();
}

}  // namespace godwit::engine
