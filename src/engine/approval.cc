#include "engine/approval.h"

#include <algorithm>
#include <vector>

namespace godwit::engine {

using model::PlanAction;
using model::PlannedObject;
using model::SkipReason;

namespace {

// What is found to be equal, and only told of.
bool stays_as_it_is(const PlannedObject& object) {
    return object.action == PlanAction::Skip && object.reason <= SkipReason::Adopted;
}

// What is to stay as it is needs nobody's leave.
std::vector<PlannedObject*> in_key_order(FoundPage& page) {
    std::vector<PlannedObject*> found;
    for (auto* objects : {&page.objects, &page.directories, &page.deletes, &page.directory_deletes}) {
        for (PlannedObject& object : *objects) {
            if (!stays_as_it_is(object)) found.push_back(&object);
        }
    }
    for (PlannedObject& object : page.hard_links) {
        if (!is_unchanged(object)) found.push_back(&object);
    }
    std::ranges::sort(found, {},
                      [](const PlannedObject* object) -> const model::Key& { return object->key; });
    return found;
}

// A directory at the destination is another generation with each name that comes or goes in it, by our own
// doing too; what is done to one takes no bytes away.
bool same_decision(const PlannedObject& approved, const PlannedObject& found) {
    bool same = approved.action == found.action && approved.reason == found.reason &&
                approved.type == found.type && approved.source == found.source;
    return same && (found.type == model::ObjectType::Directory || approved.destination == found.destination);
}

// A delete keeps its action, by which it is told from what the source has.
void refuse(PlannedObject& object, SkipReason reason) {
    object.reason = reason;
    if (object.action != PlanAction::Delete) object.action = PlanAction::Skip;
}

// What is refused does not go with the other names of its file.
void leave_hard_links(FoundPage& page) {
    auto refused = [](const PlannedObject& object) {
        return object.reason == SkipReason::Drifted || object.reason == SkipReason::NotApproved;
    };
    for (PlannedObject& object : page.hard_links) {
        if (!refused(object)) continue;
        page.objects.push_back(object);
        page.objects.back().hard_link.reset();
    }
    std::erase_if(page.hard_links, refused);
}

}  // namespace

Result<void> Approval::admit(FoundPage& page) {
    for (PlannedObject* found : in_key_order(page)) GODWIT_TRY_VOID(admit_one(*found));
    leave_hard_links(page);
    if (page.complete) return pass_over(nullptr);
    model::Key cursor(page.cursor);
    return pass_over(&cursor);
}

Result<void> Approval::admit_one(PlannedObject& found) {
    GODWIT_TRY_VOID(pass_over(&found.key));
    if (!next_ || next_->key != found.key) {
        refuse(found, SkipReason::NotApproved);
        return {};
    }
    if (!same_decision(*next_, found)) refuse(found, SkipReason::Drifted);
    return read_next();
}

// Entries before `until` (null: all) of which nothing was found.
Result<void> Approval::pass_over(const model::Key* until) {
    if (!std::exchange(begun_, true)) GODWIT_TRY_VOID(read_next());
    while (next_ && (!until || next_->key < *until)) {
        ++not_needed_;
        GODWIT_TRY_VOID(read_next());
    }
    return {};
}

Result<void> Approval::read_next() {
    next_.reset();
    if (ended_) return {};
    GODWIT_TRY(next_, entries_->next());
    ended_ = !next_;
    return {};
}

}  // namespace godwit::engine
