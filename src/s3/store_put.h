// One whole object into an S3 store, and the proof that it arrived.
#pragma once

#include "s3/store_evidence.h"

namespace godwit::s3 {

// Publishes `bytes`, whose digest is `digest`, under the whole key `key`. Reads them back where the
// request demands it or nothing else proves them; settles a lost answer by looking (I11).
Task<Result<store::Receipt>> put_whole(Context& context, const Bucket& bucket, const WritePolicy& policy,
                                       const store::PutRequest& request, const std::string& key,
                                       std::span<const std::byte> bytes, const Digest& digest);

}  // namespace godwit::s3
