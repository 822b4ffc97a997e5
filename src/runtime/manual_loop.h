// ManualLoop: a loop for tests. Its clock moves only when told, so a test of a 20 s back-off takes
// no time and always gives the same result.
#pragma once

#include "runtime/loop.h"

namespace godwit::runtime {

class ManualLoop final : public Loop {
  public:
    explicit ManualLoop(std::uint64_t seed = 1) : Loop(seed) {}

    Instant now() const override { return now_; }
    std::int64_t unix_time_ns() const override { return now_.time_since_epoch().count(); }

    // Resumes everything that can go on without time passing.
    void run_until_idle() {
        while (run_ready()) {
        }
    }
    // Moves the clock, firing the timers on the way at their instants.
    void advance(Duration by) {
        Instant end = now_ + by;
        run_until_idle();
        while (next_timer() <= end) {
            now_ = std::max(now_, next_timer());
            run_timers();
            run_until_idle();
        }
        now_ = end;
    }

  private:
    void wake() override {}
    Instant now_{std::chrono::seconds(1'000'000)};
};

}  // namespace godwit::runtime
