#include "net/http_parser.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace godwit::net {
namespace {

using namespace std::string_literals;

Result<ResponseHead> parse(std::string_view text) {
    return parse_head(bytes_of(text));
}

TEST(HttpParser, reads_status_and_headers) {
    ResponseHead head =
        parse("HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nX-Amz-Meta-A:  b c \t\r\nEmpty:\r\n\r\n")
            .value();
    EXPECT_EQ(head.status, 206);
    EXPECT_FALSE(head.is_http_1_0);
    ASSERT_EQ(head.headers.size(), 3u);
    EXPECT_EQ(head.headers[1].name, "x-amz-meta-a");
    EXPECT_EQ(head.headers[1].value, "b c");
    EXPECT_EQ(head.header("etag"), "\"a\"");
    EXPECT_EQ(head.header("empty"), "");
    EXPECT_FALSE(head.header("absent"));
}

TEST(HttpParser, takes_an_empty_reason_and_no_headers) {
    EXPECT_EQ(parse("HTTP/1.0 200 \r\n\r\n")->status, 200);
    EXPECT_TRUE(parse("HTTP/1.0 200 OK\r\n\r\n")->is_http_1_0);
}

TEST(HttpParser, refuses_what_the_standard_forbids) {
    for (const std::string& text : {"HTTP/1.1 200 OK\nA: b\n\n"s,
                                    "HTTP/1.1 200 OK\r\nA: b\n\r\n"s,
                                    "HTTP/2.0 200 OK\r\n\r\n"s,
                                    "HTTP/1.1 20 OK\r\n\r\n"s,
                                    "HTTP/1.1 2000 OK\r\n\r\n"s,
                                    "HTTP/1.1 abc OK\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nA : b\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\n A: b\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nNoColon\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n"s,
                                    "HTTP/1.1 200 O\0K\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\n: b\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nA: b\nc: d\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\nA\xc3\xa4: b\r\n\r\n"s,
                                    "HTTP/1.1 200OK\r\n\r\n"s,
                                    "HTTP/1.1 099 OK\r\n\r\n"s,
                                    "HTTP/1.1  200 OK\r\n\r\n"s,
                                    "HTTP/1.1 200 OK\r\n folded\r\nA: b\r\n \r\n"s,
                                    "HTTP/1.1 200 OK\r\nA: b\r\n\r\nmore"s,
                                    "<html>Welcome to the hotel</html>\r\n\r\n"s,
                                    "\r\n\r\n"s,
                                    ""s}) {
        auto head = parse(text);
        ASSERT_FALSE(head) << text;
        EXPECT_EQ(head.error().kind(), ErrorKind::Corrupt) << text;
    }
}

TEST(HttpParser, unfolds_values_and_keeps_foreign_bytes_in_them) {
    ResponseHead head = parse("HTTP/1.1 200\r\nA: b\r\n c\r\n\td\r\nB:\xc3\xa4\r\n\r\n").value();
    ResponseHead moved = std::move(head);
    EXPECT_EQ(moved.header("a"), "b   c  \td");
    EXPECT_EQ(moved.header("b"), "\xc3\xa4");
}

TEST(HttpParser, refuses_a_head_that_is_cut_anywhere) {
    const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: b\r\n\r\n";
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        EXPECT_FALSE(parse(whole.substr(0, bytes))) << bytes;
    }
    EXPECT_TRUE(parse(whole));
}

TEST(HttpParser, finds_the_end_of_a_head_however_it_arrives) {
    const std::string whole = "HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody";
    const std::size_t end = whole.size() - 4;
    for (std::size_t searched = 0; searched < end; ++searched) {
        EXPECT_EQ(find_head_end(bytes_of(whole.substr(0, searched)), 0).value(), std::nullopt);
        EXPECT_EQ(find_head_end(bytes_of(whole), searched).value(), end) << searched;
    }
}

TEST(HttpParser, sees_at_the_first_bytes_that_this_is_not_http) {
    for (std::string_view text : {"S", "SSH-2.0-OpenSSH\r\n", "HTTP/2", "HTTP 1", "\x16\x03\x01"}) {
        auto end = find_head_end(bytes_of(text), 0);
        ASSERT_FALSE(end) << text;
        EXPECT_EQ(end.error().code(), "NotHttp");
    }
    EXPECT_TRUE(find_head_end(bytes_of("HTTP"), 0));
}

}  // namespace
}  // namespace godwit::net
