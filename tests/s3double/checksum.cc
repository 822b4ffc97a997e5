#include "s3double/checksum.h"

#include <fmt/format.h>
#include <strings.h>

#include <array>

#include "base/check.h"

namespace godwit::s3double {

namespace {

constexpr std::array<ChecksumName, 5> kNames{{
    {DigestAlgorithm::Crc64Nvme, "CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", true, false},
    {DigestAlgorithm::Crc32, "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", false, false},
    {DigestAlgorithm::Crc32c, "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", false, false},
    {DigestAlgorithm::Sha1, "SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", false, true},
    {DigestAlgorithm::Sha256, "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", false, true},
}};

bool equal_in_any_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::span<const ChecksumName> checksum_names() {
    return kNames;
}

const ChecksumName& checksum_name(DigestAlgorithm algorithm) {
    for (const ChecksumName& name : kNames)
        if (name.algorithm == algorithm) return name;
    check_failed(__FILE__, __LINE__, "algorithm is an S3 checksum", std::string(to_string(algorithm)));
}

std::optional<DigestAlgorithm> checksum_from_wire(std::string_view wire) {
    for (const ChecksumName& name : kNames)
        if (equal_in_any_case(name.wire, wire)) return name.algorithm;
    return std::nullopt;
}

std::string StoredChecksum::text() const {
    if (composite_parts == 0) return digest.base64();
    return fmt::format("{}-{}", digest.base64(), composite_parts);
}

void DigestSet::want(DigestAlgorithm algorithm) {
    for (const Wanted& wanted : wanted_)
        if (wanted.algorithm == algorithm) return;
    wanted_.push_back({algorithm, std::nullopt, std::nullopt});
}

void DigestSet::update(std::span<const std::byte> bytes, bool last) {
    for (Wanted& wanted : wanted_) {
        if (!wanted.running && last) {
            wanted.finished = digest_of(wanted.algorithm, bytes);
            continue;
        }
        if (!wanted.running) wanted.running.emplace(wanted.algorithm);
        wanted.running->update(bytes);
    }
}

std::optional<Digest> DigestSet::digest(DigestAlgorithm algorithm) const {
    for (const Wanted& wanted : wanted_) {
        if (wanted.algorithm != algorithm) continue;
        if (wanted.finished) return wanted.finished;
        if (wanted.running) return wanted.running->digest();
        return digest_of(algorithm, {});
    }
    return std::nullopt;
}

}  // namespace godwit::s3double
