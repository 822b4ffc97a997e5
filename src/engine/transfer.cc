// One object's whole way, top to bottom: transfer() -> move() -> copy() -> publish -> evidence.
#include "engine/transfer.h"

#include "base/sabotage.h"
#include "engine/part_stream.h"
#include "engine/read_back.h"
#include "runtime/retry.h"

namespace godwit::engine {
namespace {

using model::EvidenceLevel;
using model::Outcome;
using model::PlanAction;
using model::PlannedObject;

// One try at one object.
class Attempt {
  public:
    Attempt(Context& context, TransferContext& shared, PlannedObject& object, runtime::Permit& start,
            bool may_put_aside)
        : context_(context), shared_(shared), object_(object), start_(start), may_put_aside_(may_put_aside) {}

    // Runs the plan's action; on failure scope() says whose the error is.
    Task<Result<ObjectEnd>> run();
    Scope scope() const { return scope_; }
    // The destination was asked to take the bytes under their name.
    bool published() const { return published_; }

  private:
    // The compiler puts the frame of what it inlines into the frame of the caller, and thousands of
    // objects are under way: only the way that most of them go is inlined.
    [[gnu::noinline]] Task<Result<ObjectEnd>> copy();
    [[gnu::noinline]] Task<Result<ObjectEnd>> copy_inside_server();
    Task<Result<ObjectEnd>> copy_through_us();
    [[gnu::noinline]] Task<Result<ObjectEnd>> examine();
    [[gnu::noinline]] Task<Result<ObjectEnd>> recheck();
    [[gnu::noinline]] Task<Result<ObjectEnd>> bring_metadata();

    Task<Result<store::Receipt>> publish_whole(store::Source& source, store::Part part,
                                               model::Evidence& evidence);
    [[gnu::noinline]] Task<Result<store::Receipt>> publish_parts(store::Source& source,
                                                                 model::Evidence& evidence);
    Task<Result<std::unique_ptr<store::Sink>>> open_sink(const store::PutRequest& request);
    Task<Result<void>> intend_upload(const std::string& earlier_checkpoint);
    [[gnu::noinline]] Task<Result<void>> intend_upload_inside_server();
    [[gnu::noinline]] Task<Result<void>> upload_inside_server_ended();
    bool may_upload_inside_server() const {
        const store::Capabilities& there = shared_.destination.capabilities();
        return !there.copy_domain.empty() && object_.source.size_bytes > there.put_bytes_max;
    }
    Task<Result<void>> source_unchanged(store::Source& source);
    Task<Result<ObjectEnd>> prove(store::Receipt receipt, model::Evidence evidence);

    store::PutRequest put_request(const model::ObjectInfo& info) const;
    store::PutRequest put_request(const store::Source& source) const;
    void take_told(const model::Entry& source);
    bool goes_with_others() const;
    ObjectEnd put_aside(model::Plan plan, const std::optional<Digest>& digest);
    ObjectEnd unchanged(const model::ObjectInfo& destination) const;
    bool can_copy_inside_server() const;
    Error vanished() const {
        return Error(ErrorKind::NotFound, "stat", shared_.source.uri(object_.key), "vanished");
    }

    Context& context_;
    TransferContext& shared_;
    PlannedObject& object_;
    runtime::Permit& start_;
    const bool may_put_aside_;
    // Whose operation runs: an error is that side's.
    Scope scope_ = Scope::Transfer;
    // A source that changed while it was read, and is stored all the same by option.
    bool changed_ = false;
    bool published_ = false;
};

store::OpenRequest open_request(const TransferContext& shared, const PlannedObject& object) {
    store::OpenRequest request;
    request.key = object.key;
    request.expected = object.source;
    request.type = object.type;
    request.digest = shared.options.digest;
    request.whole_bytes_max = std::min(kWholeBytesMax, shared.destination.capabilities().put_bytes_max);
    request.with_tags = shared.options.carry_tags && shared.destination.capabilities().keeps_tags;
    return request;
}

Task<Result<ObjectEnd>> Attempt::run() {
    switch (object_.action) {
        case PlanAction::Copy:
            co_return co_await copy();
        case PlanAction::Metadata:
            co_return co_await bring_metadata();
        case PlanAction::Examine:
            co_return co_await examine();
        case PlanAction::Recheck:
            co_return co_await recheck();
        case PlanAction::Skip:
        case PlanAction::Conflict:
        case PlanAction::Unrepresentable:
        case PlanAction::Delete:
        case PlanAction::Missing:
            break;
    }
    GODWIT_CHECK(false, "{} is not for a transfer", model::to_string(object_.action));
}

// A directory has no bytes to save, and there are servers that refuse to copy one.
bool Attempt::can_copy_inside_server() const {
    const std::string& domain = shared_.source.capabilities().copy_domain;
    return object_.type != model::ObjectType::Directory && !domain.empty() &&
           domain == shared_.destination.capabilities().copy_domain && !shared_.options.read_back;
}

Task<Result<ObjectEnd>> Attempt::copy() {
    if (can_copy_inside_server()) co_return co_await copy_inside_server();
    co_return co_await copy_through_us();
}

// The way that most objects go: permits, read with digest, publish, prove.
Task<Result<ObjectEnd>> Attempt::copy_through_us() {
    store::OpenRequest request = open_request(shared_, object_);
    std::uint64_t room = whole_room_bytes(request, object_.source.size_bytes);
    // Memory first, here as for parts: who holds a request never waits for memory, or both would wait.
    GODWIT_CO_TRY(runtime::Permit memory, co_await shared_.memory.acquire(shared_.new_work, room));
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await shared_.requests.acquire(shared_.new_work));
    start_.release();
    GODWIT_CO_TRY_VOID(co_await shared_.rate.take(context_, room));

    scope_ = Scope::Source;
    GODWIT_CO_TRY(std::unique_ptr<store::Source> source, co_await shared_.source.open(context_, request));
    model::Evidence evidence;
    evidence.source = source->info().entry.identity;

    take_told(source->info().entry);
    std::optional<store::Part> whole = source->take_whole();
    if (goes_with_others()) {
        std::optional<Digest> digest = believed_digest(shared_, source->info());
        if (whole) digest = whole->digest;
        co_return put_aside({PlanAction::Copy, model::SkipReason::None}, digest);
    }
    if (whole) {
        GODWIT_CO_TRY(store::Receipt receipt, co_await publish_whole(*source, std::move(*whole), evidence));
        shared_.progress.moved_bytes += object_.source.size_bytes;
        // A read-back takes permits of its own, as parts do: holding these could starve it for ever.
        memory.release();
        slot.succeeded();
        co_return co_await prove(std::move(receipt), std::move(evidence));
    }
    memory.release();
    slot.release();
    GODWIT_CO_TRY(store::Receipt receipt, co_await publish_parts(*source, evidence));
    co_return co_await prove(std::move(receipt), std::move(evidence));
}

// What `source` tells of the file that it is a name of.
void Attempt::take_told(const model::Entry& source) {
    if (shared_.options.policy.hard_links == model::HardLinkMode::Told) object_.hard_link = source.hard_link;
}

bool Attempt::goes_with_others() const {
    return may_put_aside_ && shared_.options.policy.hard_links == model::HardLinkMode::Told &&
           object_.hard_link;
}

ObjectEnd Attempt::put_aside(model::Plan plan, const std::optional<Digest>& digest) {
    object_.action = plan.action;
    object_.reason = plan.reason;
    object_.source_digest = digest;
    ObjectEnd end;
    end.put_aside = true;
    return end;
}

store::PutRequest Attempt::put_request(const model::ObjectInfo& info) const {
    store::PutRequest request;
    request.key = object_.key;
    // The opened object knows better than the listing: S3 tells a symlink by its metadata alone.
    request.type = info.entry.type;
    request.size_bytes = info.entry.identity.size_bytes;
    request.metadata = info.metadata;
    request.replaces = object_.destination;
    request.digest = shared_.options.digest;
    request.read_back = shared_.options.read_back;
    request.verify = shared_.options.verify;
    if (!request.metadata.posix && shared_.destination.capabilities().hierarchical)
        request.metadata.fallback_mtime_ns = model::effective_mtime_ns(info);
    return request;
}

store::PutRequest Attempt::put_request(const store::Source& source) const {
    store::PutRequest request = put_request(source.info());
    // Of a source that may change meanwhile, only what was read is what is stored.
    if (!shared_.options.publish_changed) request.source = &source;
    return request;
}

Task<Result<store::Receipt>> Attempt::publish_whole(store::Source& source, store::Part part,
                                                    model::Evidence& evidence) {
    evidence.source_digest = part.digest;
    store::PutRequest request = put_request(source);
    request.size_bytes = part.bytes.size();
    scope_ = Scope::Destination;
    published_ = true;
    co_return co_await shared_.destination.put(context_, request, part.bytes.span(), part.digest);
}

// Large objects: parts in any order, then the source once more, then the name.
Task<Result<store::Receipt>> Attempt::publish_parts(store::Source& source, model::Evidence& evidence) {
    store::PutRequest request = put_request(source);
    scope_ = Scope::Destination;
    GODWIT_CO_TRY(std::unique_ptr<store::Sink> sink, co_await open_sink(request));
    PartLayout layout(request.size_bytes, sink->part_size_bytes());
    PartDigests digests(layout);
    scope_ = Scope::Transfer;
    GODWIT_CO_TRY_VOID(co_await stream_parts(context_, shared_, source, layout, digests, sink.get()));
    if (!GODWIT_SABOTAGE(skip_source_check_before_commit)) {
        GODWIT_CO_TRY_VOID(co_await source_unchanged(source));
    }
    Digest whole = digests.whole();
    evidence.source_digest = whole;
    scope_ = Scope::Destination;
    published_ = true;
    GODWIT_CO_TRY(store::Receipt receipt, co_await sink->commit(context_, whole));
    GODWIT_CO_TRY_VOID(co_await shared_.uploads.ended(object_));
    co_return std::move(receipt);
}

// Carries an interrupted upload of the same source generation on, or begins a new one after saying
// so in the ledger.
Task<Result<std::unique_ptr<store::Sink>>> Attempt::open_sink(const store::PutRequest& request) {
    GODWIT_CO_TRY(std::string checkpoint, co_await shared_.uploads.find(object_));
    if (!checkpoint.empty()) {
        auto resumed = co_await shared_.destination.resume(context_, request, checkpoint);
        if (resumed || resumed.error().kind() != ErrorKind::NotFound) co_return std::move(resumed);
    }
    GODWIT_CO_TRY_VOID(co_await intend_upload(checkpoint));
    GODWIT_CO_TRY(std::unique_ptr<store::Sink> sink, co_await shared_.destination.begin(context_, request));
    std::string begun = sink->checkpoint();
    GODWIT_CO_TRY_VOID(co_await shared_.uploads.begun(object_, begun));
    co_return std::move(sink);
}

// Says in the ledger that an upload is about to begin. What is left of an earlier one, if there is any (of
// another part size, or gone as the store says), must not stay behind.
Task<Result<void>> Attempt::intend_upload(const std::string& earlier_checkpoint) {
    if (!earlier_checkpoint.empty()) {
        std::int64_t now = shared_.loop.unix_time_ns();
        GODWIT_CO_TRY_VOID(
            co_await shared_.destination.discard(context_, object_.key, earlier_checkpoint, now));
    }
    co_return co_await shared_.uploads.intend(object_);
}

// A store that copies inside itself may need an upload for what is large (S3 beyond 5 GiB), and takes it back
// itself unless it is killed.
Task<Result<void>> Attempt::intend_upload_inside_server() {
    if (!may_upload_inside_server()) co_return {};
    GODWIT_CO_TRY(std::string checkpoint, co_await shared_.uploads.find(object_));
    co_return co_await intend_upload(checkpoint);
}

Task<Result<void>> Attempt::upload_inside_server_ended() {
    if (!may_upload_inside_server()) co_return {};
    co_return co_await shared_.uploads.ended(object_);
}

Task<Result<void>> Attempt::source_unchanged(store::Source& source) {
    scope_ = Scope::Source;
    Result<void> same = co_await source.verify_unchanged(context_);
    if (!same && same.error().kind() == ErrorKind::Changed && shared_.options.publish_changed) {
        changed_ = true;
        co_return {};
    }
    co_return std::move(same);
}

// Evidence: what the store gave with its receipt, else read again by us.
Task<Result<ObjectEnd>> Attempt::prove(store::Receipt receipt, model::Evidence evidence) {
    ObjectEnd end;
    end.bytes = object_.source.size_bytes;
    end.index = !changed_;
    object_.destination = receipt.identity;
    evidence.destination = receipt.identity;
    evidence.xattrs = shared_.options.policy.xattrs;
    evidence.hard_links = kept_by(shared_.options.policy.hard_links);
    evidence.level = receipt.level;
    evidence.destination_digest = receipt.stored_digest;
    bool enough = receipt.level >=
                  (shared_.options.read_back ? EvidenceLevel::ReadBackCached : EvidenceLevel::ServerCopy);
    if (GODWIT_SABOTAGE(verified_without_proof)) enough = true;
    if (shared_.options.verify && !changed_ && !enough) {
        scope_ = Scope::Destination;
        GODWIT_CO_TRY(ReadBack again, co_await read_back(context_, shared_, shared_.destination, object_.key,
                                                         object_.type, receipt.identity, true));
        scope_ = Scope::Transfer;
        if (again.digest != evidence.source_digest && !GODWIT_SABOTAGE(skip_proof_compare)) {
            co_return Error(ErrorKind::Corrupt, "verify", shared_.destination.uri(object_.key),
                            "read " + evidence.source_digest->display() + " from the source, " +
                                again.digest.display() + " is stored")
                .with_code("Mismatch");
        }
        evidence.level = again.level;
        evidence.destination_digest = again.digest;
    }
    end.outcome = shared_.options.verify && !changed_ ? Outcome::Verified : Outcome::Copied;
    if (end.outcome == Outcome::Copied) evidence.level = EvidenceLevel::None;
    end.evidence = std::move(evidence);
    co_return std::move(end);
}

Task<Result<ObjectEnd>> Attempt::copy_inside_server() {
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await shared_.requests.acquire(shared_.new_work));
    start_.release();
    store::CopyRequest request;
    request.source_key = object_.key;
    request.source_identity = object_.source;
    request.put.key = object_.key;
    request.put.type = object_.type;
    request.put.size_bytes = object_.source.size_bytes;
    request.put.replaces = object_.destination;
    request.put.digest = shared_.options.digest;
    scope_ = Scope::Transfer;
    GODWIT_CO_TRY_VOID(co_await intend_upload_inside_server());
    published_ = true;
    GODWIT_CO_TRY(store::Receipt receipt,
                  co_await shared_.destination.copy_from(context_, shared_.source, request));
    slot.succeeded();
    GODWIT_CO_TRY_VOID(co_await upload_inside_server_ended());
    shared_.progress.moved_bytes += object_.source.size_bytes;
    model::Evidence evidence;
    evidence.source = object_.source;
    evidence.source_digest = receipt.stored_digest;
    co_return co_await prove(std::move(receipt), std::move(evidence));
}

ObjectEnd Attempt::unchanged(const model::ObjectInfo& destination) const {
    ObjectEnd end;
    end.outcome = Outcome::Unchanged;
    end.index = true;
    end.bytes = object_.source.size_bytes;
    end.evidence.source = object_.source;
    end.evidence.source_digest = object_.known_digest;
    end.evidence.destination = destination.entry.identity;
    end.evidence.xattrs = shared_.options.policy.xattrs;
    end.evidence.hard_links = kept_by(shared_.options.policy.hard_links);
    return end;
}

// Asks both stores about the object, then does what the answers say.
Task<Result<ObjectEnd>> Attempt::examine() {
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await shared_.requests.acquire(shared_.new_work));
    start_.release();
    bool with_tags = false;
    scope_ = Scope::Source;
    GODWIT_CO_TRY(auto source, co_await shared_.source.stat(context_, object_.key, with_tags));
    if (!source) co_return vanished();
    scope_ = Scope::Destination;
    GODWIT_CO_TRY(auto destination, co_await shared_.destination.stat(context_, object_.key, with_tags));
    slot.succeeded();
    if (!destination) co_return co_await copy();
    model::Plan plan = model::plan_examined(*source, *destination, shared_.options.policy);
    take_told(source->entry);
    if (goes_with_others()) {
        object_.destination = destination->entry.identity;
        const std::optional<model::HardLink>& there = destination->entry.hard_link;
        object_.destination_names = there ? there->names : 0;
        std::optional<Digest> digest = object_.known_digest;
        if (!digest) digest = believed_digest(shared_, *source);
        co_return put_aside(plan, digest);
    }
    if (plan.action == PlanAction::Skip) co_return unchanged(*destination);
    if (plan.action == PlanAction::Metadata) co_return co_await bring_metadata();
    if (plan.action == PlanAction::Recheck) co_return co_await recheck();
    co_return co_await copy();
}

// Reads the source (and, where no digest is known, the destination): equal bytes need only their
// attributes brought over.
Task<Result<ObjectEnd>> Attempt::recheck() {
    scope_ = Scope::Source;
    GODWIT_CO_TRY(ReadBack source, co_await read_back(context_, shared_, shared_.source, object_.key,
                                                      object_.type, object_.source, false));
    std::optional<Digest> known = object_.known_digest;
    EvidenceLevel level = EvidenceLevel::None;
    if (!known) {
        scope_ = Scope::Destination;
        GODWIT_CO_TRY(ReadBack stored, co_await read_back(context_, shared_, shared_.destination, object_.key,
                                                          object_.type, *object_.destination, true));
        known = stored.digest;
        level = stored.level;
    }
    if (known->algorithm() != source.digest.algorithm() || *known != source.digest) co_return co_await copy();
    Result<ObjectEnd> end = co_await bring_metadata();
    if (end) {
        end->evidence.source_digest = source.digest;
        end->evidence.destination_digest = known;
        end->evidence.level = level;
    }
    co_return std::move(end);
}

Task<Result<ObjectEnd>> Attempt::bring_metadata() {
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await shared_.requests.acquire(shared_.new_work));
    start_.release();
    scope_ = Scope::Source;
    bool with_tags = shared_.options.carry_tags && shared_.destination.capabilities().keeps_tags;
    GODWIT_CO_TRY(auto source, co_await shared_.source.stat(context_, object_.key, with_tags));
    if (!source) co_return vanished();
    if (!model::same_generation(source->entry.identity, object_.source)) {
        co_return Error(ErrorKind::Changed, "stat", shared_.source.uri(object_.key),
                        "changed since it was listed");
    }
    take_told(source->entry);
    store::PutRequest request = put_request(*source);
    scope_ = Scope::Destination;
    GODWIT_CO_TRY_VOID(co_await intend_upload_inside_server());
    GODWIT_CO_TRY(store::Receipt receipt,
                  co_await shared_.destination.set_metadata(context_, request, *object_.destination));
    slot.succeeded();
    GODWIT_CO_TRY_VOID(co_await upload_inside_server_ended());
    ObjectEnd end;
    end.outcome = Outcome::Metadata;
    end.index = true;
    // As it was listed, to the same fraction of a second as the next listing tells it.
    end.evidence.source = object_.source;
    end.evidence.destination = receipt.identity;
    end.evidence.xattrs = shared_.options.policy.xattrs;
    end.evidence.hard_links = kept_by(shared_.options.policy.hard_links);
    co_return std::move(end);
}

// True for an error that concerns everybody, not this object.
bool ends_execution(const Context& context, const Error& error) {
    return context.is_cancelled() || error.kind() == ErrorKind::Cancelled ||
           error.kind() == ErrorKind::Full || error.code() == "EndsOverlap";
}

}  // namespace

ObjectEnd ObjectEnd::failed(Scope scope, Error error) {
    ObjectEnd end;
    end.outcome = Outcome::Failed;
    end.scope = scope;
    end.error.emplace(std::move(error));
    return end;
}

std::optional<Digest> believed_digest(const TransferContext& shared, const model::ObjectInfo& source) {
    std::uint64_t small_bytes_max = std::min(kWholeBytesMax, shared.destination.capabilities().put_bytes_max);
    bool is_read = shared.options.read_back || source.entry.identity.size_bytes <= small_bytes_max;
    return is_read ? std::nullopt : source.stored_digest;
}

Result<ObjectEnd> end_of_error(const Context& context, Scope scope, Error error) {
    if (ends_execution(context, error)) return error;
    ObjectEnd end = ObjectEnd::failed(scope, std::move(error));
    if (scope == Scope::Source && end.error->kind() == ErrorKind::NotFound) end.outcome = Outcome::Gone;
    if (end.error->kind() == ErrorKind::Changed) end.outcome = Outcome::Deferred;
    bool unrepresentable =
        end.error->code() == "UnrepresentableKey" || end.error->code() == "UnrepresentableMetadata";
    if (unrepresentable) end.outcome = Outcome::Unrepresentable;
    if (scope == Scope::Destination && end.error->kind() == ErrorKind::Exists)
        end.outcome = Outcome::Conflict;
    return end;
}

namespace {

Task<Result<ObjectEnd>> try_again_and_again(Context& context, TransferContext& shared, PlannedObject& object,
                                            runtime::Permit& start, bool may_put_aside) {
    Scope scope = Scope::Transfer;
    bool published = false;
    runtime::RetryPolicy policy;
    policy.attempts_max = shared.options.object_attempts_max;
    policy.on_retry = [&](const Error&, int, Duration) { ++shared.progress.retries; };
    auto one_try = [&](int) -> Task<Result<ObjectEnd>> {
        Attempt attempt(context, shared, object, start, may_put_aside);
        Result<ObjectEnd> end = co_await attempt.run();
        scope = attempt.scope();
        published |= attempt.published();
        co_return std::move(end);
    };
    Result<ObjectEnd> end = co_await runtime::retry(context, policy, one_try);
    if (end) co_return std::move(end);
    GODWIT_CO_TRY(ObjectEnd failed, end_of_error(context, scope, std::move(end.error())));
    failed.index = published && !GODWIT_SABOTAGE(forget_unproven) && is_unproven(failed.outcome);
    co_return std::move(failed);
}

}  // namespace

Task<Result<ObjectEnd>> transfer(Context& context, TransferContext& shared, PlannedObject& object,
                                 runtime::Permit& start) {
    bool may_put_aside = false;
    return try_again_and_again(context, shared, object, start, may_put_aside);
}

Task<Result<ObjectEnd>> transfer_or_put_aside(Context& context, TransferContext& shared,
                                              PlannedObject& object, runtime::Permit& start) {
    bool may_put_aside = true;
    return try_again_and_again(context, shared, object, start, may_put_aside);
}

}  // namespace godwit::engine
