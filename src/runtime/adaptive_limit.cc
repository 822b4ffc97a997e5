#include "runtime/adaptive_limit.h"

#include <algorithm>

namespace godwit::runtime {
namespace {

// After a cut, what is in flight still brings back old news; it must not cut again.
constexpr Duration kHold = std::chrono::seconds(1);
// A level is judged by this many of its round trips; the first of them still runs into the next.
constexpr std::uint32_t kWindows = 2;
// What doubling must bring to be worth going on.
constexpr double kGainMin = 1.25;

}  // namespace

AdaptiveLimit::AdaptiveLimit(Loop& loop, std::uint32_t start, std::uint32_t max)
    : loop_(loop), permits_(std::min(start, max)), max_(max) {
    GODWIT_CHECK(start >= 1 && max >= 1, "start {}, max {}", start, max);
}

void AdaptiveLimit::succeeded() {
    if (successes_++ == 0) window_began_ = loop_.now();
    // More room is of no use to anyone when nobody waits for it.
    if (level() >= max_ || !permits_.anyone_waiting() || successes_ < kWindows * level()) return;
    next_level();
    successes_ = 0;
}

// Where latency rules, twice the level is twice the rate. Where it brings little more, the other
// side, the link or this machine is full, and a longer queue would only cost memory and connections.
void AdaptiveLimit::next_level() {
    double seconds = std::chrono::duration<double>(loop_.now() - window_began_).count();
    double rate = successes_ / std::max(seconds, 1e-6);
    if (!slow_start_) {
        permits_.set_total(std::min<std::uint64_t>(max_, level() + 1ull));
        return;
    }
    if (rate < kGainMin * rate_before_) {
        slow_start_ = false;
        permits_.set_total(std::max<std::uint32_t>(1, level() / 2));
        return;
    }
    rate_before_ = rate;
    permits_.set_total(std::min<std::uint64_t>(max_, level() * 2ull));
}

void AdaptiveLimit::overloaded() {
    if (loop_.now() < hold_until_) return;
    hold_until_ = loop_.now() + kHold;
    slow_start_ = false;
    successes_ = 0;
    permits_.set_total(std::max<std::uint32_t>(1, level() / 2));
}

}  // namespace godwit::runtime
