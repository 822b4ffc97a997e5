// plan(): what is to be done about one key, as a pure function of what is known of both sides.
//
// It decides from listings and the index alone. Where those cannot tell whether two objects are
// equal it says Examine: a transfer slot then asks the stores (HEAD, digest) and calls
// plan_examined() with what it learned.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/evidence.h"
#include "model/key.h"
#include "model/object.h"

namespace godwit::model {

// Stored in batches: never renumber.
enum class PlanAction : std::uint8_t {
    Copy = 1,             // bring over bytes and attributes
    Metadata = 2,         // bytes are equal: bring over attributes only
    Skip = 3,             // leave it, for the reason given
    Conflict = 4,         // an object of another kind is in the way
    Unrepresentable = 5,  // the destination cannot hold this key beside one that it gets already
    Examine = 6,          // ask the stores, then decide
    Recheck = 7,          // only ctime, inode or owner changed: read the source, compare with the digest kept
    Delete = 8,           // only the destination has it, and the run mirrors
    Missing = 9,          // a list asks for it, and the source does not have it
};
std::string_view to_string(PlanAction action);
std::optional<PlanAction> plan_action_from(std::string_view name);

// Why an object is left alone. Stored: never renumber.
enum class SkipReason : std::uint8_t {
    None = 0,
    Unchanged = 1,       // counted as UNCHANGED
    Adopted = 2,         // the same by the comparison asked for; entered into the index, UNCHANGED
    NotOverwritten = 3,  // --no-overwrite, and the destination has it
    Archived = 4,        // must be restored first
    Special = 5,         // FIFO, socket, device
    Newer = 6,           // only the destination has it, and may have got it while this run was listing
    Drifted = 7,         // an end, or the decision, is not what the approved plan saw
    NotApproved = 8,     // the approved plan says nothing of it
};
std::string_view to_string(SkipReason reason);
std::optional<SkipReason> skip_reason_from(std::string_view name);

struct Plan {
    PlanAction action = PlanAction::Skip;
    SkipReason reason = SkipReason::None;

    friend bool operator==(const Plan&, const Plan&) = default;
};

// How two present objects are compared where the index knows nothing of them.
enum class CompareMode : std::uint8_t {
    Metadata,  // size and mtime, and attributes where both sides tell them
    Size,      // size alone
    Checksum,  // digests that the stores keep, else digests of the bytes
    Bytes,     // the bytes of both
};
std::optional<CompareMode> compare_mode_from(std::string_view name);

// What becomes of names of one file.
enum class HardLinkMode : std::uint8_t {
    Apart,   // each is an object of its own
    Listed,  // the destination links them; the source's listing tells which they are
    Told,    // the destination links those that prove equal; the source's objects tell it of themselves alone
    Carried,  // each is an object of its own that tells which file it is a name of
};
constexpr bool are_linked(HardLinkMode mode) {
    return mode == HardLinkMode::Listed || mode == HardLinkMode::Told;
}
// What a row of the index says of an object that had no other names to be linked with.
constexpr HardLinks kept_by(HardLinkMode mode) {
    bool asked = mode == HardLinkMode::Told || mode == HardLinkMode::Carried;
    return asked ? HardLinks::Kept : HardLinks::NotKept;
}

struct PlanPolicy {
    CompareMode compare = CompareMode::Metadata;
    bool use_index = true;
    bool overwrite = true;      // false: never replace what is there (OverwriteMode NEVER)
    bool transfer_all = false;  // copy even what is equal (TransferMode ALL)
    // Attributes that are compared and brought over.
    bool preserve_owner = true;
    bool preserve_mode = true;
    bool preserve_mtime = true;
    // setuid and setgid. Off where the attributes came through an object store, which others may
    // write to (G70).
    bool preserve_set_id = false;
    // No listing tells them, so where an index does not vouch for them both stores are asked.
    XattrClasses xattrs = {};
    HardLinkMode hard_links = HardLinkMode::Apart;
    bool destination_hierarchical = false;
    // It was seen that tags of both stores that read as an MD5 are the one of the bytes.
    bool tags_are_md5 = false;
};

// What the index says of a key: the generations that were last proved, or adopted, to be equal.
struct IndexRow {
    Key key;
    Identity source;
    Identity destination;
    std::optional<Digest> digest;  // of the bytes; absent when adopted by metadata
    EvidenceLevel level = EvidenceLevel::None;
    std::string execution;     // the execution that proved it
    std::int64_t unix_ns = 0;  // when
    XattrClasses xattrs = {};  // those of these classes too
    HardLinks hard_links = HardLinks::NotKept;
};

// Equal size and equal tag. mtime is left out: a PUT does not return it, and every store's tag
// changes when its mtime does.
bool same_generation(const Identity& a, const Identity& b);

// Both have a tag that reads as an MD5: 32 hexadecimal digits in lower case.
bool have_md5_tags(const Entry& source, const Entry& destination);

Plan plan(const Entry* source, const Entry* destination, const IndexRow* indexed, const PlanPolicy& policy);

// The decision for Examine, with all that stat() tells of both sides.
Plan plan_examined(const ObjectInfo& source, const ObjectInfo& destination, const PlanPolicy& policy);

// mtime that a copy of `object` gets: its own, as we or another tool have kept it, else when the store took
// it in.
std::int64_t effective_mtime_ns(const ObjectInfo& object);

// One object of a batch: all that a transfer needs without listing again.
struct PlannedObject {
    Key key;
    PlanAction action = PlanAction::Copy;
    SkipReason reason = SkipReason::None;
    ObjectType type = ObjectType::File;
    Identity source;
    std::optional<Identity> destination;
    // What the index held, for Recheck.
    std::optional<Digest> known_digest;
    // Of the source's bytes, of an object that goes with others: as they were read, are known to the index,
    // or as the source says.
    std::optional<Digest> source_digest = {};
    // Where hard links are kept: the source's file, and how many names the destination's has if several.
    std::optional<HardLink> hard_link = {};
    std::uint32_t destination_names = 0;
    // Of one that is Missing: where the list asks for it, from 1.
    std::uint64_t list_line = 0;
    // How often this object was deferred before, in this execution.
    std::uint32_t deferrals = 0;
};

// Both generations are those that the index has, with all that was asked for.
inline bool is_unchanged(const PlannedObject& object) {
    return object.action == PlanAction::Skip && object.reason == SkipReason::Unchanged;
}

}  // namespace godwit::model
