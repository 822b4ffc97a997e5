#include "app/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/json_text.h"
#include "app/quantity.h"
#include "app/rows.h"

namespace godwit::app {
namespace {

constexpr Duration kStallShown = std::chrono::seconds(10);

double seconds_of(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

// How much of the work is done, by bytes where there are any; 0 to 1.
double done_share(const ProgressSample& sample) {
    double objects = sample.planned_objects == 0 ? 1
                                                 : static_cast<double>(sample.done_objects) /
                                                       static_cast<double>(sample.planned_objects);
    if (sample.planned_bytes == 0) return std::clamp(objects, 0.0, 1.0);
    double bytes = static_cast<double>(sample.moved_bytes) / static_cast<double>(sample.planned_bytes);
    // Objects that end without bytes moved (skipped, failed) must not hold the share back for ever.
    return std::clamp(std::max(bytes, sample.done_objects == sample.planned_objects ? 1.0 : 0.0), 0.0, 1.0);
}

std::string bar(double share, std::size_t width, bool unicode) {
    auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    std::string out;
    for (std::size_t i = 0; i < width; ++i) {
        out += unicode ? (i < filled ? "━" : "─") : (i < filled ? "#" : ".");
    }
    return out;
}

std::string eta_text(const ProgressMeter& meter) {
    if (meter.still_for() >= kStallShown) {
        const ProgressSample& sample = meter.sample();
        std::string what = sample.retries > 0    ? counted(sample.retries, "retry", "retries") + " so far"
                           : sample.listing_done ? "waiting for an answer"
                                                 : "waiting for a listing";
        return fmt::format("still for {}, {}", short_duration(meter.still_for()), what);
    }
    auto remaining = meter.remaining();
    return remaining ? "ETA " + short_duration(*remaining) : "";
}

// `text` cut to `columns`, never within a code point.
std::string cut(const std::string& text, std::size_t columns) {
    if (width_of(text) <= columns) return text;
    std::string out;
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
        if (begins && ++width > columns) break;
        out += text[i];
    }
    return out;
}

}  // namespace

ProgressSample sample_of(const engine::Progress& progress) {
    ProgressSample sample;
    sample.listed_objects = progress.listed_objects;
    sample.listed_bytes = progress.listed_bytes;
    sample.listing_done = progress.listing_done;
    sample.planned_objects = progress.planned_objects;
    sample.planned_bytes = progress.planned_bytes;
    sample.done_objects = progress.done_objects;
    sample.verified_objects = progress.verified_objects;
    sample.failed_objects = progress.failed_objects;
    sample.deferred_objects = progress.deferred_objects;
    sample.moved_bytes = progress.moved_bytes;
    sample.retries = progress.retries;
    return sample;
}

// Exponential averages with a time constant of five seconds.
void ProgressMeter::take(const ProgressSample& sample, Instant now) {
    constexpr double kSmoothSeconds = 5;
    double passed = seconds_of(now - last_);
    bool moved = sample.moved_bytes != sample_.moved_bytes || sample.done_objects != sample_.done_objects ||
                 sample.listed_objects != sample_.listed_objects;
    if (moved) moved_at_ = now;
    if (passed > 0) {
        double weight = elapsed() < std::chrono::seconds(1) ? 1 : 1 - std::exp(-passed / kSmoothSeconds);
        auto rate = [&](std::uint64_t before, std::uint64_t after) {
            return after >= before ? static_cast<double>(after - before) / passed : 0;
        };
        bytes_per_second_ += weight * (rate(sample_.moved_bytes, sample.moved_bytes) - bytes_per_second_);
        objects_per_second_ +=
            weight * (rate(sample_.done_objects, sample.done_objects) - objects_per_second_);
    }
    sample_ = sample;
    last_ = now;
}

// The slower of what bytes and what objects promise: many small files are bound by their number.
std::optional<Duration> ProgressMeter::remaining() const {
    if (!sample_.listing_done) return {};
    std::uint64_t objects = sample_.planned_objects - std::min(sample_.planned_objects, sample_.done_objects);
    std::uint64_t bytes = sample_.planned_bytes - std::min(sample_.planned_bytes, sample_.moved_bytes);
    if (objects == 0) return Duration::zero();
    double by_bytes = bytes == 0 ? 0 : static_cast<double>(bytes) / bytes_per_second_;
    double by_objects = static_cast<double>(objects) / objects_per_second_;
    // While one large object is under way no object ends, which says nothing.
    double seconds = std::isfinite(by_objects) && by_objects < 10 * by_bytes + 60
                         ? std::max(by_bytes, by_objects)
                         : by_bytes;
    constexpr double kSecondsMax = 100.0 * 24 * 3600;
    if (!std::isfinite(seconds) || seconds <= 0 || seconds > kSecondsMax) return {};
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::string progress_line(const ProgressMeter& meter, std::size_t columns, bool unicode) {
    const ProgressSample& sample = meter.sample();
    std::string_view at_least = sample.listing_done ? "" : unicode ? "≥ " : ">= ";
    std::string_view separator = unicode ? " │ " : " | ";
    std::string line =
        fmt::format("{} {}{} {}", sample.listing_done ? "listed" : "listing", at_least,
                    counted(sample.listed_objects, "object", "objects"), iec_bytes(sample.listed_bytes));
    if (sample.planned_objects > 0) {
        constexpr std::size_t kBarColumns = 14;
        double share = done_share(sample);
        line += separator;
        if (sample.listing_done)
            line +=
                fmt::format("{} {:>3}%  ", bar(share, kBarColumns, unicode), static_cast<int>(share * 100));
        line += fmt::format("{}  {}/s", iec_bytes(sample.moved_bytes),
                            iec_bytes(static_cast<std::uint64_t>(meter.bytes_per_second())));
    }
    std::string eta = eta_text(meter);
    if (!eta.empty() && (sample.planned_objects > 0 || meter.still_for() >= kStallShown)) line += "  " + eta;
    line += fmt::format("{}verified {}  failed {}", separator, with_thousands(sample.verified_objects),
                        with_thousands(sample.failed_objects));
    if (sample.deferred_objects > 0)
        line += fmt::format("  deferred {}", with_thousands(sample.deferred_objects));
    return cut(line, columns - 1);
}

std::string heartbeat_line(const ProgressMeter& meter) {
    const ProgressSample& sample = meter.sample();
    std::string line = fmt::format(
        "progress: {} listed{}, {} of {}{} done, {} moved, {}/s, {} failed, after {}",
        with_thousands(sample.listed_objects), sample.listing_done ? "" : " so far",
        with_thousands(sample.done_objects),
        sample.listing_done ? "" : ">= ", with_thousands(sample.planned_objects),
        iec_bytes(sample.moved_bytes), iec_bytes(static_cast<std::uint64_t>(meter.bytes_per_second())),
        with_thousands(sample.failed_objects), short_duration(meter.elapsed()));
    std::string eta = eta_text(meter);
    return eta.empty() ? line : line + ", " + eta;
}

boost::json::object progress_event(const ProgressMeter& meter, std::int64_t unix_ns) {
    const ProgressSample& sample = meter.sample();
    boost::json::object event = json_event("progress", unix_ns);
    event["listed"] = sample.listed_objects;
    event["listed_bytes"] = sample.listed_bytes;
    event["listing_done"] = sample.listing_done;
    event["planned"] = sample.planned_objects;
    event["planned_bytes"] = sample.planned_bytes;
    event["done"] = sample.done_objects;
    event["verified"] = sample.verified_objects;
    event["failed"] = sample.failed_objects;
    event["deferred"] = sample.deferred_objects;
    event["bytes"] = sample.moved_bytes;
    event["bytes_per_second"] = static_cast<std::uint64_t>(meter.bytes_per_second());
    event["retries"] = sample.retries;
    auto remaining = meter.remaining();
    if (remaining) {
        event["eta_seconds"] = static_cast<std::int64_t>(seconds_of(*remaining));
    } else {
        event["eta_seconds"] = nullptr;
    }
    return event;
}

}  // namespace godwit::app
