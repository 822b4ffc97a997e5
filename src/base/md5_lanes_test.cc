#include "base/md5_lanes.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

#include "base/encoding.h"

namespace godwit {
namespace {

std::vector<std::byte> random_bytes(std::size_t size, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
    return bytes;
}

// Takes all messages to where they are idle, as many at once as there are lanes.
void take_in(Md5Variant variant, std::deque<Md5Message>& messages, std::size_t blocks_max) {
    for (;;) {
        std::vector<Md5Message*> busy;
        for (Md5Message& message : messages) {
            if (!message.is_idle() && busy.size() < md5_lanes(variant)) busy.push_back(&message);
        }
        if (busy.empty()) return;
        std::size_t blocks = md5_advance_by(variant, busy, blocks_max);
        ASSERT_GE(blocks, 1u);
        ASSERT_LE(blocks, blocks_max);
    }
}

// Their digests, computed together.
std::vector<Digest> md5s_of(Md5Variant variant, const std::vector<std::span<const std::byte>>& texts,
                            std::size_t blocks_max = 1 << 20) {
    std::deque<Md5Message> messages;
    for (std::span<const std::byte> text : texts) {
        Md5Message& message = messages.emplace_back();
        message.append(text);
        message.end();
    }
    take_in(variant, messages, blocks_max);
    std::vector<Digest> digests;
    for (const Md5Message& message : messages) digests.push_back(message.digest());
    return digests;
}

class Md5Variants : public testing::TestWithParam<Md5Variant> {
  protected:
    void SetUp() override {
        if (!cpu_supports(GetParam())) GTEST_SKIP() << "this CPU lacks the instructions";
    }
};

// RFC 1321, A.5.
TEST_P(Md5Variants, give_the_digests_of_the_rfc) {
    struct Vector {
        std::string_view text, md5;
    };
    constexpr std::array kVectors = {
        Vector{"", "d41d8cd98f00b204e9800998ecf8427e"},
        Vector{"a", "0cc175b9c0f1b6a831c399e269772661"},
        Vector{"abc", "900150983cd24fb0d6963f7d28e17f72"},
        Vector{"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        Vector{"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        Vector{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
               "d174ab98d277d9f5a5611c2c9f419d9f"},
        Vector{"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
               "57edf4a22be3c955ac49da2e2107b67a"}};
    std::vector<std::span<const std::byte>> texts;
    for (const Vector& vector : kVectors) texts.push_back(bytes_of(vector.text));
    std::vector<Digest> digests = md5s_of(GetParam(), texts);
    for (std::size_t i = 0; i < kVectors.size(); ++i) {
        EXPECT_EQ(digests[i].hex(), kVectors[i].md5) << kVectors[i].text;
    }
}

TEST_P(Md5Variants, equal_openssl_at_every_length_with_another_length_in_each_lane) {
    std::vector<std::byte> bytes = random_bytes(2048, 1);
    std::vector<std::span<const std::byte>> texts;
    for (std::size_t size = 0; size <= 600; ++size) {
        texts.emplace_back(std::span(bytes).subspan(size % 67, size));
    }
    std::vector<Digest> digests = md5s_of(GetParam(), texts);
    for (std::size_t size = 0; size < texts.size(); ++size) {
        ASSERT_EQ(digests[size], digest_of(DigestAlgorithm::Md5, texts[size])) << size;
    }
}

TEST_P(Md5Variants, equal_openssl_for_any_number_of_messages_and_any_stride) {
    std::vector<std::byte> bytes = random_bytes(20'000, 2);
    std::mt19937 generator(3);
    for (std::size_t count = 1; count <= 2 * kMd5LanesMax + 1; ++count) {
        std::vector<std::span<const std::byte>> texts;
        for (std::size_t i = 0; i < count; ++i) {
            std::size_t offset = generator() % 5'000;
            texts.emplace_back(std::span(bytes).subspan(offset, generator() % 15'000));
        }
        std::vector<Digest> digests = md5s_of(GetParam(), texts, 1 + generator() % 100);
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(digests[i], digest_of(DigestAlgorithm::Md5, texts[i])) << i << " of " << count;
        }
    }
}

TEST_P(Md5Variants, give_the_same_for_pieces_as_for_the_whole) {
    std::vector<std::byte> bytes = random_bytes(40'000, 4);
    std::mt19937 generator(5);
    std::deque<Md5Message> messages(md5_lanes(GetParam()) + 3);
    std::vector<std::size_t> sizes(messages.size());
    for (int round = 0; round < 200; ++round) {
        for (std::size_t i = 0; i < messages.size(); ++i) {
            // Often nothing, often what just fills a block or just does not.
            std::size_t size = round % 3 == 0 ? generator() % 130 : generator() % 3 * 32;
            messages[i].append(std::span(bytes).subspan(sizes[i], size));
            sizes[i] += size;
        }
        take_in(GetParam(), messages, 3);
    }
    for (Md5Message& message : messages) message.end();
    take_in(GetParam(), messages, 3);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        EXPECT_EQ(messages[i].digest(), digest_of(DigestAlgorithm::Md5, std::span(bytes).first(sizes[i])));
    }
}

INSTANTIATE_TEST_SUITE_P(All, Md5Variants, testing::ValuesIn(kMd5Variants),
                         [](const auto& variant) { return std::string(to_string(variant.param)); });

// More than 2^32 bits: the size takes more than one word. The digest is md5sum's, of so many zeros.
TEST(Md5Message, counts_its_bits_beyond_32_of_them) {
    std::vector<std::byte> zeros(8 << 20);
    std::deque<Md5Message> messages(1);
    for (int i = 0; i < 65; ++i) {
        messages[0].append(zeros);
        take_in(Md5Variant::Scalar, messages, 1 << 20);
    }
    messages[0].end();
    take_in(Md5Variant::Scalar, messages, 1);
    EXPECT_EQ(messages[0].digest().hex(), "98ee392970a62f23c35af7b74f0719cd");
}

TEST(Md5Message, needs_no_choice_of_the_way) {
    std::vector<std::byte> bytes = random_bytes(10'000, 8);
    for (std::size_t count = 1; count <= md5_lanes(); ++count) {
        std::deque<Md5Message> messages(count);
        std::vector<Md5Message*> all;
        for (Md5Message& message : messages) {
            message.append(std::span(bytes).subspan(all.size()));
            message.end();
            all.push_back(&message);
        }
        while (!all.empty()) {
            md5_advance(all, 100);
            std::erase_if(all, [](const Md5Message* message) { return message->is_idle(); });
        }
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_EQ(messages[i].digest(), digest_of(DigestAlgorithm::Md5, std::span(bytes).subspan(i)));
        }
    }
    for (Md5Variant variant : kMd5Variants) {
        if (cpu_supports(variant)) EXPECT_GE(md5_lanes(), md5_lanes(variant));
    }
}

TEST(Md5MessageDeathTest, is_not_asked_before_its_end) {
    Md5Message message;
    EXPECT_DEATH((void)message.digest(), "unfinished");
}

}  // namespace
}  // namespace godwit
