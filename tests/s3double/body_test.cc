#include "s3double/body.h"

#include <gtest/gtest.h>

namespace godwit::s3double {
namespace {

TEST(Body, joins_and_cuts_runs) {
    Body body = Body::of("hello");
    Body other = Body::of(" wide world");
    body.append(other, 0, 5);
    body.append(other, 5, 100);
    EXPECT_EQ(body.text(), "hello wide world");
    EXPECT_EQ(body.slice(3, 9).text(), "lo wide w");
    EXPECT_EQ(body.slice(16, 9).text(), "");
    EXPECT_TRUE(body.at(16).empty());
}

TEST(Body, of_a_pattern_takes_no_memory_and_is_the_same_every_time) {
    Body terabytes = Body::pattern(7, 5ull << 40);
    EXPECT_EQ(terabytes.size_bytes(), 5ull << 40);
    EXPECT_EQ(Body::pattern(7, 5000).text(), terabytes.slice(0, 5000).text());
    EXPECT_EQ(Body::pattern(7, (3u << 20) + 5).text(), terabytes.slice(0, (3u << 20) + 5).text());
    EXPECT_NE(Body::pattern(8, 5000).text(), terabytes.slice(0, 5000).text());
}

TEST(Body, slices_of_a_pattern_continue_it) {
    std::string whole = Body::pattern(3, 3u << 20).text();
    for (std::uint64_t offset : {1ull, 4095ull, (1ull << 20) - 1, (2ull << 20) + 77})
        EXPECT_EQ(Body::pattern(3, 3u << 20).slice(offset, 10'000).text(), whole.substr(offset, 10'000));
}

TEST(Body, has_the_digest_of_its_bytes_however_they_lie) {
    std::string text = Body::pattern(3, 3u << 20).text();
    Body pieces = Body::of(text.substr(0, 100));
    pieces.append(Body::of(text), 100, text.size());
    auto expected = godwit::digest_of(DigestAlgorithm::Crc64Nvme, std::as_bytes(std::span(text)));
    EXPECT_EQ(digest_of(DigestAlgorithm::Crc64Nvme, pieces), expected);
    EXPECT_EQ(digest_of(DigestAlgorithm::Crc64Nvme, Body::pattern(3, 3u << 20)), expected);
}

TEST(Lie, changes_just_what_it_says) {
    Body body = Body::of("0123456789");
    EXPECT_EQ(lied_about(body, {}).text(), "0123456789");
    EXPECT_EQ(lied_about(body, {Lie::Kind::Truncate, 4}).text(), "0123");
    EXPECT_EQ(lied_about(body, {Lie::Kind::Zero, 8}).text(), std::string("01234567\0\0", 10));
    EXPECT_EQ(lied_about(body, {Lie::Kind::Flip, 2}).text(), "0133456789");
    Body other = lied_about(body, {Lie::Kind::Other, 0});
    EXPECT_EQ(other.size_bytes(), 10u);
    EXPECT_NE(other.text(), body.text());
}

}  // namespace
}  // namespace godwit::s3double
