// The S3 operations that the server knows, named as in the S3 API reference, and how a request head
// tells which one it asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "s3double/http_request.h"

namespace godwit::s3double {

enum class Operation : std::uint8_t {
    Unknown,
    ListBuckets,
    CreateBucket,
    DeleteBucket,
    HeadBucket,
    GetBucketLocation,
    GetBucketVersioning,
    PutBucketVersioning,
    ListObjects,
    ListObjectsV2,
    ListObjectVersions,
    ListMultipartUploads,
    GetObject,
    HeadObject,
    PutObject,
    CopyObject,
    DeleteObject,
    DeleteObjects,
    GetObjectAttributes,
    GetObjectTagging,
    PutObjectTagging,
    DeleteObjectTagging,
    CreateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
    Double,  // GET and PUT /_double/...: the server's own pages, not S3's
};
constexpr std::size_t kOperationCount = static_cast<std::size_t>(Operation::Double) + 1;

std::string_view to_string(Operation operation);
std::optional<Operation> operation_from(std::string_view name);
Operation operation_of(const Request& request);

}  // namespace godwit::s3double
