#include "runtime/rate_limit.h"

#include <algorithm>

namespace godwit::runtime {
namespace {

constexpr double kSavedSeconds = 0.1;

}  // namespace

void RateLimit::set_per_second(std::uint64_t per_second) {
    settle();
    per_second_ = per_second;
}

void RateLimit::settle() {
    Instant now = loop_.now();
    double seconds = std::chrono::duration<double>(now - settled_).count();
    settled_ = now;
    if (per_second_ == 0) {
        passed_ = taken_;
        return;
    }
    auto rate = static_cast<double>(per_second_);
    passed_ = std::min(passed_ + rate * seconds, taken_ + rate * kSavedSeconds);
}

Task<Result<void>> RateLimit::take(Context& context, std::uint64_t amount) {
    if (per_second_ == 0) co_return {};
    settle();
    taken_ += static_cast<double>(amount);
    double end = taken_;
    while (per_second_ != 0 && passed_ < end) {
        // Rounded up, or what is left of the wait might be too short for the clock.
        std::chrono::duration<double> left((end - passed_) / static_cast<double>(per_second_));
        Duration wait = left < kLookAgain ? std::chrono::ceil<Duration>(left) : kLookAgain;
        GODWIT_CO_TRY_VOID(co_await sleep(context, wait));
        settle();
    }
    co_return {};
}

}  // namespace godwit::runtime
