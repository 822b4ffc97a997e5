// Sizes, counts and durations as people write and read them. IEC units only: 1 KiB is 1,024 bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace godwit::app {

// "1,204"
std::string with_thousands(std::uint64_t number);
// "1,204 files", "1 file"
std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural);
// "0 B", "812 B", "3.1 GiB": three digits at most, rounded down so that it never says more than there is.
std::string iec_bytes(std::uint64_t bytes);
// "0.6 s", "27 s", "4 min 10 s", "2 h 3 min", "3 d 4 h".
std::string short_duration(Duration duration);

// "64MiB", "64M", "64m", "512" (bytes), "1.5GiB". Absent for anything else, 1,000-based "MB" included:
// half of those who write it mean the other thing.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "30s", "15m", "12h", "7d", "2w". Absent for anything else.
std::optional<Duration> parse_duration(std::string_view text);
// Decimal digits only, the whole text, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace godwit::app
