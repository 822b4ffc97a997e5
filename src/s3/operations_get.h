// GetObject: bytes of one pinned generation, straight into the caller's memory, with their digest
// computed as they arrive.
//
// Every answer is held to what was asked: ETag and version are the pinned ones, the length is the
// object's, a range is the range (E50). Stores that do not know If-Match are caught by the same comparison.
#pragma once

#include "base/buffer.h"
#include "s3/operations.h"

namespace godwit::s3 {

struct GetObject {
    std::string key;
    // The generation; empty where the store has no ETags.
    std::string etag;
    // The version, where the bucket keeps them: equal bytes put again have the same ETag, not the same
    // version. Empty: any.
    std::string version_id;
    std::uint64_t object_bytes = 0;
    DigestAlgorithm digest = DigestAlgorithm::Crc64Nvme;
};

struct WholeObject {
    ObjectHead head;
    Buffer bytes;
    std::optional<Digest> digest;
};

// The whole object in one request. Where the store tells a checksum of the whole, it is compared.
// Kinds: NotFound, Changed (another generation or length), Corrupt (bytes and checksum differ).
Task<Result<WholeObject>> get_whole(Context& context, const Bucket& bucket, const GetObject& get);

// Fills `out` from `offset_bytes`; the range must lie in the object. Kinds as above, and Unsupported
// when the store ignores ranges.
Task<Result<Digest>> get_range(Context& context, const Bucket& bucket, const GetObject& get,
                               std::uint64_t offset_bytes, std::span<std::byte> out);

// The digest of a range, without keeping its bytes: for reading back.
Task<Result<Digest>> get_range_digest(Context& context, const Bucket& bucket, const GetObject& get,
                                      std::uint64_t offset_bytes, std::uint64_t size_bytes);

}  // namespace godwit::s3
