// RateLimit: a token bucket for bytes per second. Taking more than is there makes the taker wait
// until the debt is paid, so that large parts pass too. Loop thread only.
#pragma once

#include <cstdint>

#include "runtime/wait.h"

namespace godwit::engine {

class RateLimit {
  public:
    // 0: no limit. `loop` outlives this.
    RateLimit(runtime::Loop& loop, std::uint64_t bytes_per_second)
        : loop_(loop), bytes_per_second_(bytes_per_second), paid_until_(loop.now()) {}

    // Live: takes effect with the next take().
    void set_bytes_per_second(std::uint64_t bytes_per_second) { bytes_per_second_ = bytes_per_second; }

    runtime::Task<Result<void>> take(runtime::Context& context, std::uint64_t bytes);

  private:
    runtime::Loop& loop_;
    std::uint64_t bytes_per_second_;
    Instant paid_until_;
};

}  // namespace godwit::engine
