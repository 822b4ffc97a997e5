// Copies inside the server: CopyObject, and UploadPartCopy beyond its 5 GiB.
//
// Not every server knows x-amz-copy-source-if-match, so a copy whose ETag is not the source's is
// believed only after the source was looked at again.
#pragma once

#include "s3/store_evidence.h"

namespace godwit::s3 {

struct CopyJob {
    // The source's side.
    Bucket source_bucket;
    std::string source_key;
    model::Identity source;
    // The destination's.
    std::string key;
    const store::PutRequest* put = nullptr;
    // Null: the source's metadata stays with it.
    const model::Metadata* metadata = nullptr;
    // Instead of the destination's option; empty: that.
    std::string storage_class;
    // Larger objects go in parts.
    std::uint64_t one_piece_bytes_max = 5ull << 30;
    // Of parts that pass through nobody's memory.
    std::uint64_t part_step_bytes = 512u << 20;
    // The object takes its own place, for new metadata: there is no source to look at afterwards.
    bool onto_itself = false;
};

// All that the source of `job` carries, tags included. Fails with Changed when it is no longer there.
Task<Result<model::Metadata>> source_metadata(Context& context, const CopyJob& job);

// Level ServerCopy for a copy with the source's own ETag, or whose source was looked at again and is the same
// (fails with Changed where it is not, and with Corrupt where it keeps another checksum); Attested when that
// look told the new object's checksum, which the store was seen to check; ReadBack when the request demands
// it: then both ends are read.
Task<Result<store::Receipt>> copy_inside(Context& context, const Bucket& bucket, const WritePolicy& policy,
                                         const CopyJob& job);

}  // namespace godwit::s3
