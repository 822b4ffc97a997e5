// A rate for each minute of the week, in local time.
//
//   10MiB                               always
//   08:00,10MiB 19:00,off               by day ten, at night as much as there is
//   Mon-08:00,10MiB Fri-18:00,off       from Monday morning to Friday evening
//
// An entry holds from its time on until the next one; one without a day stands for each day. The week has no
// end: before its first entry the last one holds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace godwit::app {

class RateTimetable {
  public:
    // Without a limit, always.
    RateTimetable() = default;

    // Fails with Invalid; the cause says which entry is wrong and what is allowed.
    static Result<RateTimetable> parse(std::string_view text);

    // A second, as it is then; 0: no limit.
    std::uint64_t at(std::int64_t unix_ns) const;
    // With minutes of the week from Sunday 00:00 on, below kWeekMinutes.
    static constexpr std::uint32_t kWeekMinutes = 7 * 24 * 60;
    std::uint64_t at_minute(std::uint32_t minute) const;
    // More than one rate.
    bool changes() const { return entries_.size() > 1; }

  private:
    struct Entry {
        std::uint32_t minute = 0;
        std::uint64_t rate = 0;
    };
    Result<void> add(std::string_view entry);

    std::vector<Entry> entries_;  // by minute, each once
};

}  // namespace godwit::app
