// THE table from what an S3 server answers (HTTP status and error code) to an Error.
// Source: Amazon S3 API Reference, "Error Responses: List of error codes".
//
// Nothing here reads a message; where the answer makes the cure certain (a clock that is wrong, a
// bucket in another region) the cause says it, with both values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "net/http_client.h"

namespace godwit::s3 {

// `code` empty: the answer had none (HEAD, or a body that is no S3 error).
ErrorKind kind_for(int status, std::string_view code);

// What was asked, for the message. Views live during the call.
struct Operation {
    std::string_view name;     // "put", "list": as Error::operation
    std::string_view subject;  // a URI without secrets
    // The region that the request was signed for; empty: it was not signed.
    std::string_view region;
    // Our clock when the answer came.
    std::int64_t unix_time_ns = 0;
};

// The headers of an answer that say something about the answer itself.
struct AnswerHead {
    int status = 0;
    std::string request_id;
    std::string bucket_region;
    // The server's clock, from Date.
    std::optional<std::int64_t> server_time_ns;
    std::optional<std::chrono::milliseconds> retry_after;
};
AnswerHead answer_head(const net::HttpResponse& response);
AnswerHead answer_head(int status, const std::vector<net::HttpHeader>& headers);

// Retry-After: seconds, or an HTTP date (RFC 9110 §10.2.3) which is measured against the answer's own
// Date, since our clock may be wrong. Absent when it is neither; at most one hour; never negative.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                           std::optional<std::int64_t> server_time_ns);

// A server whose clock is further from ours is not believed: nobody's is, and sums of what hostile ones tell
// would leave the times that 64 bits can count.
inline constexpr Duration kClockDifferenceMax = std::chrono::hours(24 * 365 * 50);

// A request that was refused, and what the answer teaches for the next one.
struct Refusal {
    Error error;
    // The region that the bucket is in, when the answer says that it is not ours. Sign for it, and
    // send to that region's AWS endpoint; never follow a Location header.
    std::string region;
    // RequestTimeTooSkewed: what to add to our clock, at most kClockDifferenceMax either way.
    std::optional<Duration> clock_offset;
};

struct ErrorBody;  // xml.h

// From an answer whose status is not 2xx, or whose body is <Error> in spite of a 200. `body` may be
// anything.
Refusal refusal(const Operation& operation, const AnswerHead& head, std::string body);
Refusal refusal(const Operation& operation, const AnswerHead& head, const ErrorBody& body);

}  // namespace godwit::s3
