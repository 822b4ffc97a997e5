// Verifies AWS Signature Version 4 of S3 requests, in the Authorization header or in the query.
//
// Written from the specification ("Authenticating Requests (AWS Signature Version 4)", S3 API
// reference) and apart from the product's signer, so that neither can hide the other's mistake:
// path and query are decoded and encoded anew, every x-amz-* header must be signed, the clock must
// agree within 15 minutes. Also checks the chunk signatures of streamed payloads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s3double/http_request.h"
#include "s3double/s3_error.h"

namespace godwit::s3double {

struct Credentials {
    std::string access_key;
    std::string secret_key;
    // Empty: none may be sent. Else x-amz-security-token must be this.
    std::string session_token;
};

using Sha256Value = std::array<std::byte, 32>;
Sha256Value sha256(std::string_view bytes);
Sha256Value hmac_sha256(std::span<const std::byte> key, std::string_view bytes);

// What the request promised about its payload (x-amz-content-sha256).
enum class PayloadHash : std::uint8_t { Absent, Unsigned, Signed, StreamingUnsignedTrailer, StreamingSigned };

// What is needed to check the signatures of chunks.
struct ChunkSigning {
    Sha256Value key{};
    std::string date_time, scope;
    std::string previous;  // hexadecimal signature of the head, then of each chunk
    // True when `signature` is the next chunk's; then it is the previous one.
    bool accept(std::string_view signature, const Sha256Value& chunk_sha256);
};

struct Authenticated {
    std::string access_key;
    PayloadHash payload = PayloadHash::Absent;
    // Of Signed payloads: lower-case hexadecimal.
    std::string payload_sha256;
    std::string region;
    std::optional<ChunkSigning> chunks;
};

class Sigv4Verifier {
  public:
    explicit Sigv4Verifier(std::vector<Credentials> credentials) : credentials_(std::move(credentials)) {}

    // Absent: the signature holds and `out` is filled. `region` is the one that the scope must name;
    // empty accepts any.
    std::optional<Refusal> verify(const Request& request, std::string_view region, std::int64_t unix_time_ns,
                                  Authenticated& out);

  private:
    struct Claim;
    std::optional<Refusal> read_header(const Request& request, Claim& claim) const;
    std::optional<Refusal> read_query(const Request& request, Claim& claim) const;
    std::optional<Refusal> check_scope(const Claim& claim, std::string_view region,
                                       std::int64_t now_ns) const;
    std::optional<Refusal> check_signed_headers(const Request& request, const Claim& claim) const;
    const Credentials* find(std::string_view access_key) const;
    const Sha256Value& signing_key(const Credentials& credentials, const Claim& claim);

    std::vector<Credentials> credentials_;
    // By secret and scope. Few: one a day and key.
    std::map<std::string, Sha256Value, std::less<>> signing_keys_;
    std::string canonical_;  // kept for its memory
};

}  // namespace godwit::s3double
