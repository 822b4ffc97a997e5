#include "runtime/permits.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "runtime/group.h"
#include "runtime/manual_loop.h"

namespace godwit::runtime {
namespace {

using namespace std::chrono_literals;

// Holds `count` permits for a while; notes when it got them.
Task<void> hold(Context& context, Permits& permits, std::uint64_t count, Duration duration, char name,
                std::string& log) {
    auto permit = co_await permits.acquire(context, count);
    log += permit ? name : '-';
    if (!permit) co_return;
    auto slept = co_await sleep(context, duration);
    (void)slept.has_value();
}

struct PermitsTest : testing::Test {
    ManualLoop loop;
    Context root{loop};
    Permits permits{10};
    std::string log;
    void start(char name, std::uint64_t count, Duration duration = 1s) {
        loop.spawn(hold(root, permits, count, duration, name, log));
    }
};

TEST_F(PermitsTest, are_given_at_once_while_they_last) {
    start('a', 4);
    start('b', 6);
    start('c', 1);
    EXPECT_EQ(log, "ab");
    EXPECT_EQ(permits.taken(), 10u);
    EXPECT_TRUE(permits.anyone_waiting());
    loop.advance(1s);
    EXPECT_EQ(log, "abc");
    loop.advance(1s);
    EXPECT_EQ(permits.taken(), 0u);
}

TEST_F(PermitsTest, go_to_who_came_first_even_if_a_later_one_would_fit) {
    start('a', 6, 5s);
    start('b', 8);
    start('c', 1);
    EXPECT_EQ(log, "a");
    loop.advance(5s);
    EXPECT_EQ(log, "abc");
    loop.advance(1s);
}

TEST_F(PermitsTest, let_one_that_is_larger_than_the_bound_run_alone) {
    start('a', 1);
    start('b', 1'000'000);
    start('c', 1);
    EXPECT_EQ(log, "a");
    loop.advance(1s);
    EXPECT_EQ(log, "ab");
    EXPECT_EQ(permits.taken(), 10u);
    loop.advance(1s);
    EXPECT_EQ(log, "abc");
    loop.advance(1s);
}

TEST_F(PermitsTest, pass_by_a_waiter_that_is_cancelled) {
    Context doomed(root);
    start('a', 6, 60s);
    loop.spawn(hold(doomed, permits, 8, 1s, 'b', log));
    start('c', 2, 60s);
    EXPECT_EQ(log, "a");
    doomed.cancel(stop_requested());
    loop.run_until_idle();
    // The one behind it fits and need not wait until somebody gives back.
    EXPECT_TRUE(log == "a-c" || log == "ac-") << log;
    EXPECT_EQ(permits.taken(), 8u);
    loop.advance(60s);
}

TEST_F(PermitsTest, are_refused_under_an_ended_context) {
    root.cancel(stop_requested());
    start('a', 1);
    EXPECT_EQ(log, "-");
    EXPECT_EQ(permits.taken(), 0u);
}

TEST_F(PermitsTest, follow_a_bound_that_moves) {
    start('a', 10);
    start('b', 10);
    permits.set_total(20);
    loop.run_until_idle();
    EXPECT_EQ(log, "ab");
    permits.set_total(5);
    start('c', 4);
    start('d', 4);
    loop.advance(1s);
    EXPECT_EQ(log, "abc");
    EXPECT_EQ(permits.taken(), 4u);
    loop.advance(2s);
    EXPECT_EQ(log, "abcd");
    permits.set_total(0);
    EXPECT_EQ(permits.total(), 1u);
}

TEST_F(PermitsTest, travel_with_the_permit) {
    auto task = [&]() -> Task<void> {
        GODWIT_CHECK(permits.taken() == 0);
        auto got = co_await permits.acquire(root, 3);
        Permit first = std::move(*got);
        Permit second = std::move(first);
        EXPECT_EQ(first.count(), 0u);
        EXPECT_EQ(second.count(), 3u);
        EXPECT_EQ(permits.taken(), 3u);
        second.release();
        second.release();
        EXPECT_EQ(permits.taken(), 0u);
    };
    loop.spawn(task());
}

Task<void> many(Context& context, Permits& permits, std::uint64_t seed, std::uint64_t& held,
                std::uint64_t& most) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 50; ++i) {
        std::uint64_t count = 1 + random() % 7;
        auto permit = co_await permits.acquire(context, count);
        if (!permit) co_return;
        held += count;
        most = std::max(most, held);
        Duration duration(static_cast<std::int64_t>(random() % 1000));
        auto slept = co_await sleep(context, duration);
        held -= count;
        if (!slept) co_return;
    }
}

TEST_F(PermitsTest, are_never_more_than_their_bound_whatever_happens) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Context run(root);
        std::uint64_t held = 0, most = 0;
        for (std::uint64_t i = 0; i < 30; ++i) loop.spawn(many(run, permits, seed * 100 + i, held, most));
        loop.advance(20us);
        run.cancel(stop_requested());
        loop.advance(1s);
        EXPECT_LE(most, 10u) << seed;
        EXPECT_GE(most, 4u) << seed;
        EXPECT_EQ(held, 0u) << seed;
        EXPECT_EQ(permits.taken(), 0u) << seed;
    }
}

}  // namespace
}  // namespace godwit::runtime
