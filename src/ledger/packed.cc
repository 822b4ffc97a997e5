#include "ledger/packed.h"

#include "base/encoding.h"

namespace godwit::ledger {

void Packer::number(std::uint64_t value) {
    while (value >= 0x80) {
        byte(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    byte(static_cast<std::uint8_t>(value));
}

void Packer::signed_number(std::int64_t value) {
    auto bits = static_cast<std::uint64_t>(value);
    number((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void Packer::bytes(std::string_view value) {
    number(value.size());
    bytes_ += value;
}

void Packer::identity(const model::Identity& value) {
    number(value.size_bytes);
    signed_number(value.mtime_ns);
    bytes(value.tag);
}

void Packer::digest(const Digest& value) {
    byte(static_cast<std::uint8_t>(value.algorithm()));
    for (std::byte part : value.bytes()) byte(std::to_integer<std::uint8_t>(part));
}

std::optional<std::uint8_t> Unpacker::byte() {
    if (failed_ || rest_.empty()) return refuse();
    auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
}

std::optional<std::uint64_t> Unpacker::number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        std::optional<std::uint8_t> part = byte();
        if (!part) return std::nullopt;
        // The tenth byte holds the last bit.
        if (shift == 63 && *part > 1) return refuse();
        // No packer ends in a byte that adds nothing.
        if (shift > 0 && *part == 0) return refuse();
        value |= static_cast<std::uint64_t>(*part & 0x7f) << shift;
        if (*part < 0x80) return value;
    }
    return refuse();
}

std::optional<std::int64_t> Unpacker::signed_number() {
    std::optional<std::uint64_t> folded = number();
    if (!folded) return std::nullopt;
    return static_cast<std::int64_t>((*folded >> 1) ^ (*folded & 1 ? ~std::uint64_t{0} : 0));
}

std::optional<std::string_view> Unpacker::bytes(std::size_t size_max) {
    std::optional<std::uint64_t> size = number();
    if (!size || *size > size_max) return refuse();
    return raw(static_cast<std::size_t>(*size));
}

std::optional<std::string_view> Unpacker::raw(std::size_t size) {
    if (failed_ || size > rest_.size()) return refuse();
    std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
}

std::optional<model::Identity> Unpacker::identity() {
    std::optional<std::uint64_t> size = number();
    std::optional<std::int64_t> mtime = signed_number();
    std::optional<std::string_view> tag = bytes(kTagBytesMax);
    if (!size || !mtime || !tag) return std::nullopt;
    return model::Identity{.size_bytes = *size, .mtime_ns = *mtime, .tag = std::string(*tag)};
}

std::optional<Digest> Unpacker::digest() {
    std::optional<std::uint8_t> algorithm = byte();
    if (!algorithm || *algorithm < static_cast<std::uint8_t>(DigestAlgorithm::Crc64Nvme) ||
        *algorithm > static_cast<std::uint8_t>(DigestAlgorithm::Sha1))
        return refuse();
    auto known = static_cast<DigestAlgorithm>(*algorithm);
    std::optional<std::string_view> value = raw(digest_size_bytes(known));
    if (!value) return std::nullopt;
    return Digest(known, bytes_of(*value));
}

std::string pack(const model::Identity& identity) {
    Packer packer;
    packer.identity(identity);
    return packer.take();
}

std::optional<model::Identity> unpack_identity(std::string_view packed) {
    Unpacker unpacker(packed);
    std::optional<model::Identity> identity = unpacker.identity();
    return unpacker.is_finished() ? identity : std::nullopt;
}

namespace {

constexpr std::uint8_t kHasSourceDigest = 1, kHasDestinationDigest = 2, kDigestsEqual = 4, kHasXattrs = 8,
                       kHasHardLinks = 16;

std::uint8_t digest_flags(const model::Evidence& evidence) {
    std::uint8_t flags = evidence.source_digest ? kHasSourceDigest : 0;
    if (!evidence.destination_digest) return flags;
    bool equal = evidence.source_digest == evidence.destination_digest;
    return static_cast<std::uint8_t>(flags | (equal ? kDigestsEqual : kHasDestinationDigest));
}

std::uint8_t flags_of(const model::Evidence& evidence) {
    bool hard_links = evidence.hard_links != model::HardLinks::NotKept;
    return static_cast<std::uint8_t>(digest_flags(evidence) | (evidence.xattrs.any() ? kHasXattrs : 0) |
                                     (hard_links ? kHasHardLinks : 0));
}

// digest_flags() has no others.
bool are_digest_flags(int flags) {
    bool equal = flags & kDigestsEqual, source = flags & kHasSourceDigest,
         destination = flags & kHasDestinationDigest;
    return flags <= 7 && !(equal && (!source || destination));
}

}  // namespace

std::string pack(const model::Evidence& evidence) {
    constexpr std::size_t kFixedBytesMax = 2 * 24 + 2 * (1 + Digest::kSizeBytesMax);
    Packer packer;
    packer.reserve(kFixedBytesMax + evidence.source.tag.size() + evidence.destination.tag.size());
    std::uint8_t flags = flags_of(evidence);
    packer.byte(flags);
    packer.identity(evidence.source);
    packer.identity(evidence.destination);
    if (flags & kHasSourceDigest) packer.digest(*evidence.source_digest);
    if (flags & kHasDestinationDigest) packer.digest(*evidence.destination_digest);
    if (flags & kHasXattrs) packer.byte(evidence.xattrs.bits());
    if (flags & kHasHardLinks) packer.byte(static_cast<std::uint8_t>(evidence.hard_links));
    return packer.take();
}

std::optional<model::Evidence> unpack_evidence(std::string_view packed, model::EvidenceLevel level) {
    Unpacker unpacker(packed);
    std::optional<std::uint8_t> flags = unpacker.byte();
    std::optional<model::Identity> source = unpacker.identity();
    std::optional<model::Identity> destination = unpacker.identity();
    if (!flags || !are_digest_flags(*flags & ~(kHasXattrs | kHasHardLinks)) || !source || !destination)
        return std::nullopt;
    model::Evidence evidence;
    evidence.level = level;
    evidence.source = *std::move(source);
    evidence.destination = *std::move(destination);
    if (*flags & kHasSourceDigest) evidence.source_digest = unpacker.digest();
    if (*flags & kHasDestinationDigest) evidence.destination_digest = unpacker.digest();
    if (*flags & kDigestsEqual) evidence.destination_digest = evidence.source_digest;
    if (*flags & kHasXattrs) {
        evidence.xattrs =
            model::XattrClasses::from_bits(unpacker.byte().value_or(0)).value_or(model::XattrClasses());
    }
    if (*flags & kHasHardLinks) {
        std::uint8_t word = unpacker.byte().value_or(0);
        if (word > static_cast<std::uint8_t>(model::HardLinks::Refused)) return std::nullopt;
        evidence.hard_links = static_cast<model::HardLinks>(word);
    }
    if (flags_of(evidence) != *flags) return std::nullopt;
    return unpacker.is_finished() ? std::optional(std::move(evidence)) : std::nullopt;
}

}  // namespace godwit::ledger
