// One S3 request before it is signed, and its way to bytes. Pure: no I/O, no retries, no clock.
// Source: Amazon S3 API Reference, "Actions".
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "net/body_source.h"
#include "s3/addressing.h"
#include "s3/header_list.h"
#include "s3/sigv4.h"

namespace godwit::s3 {

// What is asked. Requests are counted by it.
enum class RequestKind : std::uint8_t {
    ListObjects,
    HeadObject,
    GetObject,
    PutObject,
    CopyObject,
    DeleteObject,
    GetTagging,
    PutTagging,
    CreateUpload,
    UploadPart,
    UploadPartCopy,
    CompleteUpload,
    AbortUpload,
    ListParts,
    ListUploads,
};
inline constexpr std::size_t kRequestKindCount = 15;

// The action's name in the API reference: "ListObjectsV2", "PutObject", ...
std::string_view action_name(RequestKind kind);
// What stands in an error before the object: "list", "put", "complete upload of", ...
std::string_view verb(RequestKind kind);
// "GET", "PUT", ...
std::string_view method(RequestKind kind);

struct Request {
    Request(RequestKind request_kind, std::string object_key)
        : kind(request_kind), key(std::move(object_key)) {}

    RequestKind kind;
    // The whole key, prefix included; empty: the bucket.
    std::string key;
    // In canonical form (sigv4.h).
    std::string query;
    // All but host, content-length and what the signer adds.
    HeaderList headers;
    // Must live until the request is answered.
    std::span<const std::byte> body;
    // The body instead of `body`, when it is not held; lives as long. With its SHA-256 in hex, which is
    // needed where signs_payload() says so.
    net::BodySource* streamed = nullptr;
    std::string streamed_sha256;
    // Sending it again on a fresh connection, unasked, does no harm. False for conditional writes:
    // a lost success would come back as a failed condition.
    bool repeatable = true;
    // How large a body the answer is expected to have, for the request's deadline.
    std::uint64_t answer_bytes = 0;

    std::uint64_t body_bytes() const { return streamed ? streamed->size_bytes() : body.size(); }
};

// How the body is protected by the signature (DESIGN §5): unsigned over TLS and on loopback, where a
// signed checksum header speaks for it; by its SHA-256 elsewhere.
bool signs_payload(const net::Origin& origin);
// The value for HeadRequest::payload_hash.
std::string payload_hash(const net::Origin& origin, const Request& request);

// The head for the wire. `payload_hash` is payload_hash() of the body, which a caller that sends
// again keeps.
std::string request_head(const Request& request, const Address& address, Signer& signer,
                         const Credentials& credentials, std::string_view payload_hash,
                         std::int64_t unix_time_ns);

// `etag` as it stands in If-Match: in quotes, unless it is weak or quoted already.
std::string quoted_etag(std::string_view etag);
// "bytes=FIRST-LAST" for `size_bytes` (at least 1) bytes from `offset_bytes`.
std::string range_value(std::uint64_t offset_bytes, std::uint64_t size_bytes);
// Does Content-Range tell exactly these bytes of an object of `object_bytes`? (RFC 9110 §14.4)
bool is_content_range(std::string_view value, std::uint64_t offset_bytes, std::uint64_t size_bytes,
                      std::uint64_t object_bytes);

}  // namespace godwit::s3
