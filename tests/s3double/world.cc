#include "s3double/world.h"

#include <fmt/format.h>

#include "s3double/http_request.h"

namespace godwit::s3double {

namespace {

// Of an unversioned bucket under `keep_history`.
constexpr std::size_t kHistoryMax = 4;
// From this size on, the digest of a computed object costs more than remembering it.
constexpr std::uint64_t kCachedBytesMin = 256u << 10;
// Of a pair of buckets, on each side.
constexpr std::uint64_t kContents = 4096;

}  // namespace

std::string Synthetic::key(std::uint64_t index) const {
    return fmt::format("d{:06}/f{:010}.bin", index / per_directory, index);
}

PairKind pair_kind(std::uint64_t index) {
    constexpr std::uint64_t kOneOf = 1000;
    // The finisher of SplitMix64.
    std::uint64_t mixed = index + 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    constexpr PairKind kKinds[] = {PairKind::OnlyAtSource, PairKind::OnlyAtDestination, PairKind::OtherSize,
                                   PairKind::OtherBytes};
    std::uint64_t drawn = mixed % kOneOf;
    return drawn < std::size(kKinds) ? kKinds[drawn] : PairKind::Same;
}

PairKind Synthetic::kind(std::uint64_t index) const {
    return side == PairSide::None || !differs ? PairKind::Same : pair_kind(index);
}

bool Synthetic::holds(std::uint64_t index) const {
    PairKind missing = side == PairSide::Source ? PairKind::OnlyAtDestination : PairKind::OnlyAtSource;
    return side == PairSide::None || kind(index) != missing;
}

std::uint64_t Synthetic::size_of(std::uint64_t index) const {
    bool longer = side == PairSide::Destination && kind(index) == PairKind::OtherSize;
    return size_bytes + (longer ? 1 : 0);
}

std::uint64_t Synthetic::content_of(std::uint64_t index) const {
    bool other = side == PairSide::Destination && kind(index) == PairKind::OtherBytes;
    return index % kContents + (other ? kContents : 0);
}

Body Synthetic::body(std::uint64_t index) const {
    std::uint64_t seed = side == PairSide::None ? index : content_of(index);
    return Body::pattern(seed + 1, size_of(index));
}

// Opaque where it is no pair: no client may take it for an MD5.
std::string Synthetic::etag(std::uint64_t index) const {
    if (side != PairSide::None) {
        md5s.resize(4 * kContents);
        std::uint64_t memo = content_of(index) + 2 * kContents * (size_of(index) - size_bytes);
        std::string& md5 = md5s[memo];
        if (md5.empty()) md5 = digest_of(DigestAlgorithm::Md5, body(index)).hex();
        return md5;
    }
    return fmt::format("{:016x}-s", (index + 1) * 0x9e3779b97f4a7c15u ^ size_bytes);
}

std::uint64_t Synthetic::lower_bound(std::string_view wanted) const {
    std::uint64_t low = 0, high = count;
    while (low < high) {
        std::uint64_t middle = low + (high - low) / 2;
        if (key(middle) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

std::optional<std::uint64_t> Synthetic::find(std::string_view wanted) const {
    // The number stands between "/f" and ".bin"; the rest is checked by writing the key again.
    std::size_t slash = wanted.find('/');
    if (slash == std::string_view::npos || wanted.size() < slash + 6) return std::nullopt;
    auto index = parse_number(wanted.substr(slash + 2, wanted.size() - slash - 6));
    if (!index || *index >= count || !holds(*index) || key(*index) != wanted) return std::nullopt;
    return index;
}

VersionPtr Synthetic::version(std::uint64_t index) const {
    if (size_bytes < kCachedBytesMin) return make_version(index);
    VersionPtr& cached = large_versions[index];
    if (!cached) cached = make_version(index);
    return cached;
}

VersionPtr Synthetic::make_version(std::uint64_t index) const {
    auto version = std::make_shared<ObjectVersion>();
    version->version_id = "null";
    version->body = std::make_shared<const Body>(body(index));
    version->etag = etag(index);
    version->checksum = StoredChecksum{digest_of(DigestAlgorithm::Crc64Nvme, *version->body), 0};
    version->attributes.headers.emplace_back("Content-Type", "application/octet-stream");
    version->modified_ns = modified_ns;
    return version;
}

VersionPtr Bucket::current(std::string_view key) const {
    if (synthetic) {
        auto index = synthetic->find(key);
        return index ? synthetic->version(*index) : nullptr;
    }
    auto found = objects.find(key);
    if (found == objects.end() || !found->second.current()) return nullptr;
    return found->second.versions.back();
}

VersionPtr Bucket::find(std::string_view key, std::string_view version_id) const {
    if (version_id.empty()) return current(key);
    if (synthetic) return version_id == "null" ? current(key) : nullptr;
    auto found = objects.find(key);
    if (found == objects.end()) return nullptr;
    for (const VersionPtr& version : found->second.versions)
        if (version->version_id == version_id) return version;
    return nullptr;
}

Bucket* World::find_bucket(std::string_view name) {
    auto found = buckets_.find(name);
    return found == buckets_.end() ? nullptr : &found->second;
}

Bucket& World::make_bucket(std::string_view name, std::string_view region, std::int64_t now_ns) {
    Bucket& bucket = buckets_[std::string(name)];
    bucket.name = name;
    bucket.region = region;
    bucket.created_ns = now_ns;
    return bucket;
}

void World::put(Bucket& bucket, std::string_view key, std::shared_ptr<ObjectVersion> version) {
    version->version_id = bucket.versioned ? next_id("v") : "null";
    auto found = bucket.objects.find(key);
    if (found == bucket.objects.end())
        found = bucket.objects.emplace(std::string(key), ObjectHistory()).first;
    auto& versions = found->second.versions;
    if (!bucket.versioned && !keep_history) versions.clear();
    if (!bucket.versioned && versions.size() >= kHistoryMax) versions.erase(versions.begin());
    versions.push_back(std::move(version));
}

VersionPtr World::remove(Bucket& bucket, std::string_view key, std::int64_t now_ns) {
    auto found = bucket.objects.find(key);
    if (!bucket.versioned && !keep_history) {
        if (found != bucket.objects.end()) bucket.objects.erase(found);
        return nullptr;
    }
    if (!bucket.versioned && (found == bucket.objects.end() || !found->second.current())) return nullptr;
    auto marker = std::make_shared<ObjectVersion>();
    marker->delete_marker = true;
    marker->modified_ns = now_ns;
    put(bucket, key, marker);
    return bucket.versioned ? marker : nullptr;
}

bool World::remove_version(Bucket& bucket, std::string_view key, std::string_view version_id) {
    auto found = bucket.objects.find(key);
    if (found == bucket.objects.end()) return false;
    auto& versions = found->second.versions;
    bool removed =
        std::erase_if(versions, [&](const VersionPtr& v) { return v->version_id == version_id; }) > 0;
    if (versions.empty()) bucket.objects.erase(found);
    return removed;
}

std::string World::next_id(std::string_view prefix) {
    return fmt::format("{}{:016x}", prefix, ++last_id_);
}

}  // namespace godwit::s3double
