#include "s3/addressing.h"

#include <gtest/gtest.h>

namespace godwit::s3 {
namespace {

std::string problem(std::string_view uri) {
    auto parsed = parse_s3_uri(uri);
    return parsed ? "parsed" : parsed.error().message();
}

Address address(EndpointOptions options, std::string_view bucket) {
    auto made = Address::make(options, bucket);
    EXPECT_TRUE(made) << made.error().message();
    return *made;
}

std::string address_problem(EndpointOptions options, std::string_view bucket) {
    auto made = Address::make(options, bucket);
    return made ? "made" : made.error().message();
}

TEST(ParseS3Uri, keeps_the_prefix_byte_by_byte) {
    for (std::string_view prefix : {"", "a", "a/", "/a", "a//b", "../x", "a b%20+?#", "\xff\n"}) {
        auto parsed = parse_s3_uri("s3://bucket/" + std::string(prefix));
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->bucket, "bucket");
        EXPECT_EQ(parsed->prefix, prefix);
    }
    EXPECT_EQ(parse_s3_uri("s3://bucket")->prefix, "");
}

TEST(ParseS3Uri, says_what_is_wrong) {
    EXPECT_EQ(problem("s3:/bucket"),
              "parse location s3:/bucket: no S3 URI; write s3://bucket or s3://bucket/prefix");
    EXPECT_EQ(problem("s3://"),
              "parse location s3://: the bucket is missing; write s3://bucket or s3://bucket/prefix");
    EXPECT_EQ(problem("s3:///key"),
              "parse location s3:///key: the bucket is missing; write s3://bucket or s3://bucket/prefix");
    EXPECT_EQ(
        problem("s3://my bucket/x"),
        "parse location s3://my bucket/x: ' ' can't stand in a bucket's name; allowed are letters, digits, "
        "'.', '_' and '-'");
    EXPECT_EQ(problem("s3://ab"),
              "parse location s3://ab: bucket 'ab' has 2 characters; allowed are 3 to 255");
    EXPECT_TRUE(problem("s3://bucket/" + std::string(1025, 'x'))
                    .ends_with("the prefix has 1025 bytes; a key has at most 1024"));
    EXPECT_TRUE(problem(std::string_view("s3://bucket/a\0b", 15)).ends_with("a key can't hold a NUL byte"));
    EXPECT_EQ(parse_s3_uri("s3://arn:aws:s3:eu-west-1:1:accesspoint/a").error().kind(),
              ErrorKind::Unsupported);
}

TEST(Address, of_aws_is_virtual_hosted_in_the_regions_partition) {
    Address plain = address({.url = "", .region = "eu-west-1"}, "bucket");
    EXPECT_EQ(plain.host(), "bucket.s3.eu-west-1.amazonaws.com");
    EXPECT_EQ(plain.origin().port, 443);
    EXPECT_TRUE(plain.origin().tls);
    EXPECT_TRUE(plain.is_aws());
    EXPECT_EQ(plain.path("a b/c"), "/a%20b/c");
    EXPECT_EQ(plain.path(""), "/");
    EXPECT_EQ(address({}, "bucket").host(), "bucket.s3.us-east-1.amazonaws.com");
    EXPECT_EQ(address({.url = "", .region = "cn-north-1"}, "bucket").host(),
              "bucket.s3.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(address({.url = "", .region = "us-gov-west-1"}, "bucket").host(),
              "bucket.s3.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(address({.url = "", .region = "us-isob-east-1"}, "bucket").host(),
              "bucket.s3.us-isob-east-1.sc2s.sgov.gov");
}

TEST(Address, of_aws_is_by_path_for_buckets_that_are_no_dns_label) {
    for (std::string_view bucket : {"my.bucket", "MyBucket", "my_bucket", "bucket-"}) {
        Address made = address({.url = "", .region = "eu-west-1"}, bucket);
        EXPECT_FALSE(made.virtual_hosted());
        EXPECT_EQ(made.host(), "s3.eu-west-1.amazonaws.com");
        EXPECT_EQ(made.path("k"), "/" + std::string(bucket) + "/k");
        EXPECT_EQ(made.path(""), "/" + std::string(bucket));
    }
}

TEST(Address, elsewhere_is_by_path_unless_asked) {
    Address made = address({.url = "http://localhost:9000", .region = "r"}, "bucket");
    EXPECT_EQ(made.host(), "localhost:9000");
    EXPECT_FALSE(made.origin().tls);
    EXPECT_FALSE(made.is_aws());
    EXPECT_EQ(made.path("k"), "/bucket/k");
    Address asked =
        address({.url = "http://s3.local:9000", .region = "r", .style = AddressStyle::Virtual}, "bucket");
    EXPECT_EQ(asked.host(), "bucket.s3.local:9000");
    EXPECT_EQ(asked.path("k"), "/k");
    EXPECT_EQ(asked.canonical(), "s3:http://s3.local:9000/bucket");
    EXPECT_EQ(address({.url = "http://[::1]:9000", .region = "r"}, "bucket").host(), "[::1]:9000");
}

TEST(Address, keeps_a_base_path_of_the_endpoint) {
    Address made = address({.url = "https://gate.example/s3/", .region = "r"}, "bucket");
    EXPECT_EQ(made.path("k"), "/s3/bucket/k");
    EXPECT_EQ(made.path(""), "/s3/bucket");
    EXPECT_EQ(made.endpoint(),
              address({.url = "https://gate.example/s3", .region = "r"}, "other").endpoint());
}

TEST(Address, F67_encodes_every_byte_of_a_key_exactly_once) {
    Address made = address({.url = "http://h:1", .region = "r"}, "bucket");
    for (int byte = 0; byte < 256; ++byte) {
        std::string key = {'a', static_cast<char>(byte), 'b'};
        std::string path = made.path(key);
        bool plain =
            std::isalnum(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~' || byte == '/';
        char escape[4];
        std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(byte));
        EXPECT_EQ(path, "/bucket/a" + (plain ? std::string(1, static_cast<char>(byte)) : escape) + "b");
    }
    EXPECT_EQ(made.path("%41"), "/bucket/%2541");
    EXPECT_EQ(made.path("../a//b/."), "/bucket/../a//b/.");
}

TEST(Address, refuses_what_cannot_be_addressed) {
    EXPECT_TRUE(address_problem({.url = "http://10.0.0.1:9000", .style = AddressStyle::Virtual}, "bucket")
                    .contains("use addressing style path"));
    EXPECT_TRUE(address_problem({.url = "http://[::1]:9000", .style = AddressStyle::Virtual}, "bucket")
                    .contains("use addressing style path"));
    EXPECT_TRUE(address_problem({.style = AddressStyle::Virtual}, "my.bucket").contains("'my.bucket'"));
    EXPECT_TRUE(address_problem({.region = "eu west"}, "bucket").contains("'eu west' is no region name"));
    EXPECT_TRUE(address_problem({.region = "evil.com/x"}, "bucket").contains("no region name"));
    EXPECT_TRUE(address_problem({.url = "http://h/?x=1"}, "bucket").contains("has no query"));
    EXPECT_NE(address_problem({.url = "ftp://h"}, "bucket"), "made");
}

TEST(Address, only_true_aws_hosts_count_as_aws) {
    EXPECT_TRUE(address({.url = "https://s3.eu-west-1.amazonaws.com"}, "bucket").is_aws());
    EXPECT_FALSE(address({.url = "https://s3.notamazonaws.com"}, "bucket").is_aws());
    EXPECT_FALSE(address({.url = "https://amazonaws.com.evil.example"}, "bucket").is_aws());
}

TEST(Address, copy_source_is_encoded_once_and_names_the_version) {
    Address made = address({.url = "http://h:1"}, "bucket");
    EXPECT_EQ(made.copy_source("a+b/%", ""), "bucket/a%2Bb/%25");
    EXPECT_EQ(made.copy_source("k", "v+1"), "bucket/k?versionId=v%2B1");
}

}  // namespace
}  // namespace godwit::s3
