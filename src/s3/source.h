// S3Source: the bytes of one generation of one object.
//
// Every GET carries the generation's ETag as If-Match and is compared with it again when it comes
// back, so bytes of two generations are never mixed, whatever the store thinks of If-Match (I7).
#pragma once

#include <memory>

#include "s3/operations_get.h"
#include "store/store.h"

namespace godwit::s3 {

// Opens what `request` names; `key` is its whole key. Reads it whole when it is small enough, in one
// request. Kinds: NotFound, Changed, Denied (also archived, code InvalidObjectState), and the client's.
Task<Result<std::unique_ptr<store::Source>>> open_source(Context& context, Bucket bucket, std::string key,
                                                         const store::OpenRequest& request);

// `head` as the Store port tells it.
model::ObjectInfo object_info(const model::Key& key, ObjectHead head);
// Reads the tags into `metadata`; no request where `tag_count` says that there are none.
Task<Result<void>> read_tags(Context& context, const Bucket& bucket, const std::string& key,
                             std::uint64_t tag_count, model::Metadata& metadata);

}  // namespace godwit::s3
