#include "runtime/retry.h"

#include <algorithm>

#include "base/sabotage.h"

namespace godwit::runtime {

Action action_for(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Invalid:
        case ErrorKind::NotFound:
        case ErrorKind::Exists:
        case ErrorKind::Denied:
        case ErrorKind::Unsupported:
            return Action::GiveUp;
        case ErrorKind::Changed:
            return Action::PlanAgain;
        case ErrorKind::Corrupt:
        case ErrorKind::Lost:
            return Action::TryAgain;
        case ErrorKind::Busy:
            return Action::SlowDown;
        case ErrorKind::Full:
            return Action::Pause;
        case ErrorKind::Cancelled:
            return Action::Stop;
    }
    GODWIT_CHECK(false, "no such error kind: {}", static_cast<int>(kind));
}

Duration retry_delay(const RetryPolicy& policy, int attempt, const Error& error, std::uint64_t random) {
    // So few that the product does not overflow: delays of two hours and less.
    int doublings = std::min(attempt - 1, 20);
    Duration ceiling = std::min(policy.delay_max, policy.delay_min * (std::int64_t{1} << doublings));
    auto half = static_cast<std::uint64_t>(ceiling.count() / 2);
    Duration delay = ceiling / 2 + Duration(static_cast<std::int64_t>(half ? random % half : 0));
    if (error.retry_after() && !GODWIT_SABOTAGE(ignore_retry_after))
        delay = std::max<Duration>(delay, *error.retry_after());
    return std::min(delay, std::max<Duration>(policy.delay_max, std::chrono::seconds(60)));
}

bool may_retry(const RetryPolicy& policy, int attempt, const Error& error) {
    Action action = action_for(error.kind());
    return (action == Action::TryAgain || action == Action::SlowDown) &&
           (attempt < policy.attempts_max || GODWIT_SABOTAGE(retry_without_bound));
}

}  // namespace godwit::runtime
