#include "s3/error_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/sabotage.h"
#include "base/time_format.h"
#include "s3/addressing.h"
#include "s3/xml.h"

namespace godwit::s3 {

namespace {

// More of a server's own words would bury ours.
constexpr std::size_t kMessageBytesMax = 300;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::string_view kSkewed = "RequestTimeTooSkewed";

struct CodeRow {
    std::string_view code;
    ErrorKind kind;
};

// In the order of their codes, for binary search. S3's own, then those of STS and of common servers.
constexpr std::array kCodes = std::to_array<CodeRow>({
    {"AccessDenied", ErrorKind::Denied},
    {"AccountProblem", ErrorKind::Denied},
    {"AllAccessDisabled", ErrorKind::Denied},
    {"AuthorizationHeaderMalformed", ErrorKind::Invalid},
    {"BadDigest", ErrorKind::Corrupt},
    {"BucketAlreadyExists", ErrorKind::Exists},
    {"BucketAlreadyOwnedByYou", ErrorKind::Exists},
    {"ConditionalRequestConflict", ErrorKind::Busy},
    {"EntityTooLarge", ErrorKind::Unsupported},
    {"EntityTooSmall", ErrorKind::Invalid},
    {"ExistingObjectIsDirectory", ErrorKind::Unsupported},
    {"ExpiredToken", ErrorKind::Denied},
    {"ExpiredTokenException", ErrorKind::Denied},
    {"IDPCommunicationError", ErrorKind::Busy},
    {"IDPRejectedClaim", ErrorKind::Denied},
    {"IncompleteBody", ErrorKind::Lost},
    {"InternalError", ErrorKind::Busy},
    {"InvalidAccessKeyId", ErrorKind::Denied},
    {"InvalidArgument", ErrorKind::Invalid},
    {"InvalidBucketName", ErrorKind::Invalid},
    {"InvalidClientTokenId", ErrorKind::Denied},
    {"InvalidDigest", ErrorKind::Corrupt},
    {"InvalidIdentityToken", ErrorKind::Denied},
    {"InvalidObjectState", ErrorKind::Denied},
    {"InvalidPart", ErrorKind::Changed},
    {"InvalidPartOrder", ErrorKind::Invalid},
    {"InvalidRange", ErrorKind::Changed},
    {"InvalidRequest", ErrorKind::Invalid},
    {"InvalidStorageClass", ErrorKind::Unsupported},
    {"InvalidTag", ErrorKind::Invalid},
    {"InvalidToken", ErrorKind::Denied},
    {"KeyTooLongError", ErrorKind::Unsupported},
    {"MalformedXML", ErrorKind::Invalid},
    {"MetadataTooLarge", ErrorKind::Invalid},
    {"MethodNotAllowed", ErrorKind::Unsupported},
    {"NoSuchBucket", ErrorKind::NotFound},
    {"NoSuchKey", ErrorKind::NotFound},
    {"NoSuchTagSet", ErrorKind::NotFound},
    {"NoSuchUpload", ErrorKind::NotFound},
    {"NoSuchVersion", ErrorKind::NotFound},
    {"NotImplemented", ErrorKind::Unsupported},
    {"NotSignedUp", ErrorKind::Denied},
    {"ObjectParentIsFile", ErrorKind::Unsupported},
    {"OperationAborted", ErrorKind::Busy},
    {"PermanentRedirect", ErrorKind::Invalid},
    {"PreconditionFailed", ErrorKind::Changed},
    {"QuotaExceeded", ErrorKind::Full},
    {"RequestTimeTooSkewed", ErrorKind::Invalid},
    {"RequestTimeout", ErrorKind::Busy},
    {"ServiceUnavailable", ErrorKind::Busy},
    {"SignatureDoesNotMatch", ErrorKind::Denied},
    {"SlowDown", ErrorKind::Busy},
    {"SlowDownRead", ErrorKind::Busy},
    {"SlowDownWrite", ErrorKind::Busy},
    {"TemporaryRedirect", ErrorKind::Busy},
    {"Throttling", ErrorKind::Busy},
    {"ThrottlingException", ErrorKind::Busy},
    {"TokenRefreshRequired", ErrorKind::Denied},
    {"TooManyRequests", ErrorKind::Busy},
    // versitygw's word for an access key that it does not know, with status 404.
    {"XAdminUserNotFound", ErrorKind::Denied},
    {"XAmzContentChecksumMismatch", ErrorKind::Corrupt},
    {"XAmzContentSHA256Mismatch", ErrorKind::Corrupt},
    {"XMinioAdminBucketQuotaExceeded", ErrorKind::Full},
    {"XMinioObjectExistsAsDirectory", ErrorKind::Unsupported},
    {"XMinioParentIsObject", ErrorKind::Unsupported},
    {"XMinioServerNotInitialized", ErrorKind::Busy},
    {"XMinioStorageFull", ErrorKind::Full},
});
static_assert(std::ranges::is_sorted(kCodes, {}, &CodeRow::code));

struct StatusRow {
    int status;
    ErrorKind kind;
    // Stands in for the code where the answer has none.
    std::string_view name;
};
constexpr std::array kStatuses = std::to_array<StatusRow>({
    {301, ErrorKind::Invalid, "PermanentRedirect"},
    {304, ErrorKind::Changed, "NotModified"},
    {307, ErrorKind::Busy, "TemporaryRedirect"},
    {308, ErrorKind::Invalid, "PermanentRedirect"},
    {400, ErrorKind::Invalid, "BadRequest"},
    {401, ErrorKind::Denied, "Unauthorized"},
    {403, ErrorKind::Denied, "Forbidden"},
    {404, ErrorKind::NotFound, "NotFound"},
    {405, ErrorKind::Unsupported, "MethodNotAllowed"},
    {407, ErrorKind::Denied, "ProxyAuthenticationRequired"},
    {408, ErrorKind::Busy, "RequestTimeout"},
    {409, ErrorKind::Busy, "Conflict"},
    {411, ErrorKind::Unsupported, "LengthRequired"},
    {412, ErrorKind::Changed, "PreconditionFailed"},
    {413, ErrorKind::Unsupported, "ContentTooLarge"},
    {416, ErrorKind::Changed, "RangeNotSatisfiable"},
    {429, ErrorKind::Busy, "TooManyRequests"},
    {500, ErrorKind::Busy, "InternalError"},
    {501, ErrorKind::Unsupported, "NotImplemented"},
    {502, ErrorKind::Busy, "BadGateway"},
    {503, ErrorKind::Busy, "ServiceUnavailable"},
    {504, ErrorKind::Busy, "GatewayTimeout"},
    {507, ErrorKind::Full, "InsufficientStorage"},
});

const StatusRow* find_status(int status) {
    auto found = std::ranges::find(kStatuses, status, &StatusRow::status);
    return found == kStatuses.end() ? nullptr : &*found;
}

// How stores say what Godwit calls unrepresentable: a key too long, or, where keys are paths, one that
// would be a file and a directory at once (versitygw, MinIO).
constexpr std::array<std::string_view, 5> kUnrepresentable = {
    "KeyTooLongError",      "ExistingObjectIsDirectory",
    "ObjectParentIsFile",   "XMinioObjectExistsAsDirectory",
    "XMinioParentIsObject",
};

std::string code_of(int status, const ErrorBody& body) {
    if (std::ranges::find(kUnrepresentable, body.code) != kUnrepresentable.end()) return "UnrepresentableKey";
    if (!body.code.empty()) return body.code;
    const StatusRow* row = find_status(status);
    return row ? std::string(row->name) : fmt::format("HTTP {}", status);
}

std::string seconds_apart(std::int64_t difference_ns) {
    std::int64_t seconds = (difference_ns < 0 ? -difference_ns : difference_ns) / kNsPerSecond;
    return fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

// What `server_ns` is ahead of our clock; absent when it is so far off that it is no clock's.
std::optional<std::int64_t> clock_difference(const Operation& operation,
                                             std::optional<std::int64_t> server_ns) {
    std::int64_t difference = 0;
    if (!server_ns || __builtin_sub_overflow(*server_ns, operation.unix_time_ns, &difference)) return {};
    if (difference > kClockDifferenceMax.count() || difference < -kClockDifferenceMax.count()) return {};
    return difference;
}

// The same of the clock that the answer tells, the body's word first.
std::optional<std::int64_t> told_difference(const Operation& operation, const AnswerHead& head,
                                            const ErrorBody& body) {
    return clock_difference(operation, body.server_time_ns ? body.server_time_ns : head.server_time_ns);
}

// An answer to HEAD has no code. When it refuses a signed request and its Date is further from our clock
// than S3 tolerates, no signature of ours could have been right.
bool must_be_skewed(const Operation& operation, const AnswerHead& head, const ErrorBody& body) {
    constexpr std::int64_t kToleratedNs = 15 * 60 * kNsPerSecond;
    if (head.status != 403 || !body.code.empty() || operation.region.empty()) return false;
    std::optional<std::int64_t> apart = clock_difference(operation, head.server_time_ns);
    return apart && (*apart > kToleratedNs || *apart < -kToleratedNs);
}

std::string skew_cause(std::int64_t ours_ns, std::int64_t difference_ns) {
    return fmt::format("the clocks differ by {}: the server's says {}, ours {}; set the machine's clock",
                       seconds_apart(difference_ns),
                       format_rfc3339(ours_ns + difference_ns, TimePrecision::Seconds),
                       format_rfc3339(ours_ns, TimePrecision::Seconds));
}

// The region that the answer names as the bucket's, unless it is the one that we signed for.
std::string other_region(const Operation& operation, const AnswerHead& head, const ErrorBody& body) {
    for (const std::string* region : {&head.bucket_region, &body.region}) {
        bool believed = is_region_name(*region) || GODWIT_SABOTAGE(believe_any_region);
        if (believed && !region->empty() && *region != operation.region) return *region;
    }
    return {};
}

std::string cause_of(const Operation& operation, const AnswerHead& head, const ErrorBody& body,
                     std::string_view region) {
    std::optional<std::int64_t> difference = told_difference(operation, head, body);
    if (body.code == kSkewed && difference) return skew_cause(operation.unix_time_ns, *difference);
    if (!region.empty()) {
        return fmt::format("the bucket is in region {}, the request was signed for {}; use region {}", region,
                           operation.region, region);
    }
    if (body.code == "InvalidObjectState") return "the object is archived; restore it first";
    std::string status = fmt::format("HTTP status {}", head.status);
    if (body.message.empty()) return status;
    return fmt::format("{}: {}", status, std::string_view(body.message).substr(0, kMessageBytesMax));
}

std::optional<Duration> clock_offset(const Operation& operation, const AnswerHead& head,
                                     const ErrorBody& body) {
    std::optional<std::int64_t> difference = told_difference(operation, head, body);
    if (body.code != kSkewed || !difference) return std::nullopt;
    return Duration(*difference);
}

// Does the answer say that the bucket is elsewhere, or does it merely mention a region?
bool is_about_region(int status, std::string_view code) {
    return status == 301 || status == 307 || status == 308 || code == "AuthorizationHeaderMalformed" ||
           (status == 400 && (code.empty() || code == "IllegalLocationConstraintException"));
}

std::string_view find(const std::vector<net::HttpHeader>& headers, std::string_view name) {
    auto found = std::ranges::find(headers, name, &net::HttpHeader::name);
    return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

}  // namespace

ErrorKind kind_for(int status, std::string_view code) {
    auto row = std::ranges::lower_bound(kCodes, code, {}, &CodeRow::code);
    if (row != kCodes.end() && row->code == code) return row->kind;
    if (const StatusRow* known = find_status(status)) return known->kind;
    if (status >= 500) return ErrorKind::Busy;
    // A success or a redirect that carried something else than it should.
    return status >= 400 ? ErrorKind::Invalid : ErrorKind::Corrupt;
}

AnswerHead answer_head(int status, const std::vector<net::HttpHeader>& headers) {
    AnswerHead head;
    head.status = status;
    head.request_id = find(headers, "x-amz-request-id");
    head.bucket_region = find(headers, "x-amz-bucket-region");
    head.server_time_ns = parse_http_date(find(headers, "date"));
    head.retry_after = parse_retry_after(find(headers, "retry-after"), head.server_time_ns);
    return head;
}

AnswerHead answer_head(const net::HttpResponse& response) {
    return answer_head(response.status(), response.headers());
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                           std::optional<std::int64_t> server_time_ns) {
    constexpr std::int64_t kSecondsMax = 3600;
    std::int64_t seconds = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    bool is_number = !value.empty() && value[0] != '-' && end == value.data() + value.size();
    if (is_number) {
        // A number too large for 64 bits asks for more than the bound as well.
        if (error != std::errc()) seconds = kSecondsMax;
    } else {
        std::optional<std::int64_t> date = parse_http_date(value);
        if (!date || !server_time_ns) return std::nullopt;
        // Seconds first: 64 bits cannot count the nanoseconds between any two times.
        seconds = *date / kNsPerSecond - *server_time_ns / kNsPerSecond;
    }
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kSecondsMax));
}

Refusal refusal(const Operation& operation, const AnswerHead& head, std::string body) {
    return refusal(operation, head, parse_error_body(std::move(body)).value_or(ErrorBody()));
}

Refusal refusal(const Operation& operation, const AnswerHead& head, const ErrorBody& told) {
    ErrorBody body = told;
    if (must_be_skewed(operation, head, body)) body.code = kSkewed;
    std::string region;
    if (is_about_region(head.status, body.code)) region = other_region(operation, head, body);
    Error error(kind_for(head.status, body.code), std::string(operation.name), std::string(operation.subject),
                cause_of(operation, head, body, region));
    error = std::move(error).with_code(code_of(head.status, body));
    const std::string& request_id = head.request_id.empty() ? body.request_id : head.request_id;
    if (!request_id.empty()) error = std::move(error).with_request_id(request_id);
    if (head.retry_after) error = std::move(error).with_retry_after(*head.retry_after);
    return {.error = std::move(error),
            .region = std::move(region),
            .clock_offset = clock_offset(operation, head, body)};
}

}  // namespace godwit::s3
