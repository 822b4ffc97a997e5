#include "s3/checksum_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace godwit::s3 {

namespace {

struct Names {
    DigestAlgorithm algorithm;
    std::string_view header;
    std::string_view element;
    std::string_view name;
};

// Strongest whole-object proof first: the order in which an answer is searched.
constexpr std::array<Names, 5> kNames{{
    {DigestAlgorithm::Crc64Nvme, "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", "CRC64NVME"},
    {DigestAlgorithm::Sha256, "x-amz-checksum-sha256", "ChecksumSHA256", "SHA256"},
    {DigestAlgorithm::Crc32c, "x-amz-checksum-crc32c", "ChecksumCRC32C", "CRC32C"},
    {DigestAlgorithm::Sha1, "x-amz-checksum-sha1", "ChecksumSHA1", "SHA1"},
    {DigestAlgorithm::Crc32, "x-amz-checksum-crc32", "ChecksumCRC32", "CRC32"},
}};

const Names* find_names(DigestAlgorithm algorithm) {
    auto found = std::ranges::find(kNames, algorithm, &Names::algorithm);
    return found == kNames.end() ? nullptr : &*found;
}

std::string_view find_header(const std::vector<net::HttpHeader>& headers, std::string_view name) {
    auto found = std::ranges::find(headers, name, &net::HttpHeader::name);
    return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

// The digest of the digests of `parts`, one after the other.
Digest digest_of_digests(std::span<const Digest> parts) {
    GODWIT_CHECK(!parts.empty(), "a composite of no parts");
    Hasher hasher(parts.front().algorithm());
    for (const Digest& part : parts) {
        GODWIT_CHECK(part.algorithm() == parts.front().algorithm(), "mixed algorithms");
        hasher.update(part.bytes());
    }
    return hasher.digest();
}

}  // namespace

std::string_view checksum_header(DigestAlgorithm algorithm) {
    const Names* names = find_names(algorithm);
    return names ? names->header : std::string_view();
}

std::string_view checksum_element(DigestAlgorithm algorithm) {
    const Names* names = find_names(algorithm);
    return names ? names->element : std::string_view();
}

std::string_view checksum_algorithm_name(DigestAlgorithm algorithm) {
    const Names* names = find_names(algorithm);
    return names ? names->name : std::string_view();
}

std::optional<DigestAlgorithm> checksum_algorithm_from(std::string_view name) {
    auto found = std::ranges::find(kNames, name, &Names::name);
    if (found == kNames.end()) return std::nullopt;
    return found->algorithm;
}

std::string_view multipart_checksum_type(DigestAlgorithm algorithm) {
    return digests_combine(algorithm) ? "FULL_OBJECT" : "COMPOSITE";
}

std::optional<Digest> stored_digest(const std::vector<net::HttpHeader>& headers, DigestAlgorithm wanted) {
    if (find_header(headers, "x-amz-checksum-type") == "COMPOSITE") return std::nullopt;
    // "base64-N" is no base64, so a composite without a type falls through as well.
    if (auto digest = Digest::from_base64(wanted, find_header(headers, checksum_header(wanted))))
        return digest;
    for (const Names& names : kNames) {
        if (auto digest = Digest::from_base64(names.algorithm, find_header(headers, names.header)))
            return digest;
    }
    return std::nullopt;
}

std::string composite_checksum(std::span<const Digest> parts) {
    return fmt::format("{}-{}", digest_of_digests(parts).base64(), parts.size());
}

bool etag_equals(std::string_view etag, const Digest& md5) {
    GODWIT_CHECK(md5.algorithm() == DigestAlgorithm::Md5, "an ETag is compared with an MD5");
    return Digest::from_hex(DigestAlgorithm::Md5, etag) == md5;
}

std::string multipart_etag(std::span<const Digest> part_md5s) {
    return fmt::format("{}-{}", digest_of_digests(part_md5s).hex(), part_md5s.size());
}

std::string_view unquote_etag(std::string_view value) {
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
        return value.substr(1, value.size() - 2);
    return value;
}

}  // namespace godwit::s3
