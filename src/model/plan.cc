#include "model/plan.h"

#include "base/sabotage.h"
#include "model/enum_names.h"

namespace godwit::model {
namespace {

constexpr Plan kCopy{PlanAction::Copy, SkipReason::None};
constexpr Plan kMetadata{PlanAction::Metadata, SkipReason::None};
constexpr Plan kExamine{PlanAction::Examine, SkipReason::None};
constexpr Plan kRecheck{PlanAction::Recheck, SkipReason::None};
constexpr Plan kConflict{PlanAction::Conflict, SkipReason::None};
constexpr Plan kUnchanged{PlanAction::Skip, SkipReason::Unchanged};
constexpr Plan kAdopted{PlanAction::Skip, SkipReason::Adopted};

// A directory cannot take the place of a file or the other way round without losing something.
bool kinds_exclude(ObjectType source, ObjectType destination) {
    return (source == ObjectType::Directory) != (destination == ObjectType::Directory);
}

bool attributes_equal(const PosixAttributes& a, const PosixAttributes& b, const PlanPolicy& policy) {
    std::uint32_t mode_bits = policy.preserve_set_id ? 07777 : 01777;
    if (policy.preserve_mode && (a.mode & mode_bits) != (b.mode & mode_bits)) return false;
    if (policy.preserve_owner && (a.uid != b.uid || a.gid != b.gid)) return false;
    return !policy.preserve_mtime || a.mtime_ns == b.mtime_ns;
}

Plan compare_directories(const std::optional<PosixAttributes>& source,
                         const std::optional<PosixAttributes>& destination, const PlanPolicy& policy) {
    if (!source || !destination) return kAdopted;
    return attributes_equal(*source, *destination, policy) ? kAdopted : kMetadata;
}

// Bytes are taken for equal when size and mtime are; then only attributes may differ.
Plan compare_by_mtime(std::int64_t source_mtime_ns, std::int64_t destination_mtime_ns,
                      const std::optional<PosixAttributes>& source,
                      const std::optional<PosixAttributes>& destination, const PlanPolicy& policy) {
    if (source_mtime_ns != destination_mtime_ns) return kCopy;
    if (source && destination && !attributes_equal(*source, *destination, policy)) return kMetadata;
    return kAdopted;
}

// Object stores may keep bytes under a name that ends in '/'; those count as a file's do.
bool holds_bytes(const Entry& entry) {
    return entry.type != ObjectType::Directory || entry.identity.size_bytes > 0;
}

// May the object tell of a file with other names what no listing does, or have to?
bool may_tell_hard_link(const Entry& source, const PlanPolicy& policy) {
    if (source.type == ObjectType::Directory) return false;
    if (policy.hard_links == HardLinkMode::Carried) return !source.posix || source.hard_link;
    return policy.hard_links == HardLinkMode::Told;
}

// What the listings call equal, when more counts than they tell.
Plan beyond_listings(Plan plan, const Entry& source, const PlanPolicy& policy) {
    bool more_counts = policy.xattrs.any() || may_tell_hard_link(source, policy);
    return plan == kAdopted && more_counts ? kExamine : plan;
}

Plan compare_listed(const Entry& source, const Entry& destination, const PlanPolicy& policy) {
    if (!holds_bytes(source)) {
        if (source.posix && !destination.posix) return kExamine;
        return beyond_listings(compare_directories(source.posix, destination.posix, policy), source, policy);
    }
    if (source.type != destination.type && source.posix && destination.posix) return kCopy;
    if (source.identity.size_bytes != destination.identity.size_bytes) return kCopy;
    switch (policy.compare) {
        case CompareMode::Size:
            return beyond_listings(kAdopted, source, policy);
        case CompareMode::Checksum:
        case CompareMode::Bytes:
            return kExamine;
        case CompareMode::Metadata:
            break;
    }
    if (policy.tags_are_md5 && have_md5_tags(source, destination)) {
        if (source.identity.tag != destination.identity.tag) return kCopy;
        return beyond_listings(kAdopted, source, policy);
    }
    if (!source.posix || !destination.posix) return kExamine;
    return beyond_listings(compare_by_mtime(source.posix->mtime_ns, destination.posix->mtime_ns, source.posix,
                                            destination.posix, policy),
                           source, policy);
}

// Is a generation that the index knows sure to have the metadata that it had then? The tag of a store that
// lists no attributes may be one of the bytes alone, as an ETag is: there only LastModified tells that
// metadata were stored anew, to the second, so what was read within a second of that may have been changed in
// the same one.
bool has_same_metadata(const IndexRow& indexed, const Entry& source) {
    constexpr std::int64_t kTellsApartNs = 2'000'000'000;
    if (source.posix) return true;
    return source.identity.mtime_ns == indexed.source.mtime_ns &&
           indexed.unix_ns - source.identity.mtime_ns >= kTellsApartNs;
}

// Is the index's word good for extended attributes too?
bool vouches_for_xattrs(const IndexRow& indexed, const Entry& source, const PlanPolicy& policy) {
    if (!indexed.xattrs.covers(policy.xattrs)) return false;
    return !policy.xattrs.any() || has_same_metadata(indexed, source);
}

// Linking, or taking away a name, moves the ctime of all names: so what was linked still is. What could not
// be linked is not tried again before its bytes change.
bool vouches_for_hard_links(const IndexRow& indexed, const Entry& source, const PlanPolicy& policy) {
    bool matters =
        may_tell_hard_link(source, policy) || (policy.hard_links == HardLinkMode::Listed && source.hard_link);
    if (!matters || indexed.hard_links == HardLinks::Refused) return true;
    return indexed.hard_links == HardLinks::Kept && has_same_metadata(indexed, source);
}

// What is set on one name of a file is set on all of them. So a file with several names is changed in place
// only where the index knows that they are the source's; else one is made anew.
Plan beside_other_names(Plan plan, const Entry& source, const Entry& destination, const IndexRow* indexed,
                        const PlanPolicy& policy) {
    bool in_place = plan.action == PlanAction::Metadata || plan.action == PlanAction::Recheck;
    if (!are_linked(policy.hard_links) || !destination.hard_link || !in_place) return plan;
    bool same_names = source.hard_link && indexed && indexed->hard_links == HardLinks::Kept &&
                      same_generation(destination.identity, indexed->destination);
    return same_names ? plan : kCopy;
}

Plan compare_indexed(const Entry& source, const Entry& destination, const IndexRow& indexed,
                     const PlanPolicy& policy) {
    bool destination_same = same_generation(destination.identity, indexed.destination);
    if (destination_same && same_generation(source.identity, indexed.source)) {
        if (!vouches_for_xattrs(indexed, source, policy)) return kExamine;
        if (vouches_for_hard_links(indexed, source, policy)) return kUnchanged;
        return policy.hard_links == HardLinkMode::Listed ? kAdopted : kExamine;
    }
    if (!holds_bytes(source)) return compare_listed(source, destination, policy);
    // A generation that the store tells apart by ctime or inode alone: chmod, chown, a restored
    // backup, or an overwrite that put size and mtime back. Only the bytes can tell.
    bool only_inode_changed = source.posix && source.identity.size_bytes == indexed.source.size_bytes &&
                              source.identity.mtime_ns == indexed.source.mtime_ns;
    if (GODWIT_SABOTAGE(equal_mtime_is_equal) && only_inode_changed) return kUnchanged;
    if (destination_same && only_inode_changed && indexed.digest) return kRecheck;
    // Somebody may have brought over what is new.
    bool same_bytes = policy.tags_are_md5 && have_md5_tags(source, destination) &&
                      same_generation(source.identity, destination.identity);
    return same_bytes ? beyond_listings(kAdopted, source, policy) : kCopy;
}

bool reads_as_md5(std::string_view tag) {
    constexpr std::size_t kDigits = 32;
    constexpr std::string_view kHexadecimal = "0123456789abcdef";
    return tag.size() == kDigits && tag.find_first_not_of(kHexadecimal) == std::string_view::npos;
}

}  // namespace

bool have_md5_tags(const Entry& source, const Entry& destination) {
    return reads_as_md5(source.identity.tag) && reads_as_md5(destination.identity.tag);
}

bool same_generation(const Identity& a, const Identity& b) {
    return a.size_bytes == b.size_bytes && a.tag == b.tag;
}

std::int64_t effective_mtime_ns(const ObjectInfo& object) {
    if (object.metadata.posix) return object.metadata.posix->mtime_ns;
    return object.metadata.fallback_mtime_ns.value_or(object.entry.identity.mtime_ns);
}

Plan plan(const Entry* source, const Entry* destination, const IndexRow* indexed, const PlanPolicy& policy) {
    GODWIT_CHECK(source || destination, "a plan for nothing");
    if (!source) return {PlanAction::Delete, SkipReason::None};
    if (source->type == ObjectType::Special) return {PlanAction::Skip, SkipReason::Special};
    if (source->archived) return {PlanAction::Skip, SkipReason::Archived};
    if (!destination) return kCopy;
    if (policy.destination_hierarchical && kinds_exclude(source->type, destination->type)) return kConflict;
    if (holds_bytes(*source)) {
        if (!policy.overwrite) return {PlanAction::Skip, SkipReason::NotOverwritten};
        if (policy.transfer_all) return kCopy;
    }
    if (!policy.use_index) indexed = nullptr;
    Plan plan = indexed ? compare_indexed(*source, *destination, *indexed, policy)
                        : compare_listed(*source, *destination, policy);
    return beside_other_names(plan, *source, *destination, indexed, policy);
}

namespace {

Plan compare_examined(const ObjectInfo& source, const ObjectInfo& destination, const PlanPolicy& policy) {
    if (!holds_bytes(source.entry)) {
        return compare_directories(source.metadata.posix, destination.metadata.posix, policy);
    }
    if (source.entry.type != destination.entry.type) return kCopy;
    if (source.entry.identity.size_bytes != destination.entry.identity.size_bytes) return kCopy;
    if (policy.compare == CompareMode::Metadata) {
        return compare_by_mtime(effective_mtime_ns(source), effective_mtime_ns(destination),
                                source.metadata.posix, destination.metadata.posix, policy);
    }
    if (policy.compare == CompareMode::Size) return kAdopted;
    if (source.stored_digest && source.stored_digest == destination.stored_digest &&
        policy.compare == CompareMode::Checksum) {
        return kAdopted;
    }
    return kRecheck;
}

}  // namespace

Plan plan_examined(const ObjectInfo& source, const ObjectInfo& destination, const PlanPolicy& policy) {
    Plan plan = compare_examined(source, destination, policy);
    bool same_told = same_xattrs(source.metadata, destination.metadata, policy.xattrs) &&
                     (policy.hard_links != HardLinkMode::Carried ||
                      source.metadata.file_id == destination.metadata.file_id);
    if (plan == kAdopted && !same_told) plan = kMetadata;
    // Bytes that have to be compared first are: to copy each group of names that they ask about would be
    // dear.
    if (plan == kRecheck && source.entry.hard_link) return plan;
    return beside_other_names(plan, source.entry, destination.entry, nullptr, policy);
}

namespace {

constexpr EnumNames<PlanAction, 9> kActionNames{{{PlanAction::Copy, "copy"},
                                                 {PlanAction::Metadata, "metadata"},
                                                 {PlanAction::Skip, "skip"},
                                                 {PlanAction::Conflict, "conflict"},
                                                 {PlanAction::Unrepresentable, "unrepresentable"},
                                                 {PlanAction::Examine, "examine"},
                                                 {PlanAction::Recheck, "recheck"},
                                                 {PlanAction::Delete, "delete"},
                                                 {PlanAction::Missing, "missing"}}};

constexpr EnumNames<SkipReason, 9> kSkipNames{{{SkipReason::None, ""},
                                               {SkipReason::Unchanged, "unchanged"},
                                               {SkipReason::Adopted, "adopted"},
                                               {SkipReason::NotOverwritten, "not_overwritten"},
                                               {SkipReason::Archived, "archived"},
                                               {SkipReason::Special, "special"},
                                               {SkipReason::Newer, "newer"},
                                               {SkipReason::Drifted, "drifted"},
                                               {SkipReason::NotApproved, "not_approved"}}};

}  // namespace

std::string_view to_string(PlanAction action) {
    return name_of(kActionNames, action);
}
std::string_view to_string(SkipReason reason) {
    return name_of(kSkipNames, reason);
}
std::optional<PlanAction> plan_action_from(std::string_view name) {
    return value_of(kActionNames, name);
}
std::optional<SkipReason> skip_reason_from(std::string_view name) {
    return value_of(kSkipNames, name);
}

std::optional<CompareMode> compare_mode_from(std::string_view name) {
    if (name == "metadata" || name == "index") return CompareMode::Metadata;
    if (name == "size" || name == "index,size") return CompareMode::Size;
    if (name == "checksum") return CompareMode::Checksum;
    if (name == "bytes") return CompareMode::Bytes;
    return {};
}

}  // namespace godwit::model
