#include "engine/look_again.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/spellings.h"

namespace godwit::engine {

using model::Outcome;
using model::PlanAction;
using model::PlannedObject;
using model::SkipReason;

namespace {

ObjectEnd drifted(const PlannedObject& object, const store::Store& destination) {
    ObjectEnd end = ObjectEnd::failed(
        Scope::Transfer, Error(ErrorKind::Changed, "carry out the plan for", destination.uri(object.key),
                               "an end, or what there is to do, is not what the plan saw; nothing was done")
                             .with_code("Drifted"));
    end.outcome = Outcome::Deferred;
    return end;
}

ObjectEnd left_as_it_is(const PlannedObject& object) {
    ObjectEnd end;
    end.outcome = Outcome::Unchanged;
    end.bytes = object.source.size_bytes;
    end.evidence.source = object.source;
    if (object.destination) end.evidence.destination = *object.destination;
    return end;
}

}  // namespace

Error missing_error(std::string uri, std::uint64_t line) {
    std::string cause = fmt::format("line {} of the list asks for it, and it is not there", line);
    if (line == 1) cause += "; did the first line lose its first character, as some programs make it?";
    return Error(ErrorKind::NotFound, "find", std::move(uri), std::move(cause))
        .with_code("ManifestFileDoesNotExist");
}

std::optional<ObjectEnd> end_without_transfer(const TransferContext& shared, const PlannedObject& object) {
    const store::Store& destination = shared.destination;
    ObjectEnd end;
    switch (object.action) {
        case PlanAction::Skip:
            if (object.reason == SkipReason::Drifted) return drifted(object, destination);
            if (object.reason <= SkipReason::Adopted) return left_as_it_is(object);
            end.outcome = Outcome::Skipped;
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
        case PlanAction::Missing:
            return ObjectEnd::failed(Scope::Source,
                                     missing_error(shared.source.uri(object.key), object.list_line));
        default:
            return {};
    }
}

Duration retry_pause(std::uint32_t deferrals) {
    constexpr Duration kFirst = std::chrono::milliseconds(500);
    return kFirst * (std::int64_t{1} << std::min(deferrals, 6u));
}

namespace {

// What answers to a key may be another key's object, where names are taken for one. Fails with Exists.
Task<Result<void>> has_no_other_spelling(Context& context, store::Store& store, const model::Entry& found) {
    if (!store.capabilities().hierarchical) co_return {};
    bool with_tags = false;
    for (const model::Key& other : model::other_spellings(found.key)) {
        GODWIT_CO_TRY(auto same, co_await store.stat(context, other, with_tags));
        if (same && same->entry.identity == found.identity)
            co_return model::names_fold(store.uri(found.key)).with_scope(Scope::Destination);
    }
    co_return {};
}

Task<Result<PlannedObject>> plan_anew(Context& context, TransferContext& shared,
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
    // What was listed has this very name.
    if (destination && !object.destination) {
        GODWIT_CO_TRY_VOID(co_await has_no_other_spelling(context, shared.destination, destination->entry));
    }
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
    if (object.hard_link) planned.hard_link = source->entry.hard_link;
    planned.source_digest = believed_digest(shared, *source);
    planned.destination_names = there && there->hard_link ? there->hard_link->names : 0;
    co_return std::move(planned);
}

}  // namespace

Task<Result<std::optional<ObjectEnd>>> look_again(Context& context, TransferContext& shared,
                                                  PlannedObject& object) {
    Result<PlannedObject> planned = co_await plan_anew(context, shared, object);
    if (planned) {
        object = std::move(*planned);
        co_return std::nullopt;
    }
    if (planned.error().kind() == ErrorKind::Cancelled) co_return std::move(planned.error());
    Scope scope = planned.error().scope() == Scope::None ? Scope::Source : planned.error().scope();
    GODWIT_CO_TRY(ObjectEnd end, end_of_error(context, scope, std::move(planned.error())));
    co_return std::move(end);
}

}  // namespace godwit::engine
