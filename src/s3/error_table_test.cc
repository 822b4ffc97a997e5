#include "s3/error_table.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace godwit::s3 {
namespace {

using enum ErrorKind;

struct Row {
    int status;
    std::string_view code;
    ErrorKind kind;
};

// Every row of the table, with the status that S3 gives it; then statuses without a code.
constexpr Row kRows[] = {
    {403, "AccessDenied", Denied},
    {403, "AccountProblem", Denied},
    {403, "AllAccessDisabled", Denied},
    {400, "AuthorizationHeaderMalformed", Invalid},
    {400, "BadDigest", Corrupt},
    {409, "BucketAlreadyExists", Exists},
    {409, "BucketAlreadyOwnedByYou", Exists},
    {409, "ConditionalRequestConflict", Busy},
    {400, "EntityTooLarge", Unsupported},
    {400, "EntityTooSmall", Invalid},
    {400, "ExpiredToken", Denied},
    {403, "ExpiredTokenException", Denied},
    {400, "IDPCommunicationError", Busy},
    {403, "IDPRejectedClaim", Denied},
    {400, "IncompleteBody", Lost},
    {500, "InternalError", Busy},
    {403, "InvalidAccessKeyId", Denied},
    {400, "InvalidArgument", Invalid},
    {400, "InvalidBucketName", Invalid},
    {403, "InvalidClientTokenId", Denied},
    {400, "InvalidDigest", Corrupt},
    {400, "InvalidIdentityToken", Denied},
    {403, "InvalidObjectState", Denied},
    {400, "InvalidPart", Changed},
    {400, "InvalidPartOrder", Invalid},
    {416, "InvalidRange", Changed},
    {400, "InvalidRequest", Invalid},
    {400, "InvalidStorageClass", Unsupported},
    {400, "InvalidTag", Invalid},
    {400, "InvalidToken", Denied},
    {400, "KeyTooLongError", Unsupported},
    {400, "MalformedXML", Invalid},
    {400, "MetadataTooLarge", Invalid},
    {405, "MethodNotAllowed", Unsupported},
    {404, "NoSuchBucket", NotFound},
    {404, "XAdminUserNotFound", Denied},
    {404, "NoSuchKey", NotFound},
    {404, "NoSuchTagSet", NotFound},
    {404, "NoSuchUpload", NotFound},
    {404, "NoSuchVersion", NotFound},
    {501, "NotImplemented", Unsupported},
    {403, "NotSignedUp", Denied},
    {409, "OperationAborted", Busy},
    {301, "PermanentRedirect", Invalid},
    {412, "PreconditionFailed", Changed},
    {403, "QuotaExceeded", Full},
    {403, "RequestTimeTooSkewed", Invalid},
    {400, "RequestTimeout", Busy},
    {503, "ServiceUnavailable", Busy},
    {403, "SignatureDoesNotMatch", Denied},
    {503, "SlowDown", Busy},
    {503, "SlowDownRead", Busy},
    {503, "SlowDownWrite", Busy},
    {307, "TemporaryRedirect", Busy},
    {400, "Throttling", Busy},
    {400, "ThrottlingException", Busy},
    {400, "TokenRefreshRequired", Denied},
    {429, "TooManyRequests", Busy},
    {400, "XAmzContentChecksumMismatch", Corrupt},
    {400, "XAmzContentSHA256Mismatch", Corrupt},
    {507, "XMinioAdminBucketQuotaExceeded", Full},
    {503, "XMinioServerNotInitialized", Busy},
    {507, "XMinioStorageFull", Full},
    {301, "", Invalid},
    {304, "", Changed},
    {307, "", Busy},
    {308, "", Invalid},
    {400, "", Invalid},
    {401, "", Denied},
    {403, "", Denied},
    {404, "", NotFound},
    {405, "", Unsupported},
    {407, "", Denied},
    {408, "", Busy},
    {409, "", Busy},
    {411, "", Unsupported},
    {412, "", Changed},
    {413, "", Unsupported},
    {416, "", Changed},
    {429, "", Busy},
    {500, "", Busy},
    {501, "", Unsupported},
    {502, "", Busy},
    {503, "", Busy},
    {504, "", Busy},
    {507, "", Full},
    {599, "", Busy},
    {418, "", Invalid},
    {200, "", Corrupt},
    {200, "NobodyKnows", Corrupt},
    {503, "NobodyKnows", Busy},
    {403, "NobodyKnows", Denied},
};

TEST(KindFor, every_row) {
    for (const Row& row : kRows)
        EXPECT_EQ(kind_for(row.status, row.code), row.kind) << row.status << " " << row.code;
}

const Operation kPut{.name = "put",
                     .subject = "s3://bucket/key",
                     .region = "us-east-1",
                     .unix_time_ns = parse_rfc3339("2026-11-21T21:30:17Z").value()};

AnswerHead head(int status, std::vector<net::HttpHeader> headers = {}) {
    return answer_head(status, headers);
}

std::string body(std::string_view code, std::string_view more = "") {
    return "<Error><Code>" + std::string(code) + "</Code><Message>words</Message>" + std::string(more) +
           "</Error>";
}

TEST(Refusal, says_operation_subject_cause_code_and_request) {
    Refusal refused =
        refusal(kPut, head(503, {{"x-amz-request-id", "R7"}, {"retry-after", "3"}}), body("SlowDown"));
    EXPECT_EQ(refused.error.message(), "put s3://bucket/key: HTTP status 503: words (SlowDown, request R7)");
    EXPECT_EQ(refused.error.retry_after(), std::chrono::seconds(3));
    EXPECT_EQ(refused.region, "");
    EXPECT_FALSE(refused.clock_offset);
}

TEST(Refusal, without_a_body_has_the_status_for_code) {
    EXPECT_EQ(refusal(kPut, head(404), "").error.code(), "NotFound");
    EXPECT_EQ(refusal(kPut, head(403), "<html>").error.code(), "Forbidden");
    EXPECT_EQ(refusal(kPut, head(418), "").error.code(), "HTTP 418");
    EXPECT_EQ(refusal(kPut, head(404), "").error.kind(), NotFound);
}

TEST(Refusal, takes_the_request_id_from_the_body_when_no_header_has_it) {
    EXPECT_EQ(refusal(kPut, head(403), body("AccessDenied", "<RequestId>R9</RequestId>")).error.request_id(),
              "R9");
}

TEST(Refusal, skewed_clock_shows_both_times_and_the_offset) {
    Refusal refused = refusal(kPut, head(403),
                              body("RequestTimeTooSkewed", "<ServerTime>2026-11-21T21:36:29Z</ServerTime>"));
    EXPECT_EQ(
        refused.error.message(),
        "put s3://bucket/key: the clocks differ by 6 min 12 s: the server's says 2026-11-21T21:36:29Z, ours "
        "2026-11-21T21:30:17Z; set the machine's clock (RequestTimeTooSkewed)");
    EXPECT_EQ(refused.clock_offset, std::chrono::seconds(372));
    Refusal by_date =
        refusal(kPut, head(403, {{"date", "Sat, 21 Nov 2026 21:10:17 GMT"}}), body("RequestTimeTooSkewed"));
    EXPECT_EQ(by_date.clock_offset, -std::chrono::minutes(20));
    EXPECT_EQ(by_date.error.kind(), Invalid);
}

// E53: an answer to HEAD has no body to say so.
TEST(Refusal, a_bare_403_with_a_date_beyond_tolerance_is_a_skewed_clock) {
    auto dated = [](std::string_view date) { return refusal(kPut, head(403, {{"date", date}}), ""); };
    Refusal refused = dated("Sat, 21 Nov 2026 21:10:17 GMT");
    EXPECT_EQ(refused.error.code(), "RequestTimeTooSkewed");
    EXPECT_EQ(refused.clock_offset, -std::chrono::minutes(20));
    EXPECT_EQ(dated("Sat, 21 Nov 2026 21:20:17 GMT").error.code(), "Forbidden");
    EXPECT_EQ(dated("Sat, 21 Nov 2026 21:30:17 GMT").clock_offset, std::nullopt);
}

// A date of a broken or hostile server: 64 bits could not count how far off it is.
TEST(Refusal, E53_a_clock_that_is_centuries_off_is_not_believed) {
    for (std::string_view date : {"Tue, 21 Sep 1677 00:12:44 GMT", "Fri, 11 Apr 2262 23:47:16 GMT"}) {
        Refusal bare = refusal(kPut, head(403, {{"date", std::string(date)}}), "");
        EXPECT_EQ(bare.error.code(), "Forbidden") << date;
        Refusal said = refusal(kPut, head(403, {{"date", std::string(date)}}), body("RequestTimeTooSkewed"));
        EXPECT_EQ(said.clock_offset, std::nullopt) << date;
        EXPECT_EQ(said.error.cause(), "HTTP status 403: words") << date;
    }
}

TEST(Refusal, wrong_region_names_both) {
    Refusal malformed =
        refusal(kPut, head(400), body("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"));
    EXPECT_EQ(malformed.region, "eu-west-1");
    EXPECT_EQ(
        malformed.error.message(),
        "put s3://bucket/key: the bucket is in region eu-west-1, the request was signed for us-east-1; use "
        "region eu-west-1 (AuthorizationHeaderMalformed)");
    EXPECT_EQ(refusal(kPut, head(301, {{"x-amz-bucket-region", "eu-west-1"}}), "").region, "eu-west-1");
    EXPECT_EQ(refusal(kPut, head(400, {{"x-amz-bucket-region", "eu-west-1"}}), "").region, "eu-west-1");
}

// E54: credentials follow a region, never a host that an answer names.
TEST(Refusal, what_is_no_region_is_not_learned) {
    EXPECT_EQ(refusal(kPut, head(301, {{"x-amz-bucket-region", "evil.example/"}}), "").region, "");
    EXPECT_EQ(
        refusal(kPut, head(400), body("AuthorizationHeaderMalformed", "<Region>us-east-1</Region>")).region,
        "");
    EXPECT_EQ(refusal(kPut, head(403, {{"x-amz-bucket-region", "eu-west-1"}}), body("AccessDenied")).region,
              "");
}

TEST(Refusal, a_key_that_is_too_long_or_a_file_and_a_directory_at_once_is_unrepresentable) {
    for (std::string_view code : {"KeyTooLongError", "ExistingObjectIsDirectory", "ObjectParentIsFile",
                                  "XMinioObjectExistsAsDirectory", "XMinioParentIsObject"}) {
        Refusal refused = refusal(kPut, head(409), body(code));
        EXPECT_EQ(refused.error.kind(), ErrorKind::Unsupported) << code;
        EXPECT_EQ(refused.error.code(), "UnrepresentableKey") << code;
    }
}

TEST(Refusal, archived_objects_say_so) {
    Refusal refused = refusal(kPut, head(403), body("InvalidObjectState"));
    EXPECT_EQ(refused.error.code(), "InvalidObjectState");
    EXPECT_EQ(refused.error.cause(), "the object is archived; restore it first");
}

TEST(Refusal, a_servers_long_words_are_cut) {
    std::string words(5000, 'x');
    Refusal refused = refusal(kPut, head(400),
                              "<Error><Code>InvalidArgument</Code><Message>" + words + "</Message></Error>");
    EXPECT_LT(refused.error.message().size(), 400u);
}

TEST(RetryAfter, is_seconds_or_a_date_against_the_servers_clock) {
    auto server = parse_http_date("Sat, 21 Nov 2026 21:30:17 GMT");
    EXPECT_EQ(parse_retry_after("7", server), std::chrono::seconds(7));
    EXPECT_EQ(parse_retry_after("0", {}), std::chrono::seconds(0));
    EXPECT_EQ(parse_retry_after("999999", {}), std::chrono::hours(1));
    EXPECT_EQ(parse_retry_after("99999999999999999999999", {}), std::chrono::hours(1));
    EXPECT_EQ(parse_retry_after("Sat, 21 Nov 2026 21:30:47 GMT", server), std::chrono::seconds(30));
    EXPECT_EQ(parse_retry_after("Sat, 21 Nov 2026 21:00:00 GMT", server), std::chrono::seconds(0));
    EXPECT_EQ(parse_retry_after("Sat, 21 Nov 2026 21:30:47 GMT", {}), std::nullopt);
    EXPECT_EQ(parse_retry_after("Tue, 21 Sep 1677 00:12:44 GMT", INT64_MAX), std::chrono::seconds(0));
    EXPECT_EQ(parse_retry_after("Fri, 11 Apr 2262 23:47:16 GMT", INT64_MIN), std::chrono::hours(1));
    for (std::string_view bad : {"", "-1", "soon", "7s", "7.5", " 7"}) {
        EXPECT_EQ(parse_retry_after(bad, server), std::nullopt) << bad;
    }
}

}  // namespace
}  // namespace godwit::s3
