// The operations of S3 on the World. Each fills call.x.response, or returns why not; what a request
// did to an object goes into call.x for the audit log.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "s3double/exchange.h"
#include "s3double/options.h"
#include "s3double/s3_error.h"
#include "s3double/world.h"

namespace godwit::s3double {

struct Call {
    World& world;
    const Options& options;
    Exchange& x;
    std::int64_t now_ns;
    // Null only for ListBuckets and CreateBucket.
    Bucket* bucket;

    const Request& request() const { return x.request; }
    const std::string& key() const { return x.request.key(); }
    Response& response() const { return x.response; }
};

// Absent: done.
using Outcome = std::optional<Refusal>;

Outcome list_buckets(Call& call);
Outcome create_bucket(Call& call);
Outcome delete_bucket(Call& call);
Outcome head_bucket(Call& call);
Outcome get_bucket_location(Call& call);
Outcome get_bucket_versioning(Call& call);
Outcome put_bucket_versioning(Call& call);

Outcome list_objects(Call& call);
Outcome list_objects_v2(Call& call);
Outcome list_object_versions(Call& call);
Outcome list_multipart_uploads(Call& call);
Outcome list_parts(Call& call);

Outcome get_object(Call& call);
Outcome head_object(Call& call);
Outcome put_object(Call& call);
Outcome delete_object(Call& call);
Outcome delete_objects(Call& call);
Outcome get_object_attributes(Call& call);

Outcome copy_object(Call& call);
Outcome upload_part_copy(Call& call);

Outcome create_multipart_upload(Call& call);
Outcome upload_part(Call& call);
Outcome complete_multipart_upload(Call& call);
Outcome abort_multipart_upload(Call& call);

Outcome get_object_tagging(Call& call);
Outcome put_object_tagging(Call& call);
Outcome delete_object_tagging(Call& call);

// What several of them need.

// The version that reads see: that of versionId, else the newest, or an older one when a rule asks
// for stale answers. Null with the refusal to give when there is none.
VersionPtr version_to_read(Call& call, Outcome& refusal);
// If-Match and If-None-Match of a write, against what is there now (null: nothing).
Outcome check_write_conditions(const Call& call, const ObjectVersion* current);
// The upload that uploadId and the key name; null when there is none.
Upload* find_upload(const Call& call);
// Stores `version` under the key and notes it for the audit log and the answer.
void publish(Call& call, std::shared_ptr<ObjectVersion> version);

}  // namespace godwit::s3double
