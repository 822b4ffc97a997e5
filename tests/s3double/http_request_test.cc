#include "s3double/http_request.h"

#include <gtest/gtest.h>

namespace godwit::s3double {
namespace {

std::string head(std::string_view lines) {
    return "GET /b/k HTTP/1.1\r\nHost: h\r\n" + std::string(lines) + "\r\n";
}

TEST(HttpRequest, reads_target_query_and_headers) {
    Request request;
    ASSERT_TRUE(
        request.parse("PUT /bucket/a%20b/c%2Bd?partNumber=3&x=a+b&flag HTTP/1.1\r\n"
                      "Host: h:80\r\nX-Amz-Meta-A:  one two \r\nContent-Length: 12\r\n\r\n"));
    ASSERT_TRUE(request.split_target("localhost"));
    EXPECT_EQ(request.method(), "PUT");
    EXPECT_EQ(request.bucket(), "bucket");
    EXPECT_EQ(request.key(), "a b/c+d");
    EXPECT_EQ(request.parameter("partNumber"), "3");
    EXPECT_EQ(request.parameter("x"), "a b");
    EXPECT_EQ(request.parameter("flag"), "");
    EXPECT_EQ(request.header("x-amz-meta-a"), "one two");
    EXPECT_EQ(request.content_length(), 12u);
}

TEST(HttpRequest, takes_the_bucket_from_the_host_under_its_domain) {
    Request request;
    ASSERT_TRUE(request.parse("GET /k HTTP/1.1\r\nHost: my.bucket.localhost:9000\r\n\r\n"));
    ASSERT_TRUE(request.split_target("localhost"));
    EXPECT_EQ(request.bucket(), "my.bucket");
    EXPECT_EQ(request.key(), "k");
}

TEST(HttpRequest, forgets_the_request_before) {
    Request request;
    ASSERT_TRUE(request.parse("PUT /b/k?uploads HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    ASSERT_TRUE(request.parse(head("")));
    EXPECT_FALSE(request.chunked());
    EXPECT_FALSE(request.has_parameter("uploads"));
    EXPECT_EQ(request.headers().size(), 1u);
}

class RefusedHead : public testing::TestWithParam<const char*> {};
TEST_P(RefusedHead, is_invalid) {
    Request request;
    auto parsed = request.parse(GetParam());
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().kind(), ErrorKind::Invalid);
}
INSTANTIATE_TEST_SUITE_P(
    HttpRequest, RefusedHead,
    testing::Values("\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.0\r\nHost: h\r\n\r\n",
                    "GET / HTTP/1.1\r\n\r\n", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
                    "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n", "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
                    "GET /?a=%zz HTTP/1.1\r\nHost: h\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: h\r\nA: x\x01y\r\n\r\n"));

}  // namespace
}  // namespace godwit::s3double
