#include "engine/parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

#include "base/encoding.h"

namespace godwit::engine {
namespace {

TEST(PartLayout, cuts_an_object_into_equal_parts_and_a_rest) {
    PartLayout layout(250, 100);
    ASSERT_EQ(layout.count(), 3u);
    EXPECT_EQ(layout[2].offset_bytes, 200u);
    EXPECT_EQ(layout[2].size_bytes, 50u);
    EXPECT_EQ(PartLayout(200, 100).count(), 2u);
    EXPECT_EQ(PartLayout(0, 100).count(), 1u);
}

TEST(PartDigests, parts_in_any_order_make_the_digest_of_the_whole) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i);
    PartLayout layout(text.size(), 777);
    std::vector<std::size_t> order(layout.count());
    std::iota(order.begin(), order.end(), 0);
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::shuffle(order.begin(), order.end(), std::mt19937(seed));
        PartDigests digests(layout);
        for (std::size_t number : order) {
            auto part = text.substr(layout[number].offset_bytes, layout[number].size_bytes);
            digests.set(number, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(part)));
        }
        EXPECT_EQ(digests.whole(), digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(text)));
    }
}

TEST(PartDigests, hold_only_what_came_before_its_turn) {
    constexpr std::uint64_t kExbi = 1ull << 60;
    PartLayout layout(kExbi, 8u << 20);
    PartDigests digests(layout);
    Digest digest = digest_of(DigestAlgorithm::Crc64Nvme, {});
    for (std::size_t number : {1u, 2u, 3u}) digests.set(number, digest);
    EXPECT_EQ(digests.waiting(), 3u);
    digests.set(0, digest);
    EXPECT_EQ(digests.waiting(), 0u);
}

TEST(PartDigests, a_single_part_may_have_any_digest) {
    PartDigests digests(PartLayout(3, 10));
    Digest sha256 = digest_of(DigestAlgorithm::Sha256, bytes_of("abc"));
    digests.set(0, sha256);
    EXPECT_EQ(digests.whole(), sha256);
}

}  // namespace
}  // namespace godwit::engine
