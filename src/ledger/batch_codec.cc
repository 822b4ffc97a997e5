#include "ledger/batch_codec.h"

#include <algorithm>

#include "base/check.h"
#include "ledger/packed.h"

namespace godwit::ledger {
namespace {

using model::ObjectType;
using model::PlanAction;
using model::PlannedObject;
using model::SkipReason;

constexpr std::uint8_t kFormatVersion = 1;
constexpr std::uint8_t kHasDestination = 1, kHasDigest = 2, kHasHardLink = 4, kHasSourceDigest = 8,
                       kHasListLine = 16, kAllFlags = 31;

std::size_t shared_prefix(std::string_view a, std::string_view b) {
    auto [end, ignored] = std::ranges::mismatch(a, b);
    return static_cast<std::size_t>(end - a.begin());
}

void encode(Packer& packer, const PlannedObject& object, const std::string& key_before) {
    packer.byte(static_cast<std::uint8_t>(
        (object.destination ? kHasDestination : 0) | (object.known_digest ? kHasDigest : 0) |
        (object.hard_link ? kHasHardLink : 0) | (object.source_digest ? kHasSourceDigest : 0) |
        (object.list_line > 0 ? kHasListLine : 0)));
    packer.byte(static_cast<std::uint8_t>(object.action));
    packer.byte(static_cast<std::uint8_t>(object.reason));
    packer.byte(static_cast<std::uint8_t>(object.type));
    std::size_t shared = shared_prefix(key_before, object.key.bytes());
    packer.number(shared);
    packer.bytes(std::string_view(object.key.bytes()).substr(shared));
    packer.identity(object.source);
    if (object.destination) packer.identity(*object.destination);
    if (object.known_digest) packer.digest(*object.known_digest);
    if (object.source_digest) packer.digest(*object.source_digest);
    if (object.hard_link) {
        packer.number(object.hard_link->device);
        packer.number(object.hard_link->inode);
        packer.number(object.hard_link->names);
        packer.number(object.destination_names);
    }
    if (object.list_line > 0) packer.number(object.list_line);
    packer.number(object.deferrals);
}

// Absent for what does not fit into 32 bits.
std::optional<std::uint32_t> small_number(Unpacker& unpacker) {
    std::optional<std::uint64_t> number = unpacker.number();
    if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return {};
    return static_cast<std::uint32_t>(*number);
}

bool decode_hard_link(Unpacker& unpacker, PlannedObject& object) {
    std::optional<std::uint64_t> device = unpacker.number(), inode = unpacker.number();
    std::optional<std::uint32_t> names = small_number(unpacker), there = small_number(unpacker);
    if (!device || !inode || !names || !there) return false;
    object.hard_link = model::HardLink{.device = *device, .inode = *inode, .names = *names};
    object.destination_names = *there;
    return true;
}

// Absent unless first <= value <= last.
template <class E>
std::optional<E> enumerator(std::optional<std::uint8_t> value, E first, E last) {
    if (!value || *value < static_cast<std::uint8_t>(first) || *value > static_cast<std::uint8_t>(last))
        return {};
    return static_cast<E>(*value);
}

std::optional<std::string> decode_key(Unpacker& unpacker, const std::string& key_before) {
    std::optional<std::uint64_t> shared = unpacker.number();
    std::optional<std::string_view> rest = unpacker.bytes(kKeyBytesMax);
    if (!shared || !rest || *shared > key_before.size()) return {};
    // All that is shared was told as shared.
    if (*shared < key_before.size() && rest->starts_with(key_before[*shared])) return {};
    std::string key = key_before.substr(0, static_cast<std::size_t>(*shared));
    key += *rest;
    if (key.empty() || key.size() > kKeyBytesMax) return {};
    return key;
}

std::optional<PlannedObject> decode(Unpacker& unpacker, const std::string& key_before) {
    std::optional<std::uint8_t> flags = unpacker.byte();
    auto action = enumerator(unpacker.byte(), PlanAction::Copy, PlanAction::Missing);
    auto reason = enumerator(unpacker.byte(), SkipReason::None, SkipReason::NotApproved);
    auto type = enumerator(unpacker.byte(), ObjectType::File, ObjectType::Special);
    if (!flags || *flags > kAllFlags || !action || !reason || !type) return {};
    std::optional<std::string> key = decode_key(unpacker, key_before);
    std::optional<model::Identity> source = unpacker.identity();
    if (!key || !source) return {};
    PlannedObject object;
    object.key = model::Key(*std::move(key));
    object.action = *action;
    object.reason = *reason;
    object.type = *type;
    object.source = *std::move(source);
    if (*flags & kHasDestination) {
        object.destination = unpacker.identity();
        if (!object.destination) return {};
    }
    if (*flags & kHasDigest) {
        object.known_digest = unpacker.digest();
        if (!object.known_digest) return {};
    }
    if (*flags & kHasSourceDigest) {
        object.source_digest = unpacker.digest();
        if (!object.source_digest) return {};
    }
    if ((*flags & kHasHardLink) && !decode_hard_link(unpacker, object)) return {};
    if (*flags & kHasListLine) {
        std::optional<std::uint64_t> line = unpacker.number();
        if (!line || *line == 0) return {};
        object.list_line = *line;
    }
    std::optional<std::uint32_t> deferrals = small_number(unpacker);
    if (!deferrals) return {};
    object.deferrals = *deferrals;
    return object;
}

}  // namespace

std::string encode_batch(std::span<const PlannedObject> objects) {
    GODWIT_CHECK(objects.size() <= kBatchObjectsMax, "{} objects in one batch", objects.size());
    Packer packer;
    packer.byte(kFormatVersion);
    packer.number(objects.size());
    const std::string none;
    const std::string* key_before = &none;
    for (const PlannedObject& object : objects) {
        encode(packer, object, *key_before);
        key_before = &object.key.bytes();
    }
    return packer.take();
}

Result<std::vector<PlannedObject>> decode_batch(std::string_view encoded, const std::string& subject) {
    auto corrupt = [&](std::string cause) {
        return Error(ErrorKind::Corrupt, "read", subject, std::move(cause));
    };
    Unpacker unpacker(encoded);
    std::optional<std::uint8_t> version = unpacker.byte();
    if (version != kFormatVersion) return corrupt("it is not in format 1");
    std::optional<std::uint64_t> count = unpacker.number();
    if (!count || *count > kBatchObjectsMax) return corrupt("its count of objects cannot be true");
    std::vector<PlannedObject> objects;
    std::string key_before;
    for (std::uint64_t i = 0; i < *count; ++i) {
        std::optional<PlannedObject> object = decode(unpacker, key_before);
        if (!object) return corrupt("object " + std::to_string(i) + " cannot be read");
        key_before = object->key.bytes();
        objects.push_back(*std::move(object));
    }
    if (!unpacker.is_finished()) return corrupt("bytes follow the last object");
    return objects;
}

}  // namespace godwit::ledger
