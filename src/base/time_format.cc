#include "base/time_format.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace godwit {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::nanoseconds;
using std::chrono::sys_days;
using std::chrono::sys_time;

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct CivilTime {
    int year = 0;
    unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
    std::int64_t nanosecond = 0;
    unsigned weekday = 0;  // 0 is Sunday
};

CivilTime civil_time(std::int64_t unix_time_ns) {
    sys_time<nanoseconds> time{nanoseconds(unix_time_ns)};
    auto day = floor<days>(time);
    // Subtracting `day` as nanoseconds would overflow on the earliest day, so the remainder is taken
    // by arithmetic that cannot.
    constexpr std::int64_t kDayNs = 86'400'000'000'000;
    std::int64_t in_day = ((unix_time_ns % kDayNs) + kDayNs) % kDayNs;
    std::chrono::year_month_day date{day};
    auto seconds = static_cast<unsigned>(in_day / 1'000'000'000);
    return {.year = static_cast<int>(date.year()),
            .month = static_cast<unsigned>(date.month()),
            .day = static_cast<unsigned>(date.day()),
            .hour = seconds / 3600,
            .minute = seconds / 60 % 60,
            .second = seconds % 60,
            .nanosecond = in_day % 1'000'000'000,
            .weekday = std::chrono::weekday{day}.c_encoding()};
}

// Absent when a field is out of its range or the time does not fit. `offset_minutes` is local minus
// UTC.
std::optional<std::int64_t> unix_time_of(const CivilTime& civil, int offset_minutes = 0) {
    std::chrono::year_month_day date{std::chrono::year{civil.year}, std::chrono::month{civil.month},
                                     std::chrono::day{civil.day}};
    if (!date.ok() || civil.hour > 23 || civil.minute > 59 || civil.second > 59) return std::nullopt;
    std::int64_t day_count = sys_days{date}.time_since_epoch().count();
    std::int64_t seconds = day_count * 86'400 + civil.hour * 3600 + civil.minute * 60 + civil.second -
                           std::int64_t{offset_minutes} * 60;
    // A negative time with a fraction is counted down from the second after it, so that the
    // multiplication cannot overflow where the sum would fit.
    std::int64_t nanosecond = civil.nanosecond;
    if (seconds < 0 && nanosecond > 0) {
        seconds += 1;
        nanosecond -= 1'000'000'000;
    }
    std::int64_t total = 0;
    if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &total)) return std::nullopt;
    if (__builtin_add_overflow(total, nanosecond, &total)) return std::nullopt;
    return total;
}

// Reads a text from left to right; after the first mismatch nothing matches any more.
class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    // Exactly `count` decimal digits.
    unsigned digits(std::size_t count) {
        unsigned value = 0;
        if (rest_.size() < count) return fail();
        for (char c : rest_.substr(0, count)) {
            if (c < '0' || c > '9') return fail();
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        rest_.remove_prefix(count);
        return value;
    }
    void literal(std::string_view text) {
        if (!take(text)) fail();
    }
    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    // The index of the three-letter name that comes next.
    template <std::size_t N>
    unsigned name(const std::array<std::string_view, N>& names) {
        for (unsigned i = 0; i < N; ++i) {
            if (take(names[i])) return i;
        }
        return fail();
    }
    // One digit or more, as nanoseconds.
    std::int64_t decimals() {
        std::int64_t value = 0, unit = 100'000'000;
        std::size_t count = 0;
        for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count, unit /= 10) {
            value += (rest_[count] - '0') * unit;
        }
        if (count == 0) return fail();
        rest_.remove_prefix(count);
        return value;
    }
    bool finished() const { return !failed_ && rest_.empty(); }

  private:
    unsigned fail() {
        failed_ = true;
        rest_ = {};
        return 0;
    }
    std::string_view rest_;
    bool failed_ = false;
};

// "+05:30" as minutes; 'Z' as 0. RFC 3339 allows lower case as well.
int read_offset(Reader& reader) {
    if (reader.take("Z") || reader.take("z")) return 0;
    int sign = reader.take("-") ? -1 : 1;
    if (sign == 1) reader.literal("+");
    unsigned hours = reader.digits(2);
    reader.literal(":");
    unsigned minutes = reader.digits(2);
    if (hours > 23 || minutes > 59) reader.literal("\n");  // a mismatch for sure
    return sign * static_cast<int>(hours * 60 + minutes);
}

// The last `width` digits of a number that is not negative, over what stands there.
template <class Number>
void write_digits(std::string& text, std::size_t at, std::size_t width, Number value) {
    for (std::size_t i = at + width; i > at; value /= 10) text[--i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string format_rfc3339(std::int64_t unix_time_ns, TimePrecision precision) {
    CivilTime t = civil_time(unix_time_ns);
    constexpr std::string_view kForm = "0000-00-00T00:00:00.000000000Z";
    std::string text(kForm);
    write_digits(text, 0, 4, t.year);
    write_digits(text, 5, 2, t.month);
    write_digits(text, 8, 2, t.day);
    write_digits(text, 11, 2, t.hour);
    write_digits(text, 14, 2, t.minute);
    write_digits(text, 17, 2, t.second);
    write_digits(text, 20, 9, t.nanosecond);
    auto decimals = static_cast<std::size_t>(precision);
    text.erase(decimals == 0 ? 19 : 20 + decimals, decimals == 0 ? 10 : 9 - decimals);
    return text;
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
    Reader reader(text);
    CivilTime t;
    t.year = static_cast<int>(reader.digits(4));
    reader.literal("-");
    t.month = reader.digits(2);
    reader.literal("-");
    t.day = reader.digits(2);
    if (!reader.take("T")) reader.literal("t");
    t.hour = reader.digits(2);
    reader.literal(":");
    t.minute = reader.digits(2);
    reader.literal(":");
    t.second = reader.digits(2);
    if (reader.take(".")) t.nanosecond = reader.decimals();
    int offset_minutes = read_offset(reader);
    if (!reader.finished()) return std::nullopt;
    return unix_time_of(t, offset_minutes);
}

std::string format_iso_basic(std::int64_t unix_time_ns) {
    CivilTime t = civil_time(unix_time_ns);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year, t.month, t.day, t.hour, t.minute,
                       t.second);
}

std::optional<std::int64_t> parse_iso_basic(std::string_view text) {
    Reader reader(text);
    CivilTime t;
    t.year = static_cast<int>(reader.digits(4));
    t.month = reader.digits(2);
    t.day = reader.digits(2);
    reader.literal("T");
    t.hour = reader.digits(2);
    t.minute = reader.digits(2);
    t.second = reader.digits(2);
    reader.literal("Z");
    if (!reader.finished()) return std::nullopt;
    return unix_time_of(t);
}

std::string format_iso_date(std::int64_t unix_time_ns) {
    return format_iso_basic(unix_time_ns).substr(0, 8);
}

std::string format_http_date(std::int64_t unix_time_ns) {
    CivilTime t = civil_time(unix_time_ns);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[t.weekday], t.day,
                       kMonths[t.month - 1], t.year, t.hour, t.minute, t.second);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    Reader reader(text);
    CivilTime t;
    t.weekday = reader.name(kWeekdays);
    reader.literal(", ");
    t.day = reader.digits(2);
    reader.literal(" ");
    t.month = reader.name(kMonths) + 1;
    reader.literal(" ");
    t.year = static_cast<int>(reader.digits(4));
    reader.literal(" ");
    t.hour = reader.digits(2);
    reader.literal(":");
    t.minute = reader.digits(2);
    reader.literal(":");
    t.second = reader.digits(2);
    reader.literal(" GMT");
    if (!reader.finished()) return std::nullopt;
    auto time = unix_time_of(t);
    if (!time || civil_time(*time).weekday != t.weekday) return std::nullopt;
    return time;
}

}  // namespace godwit
