#include "s3/request.h"

#include <fmt/format.h>

#include "base/check.h"

namespace godwit::s3 {

namespace {

struct KindRow {
    RequestKind kind;
    std::string_view action, verb, method;
};
constexpr std::array<KindRow, kRequestKindCount> kKinds{{
    {RequestKind::ListObjects, "ListObjectsV2", "list", "GET"},
    {RequestKind::HeadObject, "HeadObject", "stat", "HEAD"},
    {RequestKind::GetObject, "GetObject", "read", "GET"},
    {RequestKind::PutObject, "PutObject", "put", "PUT"},
    {RequestKind::CopyObject, "CopyObject", "copy to", "PUT"},
    {RequestKind::DeleteObject, "DeleteObject", "delete", "DELETE"},
    {RequestKind::GetTagging, "GetObjectTagging", "read tags of", "GET"},
    {RequestKind::PutTagging, "PutObjectTagging", "tag", "PUT"},
    {RequestKind::CreateUpload, "CreateMultipartUpload", "begin upload of", "POST"},
    {RequestKind::UploadPart, "UploadPart", "put part of", "PUT"},
    {RequestKind::UploadPartCopy, "UploadPartCopy", "copy part to", "PUT"},
    {RequestKind::CompleteUpload, "CompleteMultipartUpload", "complete upload of", "POST"},
    {RequestKind::AbortUpload, "AbortMultipartUpload", "abort upload of", "DELETE"},
    {RequestKind::ListParts, "ListParts", "list parts of", "GET"},
    {RequestKind::ListUploads, "ListMultipartUploads", "list uploads of", "GET"},
}};

const KindRow& row(RequestKind kind) {
    const KindRow& found = kKinds[static_cast<std::size_t>(kind)];
    GODWIT_CHECK(found.kind == kind, "row of kind {}", static_cast<int>(kind));
    return found;
}

// 127.0.0.0/8 as digits and dots: a name may begin so as well.
bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string_view action_name(RequestKind kind) {
    return row(kind).action;
}
std::string_view verb(RequestKind kind) {
    return row(kind).verb;
}
std::string_view method(RequestKind kind) {
    return row(kind).method;
}

bool signs_payload(const net::Origin& origin) {
    return !origin.tls && !is_loopback(origin.host);
}

std::string payload_hash(const net::Origin& origin, const Request& request) {
    if (request.body_bytes() == 0) return std::string(kEmptyPayloadHash);
    if (!signs_payload(origin)) return std::string(kUnsignedPayload);
    if (!request.streamed) return payload_sha256(request.body);
    GODWIT_CHECK(!request.streamed_sha256.empty(), "a streamed body to {} without its hash",
                 origin.display());
    return request.streamed_sha256;
}

std::string request_head(const Request& request, const Address& address, Signer& signer,
                         const Credentials& credentials, std::string_view payload_hash,
                         std::int64_t unix_time_ns) {
    HeaderList headers;
    std::string_view verb_on_wire = method(request.kind);
    if (request.body_bytes() > 0 || verb_on_wire == "PUT" || verb_on_wire == "POST") {
        fmt::format_int length(request.body_bytes());
        headers.add("content-length", std::string_view(length.data(), length.size()));
    }
    headers.add("host", address.host());
    headers.add_all(request.headers);
    headers.add_unsigned("user-agent", "godwit/0.1");
    std::string path = address.path(request.key);
    return signer.head(credentials, HeadRequest{.method = verb_on_wire,
                                                .path = path,
                                                .query = request.query,
                                                .headers = headers,
                                                .payload_hash = payload_hash,
                                                .unix_time_ns = unix_time_ns});
}

std::string quoted_etag(std::string_view etag) {
    if (etag.starts_with("W/") || etag.starts_with('"')) return std::string(etag);
    return fmt::format("\"{}\"", etag);
}

std::string range_value(std::uint64_t offset_bytes, std::uint64_t size_bytes) {
    GODWIT_CHECK(size_bytes > 0, "a range of nothing");
    return fmt::format("bytes={}-{}", offset_bytes, offset_bytes + size_bytes - 1);
}

bool is_content_range(std::string_view value, std::uint64_t offset_bytes, std::uint64_t size_bytes,
                      std::uint64_t object_bytes) {
    return value == fmt::format("bytes {}-{}/{}", offset_bytes, offset_bytes + size_bytes - 1, object_bytes);
}

}  // namespace godwit::s3
