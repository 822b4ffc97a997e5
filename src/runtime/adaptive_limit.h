// AdaptiveLimit: how many operations may be in flight at one location. It finds the level by itself.
//
// Doubling the level is worth it for as long as operations do not take much longer for it: by Little's
// law that is the same as more of them a second, but it needs no steady supply of work to be seen. The
// quickest of a few operations stand for a round, so that a busy machine, new connections and large
// objects among small ones do not look like a full server. Where doubling brought little, the level goes
// back, and after a rest one lower is tried: so it also comes down from where it is of no use. It does
// not go above what one loop could keep up with at the least latency that was seen.
// When the other side says that it is busy, the level is halved, and grows by one a round for a while.
// Loop thread only.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/permits.h"

namespace godwit::runtime {

class AdaptiveLimit final : public Pressure {
  public:
    // 1 <= start <= max. It goes below `start` only when the other side is busy.
    AdaptiveLimit(Loop& loop, std::uint32_t start, std::uint32_t max);

    // Leave to run one operation; given back on destruction. Must not outlive the limit.
    class Slot {
      public:
        Slot(AdaptiveLimit& limit, Permit permit, Instant began)
            : limit_(&limit), permit_(std::move(permit)), began_(began) {}
        // The operation ended well: how long it took says whether more would do.
        void succeeded();
        // It failed, or what was done says nothing about the location.
        void release() { permit_.release(); }

      private:
        AdaptiveLimit* limit_;
        Permit permit_;
        Instant began_;
    };
    class Acquire : public Permits::Acquire {
      public:
        Acquire(AdaptiveLimit& limit, Context& context)
            : Permits::Acquire(limit.permits_, context, 1), limit_(limit) {}
        Result<Slot> await_resume();

      private:
        AdaptiveLimit& limit_;
    };
    Acquire acquire(Context& context) { return Acquire(*this, context); }

    // Another bound, at least 1. What is in flight stays there. Below a higher one it looks for its level
    // anew.
    void set_max(std::uint32_t max);

    // The other side asked for less. Several in one round trip count once.
    void overloaded() override;

    std::uint32_t level() const { return static_cast<std::uint32_t>(permits_.total()); }
    std::uint64_t in_flight() const { return permits_.taken(); }

  private:
    void ended(Instant began);
    void judge(Duration latency);
    std::uint32_t next_level() const;
    void look_again();
    void step_back();
    void rest(std::uint32_t rounds);
    void set_level(std::uint32_t level);

    // What the operations of one level took, begun and ended at it.
    struct Round {
        Instant began{};
        std::uint32_t to_skip = 0;
        std::uint32_t operations = 0;
        Duration quickest = Duration::max();  // of the group that is being counted
        Duration sum{};                       // over the groups
    };

    Loop& loop_;
    Permits permits_;
    std::uint32_t start_;
    std::uint32_t max_;
    Round round_;
    // What an operation took at the level before this one; none while there is nothing to compare with.
    std::optional<Duration> latency_before_;
    std::uint32_t level_before_ = 0;
    bool bold_ = true;  // no step has failed yet, and nobody was busy
    Duration least_latency_ = Duration::max();
    std::uint32_t failed_steps_ = 0;  // in succession
    std::uint32_t rest_rounds_ = 0;   // until the next step is tried
    Instant deaf_until_{};            // to further news of overload
    Instant careful_until_{};         // steps of one
};

}  // namespace godwit::runtime
