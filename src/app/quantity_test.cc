#include "app/quantity.h"

#include <gtest/gtest.h>

namespace godwit::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Quantity, thousands_are_grouped) {
    EXPECT_EQ(with_thousands(0), "0");
    EXPECT_EQ(with_thousands(999), "999");
    EXPECT_EQ(with_thousands(1000), "1,000");
    EXPECT_EQ(with_thousands(18446744073709551615ull), "18,446,744,073,709,551,615");
    EXPECT_EQ(counted(1, "object", "objects"), "1 object");
    EXPECT_EQ(counted(1204, "object", "objects"), "1,204 objects");
}

TEST(Quantity, sizes_never_say_more_than_there_is) {
    EXPECT_EQ(iec_bytes(0), "0 B");
    EXPECT_EQ(iec_bytes(1023), "1023 B");
    EXPECT_EQ(iec_bytes(1024), "1.0 KiB");
    EXPECT_EQ(iec_bytes(2047), "1.9 KiB");
    EXPECT_EQ(iec_bytes((1ull << 30) - 1), "1023 MiB");
    EXPECT_EQ(iec_bytes(3ull << 40), "3.0 TiB");
    EXPECT_EQ(iec_bytes((1ull << 60) - 1), "1023 PiB");
    EXPECT_EQ(iec_bytes(~0ull), "15.9 EiB");
}

TEST(Quantity, durations_have_two_units_at_most) {
    EXPECT_EQ(short_duration(milliseconds(0)), "0.0 s");
    EXPECT_EQ(short_duration(milliseconds(649)), "0.6 s");
    EXPECT_EQ(short_duration(seconds(27)), "27 s");
    EXPECT_EQ(short_duration(seconds(250)), "4 min 10 s");
    EXPECT_EQ(short_duration(minutes(60)), "1 h");
    EXPECT_EQ(short_duration(hours(76)), "3 d 4 h");
}

TEST(Quantity, sizes_are_read_with_iec_units) {
    EXPECT_EQ(parse_size("512"), 512u);
    EXPECT_EQ(parse_size("64MiB"), 64u << 20);
    EXPECT_EQ(parse_size("64m"), 64u << 20);
    EXPECT_EQ(parse_size("1.5G"), 3ull << 29);
    EXPECT_EQ(parse_size("15E"), 15ull << 60);
    EXPECT_EQ(parse_size("0"), 0u);
}

TEST(Quantity, what_is_no_size_is_absent) {
    for (const char* text : {"", "MiB", "-1", "64MB", "64 MiB", "1.5", "16E", "1..5K", "0x10", "64MiBs",
                             "18446744073709551616"}) {
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
    }
}

TEST(Quantity, ages_are_read_with_one_unit) {
    EXPECT_EQ(parse_duration("30s"), seconds(30));
    EXPECT_EQ(parse_duration("15m"), minutes(15));
    EXPECT_EQ(parse_duration("7d"), hours(168));
    EXPECT_EQ(parse_duration("2w"), hours(336));
    for (const char* text : {"", "d", "7", "7y", "-7d", "1.5h", "99999999d"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace godwit::app
