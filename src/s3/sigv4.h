// AWS Signature Version 4 in the Authorization header.
// Source: AWS General Reference, "Signature Version 4 signing process"; Amazon S3 API Reference,
// "Authenticating Requests: Using the Authorization Header".
//
// The one idea: the head that goes on the wire and what is signed are made in one pass from the same
// strings, so they cannot differ, and the signing key of a day is derived once. Query signing
// (presigned URLs) and chunk signatures are not made here.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "s3/header_list.h"

namespace godwit::s3 {

struct Credentials {
    // Empty: anonymous; nothing is signed.
    std::string access_key_id = {};
    std::string secret_access_key = {};
    // Empty for long-lived keys.
    std::string session_token = {};
    // When they stop being valid, nanoseconds since 1970; absent: never, as far as we know.
    std::optional<std::int64_t> expires_unix_ns = {};

    bool anonymous() const { return access_key_id.empty(); }
};

// Values of `payload_hash` besides 64 lower-case hexadecimal digits of the body's SHA-256.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kUnsignedPayloadTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// "a=1&b=2" from names and values: each percent-encoded, then sorted; a name without a value keeps
// its '='. This is the canonical query, and it is sent exactly so.
std::string canonical_query(std::span<const std::pair<std::string_view, std::string_view>> parameters);

struct HeadRequest {
    std::string_view method;
    // Percent-encoded once, and sent so (Address::path). S3 does not normalise: "//" and ".." stay.
    std::string_view path;
    // From canonical_query(), or a literal of that form. Empty: none.
    std::string_view query = {};
    // With `host`, in any order; without x-amz-date, x-amz-content-sha256, x-amz-security-token and
    // authorization, which are added.
    const HeaderList& headers;
    std::string_view payload_hash = {};
    // Wall clock, with the offset to the server's where one was learned.
    std::int64_t unix_time_ns = 0;
};

// Signs for one region and service. Keeps the derived key and its buffers, so one a loop; not
// thread-safe.
class Signer {
  public:
    // `service` is "s3", "sts", ... For "s3" the payload hash also travels in x-amz-content-sha256,
    // which S3 asks for and others do not.
    Signer(std::string region, std::string service);
    ~Signer();
    Signer(Signer&&) noexcept;
    Signer& operator=(Signer&&) noexcept;

    const std::string& region() const { return region_; }

    // The whole head: request line, headers, Authorization, empty line. With anonymous credentials
    // the same without signature, date and hash.
    std::string head(const Credentials& credentials, const HeadRequest& request);

  private:
    struct State;
    std::string region_;
    std::string service_;
    std::unique_ptr<State> state_;
};

// The head without a signature, for requests that are none of S3's or carry no credentials.
// Of `payload_hash` only kUnsignedPayloadTrailer shows; `unix_time_ns` is not used.
std::string unsigned_head(const HeadRequest& request);

// Lower-case hexadecimal SHA-256, as payload_hash wants it.
std::string payload_sha256(std::span<const std::byte> body);

}  // namespace godwit::s3
