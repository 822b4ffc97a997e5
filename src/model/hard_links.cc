#include "model/hard_links.h"

#include <span>
#include <string>

#include "base/digest.h"

namespace godwit::model {
namespace {

// Numbers and texts after one another, so that no two lists of them give the same bytes.
class Fingerprint {
  public:
    void number(std::uint64_t value) {
        for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(value >> shift);
    }
    void text(std::string_view value) {
        number(value.size());
        bytes_ += value;
    }
    Digest digest() const { return digest_of(DigestAlgorithm::Sha256, std::as_bytes(std::span(bytes_))); }

  private:
    std::string bytes_;
};

// The `index`-th eight bytes of a digest.
std::uint64_t word(const Digest& digest, std::size_t index) {
    std::uint64_t value = 0;
    for (std::byte byte : digest.bytes().subspan(8 * index, 8))
        value = value << 8 | static_cast<std::uint64_t>(byte);
    return value;
}

}  // namespace

FileId file_id(std::string_view place, const HardLink& file) {
    Fingerprint fingerprint;
    fingerprint.text(place);
    fingerprint.number(file.device);
    return {.device = word(fingerprint.digest(), 0), .inode = file.inode};
}

std::optional<HardLink> told_hard_link(const ObjectInfo& object) {
    const Metadata& metadata = object.metadata;
    bool is_told = object.entry.type == ObjectType::File && metadata.file_id && metadata.posix;
    if (!is_told || metadata.xattrs_malformed) return std::nullopt;
    Fingerprint fingerprint;
    fingerprint.number(metadata.file_id->device);
    fingerprint.number(metadata.file_id->inode);
    fingerprint.number(object.entry.identity.size_bytes);
    fingerprint.number(metadata.posix->mode);
    fingerprint.number(metadata.posix->uid);
    fingerprint.number(metadata.posix->gid);
    fingerprint.number(static_cast<std::uint64_t>(metadata.posix->mtime_ns));
    for (const auto& [name, value] : metadata.xattrs) {
        fingerprint.text(name);
        fingerprint.text(value);
    }
    Digest digest = fingerprint.digest();
    return HardLink{.device = word(digest, 0), .inode = word(digest, 1)};
}

}  // namespace godwit::model
