// A run as one line that a person watches. Pure functions of what was measured; progress_report.h
// does the measuring.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "engine/progress.h"

namespace godwit::app {

// engine::Progress at one moment.
struct ProgressSample {
    std::uint64_t listed_objects = 0, listed_bytes = 0;
    bool listing_done = false;
    std::uint64_t planned_objects = 0, planned_bytes = 0;
    std::uint64_t done_objects = 0, verified_objects = 0, failed_objects = 0, deferred_objects = 0;
    std::uint64_t moved_bytes = 0, retries = 0;
};
ProgressSample sample_of(const engine::Progress& progress);

// Speed over the last few seconds, and for how long nothing has moved.
class ProgressMeter {
  public:
    explicit ProgressMeter(Instant start) : start_(start), last_(start), moved_at_(start) {}
    // Samples come in order of time.
    void take(const ProgressSample& sample, Instant now);

    const ProgressSample& sample() const { return sample_; }
    Duration elapsed() const { return last_ - start_; }
    double bytes_per_second() const { return bytes_per_second_; }
    double objects_per_second() const { return objects_per_second_; }
    // Since anything was listed, moved or finished.
    Duration still_for() const { return last_ - moved_at_; }
    // Absent until listing is done, and while nothing moves: rather none than a wrong one.
    std::optional<Duration> remaining() const;

  private:
    Instant start_, last_, moved_at_;
    ProgressSample sample_;
    double bytes_per_second_ = 0, objects_per_second_ = 0;
};

// At most `columns` wide. Totals are marked ">=" while listing goes on.
std::string progress_line(const ProgressMeter& meter, std::size_t columns, bool unicode);
// For logs: one plain line.
std::string heartbeat_line(const ProgressMeter& meter);
boost::json::object progress_event(const ProgressMeter& meter, std::int64_t unix_ns);

}  // namespace godwit::app
