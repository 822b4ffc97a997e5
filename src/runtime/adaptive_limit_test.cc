#include "runtime/adaptive_limit.h"

#include <gtest/gtest.h>

#include "runtime/group.h"
#include "runtime/manual_loop.h"
#include "runtime/retry.h"

namespace godwit::runtime {
namespace {

using namespace std::chrono_literals;

// A server that takes `service` for each operation, one after the other, and answers after `latency`.
struct Server {
    Duration latency = 30ms;
    Duration service = 10us;
    // The machine stands still for the first `stall` of each `stall_every`.
    Duration stall{};
    Duration stall_every = 1s;
    Instant free_at{};

    Duration takes(Instant now) {
        free_at = std::max(now, free_at) + service;
        Instant end = free_at + latency;
        Duration into = end.time_since_epoch() % stall_every;
        if (into < stall) end += stall - into;
        return end - now;
    }
};

struct AdaptiveLimitTest : testing::Test {
    ManualLoop loop;
    Context root{loop};
    AdaptiveLimit limit{loop, 64, 1024};
    Server server;
    std::uint64_t done = 0;
    std::uint32_t highest = 0;

    Task<void> operation() {
        auto slot = co_await limit.acquire(root);
        if (!slot) co_return;
        auto slept = co_await sleep(root, server.takes(loop.now()));
        if (!slept) co_return;
        slot->succeeded();
        ++done;
        highest = std::max(highest, limit.level());
    }
    void start(int operations) {
        for (int i = 0; i < operations; ++i) loop.spawn(operation());
    }
    // Work that never ends, for `duration`.
    void keep_busy(Duration duration) {
        for (Duration gone{}; gone < duration; gone += 100ms) {
            int missing = 4096 - static_cast<int>(limit.in_flight()) - waiting();
            start(std::max(0, missing));
            spawned_ += static_cast<std::uint64_t>(std::max(0, missing));
            loop.advance(100ms);
        }
    }
    // How long so many operations take, in whole milliseconds.
    std::int64_t milliseconds_for(int operations) {
        start(operations);
        Instant began = loop.now();
        std::uint64_t end = done + static_cast<std::uint64_t>(operations);
        for (int i = 0; i < 600'000 && done < end; ++i) loop.advance(1ms);
        EXPECT_EQ(done, end);
        return std::chrono::duration_cast<std::chrono::milliseconds>(loop.now() - began).count();
    }
    void end_work() {
        root.cancel(stop_requested());
        loop.run_until_idle();
    }

  private:
    int waiting() const { return static_cast<int>(spawned_ - done - limit.in_flight()); }
    std::uint64_t spawned_ = 0;
};

TEST_F(AdaptiveLimitTest, goes_to_the_bound_where_only_latency_holds_work_up) {
    // At 1,024 from the beginning: 600 ms.
    EXPECT_LE(milliseconds_for(20'000), 750);
    EXPECT_EQ(limit.level(), 1024u);
}

TEST_F(AdaptiveLimitTest, goes_there_too_on_a_machine_that_stands_still_now_and_then) {
    server.stall = 25ms;
    server.stall_every = 110ms;
    EXPECT_LE(milliseconds_for(20'000), 1600);
    EXPECT_EQ(limit.level(), 1024u);
}

TEST_F(AdaptiveLimitTest, stays_low_where_more_in_flight_brings_nothing) {
    server.latency = 1ms;
    server.service = 100us;
    keep_busy(30s);
    EXPECT_LE(highest, 256u);  // one bold step
    EXPECT_EQ(limit.level(), 64u);
    EXPECT_GE(done, 290'000u);  // of the 300,000 that the server can do
    end_work();
}

// Beside compilers, what is near answers after milliseconds, whatever is asked of it.
TEST_F(AdaptiveLimitTest, stays_low_for_a_near_server_on_a_machine_that_stands_still_now_and_then) {
    server.latency = 100us;
    server.service = 35us;
    server.stall = 4ms;
    server.stall_every = 8ms;
    keep_busy(10s);
    EXPECT_LE(highest, 256u);
    end_work();
}

TEST_F(AdaptiveLimitTest, comes_down_when_the_server_becomes_the_bound) {
    server.service = 100us;
    keep_busy(10s);
    EXPECT_GE(highest, 256u);  // 300 in flight are what this server needs
    server.latency = 1ms;
    keep_busy(60s);
    EXPECT_LE(limit.level(), 128u);
    end_work();
}

TEST_F(AdaptiveLimitTest, does_not_grow_when_nobody_waits) {
    for (int i = 0; i < 1000; ++i) {
        start(8);
        loop.advance(100ms);
    }
    EXPECT_EQ(limit.level(), 64u);
}

TEST_F(AdaptiveLimitTest, is_halved_once_a_second_when_the_server_is_busy) {
    keep_busy(1s);
    ASSERT_EQ(limit.level(), 1024u);
    for (int i = 0; i < 10; ++i) limit.overloaded();
    EXPECT_EQ(limit.level(), 512u);
    keep_busy(1s);
    EXPECT_GE(limit.level(), 512u);
    EXPECT_LE(limit.level(), 600u);
    limit.overloaded();
    EXPECT_LE(limit.level(), 300u);
    end_work();
}

TEST_F(AdaptiveLimitTest, grows_as_before_when_the_server_has_not_been_busy_for_long) {
    keep_busy(1s);
    for (int i = 0; i < 6; ++i) {
        limit.overloaded();
        keep_busy(1s);
    }
    EXPECT_LE(limit.level(), 128u);
    keep_busy(12s);
    EXPECT_EQ(limit.level(), 1024u);
    end_work();
}

TEST_F(AdaptiveLimitTest, keeps_to_another_bound_and_finds_its_way_up_from_it) {
    keep_busy(2s);
    EXPECT_EQ(limit.level(), 1024u);
    limit.set_max(8);
    EXPECT_EQ(limit.level(), 8u);
    keep_busy(1s);
    EXPECT_LE(limit.in_flight(), 8u) << "what was in flight has ended, and no more began";
    limit.set_max(512);
    keep_busy(2s);
    EXPECT_EQ(limit.level(), 512u);
    end_work();
}

TEST_F(AdaptiveLimitTest, never_ends_below_one) {
    for (int i = 0; i < 20; ++i) {
        limit.overloaded();
        loop.advance(2s);
    }
    EXPECT_EQ(limit.level(), 1u);
    EXPECT_GT(milliseconds_for(100), 0);
}

TEST_F(AdaptiveLimitTest, hears_of_a_busy_server_from_whatever_is_tried_again_below) {
    root.set_pressure(limit);
    Context below(root), further_below(below);
    int tries = 0;
    auto attempt = [&](int) -> Task<Result<void>> {
        if (++tries < 3) co_return Error(ErrorKind::Busy, "put", "k", "SlowDown");
        co_return {};
    };
    auto work = [&]() -> Task<void> {
        RetryPolicy policy;
        Result<void> done = co_await retry(further_below, policy, attempt);
        EXPECT_TRUE(done);
    };
    loop.spawn(work());
    loop.advance(10s);
    EXPECT_EQ(tries, 3);
    EXPECT_EQ(limit.level(), 32u);  // twice within a second
}

}  // namespace
}  // namespace godwit::runtime
