#include "engine/hard_links.h"

#include <algorithm>

#include "engine/look_again.h"
#include "engine/read_back.h"

namespace godwit::engine {

using model::HardLinks;
using model::Outcome;
using model::PlanAction;
using model::PlannedObject;

namespace {

// Names that say that they are of one file and turn out to be of more than this many are not brought together
// any more: each file found takes a look at all of them.
constexpr std::uint32_t kFilesOfOneIdMax = 64;

// It stands at the destination, as its evidence says.
bool is_there(Outcome outcome) {
    return outcome == Outcome::Verified || outcome == Outcome::Copied || outcome == Outcome::Metadata ||
           outcome == Outcome::Unchanged;
}

// The least goes first: what the index knows need not be copied.
int rank(const PlannedObject& object) {
    if (is_unchanged(object)) return 0;
    return object.destination && object.known_digest ? 1 : 2;
}

ObjectEnd end_as_listed(const PlannedObject& object, const ExecutionOptions& options) {
    ObjectEnd end;
    end.outcome = Outcome::Unchanged;
    end.index = true;
    end.bytes = object.source.size_bytes;
    end.evidence.source = object.source;
    end.evidence.source_digest = object.known_digest;
    end.evidence.destination = *object.destination;
    end.evidence.xattrs = options.policy.xattrs;
    return end;
}

ObjectEnd same_failure(const ObjectEnd& end) {
    ObjectEnd same = ObjectEnd::failed(end.scope, end.error->clone());
    same.outcome = end.outcome;
    return same;
}

}  // namespace

Task<Result<void>> HardLinkGroup::run(bool begun_before, runtime::Permit& start) {
    bool look_first = begun_before;
    for (;;) {
        if (look_first) GODWIT_CO_TRY_VOID(co_await look_again_at_all(start));
        GODWIT_CO_TRY_VOID(co_await run_once(start));
        if (!first_deferred_ || deferrals_ >= shared_.options.deferrals_max) co_return {};
        GODWIT_CO_TRY_VOID(co_await runtime::sleep(shared_.new_work, retry_pause(++deferrals_)));
        for (Name& name : names_) {
            if (name.end->outcome == Outcome::Deferred) name.end.reset();
        }
        look_first = true;
    }
}

// What was written before and has no row yet counts for nothing: it is brought over again.
Task<Result<void>> HardLinkGroup::look_again_at_all(runtime::Permit& start) {
    for (Name& name : names_) {
        if (name.end) continue;
        PlannedObject& object = name.object;
        GODWIT_CO_TRY(name.end, co_await look_again(context_, shared_, object));
        // If it fails now, the index must not take what an earlier try wrote for proved.
        object.deferrals = std::max(object.deferrals, 1u);
        if (!name.end) name.end = end_without_transfer(shared_, object);
        bool left = !name.end && !(object.hard_link && object.hard_link->is_of(file_));
        if (left) {
            GODWIT_CO_TRY(name.end, co_await transfer(context_, shared_, object, start));
        }
    }
    co_return {};
}

Task<Result<void>> HardLinkGroup::run_once(runtime::Permit& start) {
    first_deferred_ = false;
    for (Name* first = choose_first(); first; first = choose_first()) {
        GODWIT_CO_TRY(first->end, co_await bring_first(*first, start));
        first_deferred_ = first->end->outcome == Outcome::Deferred;
        if (first_deferred_) all_end_as(*first->end);
        // Another name may do where this one failed.
        if (!is_there(first->end->outcome)) continue;
        identity_ = first->end->evidence.destination;
        ++files_;
        first->first = first;
        first->end->evidence.hard_links = HardLinks::Kept;
        for (Name& name : names_) {
            if (!name.end) GODWIT_CO_TRY_VOID(co_await link_to(*first, name, start));
        }
        settle(*first);
    }
    co_return {};
}

HardLinkGroup::Name* HardLinkGroup::choose_first() {
    Name* first = nullptr;
    for (Name& name : names_) {
        if (!name.end && (!first || rank(name.object) < rank(first->object))) first = &name;
    }
    return first;
}

// Are the names not one file at the destination already, or is that a file of other names too? What only says
// that it is one file is none before it is proved.
bool HardLinkGroup::must_link_to(const Name& first) const {
    const std::optional<model::Identity>& there = first.object.destination;
    std::size_t open = 0, same = 0;
    for (const Name& name : names_) {
        if (name.end) continue;
        ++open;
        same += there && name.object.destination == there;
    }
    bool known = rank(first.object) < 2;
    bool only_told = told_ && open > 1;
    return same != open || (!known && (only_told || std::max(first.object.destination_names, 1u) != open));
}

// What others are linked to is proved in this run: a good copy must not give way to one that nothing proves.
Task<Result<ObjectEnd>> HardLinkGroup::bring_first(Name& first, runtime::Permit& start) {
    PlannedObject& object = first.object;
    if (must_link_to(first)) {
        if (object.action != PlanAction::Copy)
            object.action = rank(object) < 2 ? PlanAction::Recheck : PlanAction::Copy;
        object.known_digest.reset();
    }
    if (object.action == PlanAction::Skip) co_return end_as_listed(object, shared_.options);
    co_return co_await transfer(context_, shared_, object, start);
}

void HardLinkGroup::all_end_as(const ObjectEnd& end) {
    for (Name& name : names_) {
        if (!name.end) name.end = same_failure(end);
    }
}

Task<Result<void>> HardLinkGroup::link_to(const Name& first, Name& name, runtime::Permit& start) {
    Result<bool> same = co_await is_same_file(first, name);
    if (!same) {
        GODWIT_CO_TRY(name.end, end_of_error(context_, Scope::Source, std::move(same.error())));
        co_return {};
    }
    if (!*same && told_ && files_ < kFilesOfOneIdMax) co_return {};
    if (!*same) {
        name.object.action = PlanAction::Copy;
        GODWIT_CO_TRY(name.end, co_await transfer(context_, shared_, name.object, start));
        co_return {};
    }
    store::LinkRequest request;
    request.key = name.object.key;
    request.replaces = name.object.destination;
    request.first = first.object.key;
    request.expected = identity_;
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await shared_.requests.acquire(shared_.new_work));
    Result<store::Linked> linked = co_await shared_.destination.link(context_, request);
    slot.release();
    if (linked) {
        identity_ = linked->identity;
        name.first = &first;
        name.linked = !linked->was_linked;
        name.end = linked_end(*first.end, name);
    } else if (linked.error().code() == "NoHardLink") {
        GODWIT_CO_TRY(name.end, co_await leave_apart(name, start));
    } else {
        GODWIT_CO_TRY(name.end, end_of_error(context_, Scope::Destination, std::move(linked.error())));
        name.end->index = is_unproven(name.end->outcome);
    }
    co_return {};
}

Task<Result<bool>> HardLinkGroup::is_same_file(const Name& first, Name& name) {
    return told_ ? is_proved_equal(first, name) : is_still_of(first, name);
}

// What was read under the first name is what this one names, too?
Task<Result<bool>> HardLinkGroup::is_still_of(const Name& first, const Name& name) {
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await shared_.requests.acquire(shared_.new_work));
    bool with_tags = false;
    GODWIT_CO_TRY(auto source, co_await shared_.source.stat(context_, name.object.key, with_tags));
    co_return source && source->entry.hard_link && source->entry.hard_link->is_of(*first.object.hard_link) &&
        model::same_generation(source->entry.identity, first.end->evidence.source);
}

// Does this name tell the same as the first did when it was brought over, and have the bytes that it was
// proved with? What is known of these counts if what was known of the first's turned out to be right; else
// they are read.
Task<Result<bool>> HardLinkGroup::is_proved_equal(const Name& first, Name& name) {
    const std::optional<Digest>& proved = first.end->evidence.source_digest;
    const std::optional<model::HardLink>& file = first.object.hard_link;
    PlannedObject& object = name.object;
    bool told = file && object.hard_link && object.hard_link->is_of(*file);
    if (!told || !proved || !first.end->index) co_return false;
    bool is_known = object.source_digest && first.object.source_digest == proved;
    if (!is_known) {
        bool from_medium = false;
        GODWIT_CO_TRY(ReadBack read, co_await read_back(context_, shared_, shared_.source, object.key,
                                                        object.type, object.source, from_medium));
        object.source_digest = read.digest;
    }
    co_return object.source_digest == proved;
}

// As any object, where the destination does not link it.
Task<Result<ObjectEnd>> HardLinkGroup::leave_apart(Name& name, runtime::Permit& start) {
    Result<ObjectEnd> end = ObjectEnd();
    if (name.object.action == PlanAction::Skip) {
        end = end_as_listed(name.object, shared_.options);
    } else {
        end = co_await transfer(context_, shared_, name.object, start);
    }
    if (end) end->evidence.hard_links = HardLinks::Refused;
    co_return std::move(end);
}

ObjectEnd HardLinkGroup::linked_end(const ObjectEnd& first, const Name& name) const {
    ObjectEnd end;
    end.evidence = first.evidence;
    if (told_) end.evidence.source = name.object.source;
    end.index = first.index;
    bool proved = shared_.options.verify && first.evidence.level != model::EvidenceLevel::None;
    end.outcome = proved ? Outcome::Verified : Outcome::Copied;
    bool nothing_new = first.outcome == Outcome::Unchanged || first.outcome == Outcome::Metadata;
    if (!name.linked && nothing_new) end.outcome = first.outcome;
    return end;
}

void HardLinkGroup::settle(const Name& first) {
    for (Name& name : names_) {
        if (name.first == &first) name.end->evidence.destination = identity_;
    }
}

}  // namespace godwit::engine
