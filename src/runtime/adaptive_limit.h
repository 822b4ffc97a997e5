// AdaptiveLimit: how much may be in flight at one location. It finds the level by itself: slow start
// (doubling for each window of successes, for as long as that brings more of them a second), then
// additive increase; halved when the other side says that it is busy. Loop thread only.
#pragma once

#include <cstdint>

#include "runtime/permits.h"

namespace godwit::runtime {

class AdaptiveLimit {
  public:
    // 1 <= start <= max.
    AdaptiveLimit(Loop& loop, std::uint32_t start, std::uint32_t max);

    Permits::Acquire acquire(Context& context) { return permits_.acquire(context, 1); }
    // One operation ended well.
    void succeeded();
    // The other side asked for less. Several in one round trip count once.
    void overloaded();

    std::uint32_t level() const { return static_cast<std::uint32_t>(permits_.total()); }
    std::uint64_t in_flight() const { return permits_.taken(); }

  private:
    void next_level();

    Loop& loop_;
    Permits permits_;
    std::uint32_t max_;
    bool slow_start_ = true;
    std::uint32_t successes_ = 0;  // since the level last changed
    Instant window_began_{};
    double rate_before_ = 0;  // successes a second at the level before this one
    Instant hold_until_{};
};

}  // namespace godwit::runtime
