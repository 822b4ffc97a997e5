// Sizes, numbers, rates and durations as people write them, and as they are shown to them.
#include <charconv>

#include "app/quantity.h"
#include "app/rate_timetable.h"
#include "base/check.h"
#include "fuzz/target.h"

namespace godwit::fuzz {
namespace {

using app::parse_number;
using app::parse_size;

// What is shown of a size, read again, is no more than there is and little less.
void check_size(std::uint64_t bytes) {
    std::string shown = app::iec_bytes(bytes);
    std::string joined = shown;
    std::erase(joined, ' ');
    std::optional<std::uint64_t> read = parse_size(joined);
    // A fraction is read as a double, which has 52 bits behind its first.
    GODWIT_CHECK(read && (*read <= bytes || *read - bytes <= bytes >> 50), "{} of {}", shown, bytes);
    GODWIT_CHECK(*read >= bytes - bytes / 10, "{} of {}", shown, bytes);
    GODWIT_CHECK(parse_size(fmt::format("{}", bytes)) == bytes);
    GODWIT_CHECK(parse_number(fmt::format("{}", bytes)) == bytes);
    std::string grouped = app::with_thousands(bytes);
    std::erase(grouped, ',');
    GODWIT_CHECK(parse_number(grouped) == bytes, "{}", grouped);
}

void check_text(std::string_view text) {
    if (auto number = parse_number(text)) {
        GODWIT_CHECK(text.find_first_not_of("0123456789") == std::string_view::npos, "{}", text);
        GODWIT_CHECK(parse_size(text) == number, "{}", text);
    }
    if (auto duration = app::parse_duration(text)) {
        GODWIT_CHECK(duration->count() >= 0, "{}", text);
        app::short_duration(*duration);
    }
    if (auto size = parse_size(text)) check_size(*size);
    if (auto rates = app::RateTimetable::parse(text)) {
        std::uint64_t rate = rates->at_minute(0);
        bool changes = false;
        for (std::uint32_t minute = 1; minute < app::RateTimetable::kWeekMinutes; ++minute)
            changes |= rates->at_minute(minute) != rate;
        GODWIT_CHECK(rates->changes() || !changes, "{}", text);
    }
}

}  // namespace

// Eight bytes of a size, then a text.
void run(Input input) {
    check_size(input.number());
    check_text(input.rest());
}

}  // namespace godwit::fuzz
