// S3Sink: one large object as a multipart upload.
//
// Parts are proved one by one as they go (the store's own checksum, or the MD5 in their ETags); their
// digests are put together and compared with the source's before Complete, so that a wrong set of
// parts never gets the name; and Complete carries the digest of the whole where the store compares
// it. A Complete whose answer is lost is settled by looking at the object (E45, I11).
#pragma once

#include <memory>

#include "s3/sink_checkpoint.h"
#include "s3/store_evidence.h"

namespace godwit::s3 {

struct SinkOptions {
    // Part sizes are multiples of it.
    std::uint64_t part_step_bytes = 8u << 20;
};

// Begins an upload of `request` under the whole key `key`. `policy` outlives the sink.
Task<Result<std::unique_ptr<store::Sink>>> begin_sink(Context& context, const Bucket& bucket,
                                                      const WritePolicy& policy, const SinkOptions& options,
                                                      const store::PutRequest& request,
                                                      const std::string& key);

// Goes on with the upload of a checkpoint. Fails with NotFound when the upload is gone, is another
// object's, or cannot be gone on with by this version and policy.
Task<Result<std::unique_ptr<store::Sink>>> resume_sink(Context& context, const Bucket& bucket,
                                                       const WritePolicy& policy,
                                                       const store::PutRequest& request,
                                                       const std::string& key, const std::string& checkpoint);

// Aborts the upload of `checkpoint`; without one, every unfinished upload of exactly `key` that was
// begun at or after `intent_unix_ns` (by the server's clock, whose difference to ours is taken out).
Task<Result<void>> discard_uploads(Context& context, const Bucket& bucket, const std::string& key,
                                   const std::string& checkpoint, std::int64_t intent_unix_ns);

}  // namespace godwit::s3
