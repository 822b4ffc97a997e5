// The examples of "Signature Calculations for the Authorization Header" in the S3 API reference.
#include "s3double/sigv4.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/time_format.h"

namespace godwit::s3double {
namespace {

constexpr std::string_view kEmptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

class Sigv4 : public testing::Test {
  protected:
    Sigv4Verifier verifier_{{{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""}}};
    std::int64_t now_ns_ = *parse_iso_basic("20130524T000000Z");
    Authenticated authenticated_;

    std::string check(const std::string& head) {
        Request request;
        if (auto parsed = request.parse(head); !parsed) return parsed.error().message();
        auto refusal = verifier_.verify(request, "us-east-1", now_ns_, authenticated_);
        return refusal ? std::string(refusal->code) : "accepted";
    }
    static std::string authorization(std::string_view signed_headers, std::string_view signature) {
        return "Authorization: AWS4-HMAC-SHA256 "
               "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
               "SignedHeaders=" +
               std::string(signed_headers) + ",Signature=" + std::string(signature) + "\r\n";
    }
    static std::string get_object(std::string_view signature) {
        return "GET /test.txt HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\nRange: bytes=0-9\r\n"
               "x-amz-content-sha256: " +
               std::string(kEmptySha256) + "\r\nx-amz-date: 20130524T000000Z\r\n" +
               authorization("host;range;x-amz-content-sha256;x-amz-date", signature) + "\r\n";
    }
};

constexpr std::string_view kGetSignature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

TEST_F(Sigv4, accepts_the_published_get) {
    EXPECT_EQ(check(get_object(kGetSignature)), "accepted");
}

TEST_F(Sigv4, accepts_the_published_put) {
    EXPECT_EQ(
        check("PUT /test$file.text HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\n"
              "Date: Fri, 24 May 2013 00:00:00 GMT\r\nx-amz-date: 20130524T000000Z\r\n"
              "x-amz-storage-class: REDUCED_REDUNDANCY\r\n"
              "x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\r\n" +
              authorization("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd") +
              "\r\n"),
        "accepted");
    EXPECT_EQ(authenticated_.payload, PayloadHash::Signed);
}

TEST_F(Sigv4, accepts_the_published_listing) {
    EXPECT_EQ(check("GET /?max-keys=2&prefix=J HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\n"
                    "x-amz-date: 20130524T000000Z\r\nx-amz-content-sha256: " +
                    std::string(kEmptySha256) + "\r\n" +
                    authorization("host;x-amz-content-sha256;x-amz-date",
                                  "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7") +
                    "\r\n"),
              "accepted");
}

TEST_F(Sigv4, accepts_the_published_chunks) {
    EXPECT_EQ(
        check("PUT /examplebucket/chunkObject.txt HTTP/1.1\r\nHost: s3.amazonaws.com\r\n"
              "x-amz-date: 20130524T000000Z\r\nx-amz-storage-class: REDUCED_REDUNDANCY\r\n"
              "x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nContent-Encoding: aws-chunked\r\n"
              "x-amz-decoded-content-length: 66560\r\nContent-Length: 66824\r\n" +
              authorization("content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
                            "x-amz-decoded-content-length;x-amz-storage-class",
                            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9") +
              "\r\n"),
        "accepted");
    ASSERT_TRUE(authenticated_.chunks);
    auto accept = [&](std::size_t size, std::string_view signature) {
        return authenticated_.chunks->accept(signature, sha256(std::string(size, 'a')));
    };
    EXPECT_TRUE(accept(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"));
    EXPECT_TRUE(accept(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"));
    EXPECT_TRUE(accept(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"));
    EXPECT_FALSE(accept(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"));
}

TEST_F(Sigv4, refuses_another_signature_and_says_what_was_signed) {
    std::string wrong(kGetSignature);
    wrong[0] = 'e';
    EXPECT_EQ(check(get_object(wrong)), "SignatureDoesNotMatch");
}

TEST_F(Sigv4, refuses_an_unknown_key) {
    std::string head = get_object(kGetSignature);
    head.replace(head.find("AKIAIOSFODNN7EXAMPLE"), 4, "AKIB");
    EXPECT_EQ(check(head), "InvalidAccessKeyId");
}

TEST_F(Sigv4, refuses_a_clock_that_is_more_than_a_quarter_of_an_hour_off) {
    constexpr std::int64_t kMinute_ns = 60'000'000'000;
    now_ns_ += 15 * kMinute_ns;
    EXPECT_EQ(check(get_object(kGetSignature)), "accepted");
    now_ns_ += 1;
    EXPECT_EQ(check(get_object(kGetSignature)), "RequestTimeTooSkewed");
    now_ns_ -= 31 * kMinute_ns;
    EXPECT_EQ(check(get_object(kGetSignature)), "RequestTimeTooSkewed");
}

TEST_F(Sigv4, refuses_another_region_and_names_the_right_one) {
    Request request;
    ASSERT_TRUE(request.parse(get_object(kGetSignature)));
    auto refusal = verifier_.verify(request, "eu-west-1", now_ns_, authenticated_);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, "AuthorizationHeaderMalformed");
    EXPECT_NE(refusal->details.find("<Region>eu-west-1</Region>"), std::string::npos);
}

TEST_F(Sigv4, refuses_amz_headers_that_are_not_signed) {
    std::string head = get_object(kGetSignature);
    head.insert(head.size() - 2, "x-amz-meta-added: by somebody\r\n");
    EXPECT_EQ(check(head), "AccessDenied");
}

TEST_F(Sigv4, refuses_a_request_without_signature) {
    EXPECT_EQ(check("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "AccessDenied");
}

TEST_F(Sigv4, accepts_the_published_presigned_url_until_it_expires) {
    std::string head =
        "GET "
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-"
        "east-1"
        "%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404 HTTP/1.1\r\n"
        "Host: examplebucket.s3.amazonaws.com\r\n\r\n";
    EXPECT_EQ(check(head), "accepted");
    now_ns_ += 86'401ll * 1'000'000'000;
    EXPECT_EQ(check(head), "AccessDenied");
}

}  // namespace
}  // namespace godwit::s3double
