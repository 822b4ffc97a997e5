#include "app/quantity.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace godwit::app {
namespace {

constexpr std::array<std::string_view, 7> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

// How many times 1,024 is multiplied for a unit in any case: "", "b", "k", "kib", ...
std::optional<unsigned> unit_power(std::string_view unit) {
    std::string lower;
    for (char c : unit) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    if (lower.empty() || lower == "b") return 0;
    constexpr std::string_view kLetters = "kmgtpe";
    std::size_t letter = kLetters.find(lower[0]);
    if (letter == std::string_view::npos) return {};
    if (lower.size() != 1 && lower.substr(1) != "ib") return {};
    return static_cast<unsigned>(letter + 1);
}

std::size_t number_length(std::string_view text) {
    std::size_t length = text.find_first_not_of("0123456789.");
    return length == std::string_view::npos ? text.size() : length;
}

std::string two_units(std::int64_t whole, std::string_view unit, std::int64_t rest, std::string_view small) {
    if (rest == 0) return fmt::format("{} {}", whole, unit);
    return fmt::format("{} {} {} {}", whole, unit, rest, small);
}

}  // namespace

std::string with_thousands(std::uint64_t number) {
    std::string digits = fmt::format("{}", number);
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural) {
    return fmt::format("{} {}", with_thousands(number), number == 1 ? singular : plural);
}

std::string iec_bytes(std::uint64_t bytes) {
    std::size_t unit = 0;
    while (bytes >> 10 * unit >= 1024) ++unit;
    if (unit == 0) return fmt::format("{} B", bytes);
    std::uint64_t whole = bytes >> 10 * unit;
    if (whole >= 100) return fmt::format("{} {}", whole, kUnits[unit]);
    // In whole numbers: a double of so many bits would be rounded up.
    std::uint64_t rest = bytes - (whole << 10 * unit);
    return fmt::format("{}.{} {}", whole, rest * 10 >> 10 * unit, kUnits[unit]);
}

std::string short_duration(Duration duration) {
    using std::chrono::duration_cast;
    std::int64_t milliseconds = duration_cast<std::chrono::milliseconds>(duration).count();
    if (milliseconds < 10'000) {
        std::int64_t tenths = milliseconds / 100;  // cut, not rounded: 9.96 s are not 10.0 s yet
        return fmt::format("{}.{} s", tenths / 10, tenths % 10);
    }
    std::int64_t seconds = milliseconds / 1000;
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return two_units(seconds / 60, "min", seconds % 60, "s");
    if (seconds < 86'400) return two_units(seconds / 3600, "h", seconds % 3600 / 60, "min");
    return two_units(seconds / 86'400, "d", seconds % 86'400 / 3600, "h");
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::size_t length = number_length(text);
    auto power = unit_power(text.substr(length));
    if (!power || length == 0) return {};
    std::string_view digits = text.substr(0, length);
    unsigned shift = *power * 10;
    if (auto whole = parse_number(digits)) {
        if (shift != 0 && *whole > (~std::uint64_t{0} >> shift)) return {};
        return *whole << shift;
    }
    if (shift == 0) return {};  // there are no half bytes
    double value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return {};
    double bytes = std::ldexp(value, static_cast<int>(shift));
    if (bytes >= 18446744073709551616.0) return {};
    return static_cast<std::uint64_t>(bytes);
}

std::optional<Duration> parse_duration(std::string_view text) {
    if (text.size() < 2) return {};
    auto number = parse_number(text.substr(0, text.size() - 1));
    constexpr std::uint64_t kNumberMax = 100'000;
    if (!number || *number > kNumberMax) return {};
    auto count = static_cast<std::int64_t>(*number);
    switch (text.back()) {
        case 's':
            return std::chrono::seconds(count);
        case 'm':
            return std::chrono::minutes(count);
        case 'h':
            return std::chrono::hours(count);
        case 'd':
            return std::chrono::hours(24 * count);
        case 'w':
            return std::chrono::hours(24 * 7 * std::min<std::int64_t>(count, 5000));
        default:
            return {};
    }
}

}  // namespace godwit::app
