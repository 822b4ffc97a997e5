#include "s3/multipart.h"

#include <gtest/gtest.h>

namespace godwit::s3 {
namespace {

constexpr std::uint64_t kStep = 8u << 20;

TEST(PartBytes, are_the_least_multiple_that_fits_ten_thousand_parts) {
    EXPECT_EQ(part_bytes_for(0, kStep), kStep);
    EXPECT_EQ(part_bytes_for(1, kStep), kStep);
    EXPECT_EQ(part_bytes_for(10'000 * kStep, kStep), kStep);
    EXPECT_EQ(part_bytes_for(10'000 * kStep + 1, kStep), 2 * kStep);
    EXPECT_EQ(part_bytes_for(5ull << 40, kStep), 528u << 20);
}

TEST(PartBytes, L113_never_make_more_than_ten_thousand_parts_nor_parts_beyond_5_gib) {
    for (std::uint64_t size = 1; size < kObjectBytesMax; size = size * 3 + 7) {
        std::uint64_t part = part_bytes_for(size, kStep);
        EXPECT_LE(part_count(size, part), kPartsMax) << size;
        EXPECT_EQ(part % kStep, 0u);
        EXPECT_LE(part, kPartBytesMax) << size;
    }
    EXPECT_EQ(part_bytes_for(kObjectBytesMax, kStep), kPartBytesMax);
}

TEST(PartCount, covers_the_object) {
    EXPECT_EQ(part_count(0, kStep), 1);
    EXPECT_EQ(part_count(1, kStep), 1);
    EXPECT_EQ(part_count(kStep, kStep), 1);
    EXPECT_EQ(part_count(kStep + 1, kStep), 2);
}

}  // namespace
}  // namespace godwit::s3
