#include "app/rate_timetable.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace godwit::app {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

std::uint32_t minute(std::uint32_t day, std::uint32_t hours, std::uint32_t minutes = 0) {
    return (day * 24 + hours) * 60 + minutes;
}

RateTimetable timetable(std::string_view text) {
    auto parsed = RateTimetable::parse(text);
    EXPECT_TRUE(parsed) << parsed.error().message();
    return parsed ? *parsed : RateTimetable();
}

TEST(RateTimetableTest, one_rate_holds_always) {
    RateTimetable rate = timetable("10MiB");
    EXPECT_FALSE(rate.changes());
    for (std::uint32_t at = 0; at < RateTimetable::kWeekMinutes; ++at)
        ASSERT_EQ(rate.at_minute(at), 10 * kMiB);
    EXPECT_EQ(timetable("off").at_minute(5), 0u);
    EXPECT_EQ(timetable("0").at_minute(5), 0u);
    EXPECT_EQ(RateTimetable().at_minute(5), 0u);
}

TEST(RateTimetableTest, an_entry_without_a_day_is_of_each_day) {
    RateTimetable rates = timetable("19:00,off 08:00,10MiB");
    EXPECT_TRUE(rates.changes());
    for (std::uint32_t day = 0; day < 7; ++day) {
        EXPECT_EQ(rates.at_minute(minute(day, 0)), 0u) << "as from the evening before";
        EXPECT_EQ(rates.at_minute(minute(day, 7, 59)), 0u);
        EXPECT_EQ(rates.at_minute(minute(day, 8)), 10 * kMiB);
        EXPECT_EQ(rates.at_minute(minute(day, 18, 59)), 10 * kMiB);
        EXPECT_EQ(rates.at_minute(minute(day, 19)), 0u);
    }
}

TEST(RateTimetableTest, an_entry_of_a_day_holds_until_the_next_one) {
    RateTimetable rates = timetable("Mon-08:00,10MiB  fri-18:30,2MiB");
    EXPECT_EQ(rates.at_minute(minute(0, 12)), 2 * kMiB) << "Sunday";
    EXPECT_EQ(rates.at_minute(minute(1, 7, 59)), 2 * kMiB);
    EXPECT_EQ(rates.at_minute(minute(1, 8)), 10 * kMiB);
    EXPECT_EQ(rates.at_minute(minute(3, 3)), 10 * kMiB);
    EXPECT_EQ(rates.at_minute(minute(5, 18, 29)), 10 * kMiB);
    EXPECT_EQ(rates.at_minute(minute(5, 18, 30)), 2 * kMiB);
    EXPECT_EQ(rates.at_minute(minute(6, 23, 59)), 2 * kMiB);
}

TEST(RateTimetableTest, local_time_counts) {
    setenv("TZ", "UTC-2", 1);  // two hours east
    tzset();
    RateTimetable rates = timetable("08:00,10MiB 19:00,off");
    constexpr std::int64_t kMidnight = 1'700'006'400;  // 2023-11-15, UTC
    EXPECT_EQ(rates.at((kMidnight + 6 * 3600 - 1) * 1'000'000'000), 0u);
    EXPECT_EQ(rates.at((kMidnight + 6 * 3600) * 1'000'000'000), 10 * kMiB);
    EXPECT_EQ(rates.at((kMidnight + 17 * 3600) * 1'000'000'000), 0u);
    unsetenv("TZ");
    tzset();
}

TEST(RateTimetableTest, what_is_none_is_refused_with_its_entry) {
    for (auto [text, part] : std::initializer_list<std::pair<const char*, const char*>>{
             {"", "there is none"},
             {"  ", "there is none"},
             {"fast", "'fast'"},
             {"10MB", "'10MB'"},
             {"24:00,1MiB", "'24:00' is no time"},
             {"8:00,1MiB", "'8:00' is no time"},
             {"08:60,1MiB", "'08:60' is no time"},
             {"08:00,1MiB 12:00", "'12:00'"},
             {"08:00,fast", "'fast' is no size"},
             {"Son-08:00,1MiB", "'Son' is no day"},
             {"08:00,1MiB 08:00,2MiB", "Sun 08:00 has two rates"},
             {"Tue-08:00,1MiB 08:00,2MiB", "Tue 08:00 has two rates"}}) {
        auto parsed = RateTimetable::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind(), ErrorKind::Invalid);
        EXPECT_NE(parsed.error().message().find(part), std::string::npos) << parsed.error().message();
    }
}

}  // namespace
}  // namespace godwit::app
