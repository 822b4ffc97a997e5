// What the server holds: buckets, objects and their versions, multipart uploads. Plain data with
// the few rules that keep it whole; what a request may do to it is decided in `operations_*.cc`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "s3double/body.h"
#include "s3double/checksum.h"

namespace godwit::s3double {

using HeaderList = std::vector<std::pair<std::string, std::string>>;
using TagList = std::vector<std::pair<std::string, std::string>>;

// What is said about an object beside its bytes; set once, with the object.
struct Attributes {
    HeaderList headers;         // content-type and its kin, x-amz-meta-*, as they go into answers
    std::string storage_class;  // empty: STANDARD
    HeaderList encryption;      // x-amz-server-side-encryption*, echoed
    TagList tags;
};

struct PartRecord {
    std::uint64_t size_bytes = 0;
    std::optional<Digest> checksum;
};

struct ObjectVersion {
    std::string version_id;
    bool delete_marker = false;
    std::string etag;  // without quotes
    std::shared_ptr<const Body> body;
    // The bytes were let go; `body` is a pattern of the same size.
    bool discarded = false;
    std::optional<StoredChecksum> checksum;
    std::vector<PartRecord> parts;  // empty: no multipart upload
    Attributes attributes;
    std::int64_t modified_ns = 0;

    std::uint64_t size_bytes() const { return body ? body->size_bytes() : 0; }
};
using VersionPtr = std::shared_ptr<const ObjectVersion>;

struct ObjectHistory {
    std::vector<VersionPtr> versions;  // newest last, never empty

    // Null: a delete marker is on top.
    const ObjectVersion* current() const {
        return versions.back()->delete_marker ? nullptr : versions.back().get();
    }
};

struct UploadedPart {
    std::string etag;
    std::shared_ptr<const Body> body;
    bool discarded = false;
    std::optional<Digest> md5;
    std::optional<Digest> checksum;
    std::int64_t modified_ns = 0;
};

struct Upload {
    std::string id, key;
    Attributes attributes;
    std::optional<DigestAlgorithm> algorithm;
    bool full_object = false;
    std::map<int, UploadedPart> parts;
    std::int64_t started_ns = 0;
};

// One of two buckets of the same computed keys that differ here and there: what a sync of a hundred million
// objects has to find. A thousandth of the keys differs in each of the ways.
enum class PairSide : std::uint8_t { None, Source, Destination };
enum class PairKind : std::uint8_t { Same, OnlyAtSource, OnlyAtDestination, OtherSize, OtherBytes };
// How key number `index` differs.
PairKind pair_kind(std::uint64_t index);

// A bucket of `count` keys that are computed, not held: "d00000/f000000000.bin" and so on, `per_directory`
// in each directory, all of `size_bytes`, with the pattern as content. Read only.
struct Synthetic {
    std::uint64_t count = 0;
    std::uint64_t per_directory = 1000;
    std::uint64_t size_bytes = 4096;
    std::int64_t modified_ns = 1'700'000'000'000'000'000;
    // Of a pair the keys of OnlyAt the other side are missing, and ETags are MD5s, as S3 makes them.
    PairSide side = PairSide::None;
    bool differs = true;  // false: a pair without a difference

    std::string key(std::uint64_t index) const;
    std::string etag(std::uint64_t index) const;
    bool holds(std::uint64_t index) const;
    std::uint64_t size_of(std::uint64_t index) const;
    Body body(std::uint64_t index) const;
    // The index of the first key that is not below `key`; `count` when all are.
    std::uint64_t lower_bound(std::string_view key) const;
    std::optional<std::uint64_t> find(std::string_view key) const;
    VersionPtr version(std::uint64_t index) const;

    mutable std::map<std::uint64_t, VersionPtr> large_versions = {};  // a memo
    mutable std::vector<std::string> md5s = {};                       // another: by content, of both sizes

  private:
    PairKind kind(std::uint64_t index) const;
    // The number from which the content of a pair's object is made. There are few, so that their MD5s can
    // be remembered.
    std::uint64_t content_of(std::uint64_t index) const;
    VersionPtr make_version(std::uint64_t index) const;
};

struct Bucket {
    std::string name;
    std::string region;
    std::int64_t created_ns = 0;
    bool versioned = false;
    std::map<std::string, ObjectHistory, std::less<>> objects;
    std::map<std::string, Upload, std::less<>> uploads;  // by id
    std::optional<Synthetic> synthetic;

    // The newest version; null when there is none or it is a delete marker.
    VersionPtr current(std::string_view key) const;
    // `version_id` empty: the newest. Delete markers are found by their id.
    VersionPtr find(std::string_view key, std::string_view version_id) const;
};

class World {
  public:
    Bucket* find_bucket(std::string_view name);
    Bucket& make_bucket(std::string_view name, std::string_view region, std::int64_t now_ns);
    void remove_bucket(std::string_view name) { buckets_.erase(std::string(name)); }
    const std::map<std::string, Bucket, std::less<>>& buckets() const { return buckets_; }

    // Puts `version` on top; without versioning it takes the place of what was there.
    void put(Bucket& bucket, std::string_view key, std::shared_ptr<ObjectVersion> version);
    // Removes what is on top, or puts a delete marker there where the bucket has versions. Returns
    // the marker, if one was made.
    VersionPtr remove(Bucket& bucket, std::string_view key, std::int64_t now_ns);
    bool remove_version(Bucket& bucket, std::string_view key, std::string_view version_id);

    // Opaque, unique, and growing in byte order.
    std::string next_id(std::string_view prefix);

    // Keep the versions that unversioned buckets forget, so that rules can answer with stale ones.
    bool keep_history = false;

  private:
    std::map<std::string, Bucket, std::less<>> buckets_;
    std::uint64_t last_id_ = 0;
};

}  // namespace godwit::s3double
