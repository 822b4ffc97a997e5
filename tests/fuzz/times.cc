// Points in time: what one of our formats tells is read back, and what is read was told exactly so.
#include <ctime>

#include "base/check.h"
#include "base/error.h"
#include "base/time_format.h"
#include "fuzz/target.h"
#include "s3/error_table.h"
#include "s3/metadata_headers.h"

namespace godwit::fuzz {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// The second that holds a time, rounded down.
std::int64_t second_of(std::int64_t time_ns) {
    return time_ns / kNsPerSecond - (time_ns % kNsPerSecond < 0 ? 1 : 0);
}

// The calendar of the C library, which the product does without.
std::string http_date_of_the_c_library(std::int64_t time_ns) {
    std::time_t seconds = second_of(time_ns);
    std::tm civil{};
    gmtime_r(&seconds, &civil);
    char text[64];
    std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &civil);
    return {text, size};
}

void check_time(std::int64_t time_ns) {
    std::string exact = format_rfc3339(time_ns);
    GODWIT_CHECK(parse_rfc3339(exact) == time_ns, "{}", exact);
    std::string date = format_http_date(time_ns);
    GODWIT_CHECK(date == http_date_of_the_c_library(time_ns), "{}", date);
    // The first second of all begins before the first nanosecond that can be told.
    if (second_of(time_ns) == second_of(INT64_MIN)) return;
    std::int64_t whole = second_of(time_ns) * kNsPerSecond;
    GODWIT_CHECK(parse_http_date(date) == whole, "{}", date);
    GODWIT_CHECK(parse_iso_basic(format_iso_basic(time_ns)) == whole, "{}", exact);
    GODWIT_CHECK(parse_rfc3339(format_rfc3339(time_ns, TimePrecision::Seconds)) == whole, "{}", exact);
    GODWIT_CHECK(s3::parse_file_time(fmt::format("{}ns", time_ns)) == time_ns);
}

// Retry-After against any clock of the server.
void check_retry_after(std::string_view text, std::int64_t server_time_ns) {
    auto wait = s3::parse_retry_after(text, server_time_ns);
    GODWIT_CHECK(!wait || (wait->count() >= 0 && *wait <= std::chrono::hours(1)), "{} ms", wait->count());
}

void check_text(std::string_view text) {
    if (auto time = parse_http_date(text)) GODWIT_CHECK(format_http_date(*time) == text, "{}", text);
    if (auto time = parse_iso_basic(text)) GODWIT_CHECK(format_iso_basic(*time) == text, "{}", text);
    if (auto time = parse_rfc3339(text)) check_time(*time);
    if (auto time = s3::parse_file_time(text)) check_time(*time);
}

}  // namespace

// Eight bytes of a time, then a text.
void run(Input input) {
    std::int64_t time_ns = input.signed_number();
    std::string_view text = input.rest();
    check_time(time_ns);
    check_text(text);
    check_retry_after(text, time_ns);
    check_retry_after(format_http_date(time_ns), parse_rfc3339(text).value_or(0));
}

}  // namespace godwit::fuzz
