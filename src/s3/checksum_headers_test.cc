#include "s3/checksum_headers.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace godwit::s3 {
namespace {

using enum DigestAlgorithm;

constexpr std::string_view kCheck = "123456789";

Digest of(DigestAlgorithm algorithm, std::string_view text) {
    return digest_of(algorithm, bytes_of(text));
}

TEST(ChecksumNames, go_both_ways_for_all_but_md5) {
    for (DigestAlgorithm algorithm : {Crc64Nvme, Crc32c, Sha256, Crc32, Sha1}) {
        EXPECT_EQ(checksum_algorithm_from(checksum_algorithm_name(algorithm)), algorithm);
        EXPECT_EQ(checksum_header(algorithm), "x-amz-checksum-" + std::string(to_string(algorithm)));
        EXPECT_EQ(checksum_element(algorithm), "Checksum" + std::string(checksum_algorithm_name(algorithm)));
    }
    EXPECT_EQ(checksum_header(Md5), "");
    EXPECT_EQ(checksum_algorithm_from("MD5"), std::nullopt);
    EXPECT_EQ(checksum_algorithm_from(""), std::nullopt);
}

TEST(StoredDigest, reads_what_the_store_keeps_of_the_whole_object) {
    std::vector<net::HttpHeader> headers{{"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},
                                         {"x-amz-checksum-type", "FULL_OBJECT"}};
    EXPECT_EQ(stored_digest(headers, Crc64Nvme), of(Crc64Nvme, kCheck));
    // Another one than the wanted is better than none.
    EXPECT_EQ(stored_digest(headers, Sha256), of(Crc64Nvme, kCheck));
    const std::string sha = of(Sha256, kCheck).base64();
    headers.push_back({"x-amz-checksum-sha256", sha});
    EXPECT_EQ(stored_digest(headers, Sha256), of(Sha256, kCheck));
}

TEST(StoredDigest, composites_and_nonsense_are_absent) {
    const std::string sha = of(Sha256, kCheck).base64(), composite = sha + "-2";
    using Headers = std::vector<net::HttpHeader>;
    for (const Headers& headers :
         {Headers{}, Headers{{"x-amz-checksum-sha256", composite}},
          Headers{{"x-amz-checksum-sha256", sha}, {"x-amz-checksum-type", "COMPOSITE"}},
          Headers{{"x-amz-checksum-sha256", "AAAA"}}, Headers{{"x-amz-checksum-crc32c", ""}},
          Headers{{"x-amz-checksum-future", sha}}}) {
        EXPECT_EQ(stored_digest(headers, Sha256), std::nullopt);
    }
}

TEST(MultipartChecksumType, is_whole_where_digests_combine) {
    EXPECT_EQ(multipart_checksum_type(Crc64Nvme), "FULL_OBJECT");
    EXPECT_EQ(multipart_checksum_type(Crc32c), "FULL_OBJECT");
    EXPECT_EQ(multipart_checksum_type(Sha256), "COMPOSITE");
}

TEST(CompositeChecksum, is_the_digest_of_the_parts_digests) {
    const Digest parts[] = {of(Sha256, "1234"), of(Sha256, "56789")};
    Hasher hasher(Sha256);
    for (const Digest& part : parts) hasher.update(part.bytes());
    EXPECT_EQ(composite_checksum(parts), hasher.digest().base64() + "-2");
}

TEST(EtagEquals, only_the_md5_itself) {
    Digest md5 = of(Md5, kCheck);
    EXPECT_EQ(md5.hex(), "25f9e794323b453885f5181f1b624d0b");
    EXPECT_TRUE(etag_equals("25f9e794323b453885f5181f1b624d0b", md5));
    EXPECT_TRUE(etag_equals("25F9E794323B453885F5181F1B624D0B", md5));
    for (std::string_view etag :
         {"", "25f9e794323b453885f5181f1b624d0c", "25f9e794323b453885f5181f1b624d0b-1",
          "W/25f9e794323b453885f5181f1b624d0b", "\"25f9e794323b453885f5181f1b624d0b\""}) {
        EXPECT_FALSE(etag_equals(etag, md5)) << etag;
    }
}

TEST(MultipartEtag, is_what_s3_computes) {
    const Digest parts[] = {of(Md5, "1234"), of(Md5, "56789")};
    Hasher hasher(Md5);
    for (const Digest& part : parts) hasher.update(part.bytes());
    EXPECT_EQ(multipart_etag(parts), hasher.digest().hex() + "-2");
}

TEST(UnquoteEtag, takes_off_one_pair) {
    EXPECT_EQ(unquote_etag("\"abc\""), "abc");
    EXPECT_EQ(unquote_etag("abc"), "abc");
    EXPECT_EQ(unquote_etag("W/\"abc\""), "W/\"abc\"");
    EXPECT_EQ(unquote_etag("\""), "\"");
    EXPECT_EQ(unquote_etag(""), "");
}

}  // namespace
}  // namespace godwit::s3
