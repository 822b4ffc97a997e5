#include "app/rate_timetable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/predicate.hpp>
#include <ctime>
#include <optional>

#include "app/quantity.h"
#include "base/error.h"

namespace godwit::app {
namespace {

constexpr std::uint32_t kDayMinutes = 24 * 60;
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

Error wrong(std::string_view entry, std::string_view why) {
    return {ErrorKind::Invalid, "read", fmt::format("rate '{}'", printable(entry)),
            fmt::format("{}; allowed is a size with an IEC unit, as 10MiB, `off`, or a timetable of entries "
                        "with spaces between "
                        "them, as `08:00,10MiB 19:00,off` or `Mon-08:00,10MiB Fri-18:00,off`",
                        why)};
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
    if (text == "off") return 0;
    return parse_size(text);
}

std::optional<std::uint32_t> two_digits(std::string_view text, std::uint32_t below) {
    auto number = text.size() == 2 ? parse_number(text) : std::nullopt;
    if (!number || *number >= below) return {};
    return static_cast<std::uint32_t>(*number);
}

// "08:30", as a minute of the day.
std::optional<std::uint32_t> parse_time(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return {};
    auto hours = two_digits(text.substr(0, 2), 24), minutes = two_digits(text.substr(3), 60);
    if (!hours || !minutes) return {};
    return *hours * 60 + *minutes;
}

std::optional<std::uint32_t> parse_day(std::string_view text) {
    auto same = [text](std::string_view day) { return boost::iequals(text, day); };
    auto found = std::ranges::find_if(kDays, same);
    if (found == kDays.end()) return {};
    return static_cast<std::uint32_t>(found - kDays.begin());
}

}  // namespace

Result<RateTimetable> RateTimetable::parse(std::string_view text) {
    RateTimetable timetable;
    if (auto always = parse_rate(text)) {
        if (*always > 0) timetable.entries_.push_back({.minute = 0, .rate = *always});
        return timetable;
    }
    for (std::string_view rest = text; !rest.empty();) {
        std::size_t end = std::min(rest.find(' '), rest.size());
        std::string_view entry = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!entry.empty()) GODWIT_TRY_VOID(timetable.add(entry));
    }
    if (timetable.entries_.empty()) return wrong(text, "there is none");
    std::ranges::sort(timetable.entries_, {}, &Entry::minute);
    auto twice = std::ranges::adjacent_find(timetable.entries_, {}, &Entry::minute);
    if (twice == timetable.entries_.end()) return timetable;
    std::uint32_t minute = twice->minute % kDayMinutes;
    return wrong(text, fmt::format("{} {:02}:{:02} has two rates", kDays[twice->minute / kDayMinutes],
                                   minute / 60, minute % 60));
}

Result<void> RateTimetable::add(std::string_view entry) {
    std::size_t comma = entry.find(',');
    if (comma == std::string_view::npos) return wrong(entry, "it is no size, and has no time before a comma");
    auto rate = parse_rate(entry.substr(comma + 1));
    if (!rate) return wrong(entry, fmt::format("'{}' is no size", printable(entry.substr(comma + 1))));
    std::string_view when = entry.substr(0, comma);
    std::size_t dash = when.find('-');
    std::optional<std::uint32_t> day;
    if (dash != std::string_view::npos) {
        day = parse_day(when.substr(0, dash));
        if (!day) return wrong(entry, fmt::format("'{}' is no day", printable(when.substr(0, dash))));
        when.remove_prefix(dash + 1);
    }
    auto time = parse_time(when);
    if (!time) return wrong(entry, fmt::format("'{}' is no time from 00:00 to 23:59", printable(when)));
    for (std::uint32_t each = day.value_or(0); each <= day.value_or(kDays.size() - 1); ++each)
        entries_.push_back({.minute = each * kDayMinutes + *time, .rate = *rate});
    return {};
}

std::uint64_t RateTimetable::at_minute(std::uint32_t minute) const {
    if (entries_.empty()) return 0;
    auto after = std::ranges::upper_bound(entries_, minute, {}, &Entry::minute);
    return after == entries_.begin() ? entries_.back().rate : std::prev(after)->rate;
}

std::uint64_t RateTimetable::at(std::int64_t unix_ns) const {
    auto seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
    std::tm local{};
    if (!localtime_r(&seconds, &local)) return at_minute(0);
    return at_minute(static_cast<std::uint32_t>((local.tm_wday * 24 + local.tm_hour) * 60 + local.tm_min));
}

}  // namespace godwit::app
