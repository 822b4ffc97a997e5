#include "s3/read_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace godwit::s3 {
namespace {

constexpr DigestAlgorithm kReader = DigestAlgorithm::Crc64Nvme;

std::string text() {
    std::string out;
    for (int i = 0; out.size() < 10'000; ++i) out += std::to_string(i * 7919);
    return out;
}

void add(ReadCheck& check, const std::string& whole, std::size_t offset, std::size_t size) {
    auto bytes = bytes_of(whole).subspan(offset, std::min(size, whole.size() - offset));
    check.add(offset, bytes, digest_of(kReader, bytes));
}

TEST(ReadCheck, compares_ranges_in_any_order_with_every_checksum_that_combines) {
    const std::string right = text();
    std::string wrong = right;
    wrong[7'000] ^= 1;
    std::vector<std::size_t> offsets;
    for (std::size_t at = 0; at < right.size(); at += 700) offsets.push_back(at);
    std::mt19937 random(1);
    for (auto algorithm : {DigestAlgorithm::Crc64Nvme, DigestAlgorithm::Crc32c, DigestAlgorithm::Crc32}) {
        Digest stored = digest_of(algorithm, bytes_of(right));
        for (int order = 0; order < 20; ++order) {
            std::ranges::shuffle(offsets, random);
            ReadCheck same(stored, right.size()), other(stored, right.size());
            for (std::size_t at : offsets) {
                EXPECT_FALSE(other.mismatch()) << "not all is read";
                add(same, right, at, 700);
                add(other, wrong, at, 700);
            }
            EXPECT_FALSE(same.mismatch());
            EXPECT_EQ(other.mismatch(), digest_of(algorithm, bytes_of(wrong)));
        }
    }
}

TEST(ReadCheck, counts_what_is_read_twice_once) {
    const std::string right = text();
    ReadCheck check(digest_of(kReader, bytes_of(right)), right.size());
    for (std::size_t at : {0u, 0u, 500u, 200u, 1'000u, 1'000u, 900u}) add(check, right, at, 500);
    add(check, right, 1'500, right.size());
    EXPECT_FALSE(check.mismatch());
}

TEST(ReadCheck, says_nothing_without_a_checksum_that_combines) {
    const std::string right = text();
    for (std::optional<Digest> stored :
         {std::optional<Digest>(), std::optional(digest_of(DigestAlgorithm::Sha256, bytes_of("other")))}) {
        ReadCheck check(stored, right.size());
        add(check, right, 0, right.size());
        EXPECT_FALSE(check.mismatch());
    }
}

}  // namespace
}  // namespace godwit::s3
