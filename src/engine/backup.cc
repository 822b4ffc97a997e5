#include "engine/backup.h"

namespace godwit::engine {
namespace {

// Whatever the run itself proves, brings over or leaves: here nothing is left out.
ExecutionOptions options_for_backup(ExecutionOptions options) {
    options.verify = true;
    options.publish_changed = false;
    options.carry_tags = true;
    options.policy.hard_links = model::HardLinkMode::Apart;
    options.policy.preserve_owner = options.policy.preserve_mode = options.policy.preserve_mtime = true;
    return options;
}

}  // namespace

Backup::Backup(TransferContext& shared, store::Store& place)
    : options_(options_for_backup(shared.options)),
      place_(place),
      shared_{shared.loop,   shared.new_work, options_,    shared.destination, place,
              shared.memory, shared.requests, shared.rate, uploads_,           shared.progress} {
    options_.policy.destination_hierarchical = place.capabilities().hierarchical;
}

Task<Result<ObjectEnd>> Backup::copy(Context& context, const model::PlannedObject& object,
                                     runtime::Permit& start) {
    model::PlannedObject copied;
    copied.key = object.key;
    copied.type = object.type;
    copied.source = *object.destination;
    bool with_tags = false;
    auto there = co_await place_.stat(context, object.key, with_tags);
    if (!there) co_return end_of_error(context, Scope::Destination, std::move(there.error()));
    if (*there) copied.destination = (*there)->entry.identity;
    GODWIT_CO_TRY(ObjectEnd end, co_await transfer(context, shared_, copied, start));
    if (end.error) end.scope = Scope::Destination;
    co_return std::move(end);
}

// No upload was logged: the store finds what only we can have begun since the run did.
Task<Result<void>> Backup::discard(Context& context, const model::PlannedObject& object) {
    const std::string no_checkpoint;
    Result<void> discarded =
        co_await place_.discard(context, object.key, no_checkpoint, options_.begun_unix_ns);
    if (!discarded && context.is_cancelled()) co_return std::move(discarded);
    co_return {};
}

}  // namespace godwit::engine
