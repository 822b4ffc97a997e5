// Time comes through this port, so that tests and the simulation can move it.
#pragma once

#include <chrono>
#include <cstdint>

namespace godwit {

using Duration = std::chrono::nanoseconds;
// Monotonic: for deadlines, leases and rates. Never stored.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
  public:
    virtual ~Clock() = default;
    // Both may be called from any thread.
    virtual Instant now() const = 0;
    // Wall clock, nanoseconds since 1970-01-01T00:00:00Z, as the machine believes it to be.
    virtual std::int64_t unix_time_ns() const = 0;
};

// The machine's clocks. Lives for ever.
const Clock& system_clock();

}  // namespace godwit
