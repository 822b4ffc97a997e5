#include "runtime/rate_limit.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/manual_loop.h"

namespace godwit::runtime {
namespace {

using namespace std::chrono_literals;

struct RateLimitTest : testing::Test {
    ManualLoop loop;
    Context root{loop};
    RateLimit rate{loop, 1000};
    Instant began = loop.now();
    // When each taker went on.
    std::vector<Duration> passed;
    std::vector<ErrorKind> failed;

    Task<void> take_one(Context& context, std::uint64_t amount) {
        auto taken = co_await rate.take(context, amount);
        if (taken) {
            passed.push_back(loop.now() - began);
        } else {
            failed.push_back(taken.error().kind());
        }
    }
    void take(std::uint64_t amount) {
        loop.spawn(take_one(root, amount));
        loop.run_until_idle();
    }
    std::vector<double> seconds() const {
        std::vector<double> found;
        for (Duration one : passed) found.push_back(std::chrono::duration<double>(one).count());
        return found;
    }
};

TEST_F(RateLimitTest, each_waits_until_its_own_has_passed) {
    for (std::uint64_t amount : {500u, 1000u, 3000u}) take(amount);
    loop.advance(10s);
    ASSERT_EQ(passed.size(), 3u);
    EXPECT_NEAR(seconds()[0], 0.5, 0.001);
    EXPECT_NEAR(seconds()[1], 1.5, 0.001);
    EXPECT_NEAR(seconds()[2], 4.5, 0.001);
}

TEST_F(RateLimitTest, a_tenth_of_a_second_is_saved_up) {
    loop.advance(60s);
    began = loop.now();
    take(100);
    EXPECT_EQ(passed.size(), 1u) << "nobody has to wait for what was not used just now";
    take(1000);
    loop.advance(10s);
    ASSERT_EQ(passed.size(), 2u);
    EXPECT_NEAR(seconds()[1], 1.0, 0.001);
}

TEST_F(RateLimitTest, without_a_limit_nobody_waits) {
    rate.set_per_second(0);
    take(1'000'000'000);
    EXPECT_EQ(passed.size(), 1u);
}

TEST_F(RateLimitTest, who_waits_goes_on_when_the_limit_is_lifted) {
    take(1'000'000);
    loop.advance(10s);
    EXPECT_TRUE(passed.empty());
    rate.set_per_second(0);
    loop.advance(RateLimit::kLookAgain);
    EXPECT_EQ(passed.size(), 1u);
}

TEST_F(RateLimitTest, who_waits_waits_for_less_at_a_higher_rate_and_longer_at_a_lower_one) {
    take(10'000);
    loop.advance(1s);
    rate.set_per_second(9000);
    loop.advance(5s);
    ASSERT_EQ(passed.size(), 1u);
    EXPECT_LE(passed[0], 2s + RateLimit::kLookAgain);
    rate.set_per_second(1000);
    loop.advance(10s);
    began = loop.now();
    take(1100);
    rate.set_per_second(100);
    loop.advance(60s);
    ASSERT_EQ(passed.size(), 2u);
    EXPECT_NEAR(seconds()[1], 10, 0.5) << "what is saved up passes, and the rest at the new rate";
}

TEST_F(RateLimitTest, a_limit_that_comes_back_forgets_what_passed_without_it) {
    rate.set_per_second(0);
    take(1'000'000);
    loop.advance(1h);
    rate.set_per_second(1000);
    began = loop.now();
    take(1000);
    loop.advance(10s);
    ASSERT_EQ(passed.size(), 2u);
    EXPECT_NEAR(seconds()[1], 1.0, 0.11);
}

TEST_F(RateLimitTest, a_wait_ends_with_its_context) {
    Context child(root);
    loop.spawn(take_one(child, 1'000'000));
    loop.advance(1s);
    child.cancel(stop_requested());
    loop.run_until_idle();
    EXPECT_EQ(failed, std::vector{ErrorKind::Cancelled});
}

}  // namespace
}  // namespace godwit::runtime
