#include "runtime/adaptive_limit.h"

#include <algorithm>

namespace godwit::runtime {
namespace {

// After a cut, what is in flight still brings back old news; it must not cut again.
constexpr Duration kHold = std::chrono::seconds(1);

}  // namespace

AdaptiveLimit::AdaptiveLimit(Loop& loop, std::uint32_t start, std::uint32_t max)
    : loop_(loop), permits_(std::min(start, max)), max_(max) {
    GODWIT_CHECK(start >= 1 && max >= 1, "start {}, max {}", start, max);
}

void AdaptiveLimit::succeeded() {
    // More room is of no use to anyone when nobody waits for it.
    if (level() >= max_ || !permits_.anyone_waiting() || ++successes_ < level()) return;
    successes_ = 0;
    permits_.set_total(std::min<std::uint64_t>(max_, slow_start_ ? level() * 2ull : level() + 1ull));
}

void AdaptiveLimit::overloaded() {
    if (loop_.now() < hold_until_) return;
    hold_until_ = loop_.now() + kHold;
    slow_start_ = false;
    successes_ = 0;
    permits_.set_total(std::max<std::uint32_t>(1, level() / 2));
}

}  // namespace godwit::runtime
