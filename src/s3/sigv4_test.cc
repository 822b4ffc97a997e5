#include "s3/sigv4.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/time_format.h"

namespace godwit::s3 {
namespace {

const Credentials kExample{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                           .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                           .session_token = {},
                           .expires_unix_ns = {}};
const Credentials kOther{.access_key_id = "AKIDEXAMPLE",
                         .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                         .session_token = {},
                         .expires_unix_ns = {}};

std::int64_t at(std::string_view iso_basic) {
    return parse_iso_basic(iso_basic).value();
}

std::string after(std::string_view head, std::string_view mark, std::string_view end) {
    std::size_t begin = head.find(mark);
    if (begin == std::string_view::npos) return "(none)";
    begin += mark.size();
    return std::string(head.substr(begin, head.find(end, begin) - begin));
}
std::string signature(std::string_view head) {
    return after(head, "Signature=", "\r\n");
}
std::string signed_headers(std::string_view head) {
    return after(head, "SignedHeaders=", ",");
}

// The examples of the S3 API Reference, "Signature Calculations for the Authorization Header".
class PublishedExamples : public testing::Test {
  protected:
    std::string sign(std::string_view method, std::string_view path, std::string_view query,
                     std::string_view payload_hash = kEmptyPayloadHash) {
        headers.add("host", "examplebucket.s3.amazonaws.com");
        HeadRequest request{.method = method,
                            .path = path,
                            .query = query,
                            .headers = headers,
                            .payload_hash = payload_hash,
                            .unix_time_ns = at("20130524T000000Z")};
        return Signer("us-east-1", "s3").head(kExample, request);
    }
    HeaderList headers;
};

TEST_F(PublishedExamples, get_object_with_range) {
    headers.add("range", "bytes=0-9");
    std::string head = sign("GET", "/test.txt", "");
    EXPECT_EQ(signature(head), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    EXPECT_EQ(signed_headers(head), "host;range;x-amz-content-sha256;x-amz-date");
}

TEST_F(PublishedExamples, put_object_with_storage_class) {
    headers.add("date", "Fri, 24 May 2013 00:00:00 GMT");
    headers.add("x-amz-storage-class", "REDUCED_REDUNDANCY");
    std::string hash = payload_sha256(bytes_of("Welcome to Amazon S3."));
    EXPECT_EQ(hash, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    EXPECT_EQ(signature(sign("PUT", "/test%24file.text", "", hash)),
              "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(PublishedExamples, get_bucket_lifecycle) {
    EXPECT_EQ(signature(sign("GET", "/", "lifecycle=")),
              "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(PublishedExamples, list_objects) {
    EXPECT_EQ(signature(sign("GET", "/", "max-keys=2&prefix=J")),
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// AWS General Reference, "Create a signed AWS API request".
TEST(Signer, signs_the_iam_example_without_a_payload_header) {
    HeaderList headers;
    headers.add("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    headers.add("host", "iam.amazonaws.com");
    HeadRequest request{.method = "GET",
                        .path = "/",
                        .query = "Action=ListUsers&Version=2010-05-08",
                        .headers = headers,
                        .payload_hash = kEmptyPayloadHash,
                        .unix_time_ns = at("20150830T123600Z")};
    std::string head = Signer("us-east-1", "iam").head(kOther, request);
    EXPECT_EQ(signature(head), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    EXPECT_FALSE(head.contains("x-amz-content-sha256"));
}

struct KeyVector {
    std::string_view key;
    std::string_view path;
    std::string_view signature;
};
// What botocore (S3SigV4Auth) sends and signs for PUT of each key, with an unsigned payload.
constexpr KeyVector kKeyVectors[] = {
    {"plain.txt", "/plain.txt", "09456bb3b86931a63b58bb4b03447e654a7ea4efd00862ef41eaa43ad627607f"},
    {"a b", "/a%20b", "1711563989a22558d130317cac809cfb3adca77aad338e6b827d52034300ec98"},
    {"a+b", "/a%2Bb", "24925a70544337389d0fe358805666f7b0801fe9b7abb3033d7e1dd76aed86ac"},
    {"a%b", "/a%25b", "3c3a048a7cd5e879a4cec142a17b59c53aa35b50ea1ffa4ffd5fdbfffe5dee30"},
    {"a%2Fb", "/a%252Fb", "b442b27c4310a9901b84d6660de2b8577813394044d628c46d95790d43db3eb7"},
    {"a//b", "/a//b", "77d0e69b39242ab66f8f5ed6fd6d990f4dd045520924802a4a5aa2ff838765f0"},
    {"../x", "/../x", "87830363f229e677834cd9d9bc0f22ba216c259eac6061d834767f9f4f2d8b28"},
    {"a/../../x", "/a/../../x", "0873d7ef00c4deb4fd7d4719ae9f726c01018b6a4932b4320489d5784530eec4"},
    {".", "/.", "900bfac027da87c613cfccbb04e582273ac8ef0b48cf06f05984ee6b4868f959"},
    {"..", "/..", "ad8ac5bcabe874a169e23381af4e335f34d6dd1318a3d10773dcd3669ad4908d"},
    {"./x", "/./x", "1e1be4a8e54635cf5b3d25e2c7a821947525c513af6dbd2c02c78b6da15563a3"},
    {"a/./b", "/a/./b", "3997778844e81a564a75403f352eeb57eae0a8bf211766bb69157bff3b5240c2"},
    {"~tilde", "/~tilde", "33ef33113e6ff79eb434c857a1e1d9b39a906344b4be8547637f791d6f84ad4b"},
    {"\xc3\xa9", "/%C3%A9", "751b70ff8a9b05a31db379946a34476265eef418e162019e2a36203b5e35434c"},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e/\xd1\x84\xd0\xb0\xd0\xb9\xd0\xbb",
     "/%E6%97%A5%E6%9C%AC%E8%AA%9E/%D1%84%D0%B0%D0%B9%D0%BB",
     "765a0293a0442195dc8172293a783e777c9789a6e06f438012f84394098bfbba"},
    {"a&b=c;d", "/a%26b%3Dc%3Bd", "680da0974d80e1c1093a939a9da80bad5193abe4ce2beeac821b67ea3995f29b"},
    {"a?b", "/a%3Fb", "418d2c61347b9f41d2e7d97acbd6808722bbd4d33369c04c69828d94b118c0e7"},
    {"a#b", "/a%23b", "c0d162e565d0bd04d062eeeeff6fb7af972b3bf183b3ec5910cf418d4f8128e6"},
    {"a:b@c,d", "/a%3Ab%40c%2Cd", "c0ca4ce0c7445a31b1c76d630cf434dde5dc8920e70fb0148ab4b126ddf09acd"},
    {"(a)[b]{c}", "/%28a%29%5Bb%5D%7Bc%7D",
     "1a4a4186e8460dcc435a5c249438d84b8d587e0515b434cd0010776d31c35e35"},
    {"*!'\"", "/%2A%21%27%22", "edcfbc88797417f53869eecec12f65ba705d00f73ea6a657975cd91888b74693"},
    {"a\\b", "/a%5Cb", "a687163c54b3c5766136b87001dc77f422cb7560eda57f0f74e451efd2896c59"},
    {"tab\x09here", "/tab%09here", "3da94a4c2ca0952ab328e6cb93f384e0baf3b1d7d7df4590013ccffae63b631f"},
    {"nl\x0ahere", "/nl%0Ahere", "f8248c0de0b8092a7f6749f6512cb0f499afc91095df948c71e3e44e0135f31d"},
    {"\x7f", "/%7F", "b3edd40d1784856fdabf821025c717fd8f68f2da86853b8dfba8da1e3c81bd7c"},
    {"\xff\xfe", "/%FF%FE", "2edf19ad81fae08bc1d74a4804612d54b105e843d1ce6b213d95421094f71b3c"},
    {"$dollar", "/%24dollar", "b35ce6b5b47b3e71380e6f3343bb5e3c3fa96dc58e7f05ef345a643dc5531258"},
    {"end/", "/end/", "517470e05480d9ad4369082d6d0c0cd207accd095e3fab849774dc21f0acb7e6"},
};

TEST(Signer, F67_agrees_with_botocore_on_odd_keys) {
    Signer signer("eu-central-1", "s3");
    for (const KeyVector& vector : kKeyVectors) {
        std::string path = "/" + percent_encode(vector.key, Keep::UnreservedSlash);
        EXPECT_EQ(path, vector.path);
        HeaderList headers;
        headers.add("host", "bucket.s3.eu-central-1.amazonaws.com");
        HeadRequest request{.method = "PUT",
                            .path = path,
                            .query = {},
                            .headers = headers,
                            .payload_hash = kUnsignedPayload,
                            .unix_time_ns = at("20261121T213017Z")};
        std::string head = signer.head(kOther, request);
        EXPECT_EQ(signature(head), vector.signature) << vector.path;
        EXPECT_TRUE(head.starts_with("PUT " + path + " HTTP/1.1\r\n")) << head;
    }
}

TEST(Signer, agrees_with_botocore_on_folded_values_query_and_token) {
    Credentials credentials = kOther;
    credentials.session_token = "FwoGZXIvYXdzE+/=";
    HeaderList headers;
    headers.add("x-amz-meta-a", "  two   words ");
    headers.add("host", "bucket.s3.eu-central-1.amazonaws.com");
    headers.add("content-type", "text/plain");
    headers.add("if-none-match", "*");
    headers.add("x-amz-checksum-crc64nvme", "rosUhgp5mYg=");
    headers.add_unsigned("user-agent", "godwit");
    const std::pair<std::string_view, std::string_view> parameters[] = {{"uploadId", "a+b="},
                                                                        {"partNumber", "7"}};
    std::string query = canonical_query(parameters);
    EXPECT_EQ(query, "partNumber=7&uploadId=a%2Bb%3D");
    HeadRequest request{.method = "PUT",
                        .path = "/k",
                        .query = query,
                        .headers = headers,
                        .payload_hash = kUnsignedPayload,
                        .unix_time_ns = at("20261121T213017Z")};
    std::string head = Signer("eu-central-1", "s3").head(credentials, request);
    EXPECT_EQ(signature(head), "f136a6958b4fee7bcfd48b6cb1703d5e1581ee946deafbfd43aa56c777b4265a");
    EXPECT_EQ(signed_headers(head),
              "content-type;host;if-none-match;x-amz-checksum-crc64nvme;x-amz-content-sha256;x-amz-date;"
              "x-amz-meta-a;x-amz-security-token");
    EXPECT_TRUE(head.contains("user-agent: godwit\r\n"));
}

TEST(Signer, agrees_with_botocore_on_a_payload_with_trailer) {
    HeaderList headers;
    headers.add("host", "bucket.s3.eu-central-1.amazonaws.com");
    headers.add("x-amz-trailer", "x-amz-checksum-crc64nvme");
    headers.add("x-amz-decoded-content-length", "5");
    headers.add("content-encoding", "aws-chunked");
    HeadRequest request{.method = "PUT",
                        .path = "/k",
                        .query = {},
                        .headers = headers,
                        .payload_hash = kUnsignedPayloadTrailer,
                        .unix_time_ns = at("20261121T213017Z")};
    EXPECT_EQ(signature(Signer("eu-central-1", "s3").head(kOther, request)),
              "54610670ab5b07101d7fa5845b2c67abbc008ea52341d148626b693c0f54ddb6");
}

std::string sign_at(Signer& signer, const Credentials& credentials, std::string_view time) {
    HeaderList headers;
    headers.add("host", "h");
    HeadRequest request{.method = "GET",
                        .path = "/",
                        .query = {},
                        .headers = headers,
                        .payload_hash = kEmptyPayloadHash,
                        .unix_time_ns = at(time)};
    return signer.head(credentials, request);
}

// A Signer keeps the key of a day: every change that makes it stale must show.
TEST(Signer, kept_state_never_shows_in_a_signature) {
    Signer kept("us-east-1", "s3");
    for (const Credentials* credentials : {&kExample, &kOther, &kExample}) {
        for (std::string_view time :
             {"20260101T000000Z", "20260101T235959Z", "20260102T000000Z", "20251231T235959Z"}) {
            Signer fresh("us-east-1", "s3");
            EXPECT_EQ(sign_at(kept, *credentials, time), sign_at(fresh, *credentials, time));
        }
    }
}

TEST(Signer, anonymous_requests_carry_nothing_of_a_signature) {
    Signer signer("us-east-1", "s3");
    EXPECT_EQ(sign_at(signer, Credentials(), "20260101T000000Z"), "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
}

TEST(HeaderList, G73_refuses_a_value_that_would_forge_a_header) {
    Signer signer("us-east-1", "s3");
    using std::string_view_literals::operator""sv;
    for (std::string_view value : {"v\r\nx-amz-acl: public-read"sv, "v\n"sv, "\r"sv, "\0"sv}) {
        HeaderList headers;
        headers.add("host", "h");
        headers.add("x-amz-meta-a", value);
        HeadRequest request{.method = "PUT", .path = "/b/k", .headers = headers};
        EXPECT_DEATH(signer.head(Credentials{}, request), "control character");
        EXPECT_DEATH(unsigned_head(request), "control character");
    }
}

}  // namespace
}  // namespace godwit::s3
