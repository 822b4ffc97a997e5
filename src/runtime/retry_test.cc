#include "runtime/retry.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/manual_loop.h"

namespace godwit::runtime {
namespace {

using namespace std::chrono_literals;

Error error_of(ErrorKind kind) {
    return Error(kind, "put", "object", "it failed");
}

TEST(RetryTable, says_for_every_kind_what_to_do) {
    EXPECT_EQ(action_for(ErrorKind::Invalid), Action::GiveUp);
    EXPECT_EQ(action_for(ErrorKind::NotFound), Action::GiveUp);
    EXPECT_EQ(action_for(ErrorKind::Exists), Action::GiveUp);
    EXPECT_EQ(action_for(ErrorKind::Denied), Action::GiveUp);
    EXPECT_EQ(action_for(ErrorKind::Unsupported), Action::GiveUp);
    EXPECT_EQ(action_for(ErrorKind::Changed), Action::PlanAgain);
    EXPECT_EQ(action_for(ErrorKind::Corrupt), Action::TryAgain);
    EXPECT_EQ(action_for(ErrorKind::Lost), Action::TryAgain);
    EXPECT_EQ(action_for(ErrorKind::Busy), Action::SlowDown);
    EXPECT_EQ(action_for(ErrorKind::Full), Action::Pause);
    EXPECT_EQ(action_for(ErrorKind::Cancelled), Action::Stop);
}

TEST(RetryDelay, doubles_up_to_the_bound_and_jitters_in_the_upper_half) {
    RetryPolicy policy{.delay_min = 100ms, .delay_max = 1s};
    Error busy = error_of(ErrorKind::Busy);
    for (std::uint64_t random : {std::uint64_t{0}, std::uint64_t{123'456'789'012}, UINT64_MAX}) {
        Duration ceilings[] = {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms};
        for (int attempt = 1; attempt <= 6; ++attempt) {
            Duration delay = retry_delay(policy, attempt, busy, random);
            EXPECT_GE(delay, ceilings[attempt - 1] / 2) << attempt;
            EXPECT_LE(delay, ceilings[attempt - 1]) << attempt;
        }
    }
    EXPECT_NE(retry_delay(policy, 3, busy, 1'000'000), retry_delay(policy, 3, busy, 2'000'000));
}

TEST(RetryDelay, does_not_overflow_for_late_attempts_and_long_delays) {
    RetryPolicy policy{.delay_min = 60s, .delay_max = 1h};
    Duration delay = retry_delay(policy, 1000, error_of(ErrorKind::Busy), 7);
    EXPECT_GE(delay, 30min);
    EXPECT_LE(delay, 1h);
}

TEST(RetryDelay, is_never_shorter_than_the_other_side_asked_for_within_a_bound) {
    RetryPolicy policy{.delay_min = 10ms, .delay_max = 1s};
    Error asked = error_of(ErrorKind::Busy).with_retry_after(30s);
    EXPECT_EQ(retry_delay(policy, 1, asked, 0), 30s);
    Error absurd = error_of(ErrorKind::Busy).with_retry_after(24h);
    EXPECT_EQ(retry_delay(policy, 1, absurd, 0), 60s);
}

// An attempt that fails with the given kinds in turn and then succeeds with its number.
struct Script {
    ManualLoop& loop;
    std::vector<ErrorKind> failures;
    std::vector<Instant> begun = {};

    Task<Result<int>> operator()(int number) {
        begun.push_back(loop.now());
        auto index = static_cast<std::size_t>(number - 1);
        if (index < failures.size()) co_return error_of(failures[index]);
        co_return number;
    }
};

struct RetryLoopTest : testing::Test {
    ManualLoop loop;
    Context root{loop};
    RetryPolicy policy{.attempts_max = 4, .delay_min = 100ms, .delay_max = 1s};
    std::optional<Result<int>> outcome;

    Task<void> run(Context& context, Script& script) {
        auto result = co_await retry(context, policy, script);
        outcome.emplace(std::move(result));
    }
};

TEST_F(RetryLoopTest, returns_the_first_success) {
    Script script{loop, {ErrorKind::Busy, ErrorKind::Lost}};
    loop.spawn(run(root, script));
    loop.advance(1min);
    ASSERT_TRUE(outcome && *outcome);
    EXPECT_EQ(**outcome, 3);
    ASSERT_EQ(script.begun.size(), 3u);
    EXPECT_GE(script.begun[1] - script.begun[0], 50ms);
    EXPECT_LE(script.begun[1] - script.begun[0], 100ms);
    EXPECT_GE(script.begun[2] - script.begun[1], 100ms);
    EXPECT_LE(script.begun[2] - script.begun[1], 200ms);
}

TEST_F(RetryLoopTest, gives_up_when_its_attempts_are_used_up) {
    Script script{loop, std::vector<ErrorKind>(10, ErrorKind::Lost)};
    loop.spawn(run(root, script));
    loop.advance(1h);
    EXPECT_EQ(script.begun.size(), 4u);
    EXPECT_EQ(outcome->error().kind(), ErrorKind::Lost);
    EXPECT_EQ(outcome->error().attempt(), 4);
}

TEST_F(RetryLoopTest, gives_up_at_once_on_what_no_retry_cures) {
    for (ErrorKind kind : {ErrorKind::Denied, ErrorKind::Changed, ErrorKind::Full, ErrorKind::Cancelled}) {
        Script script{loop, {ErrorKind::Busy, kind, ErrorKind::Busy}};
        loop.spawn(run(root, script));
        loop.advance(1min);
        EXPECT_EQ(script.begun.size(), 2u);
        EXPECT_EQ(outcome->error().kind(), kind);
        EXPECT_EQ(outcome->error().attempt(), 2);
    }
}

TEST_F(RetryLoopTest, gives_up_at_the_deadline) {
    Context limited(root, 10ms, "test");
    Script script{loop, std::vector<ErrorKind>(10, ErrorKind::Busy)};
    loop.spawn(run(limited, script));
    loop.advance(1h);
    EXPECT_EQ(script.begun.size(), 1u);
    EXPECT_EQ(outcome->error().code(), "Timeout");
}

TEST_F(RetryLoopTest, tells_each_wait_before_it_begins) {
    std::vector<int> told;
    policy.on_retry = [&](const Error& error, int attempt, Duration wait) {
        EXPECT_EQ(error.kind(), ErrorKind::Busy);
        EXPECT_GT(wait, 0ms);
        told.push_back(attempt);
    };
    Script script{loop, {ErrorKind::Busy, ErrorKind::Busy}};
    loop.spawn(run(root, script));
    EXPECT_EQ(told, std::vector<int>{1});
    loop.advance(1min);
    EXPECT_EQ(told, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace godwit::runtime
