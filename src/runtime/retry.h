// THE retry loop, and the one table that says what an error's kind means for the work it stopped.
//
// Nobody else loops over attempts. The loop ends with success, with an error that another attempt
// cannot cure, when its attempts are used up, or with its context; it has no other way out.
#pragma once

#include <functional>

#include "base/result.h"
#include "runtime/task.h"
#include "runtime/wait.h"

namespace godwit::runtime {

// What an error's kind asks for.
enum class Action : std::uint8_t {
    GiveUp,     // the item fails; others go on
    PlanAgain,  // the item is not what was planned: defer it
    TryAgain,   // the same request again, at once or after a short wait
    SlowDown,   // again, later, and let the whole location go slower
    Pause,      // nothing will work until somebody makes room
    Stop,       // the execution ends
};

Action action_for(ErrorKind kind);

struct RetryPolicy {
    int attempts_max = 8;
    Duration delay_min = std::chrono::milliseconds(50);
    Duration delay_max = std::chrono::seconds(20);
    // Told before each wait: the error, the attempt that failed (from 1), the wait.
    std::function<void(const Error&, int, Duration)> on_retry = {};
};

// How long to wait after the failed `attempt` (from 1): exponential with full jitter, from half of
// the ceiling to the ceiling, and never less than what the other side asked for.
Duration retry_delay(const RetryPolicy& policy, int attempt, const Error& error, std::uint64_t random);

// May `error`, from the failed `attempt`, be tried again?
bool may_retry(const RetryPolicy& policy, int attempt, const Error& error);

// Calls `attempt(number)` (number from 1), which returns Task<Result<T>>, until it succeeds or may
// not be retried. `attempt` and `policy` live until the end. The error that is given up on carries
// its attempt.
template <class F>
auto retry(Context& context, const RetryPolicy& policy, F& attempt) -> decltype(attempt(1)) {
    for (int number = 1;; ++number) {
        auto result = co_await attempt(number);
        if (result) co_return std::move(result);
        if (!may_retry(policy, number, result.error()) || context.is_cancelled()) {
            co_return std::move(result.error()).with_attempt(number);
        }
        Duration delay = retry_delay(policy, number, result.error(), context.loop().random());
        if (action_for(result.error().kind()) == Action::SlowDown) context.slow_down();
        if (policy.on_retry) policy.on_retry(result.error(), number, delay);
        GODWIT_CO_TRY_VOID(co_await sleep(context, delay));
    }
}

}  // namespace godwit::runtime
