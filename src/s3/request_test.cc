#include "s3/request.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace godwit::s3 {
namespace {

Address address_at(const std::string& url) {
    EndpointOptions options;
    options.url = url;
    auto address = Address::make(options, "bucket");
    GODWIT_CHECK(address, "{}", address.error().message());
    return std::move(*address);
}

std::string head_of(const Request& request, const Address& address) {
    Signer signer("us-east-1", "s3");
    Credentials credentials{"AKIA", "secret", "", std::nullopt};
    std::string hash = payload_hash(address.origin(), request);
    return request_head(request, address, signer, credentials, hash, 1'600'000'000'000'000'000);
}

TEST(Request, every_kind_has_its_own_names) {
    for (std::size_t i = 0; i < kRequestKindCount; ++i) {
        auto kind = static_cast<RequestKind>(i);
        EXPECT_FALSE(action_name(kind).empty());
        EXPECT_FALSE(verb(kind).empty());
        EXPECT_FALSE(method(kind).empty());
    }
    EXPECT_EQ(action_name(RequestKind::CompleteUpload), "CompleteMultipartUpload");
    EXPECT_EQ(method(RequestKind::HeadObject), "HEAD");
}

TEST(Request, the_head_names_host_path_and_length) {
    Request request(RequestKind::PutObject, "a b/\xc3\xa9+");
    request.body = bytes_of("12345");
    std::string head = head_of(request, address_at("http://127.0.0.1:9000"));
    EXPECT_TRUE(head.starts_with("PUT /bucket/a%20b/%C3%A9%2B HTTP/1.1\r\n")) << head;
    EXPECT_NE(head.find("host: 127.0.0.1:9000\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("content-length: 5\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("uthorization: AWS4-HMAC-SHA256 Credential=AKIA/"), std::string::npos) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(Request, an_empty_put_says_that_it_is_empty_and_a_get_says_nothing) {
    Address address = address_at("http://127.0.0.1:9000");
    Request put(RequestKind::PutObject, "k");
    EXPECT_NE(head_of(put, address).find("content-length: 0\r\n"), std::string::npos);
    Request get(RequestKind::GetObject, "k");
    EXPECT_EQ(head_of(get, address).find("content-length"), std::string::npos);
}

TEST(Request, the_payload_is_signed_on_plain_connections_to_other_machines_only) {
    EXPECT_FALSE(signs_payload(address_at("https://s3.example.com").origin()));
    EXPECT_FALSE(signs_payload(address_at("http://127.0.0.1:9000").origin()));
    EXPECT_FALSE(signs_payload(address_at("http://localhost:9000").origin()));
    EXPECT_FALSE(signs_payload(address_at("http://[::1]:9000").origin()));
    net::Origin plain = address_at("http://s3.example.com").origin();
    EXPECT_TRUE(signs_payload(plain));
    Request put(RequestKind::PutObject, "k");
    put.body = bytes_of("abc");
    EXPECT_EQ(payload_hash(plain, put), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_TRUE(signs_payload(address_at("http://127.evil.example.com").origin()))
        << "a name, not an address";
    EXPECT_EQ(payload_hash(address_at("https://s3.example.com").origin(), put), "UNSIGNED-PAYLOAD");
}

TEST(Request, etags_go_into_conditions_in_quotes) {
    EXPECT_EQ(quoted_etag("abc"), "\"abc\"");
    EXPECT_EQ(quoted_etag("\"abc\""), "\"abc\"");
    EXPECT_EQ(quoted_etag("W/\"abc\""), "W/\"abc\"");
}

TEST(Request, ranges_name_their_last_byte) {
    EXPECT_EQ(range_value(0, 1), "bytes=0-0");
    EXPECT_EQ(range_value(100, 50), "bytes=100-149");
}

TEST(Request, a_content_range_must_be_exactly_what_was_asked_for) {
    EXPECT_TRUE(is_content_range("bytes 100-149/1000", 100, 50, 1000));
    EXPECT_FALSE(is_content_range("bytes 100-149/999", 100, 50, 1000));
    EXPECT_FALSE(is_content_range("bytes 100-148/1000", 100, 50, 1000));
    EXPECT_FALSE(is_content_range("bytes 0-49/1000", 100, 50, 1000));
    EXPECT_FALSE(is_content_range("", 100, 50, 1000));
}

}  // namespace
}  // namespace godwit::s3
