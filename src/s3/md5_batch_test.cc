#include "s3/md5_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <vector>

#include "runtime/manual_loop.h"

namespace godwit::s3 {
namespace {

using runtime::ManualLoop;
using runtime::Task;

std::vector<std::byte> random_bytes(std::size_t size, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
    return bytes;
}

// A loop whose turns are counted.
class CountedLoop final : public runtime::Loop {
  public:
    CountedLoop() : Loop(1) {}
    Instant now() const override { return Instant(); }
    std::int64_t unix_time_ns() const override { return 0; }
    bool turn() { return run_ready(); }

  private:
    void wake() override {}
};

Task<void> ask(Md5Batch& batch, std::span<const std::byte> bytes, std::optional<Digest>& found) {
    found = co_await batch.digest_of(bytes);
}

TEST(Md5Batch, gives_each_its_own_digest_however_many_meet) {
    ManualLoop loop;
    Md5Batch batch(loop);
    std::vector<std::byte> bytes = random_bytes(300'000, 1);
    std::mt19937 generator(2);
    for (std::size_t count : {1u, 2u, 15u, 16u, 17u, 100u}) {
        std::vector<std::span<const std::byte>> bodies;
        std::vector<std::optional<Digest>> found(count);
        for (std::size_t i = 0; i < count; ++i) {
            bodies.emplace_back(std::span(bytes).subspan(generator() % 1000, generator() % 200'000));
            loop.spawn(ask(batch, bodies[i], found[i]));
        }
        loop.run_until_idle();
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(found[i], digest_of(DigestAlgorithm::Md5, bodies[i])) << i << " of " << count;
        }
    }
}

TEST(Md5Batch, a_lone_body_is_begun_in_the_turn_that_asked) {
    CountedLoop loop;
    Md5Batch batch(loop);
    std::vector<std::byte> bytes = random_bytes(1'000, 3);
    std::optional<Digest> found;
    loop.spawn(ask(batch, bytes, found));
    EXPECT_TRUE(loop.turn());
    loop.turn();
    EXPECT_EQ(found, digest_of(DigestAlgorithm::Md5, bytes));
}

TEST(Md5Batch, a_turn_does_no_more_than_its_share_and_a_late_comer_joins) {
    CountedLoop loop;
    Md5Batch batch(loop);
    std::vector<std::byte> bytes = random_bytes(10 * Md5Batch::kTurnBytes, 4);
    std::optional<Digest> large, small;
    loop.spawn(ask(batch, bytes, large));
    for (int turn = 0; turn < 3; ++turn) EXPECT_TRUE(loop.turn());
    auto few = std::span(bytes).first(5'000);
    loop.spawn(ask(batch, few, small));
    if (md5_lanes() == 1) GTEST_SKIP() << "one after the other on this CPU";
    for (int turn = 0; turn < 2; ++turn) EXPECT_TRUE(loop.turn());
    EXPECT_EQ(small, digest_of(DigestAlgorithm::Md5, few));
    EXPECT_FALSE(large);
    int turns = 5;
    while (loop.turn()) ++turns;
    EXPECT_GE(turns, 10);
    EXPECT_EQ(large, digest_of(DigestAlgorithm::Md5, bytes));
}

Task<void> ask_in_pieces(Md5Batch& batch, std::span<const std::byte> bytes, std::size_t piece_bytes,
                         std::optional<Digest>& found) {
    Md5Message message;
    while (!bytes.empty()) {
        std::span<const std::byte> piece = bytes.first(std::min(piece_bytes, bytes.size()));
        message.append(piece);
        co_await batch.take_in(message);
        bytes = bytes.subspan(piece.size());
    }
    message.end();
    co_await batch.take_in(message);
    found = message.digest();
}

TEST(Md5Batch, takes_messages_that_come_in_pieces) {
    ManualLoop loop;
    Md5Batch batch(loop);
    std::vector<std::byte> bytes = random_bytes(50'000, 5);
    std::vector<std::optional<Digest>> found(20);
    for (std::size_t i = 0; i < found.size(); ++i) {
        loop.spawn(ask_in_pieces(batch, std::span(bytes).subspan(i), 1 + 97 * i, found[i]));
    }
    loop.run_until_idle();
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i], digest_of(DigestAlgorithm::Md5, std::span(bytes).subspan(i))) << i;
    }
}

// Eight parts under way, of which half may wait for one another.
class Md5BatchOfParts : public testing::Test {
  protected:
    void SetUp() override {
        if (md5_lanes() < 4) GTEST_SKIP() << "one after the other on this CPU";
        for (int i = 0; i < 8; ++i) parts_.emplace_back(batch_);
    }
    void ask_for(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            loop_.spawn(ask(batch_, bytes_, found_.emplace_back()));
        }
        loop_.run_until_idle();
    }
    auto count_found() const { return std::ranges::count(found_, digest_of(DigestAlgorithm::Md5, bytes_)); }

    ManualLoop loop_;
    Md5Batch batch_{loop_};
    std::deque<Md5Batch::Part> parts_;
    std::vector<std::byte> bytes_ = random_bytes(10'000, 6);
    std::deque<std::optional<Digest>> found_;
};

TEST_F(Md5BatchOfParts, wait_until_half_of_them_are_there) {
    ask_for(3);
    EXPECT_EQ(count_found(), 0);
    ask_for(1);
    EXPECT_EQ(count_found(), 4);
}

TEST_F(Md5BatchOfParts, wait_for_none_that_has_ended) {
    ask_for(3);
    for (int i = 0; i < 2; ++i) parts_.pop_back();
    loop_.run_until_idle();
    EXPECT_EQ(count_found(), 3);
}

TEST_F(Md5BatchOfParts, wait_no_longer_than_the_bound_each_time) {
    for (int times = 1; times <= 2; ++times) {
        ask_for(1);
        loop_.advance(Md5Batch::kPauseMax - std::chrono::nanoseconds(1));
        EXPECT_EQ(count_found(), times - 1);
        loop_.advance(std::chrono::nanoseconds(1));
        EXPECT_EQ(count_found(), times);
    }
}

}  // namespace
}  // namespace godwit::s3
