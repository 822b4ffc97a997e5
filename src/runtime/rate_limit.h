// RateLimit: so much a second of something (bytes, requests), for all who take of it together.
//
// Taking more than is there makes the taker wait until what it took has passed, so that large parts pass
// too. What is not used is saved up for a tenth of a second only. First come, first served. Loop thread only.
#pragma once

#include <cstdint>

#include "runtime/wait.h"

namespace godwit::runtime {

class RateLimit {
  public:
    // Who waits looks this often whether another rate holds by now.
    static constexpr Duration kLookAgain = std::chrono::milliseconds(500);

    // 0: no limit. `loop` outlives this.
    RateLimit(Loop& loop, std::uint64_t per_second)
        : loop_(loop), per_second_(per_second), settled_(loop.now()) {}

    // Holds at once for who takes from now on, and within kLookAgain for who waits.
    void set_per_second(std::uint64_t per_second);
    std::uint64_t per_second() const { return per_second_; }

    // Returns when `amount` may pass. Fails when the context ends before; what was taken stays taken.
    Task<Result<void>> take(Context& context, std::uint64_t amount);

  private:
    // Counts what may have passed since the last look.
    void settle();

    Loop& loop_;
    std::uint64_t per_second_;
    // Of all time; what has passed leads what was taken by what is saved up.
    double taken_ = 0, passed_ = 0;
    Instant settled_;
};

}  // namespace godwit::runtime
