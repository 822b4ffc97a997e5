#include "base/time_format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace godwit {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kEvening = 1'795'296'617 * kSecondNs;  // 2026-11-21T21:30:17Z
constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

TEST(Rfc3339, writes_the_precision_that_was_asked_for) {
    std::int64_t time = kEvening + 42'999'999;
    EXPECT_EQ(format_rfc3339(time, TimePrecision::Seconds), "2026-11-21T21:30:17Z");
    EXPECT_EQ(format_rfc3339(time, TimePrecision::Milliseconds), "2026-11-21T21:30:17.042Z");
    EXPECT_EQ(format_rfc3339(time, TimePrecision::Microseconds), "2026-11-21T21:30:17.042999Z");
    EXPECT_EQ(format_rfc3339(time), "2026-11-21T21:30:17.042999999Z");
}

TEST(Rfc3339, counts_backwards_before_1970) {
    EXPECT_EQ(format_rfc3339(-1), "1969-12-31T23:59:59.999999999Z");
    EXPECT_EQ(parse_rfc3339("1969-12-31T23:59:59.999999999Z"), -1);
    EXPECT_EQ(parse_rfc3339("1901-12-13T20:45:52Z"), -2'147'483'648 * kSecondNs);
}

TEST(Rfc3339, reads_what_s3_and_others_write) {
    EXPECT_EQ(parse_rfc3339("2009-10-12T17:50:30.000Z"), 1'255'369'830 * kSecondNs);
    EXPECT_EQ(parse_rfc3339("2009-10-12T17:50:30.5Z"), 1'255'369'830 * kSecondNs + kSecondNs / 2);
    EXPECT_EQ(parse_rfc3339("2009-10-12t17:50:30.1234567899z"), 1'255'369'830 * kSecondNs + 123'456'789);
    EXPECT_EQ(parse_rfc3339("2009-10-12T19:20:30+01:30"), 1'255'369'830 * kSecondNs);
    EXPECT_EQ(parse_rfc3339("2009-10-12T09:50:30-08:00"), 1'255'369'830 * kSecondNs);
    EXPECT_EQ(parse_rfc3339("2024-02-29T00:00:00Z"), 1'709'164'800 * kSecondNs);
}

TEST(Rfc3339, refuses_what_is_no_time) {
    for (const char* text :
         {"", "2009-10-12", "2009-10-12T17:50:30", "2009-10-12 17:50:30Z", "2009-13-12T17:50:30Z",
          "2009-00-12T17:50:30Z", "2009-02-29T17:50:30Z", "2009-10-32T17:50:30Z", "2009-10-12T24:00:00Z",
          "2009-10-12T17:60:30Z", "2016-12-31T23:59:60Z", "2009-10-12T17:50:30.Z", "2009-10-12T17:50:30ZZ",
          "2009-10-12T17:50:30+24:00", "2009-10-12T17:50:30+0130", " 2009-10-12T17:50:30Z",
          "+009-10-12T17:50:30Z", "2009-10-1aT17:50:30Z", "2009-10-12T17:50:30\n"}) {
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
    }
}

TEST(Rfc3339, refuses_what_does_not_fit) {
    EXPECT_EQ(parse_rfc3339("9999-12-31T23:59:59Z"), std::nullopt);
    EXPECT_EQ(parse_rfc3339("0000-01-01T00:00:00Z"), std::nullopt);
    EXPECT_EQ(parse_rfc3339("2262-04-11T23:47:16.854775807Z"), kLast);
    EXPECT_EQ(parse_rfc3339("2262-04-11T23:47:16.854775808Z"), std::nullopt);
    EXPECT_EQ(parse_rfc3339("1677-09-21T00:12:43.145224192Z"), kFirst);
    EXPECT_EQ(parse_rfc3339("1677-09-21T00:12:43.145224191Z"), std::nullopt);
    EXPECT_EQ(parse_rfc3339(format_rfc3339(kFirst)), kFirst);
    EXPECT_EQ(parse_rfc3339(format_rfc3339(kLast)), kLast);
}

RC_GTEST_PROP(Rfc3339, reads_back_every_time, (std::int64_t time)) {
    RC_ASSERT(parse_rfc3339(format_rfc3339(time)) == time);
}

TEST(IsoBasic, is_what_sigv4_wants) {
    EXPECT_EQ(format_iso_basic(kEvening), "20261121T213017Z");
    EXPECT_EQ(format_iso_date(kEvening), "20261121");
    EXPECT_EQ(parse_iso_basic("20261121T213017Z"), kEvening);
    for (const char* text :
         {"20261121T213017", "20261121T213017z", "20261121213017Z", "2026-11-21T21:30:17Z"}) {
        EXPECT_EQ(parse_iso_basic(text), std::nullopt) << text;
    }
}

TEST(HttpDate, gives_the_rfc_9110_example) {
    constexpr std::int64_t kExample = 784'111'777 * kSecondNs;
    EXPECT_EQ(format_http_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
    EXPECT_EQ(format_http_date(kEvening), "Sat, 21 Nov 2026 21:30:17 GMT");
}

TEST(HttpDate, refuses_obsolete_and_impossible_dates) {
    for (const char* text :
         {"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
          "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 GMT "}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
}

RC_GTEST_PROP(HttpDate, reads_back_every_whole_second, (std::int64_t time)) {
    std::int64_t whole = time / kSecondNs * kSecondNs;
    RC_ASSERT(parse_http_date(format_http_date(whole)) == whole);
    RC_ASSERT(parse_iso_basic(format_iso_basic(whole)) == whole);
}

}  // namespace
}  // namespace godwit
