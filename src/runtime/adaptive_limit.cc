#include "runtime/adaptive_limit.h"

#include <algorithm>

namespace godwit::runtime {
namespace {

// After a cut, what is in flight still brings back old news; it must not cut again.
constexpr Duration kDeaf = std::chrono::seconds(1);
// How long a server that was busy is met with small steps.
constexpr Duration kCareful = std::chrono::seconds(10);
// The quickest of so many operations is what one takes.
constexpr std::uint32_t kGroup = 8;
constexpr std::uint32_t kRoundMin = 2 * kGroup;
// Twice the level is no gain when operations take twice as long; up to this it is at least a quarter more.
constexpr double kSlowerMax = 1.6;
// Each step costs a round. While none has failed they are large: what takes no longer at four times the level
// took no longer at twice either.
constexpr std::uint32_t kBoldFactor = 4, kFactor = 2;
// A step that failed once may have met a bad moment. Then it is tried less and less often.
constexpr std::uint32_t kRestMax = 64;

// More operations a second than one loop gets through.
constexpr double kPerSecondMax = 50'000;

// More in flight than this would only wait for us.
double useful_level(Duration latency) {
    return kPerSecondMax * std::chrono::duration<double>(latency).count();
}

std::uint32_t rest_after(std::uint32_t failed_steps) {
    if (failed_steps < 2) return 0;
    return std::min(kRestMax, 1u << std::min(failed_steps, 16u));
}

}  // namespace

AdaptiveLimit::AdaptiveLimit(Loop& loop, std::uint32_t start, std::uint32_t max)
    : loop_(loop), permits_(std::min(start, max)), start_(std::min(start, max)), max_(max) {
    GODWIT_CHECK(start >= 1 && max >= 1, "start {}, max {}", start, max);
}

Result<AdaptiveLimit::Slot> AdaptiveLimit::Acquire::await_resume() {
    GODWIT_TRY(Permit permit, Permits::Acquire::await_resume());
    return Slot(limit_, std::move(permit), limit_.loop_.now());
}

void AdaptiveLimit::Slot::succeeded() {
    permit_.release();
    limit_->ended(began_);
}

void AdaptiveLimit::ended(Instant began) {
    if (began < round_.began) return;
    // More room is of no use to anyone when nobody waits for it.
    if (!permits_.anyone_waiting()) return;
    // What began together with a step up met a shorter queue than it leaves.
    if (round_.to_skip > 0) {
        --round_.to_skip;
        return;
    }
    round_.quickest = std::min(round_.quickest, loop_.now() - began);
    if (++round_.operations % kGroup != 0) return;
    round_.sum += std::exchange(round_.quickest, Duration::max());
    if (round_.operations < std::max(kRoundMin, level() / 2)) return;
    judge(round_.sum / (round_.operations / kGroup));
}

void AdaptiveLimit::judge(Duration latency) {
    round_ = Round{.began = round_.began};
    if (loop_.now() < careful_until_) return set_level(level() + 1);
    if (rest_rounds_ > 0) {
        if (--rest_rounds_ == 0) look_again();
        return;
    }
    if (latency_before_ && latency > kSlowerMax * *latency_before_) return step_back();
    if (latency_before_) failed_steps_ = 0;
    least_latency_ = std::min(least_latency_, latency);
    std::uint32_t next = next_level();
    if (next == level()) return rest(kRestMax);
    level_before_ = level();
    latency_before_ = latency;
    set_level(next);
}

std::uint32_t AdaptiveLimit::next_level() const {
    for (std::uint32_t factor : {bold_ ? kBoldFactor : kFactor, kFactor}) {
        std::uint32_t next = std::min(max_, level() * factor);
        if (next <= useful_level(least_latency_)) return next;
    }
    return level();
}

void AdaptiveLimit::look_again() {
    least_latency_ = Duration::max();
    set_level(std::max(std::min(start_, level()), level() / 2));
}

void AdaptiveLimit::step_back() {
    bold_ = false;
    set_level(level_before_);
    rest(rest_after(++failed_steps_));
}

void AdaptiveLimit::rest(std::uint32_t rounds) {
    latency_before_.reset();
    rest_rounds_ = rounds;
}

void AdaptiveLimit::set_level(std::uint32_t level) {
    round_ = Round{.began = loop_.now(), .to_skip = level / 2};
    permits_.set_total(std::min(max_, level));
}

void AdaptiveLimit::set_max(std::uint32_t max) {
    GODWIT_CHECK(max >= 1, "max {}", max);
    if (max == max_) return;
    max_ = max;
    failed_steps_ = 0;
    rest(0);
    set_level(level());
}

void AdaptiveLimit::overloaded() {
    if (loop_.now() < deaf_until_) return;
    deaf_until_ = loop_.now() + kDeaf;
    careful_until_ = loop_.now() + kCareful;
    bold_ = false;
    rest(0);
    set_level(std::max(1u, level() / 2));
}

}  // namespace godwit::runtime
