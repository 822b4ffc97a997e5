// S3's operations on multipart uploads, typed, and the arithmetic of parts.
// Source: Amazon S3 API Reference; Amazon S3 User Guide, "Amazon S3 multipart upload limits".
#pragma once

#include <vector>

#include "s3/operations.h"

namespace godwit::s3 {

inline constexpr int kPartsMax = 10'000;
inline constexpr std::uint64_t kPartBytesMax = 5ull << 30;
inline constexpr std::uint64_t kObjectBytesMax = kPartsMax * kPartBytesMax;

// The least multiple of `step_bytes` (at least 5 MiB) that cuts `object_bytes` into at most 10,000 parts.
std::uint64_t part_bytes_for(std::uint64_t object_bytes, std::uint64_t step_bytes);
// How many parts that makes; an empty object has one.
int part_count(std::uint64_t object_bytes, std::uint64_t part_bytes);

struct UploadId {
    std::string key;
    std::string id;
};

// Begins an upload; `checksum` is what its parts will carry. Fails with Unsupported, leaving none behind,
// when the server does not say that it will encrypt as the options ask: some keep such objects in clear
// without a word. Every first write begins with the probe's upload, so that nothing goes before this.
Task<Result<UploadId>> create_upload(Context& context, const Bucket& bucket, const std::string& key,
                                     const model::Metadata* metadata,
                                     std::optional<DigestAlgorithm> checksum);

struct PutPart {
    const UploadId* upload = nullptr;
    int number = 0;  // from 1
    std::span<const std::byte> bytes;
    // Instead of `bytes`, as in Request.
    net::BodySource* streamed = nullptr;
    std::string streamed_sha256 = {};
    BodyChecks checks;
};
Task<Result<Stored>> upload_part(Context& context, const Bucket& bucket, const PutPart& part);

struct CopyPart {
    const UploadId* upload = nullptr;
    int number = 0;
    const Bucket* source_bucket = nullptr;
    std::string source_key;
    std::string source_etag;
    std::uint64_t offset_bytes = 0, size_bytes = 0;
};
Task<Result<StoredResult>> copy_part(Context& context, const Bucket& bucket, const CopyPart& part);

struct CompleteUpload {
    const UploadId* upload = nullptr;
    std::span<const CompletedPart> parts;
    Condition condition;
    // Of the whole object, for a store that compares it before it publishes (CRCs only).
    std::optional<Digest> checksum;
};
// Success only on the right body (E44). After a lost answer NoSuchUpload may mean success: the caller
// looks at the object (E45).
Task<Result<StoredResult>> complete_upload(Context& context, const Bucket& bucket,
                                           const CompleteUpload& complete);

// Success also when there is no such upload.
Task<Result<void>> abort_upload(Context& context, const Bucket& bucket, const UploadId& upload);

// All parts that the store has, by ascending number. Fails with NotFound when the upload is gone and
// with Corrupt when the pages do not go forward.
Task<Result<std::vector<UploadedPart>>> list_parts(Context& context, const Bucket& bucket,
                                                   const UploadId& upload);

struct PendingUploads {
    std::vector<PendingUpload> uploads;
    // How far the server's clock is ahead of ours, to the second; negative when it is behind.
    Duration server_ahead{};
};
// The unfinished uploads of exactly `key`. Fails with Corrupt after a thousand pages or ten thousand of
// them.
Task<Result<PendingUploads>> list_uploads(Context& context, const Bucket& bucket, const std::string& key);

// Aborts the uploads of exactly `key` that were begun since then, by our clock, but for `kept_id`.
Task<Result<void>> abort_uploads_since(Context& context, const Bucket& bucket, const std::string& key,
                                       std::int64_t since_unix_ns, const std::string& kept_id);

}  // namespace godwit::s3
