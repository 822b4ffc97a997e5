#include "s3double/operation.h"

#include <array>

namespace godwit::s3double {

namespace {

constexpr std::array<std::string_view, kOperationCount> kNames{
    "Unknown",
    "ListBuckets",
    "CreateBucket",
    "DeleteBucket",
    "HeadBucket",
    "GetBucketLocation",
    "GetBucketVersioning",
    "PutBucketVersioning",
    "ListObjects",
    "ListObjectsV2",
    "ListObjectVersions",
    "ListMultipartUploads",
    "GetObject",
    "HeadObject",
    "PutObject",
    "CopyObject",
    "DeleteObject",
    "DeleteObjects",
    "GetObjectAttributes",
    "GetObjectTagging",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "CreateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "ListParts",
    "Double",
};

enum class Level : std::uint8_t { Service, Bucket, Object };

// One row a sub-resource: the parameter that must be in the query ("" for none) decides, first row
// first.
struct Row {
    Level level;
    std::string_view method;
    std::string_view parameter;
    Operation operation;
};

constexpr std::array kRows = std::to_array<Row>({
    {Level::Object, "PUT", "tagging", Operation::PutObjectTagging},
    {Level::Object, "PUT", "partNumber", Operation::UploadPart},
    {Level::Object, "PUT", "acl", Operation::Unknown},
    {Level::Object, "PUT", "", Operation::PutObject},
    {Level::Object, "GET", "tagging", Operation::GetObjectTagging},
    {Level::Object, "GET", "uploadId", Operation::ListParts},
    {Level::Object, "GET", "attributes", Operation::GetObjectAttributes},
    {Level::Object, "GET", "acl", Operation::Unknown},
    {Level::Object, "GET", "", Operation::GetObject},
    {Level::Object, "HEAD", "", Operation::HeadObject},
    {Level::Object, "POST", "uploads", Operation::CreateMultipartUpload},
    {Level::Object, "POST", "uploadId", Operation::CompleteMultipartUpload},
    {Level::Object, "DELETE", "tagging", Operation::DeleteObjectTagging},
    {Level::Object, "DELETE", "uploadId", Operation::AbortMultipartUpload},
    {Level::Object, "DELETE", "", Operation::DeleteObject},
    {Level::Bucket, "GET", "location", Operation::GetBucketLocation},
    {Level::Bucket, "GET", "versioning", Operation::GetBucketVersioning},
    {Level::Bucket, "GET", "versions", Operation::ListObjectVersions},
    {Level::Bucket, "GET", "uploads", Operation::ListMultipartUploads},
    {Level::Bucket, "GET", "list-type", Operation::ListObjectsV2},
    {Level::Bucket, "GET", "acl", Operation::Unknown},
    {Level::Bucket, "GET", "policy", Operation::Unknown},
    {Level::Bucket, "GET", "object-lock", Operation::Unknown},
    {Level::Bucket, "GET", "", Operation::ListObjects},
    {Level::Bucket, "PUT", "versioning", Operation::PutBucketVersioning},
    {Level::Bucket, "PUT", "", Operation::CreateBucket},
    {Level::Bucket, "HEAD", "", Operation::HeadBucket},
    {Level::Bucket, "POST", "delete", Operation::DeleteObjects},
    {Level::Bucket, "DELETE", "", Operation::DeleteBucket},
    {Level::Service, "GET", "", Operation::ListBuckets},
});

Level level_of(const Request& request) {
    if (request.bucket().empty()) return Level::Service;
    return request.key().empty() ? Level::Bucket : Level::Object;
}

Operation by_table(const Request& request) {
    Level level = level_of(request);
    for (const Row& row : kRows) {
        if (row.level != level || row.method != request.method()) continue;
        if (row.parameter.empty() || request.has_parameter(row.parameter)) return row.operation;
    }
    return Operation::Unknown;
}

}  // namespace

std::string_view to_string(Operation operation) {
    return kNames[static_cast<std::size_t>(operation)];
}

std::optional<Operation> operation_from(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == name) return static_cast<Operation>(i);
    return std::nullopt;
}

Operation operation_of(const Request& request) {
    if (request.path().starts_with("/_double/")) return Operation::Double;
    Operation operation = by_table(request);
    bool copies = request.header("x-amz-copy-source").has_value();
    if (copies && operation == Operation::PutObject) return Operation::CopyObject;
    if (copies && operation == Operation::UploadPart) return Operation::UploadPartCopy;
    return operation;
}

}  // namespace godwit::s3double
