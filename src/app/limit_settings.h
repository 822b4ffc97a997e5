// How much a run may take at once, as its options say; while it runs `executions limit` says it anew.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/arguments.h"
#include "app/rate_timetable.h"
#include "engine/options.h"

namespace godwit::app {

inline constexpr std::array<std::string_view, 4> kLimitOptions{
    "concurrency", "memory", "limit-bytes-per-second", "limit-requests-per-second"};

struct LimitSettings {
    engine::Limits fixed;  // without the rate
    RateTimetable bytes_per_second;
    // To S3 servers, of both ends together; 0: no limit.
    std::uint64_t requests_per_second = 0;

    // As they are at that moment.
    engine::Limits at(std::int64_t unix_ns) const;
};

// From the options, no more at once than there are descriptors for. Fails with a usage error.
Result<LimitSettings> limit_settings(const Values& values, std::uint64_t descriptors);

// The options among `values` that are limits, over those that `text` holds, as text for control.db
// (ControlTables::set_limits): a JSON object of names and values. "" where there are none.
Result<std::string> limits_text(const std::string& text, const Values& values);
// What limits_text() wrote. Fails with Corrupt.
Result<Values> limit_values(const std::string& text);

}  // namespace godwit::app
