#include "base/digest.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/crc64.h"
#include "base/encoding.h"

namespace godwit {
namespace {

std::vector<std::byte> random_bytes(std::size_t size, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
    return bytes;
}

constexpr std::array kAllAlgorithms = {DigestAlgorithm::Crc64Nvme, DigestAlgorithm::Crc32c,
                                       DigestAlgorithm::Sha256,    DigestAlgorithm::Md5,
                                       DigestAlgorithm::Crc32,     DigestAlgorithm::Sha1};

TEST(Digest, gives_the_published_check_values) {
    auto hex = [](DigestAlgorithm algorithm, std::string_view text) {
        return digest_of(algorithm, bytes_of(text)).hex();
    };
    EXPECT_EQ(hex(DigestAlgorithm::Crc64Nvme, "123456789"), "ae8b14860a799888");
    EXPECT_EQ(hex(DigestAlgorithm::Crc32c, "123456789"), "e3069283");
    EXPECT_EQ(hex(DigestAlgorithm::Crc32, "123456789"), "cbf43926");
    EXPECT_EQ(hex(DigestAlgorithm::Md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");           // RFC 1321
    EXPECT_EQ(hex(DigestAlgorithm::Sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");  // FIPS 180
    EXPECT_EQ(hex(DigestAlgorithm::Sha256, "abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, of_nothing_is_that_of_the_empty_text) {
    EXPECT_EQ(digest_of(DigestAlgorithm::Crc64Nvme, {}).hex(), "0000000000000000");
    EXPECT_EQ(digest_of(DigestAlgorithm::Crc32c, {}).hex(), "00000000");
    EXPECT_EQ(digest_of(DigestAlgorithm::Md5, {}).hex(), "d41d8cd98f00b204e9800998ecf8427e");
}

// NVM Command Set specification, "64b CRC test cases": 4 KiB of zeros, of ones, counting up.
TEST(Digest, gives_the_nvme_specification_s_test_vectors) {
    std::vector<std::byte> bytes(4096, std::byte{0});
    EXPECT_EQ(digest_of(DigestAlgorithm::Crc64Nvme, bytes).hex(), "6482d367eb22b64e");
    std::fill(bytes.begin(), bytes.end(), std::byte{0xFF});
    EXPECT_EQ(digest_of(DigestAlgorithm::Crc64Nvme, bytes).hex(), "c0ddba7302eca3ac");
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    EXPECT_EQ(digest_of(DigestAlgorithm::Crc64Nvme, bytes).hex(), "3e729f5f6750449c");
}

class Crc64Variants : public testing::TestWithParam<Crc64Variant> {
  protected:
    void SetUp() override {
        if (!cpu_supports(GetParam())) GTEST_SKIP() << "this CPU lacks the instructions";
    }
};

TEST_P(Crc64Variants, equal_the_table_at_every_length_and_alignment) {
    std::vector<std::byte> bytes = random_bytes(8192 + 64, 1);
    for (std::size_t size = 0; size <= 2200; ++size) {
        std::span<const std::byte> piece = std::span(bytes).subspan(size % 67, size);
        std::uint64_t seed = size * 0x9E3779B97F4A7C15;
        ASSERT_EQ(crc64_nvme_by(GetParam(), seed, piece), crc64_nvme_by(Crc64Variant::Table, seed, piece))
            << size;
    }
    for (std::size_t size : {4095u, 4096u, 4097u, 8191u, 8192u}) {
        std::span<const std::byte> piece = std::span(bytes).subspan(3, size);
        ASSERT_EQ(crc64_nvme_by(GetParam(), 0, piece), crc64_nvme_by(Crc64Variant::Table, 0, piece)) << size;
    }
}

TEST_P(Crc64Variants, chain_over_pieces) {
    std::vector<std::byte> bytes = random_bytes(100'000, 2);
    std::uint64_t whole = crc64_nvme_by(Crc64Variant::Table, 0, bytes), chained = 0;
    std::mt19937 generator(3);
    for (std::size_t offset = 0; offset < bytes.size();) {
        std::size_t size = std::min<std::size_t>(generator() % 3000, bytes.size() - offset);
        chained = crc64_nvme_by(GetParam(), chained, std::span(bytes).subspan(offset, size));
        offset += size;
    }
    EXPECT_EQ(chained, whole);
}

INSTANTIATE_TEST_SUITE_P(All, Crc64Variants, testing::ValuesIn(kCrc64Variants),
                         [](const auto& variant) { return std::string(to_string(variant.param)); });

TEST(Hasher, gives_the_same_for_pieces_as_for_the_whole) {
    std::vector<std::byte> bytes = random_bytes(70'001, 4);
    for (DigestAlgorithm algorithm : kAllAlgorithms) {
        Hasher hasher(algorithm);
        std::size_t offset = 0;
        for (std::size_t size : {0u, 1u, 7u, 63u, 4096u, 65'834u}) {
            hasher.update(std::span(bytes).subspan(offset, size));
            offset += size;
        }
        ASSERT_EQ(offset, bytes.size());
        EXPECT_EQ(hasher.digest(), digest_of(algorithm, bytes)) << to_string(algorithm);
    }
}

TEST(Hasher, goes_on_after_its_digest_was_asked_for) {
    for (DigestAlgorithm algorithm : kAllAlgorithms) {
        Hasher hasher(algorithm);
        hasher.update(bytes_of("12345"));
        EXPECT_EQ(hasher.digest(), digest_of(algorithm, bytes_of("12345")));
        hasher.update(bytes_of("6789"));
        EXPECT_EQ(hasher.digest(), digest_of(algorithm, bytes_of("123456789"))) << to_string(algorithm);
    }
}

class CombiningDigests : public testing::TestWithParam<DigestAlgorithm> {};

TEST_P(CombiningDigests, equal_the_digest_of_the_whole_at_every_cut) {
    std::vector<std::byte> bytes = random_bytes(5'000, 5);
    Digest whole = digest_of(GetParam(), bytes);
    std::mt19937 generator(6);
    for (int round = 0; round < 300; ++round) {
        std::size_t cut = round == 0 ? 0 : round == 1 ? bytes.size() : generator() % bytes.size();
        Digest a = digest_of(GetParam(), std::span(bytes).first(cut));
        Digest b = digest_of(GetParam(), std::span(bytes).subspan(cut));
        ASSERT_EQ(combine(a, b, bytes.size() - cut), whole) << cut;
    }
}

TEST_P(CombiningDigests, are_associative_for_lengths_that_no_test_could_hash) {
    Digest a = digest_of(GetParam(), bytes_of("a")), b = digest_of(GetParam(), bytes_of("b")),
           c = digest_of(GetParam(), bytes_of("c"));
    constexpr std::uint64_t kB = 5ull << 40, kC = (1ull << 62) + 12345;  // 5 TiB and beyond
    EXPECT_EQ(combine(combine(a, b, kB), c, kC), combine(a, combine(b, c, kC), kB + kC));
}

INSTANTIATE_TEST_SUITE_P(All, CombiningDigests,
                         testing::Values(DigestAlgorithm::Crc64Nvme, DigestAlgorithm::Crc32c,
                                         DigestAlgorithm::Crc32));

TEST(Digest, survives_a_round_trip_through_text) {
    for (DigestAlgorithm algorithm : kAllAlgorithms) {
        Digest digest = digest_of(algorithm, bytes_of("godwit"));
        EXPECT_EQ(Digest::from_base64(algorithm, digest.base64()), digest);
        EXPECT_EQ(Digest::from_hex(algorithm, digest.hex()), digest);
        EXPECT_EQ(digest_algorithm_from(to_string(algorithm)), algorithm);
        EXPECT_EQ(digest.bytes().size(), digest_size_bytes(algorithm));
    }
    EXPECT_EQ(digest_algorithm_from("CRC64NVME"), std::nullopt);
}

TEST(Digest, refuses_text_of_another_size) {
    EXPECT_EQ(Digest::from_hex(DigestAlgorithm::Crc64Nvme, "ae8b14860a7998"), std::nullopt);
    EXPECT_EQ(Digest::from_hex(DigestAlgorithm::Crc64Nvme, "ae8b14860a79988g"), std::nullopt);
    EXPECT_EQ(Digest::from_base64(DigestAlgorithm::Crc32c, "rosUhgp5mIg="), std::nullopt);
    EXPECT_EQ(Digest::from_base64(DigestAlgorithm::Crc64Nvme, "rosUhgp5mIg="),
              digest_of(DigestAlgorithm::Crc64Nvme, bytes_of("123456789")));
}

TEST(Digest, of_two_algorithms_is_never_equal) {
    EXPECT_NE(Digest::of_crc32(DigestAlgorithm::Crc32, 7), Digest::of_crc32(DigestAlgorithm::Crc32c, 7));
    EXPECT_EQ(Digest::of_crc64(0xAE8B14860A799888).display(), "crc64nvme:ae8b14860a799888");
}

TEST(DigestDeathTest, of_hashes_that_do_not_combine_is_a_bug) {
    Digest md5 = digest_of(DigestAlgorithm::Md5, {});
    EXPECT_DEATH(combine(md5, md5, 0), "check failed");
}

}  // namespace
}  // namespace godwit
