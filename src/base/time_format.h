// Points in time as text, in UTC, by the proleptic Gregorian calendar. No locale, no time zone
// database, no C library time functions.
//
// Times are nanoseconds since 1970-01-01T00:00:00Z, so years 1678 to 2261 and a little at both ends;
// parsers answer "absent" for all that is malformed or does not fit, leap seconds (":60") included,
// since Unix time has none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace godwit {

// How many decimals of a second are written. The rest is cut off, never rounded up.
enum class TimePrecision : std::uint8_t { Seconds = 0, Milliseconds = 3, Microseconds = 6, Nanoseconds = 9 };

// "2026-11-21T21:30:17.042Z" (RFC 3339).
std::string format_rfc3339(std::int64_t unix_time_ns, TimePrecision precision = TimePrecision::Nanoseconds);
// RFC 3339 §5.6: any number of decimals (those beyond nanoseconds are cut off), 'Z' or a numeric
// offset. S3's LastModified is of this form.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

// "20261121T213017Z" (ISO 8601 basic, as AWS Signature Version 4 writes X-Amz-Date).
std::string format_iso_basic(std::int64_t unix_time_ns);
std::optional<std::int64_t> parse_iso_basic(std::string_view text);
// "20261121", the date of a SigV4 credential scope.
std::string format_iso_date(std::int64_t unix_time_ns);

// "Sat, 21 Nov 2026 21:30:17 GMT" (RFC 9110 §5.6.7, IMF-fixdate).
std::string format_http_date(std::int64_t unix_time_ns);
// IMF-fixdate only: the two obsolete forms come from no server that we talk to. The weekday must be
// the date's.
std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace godwit
