#include "model/sample.h"

#include <gtest/gtest.h>

#include <string>

namespace godwit::model {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;

TEST(Sample, of_a_percent_a_day_comes_to_every_key_once_in_a_hundred_days) {
    std::uint64_t in_first = 0;
    for (int key = 0; key < 5000; ++key) {
        int held = 0;
        for (std::int64_t day = 20'000; day < 20'100; ++day) {
            auto sample = sample_from("1%/day", day * kDayNs + 5, 0);
            ASSERT_TRUE(sample);
            bool holds = sample->holds("dir/key" + std::to_string(key));
            held += holds ? 1 : 0;
            if (day == 20'000) in_first += holds ? 1 : 0;
        }
        EXPECT_EQ(held, 1) << key;
    }
    EXPECT_GT(in_first, 20u);
    EXPECT_LT(in_first, 100u);
}

TEST(Sample, stays_the_same_within_its_period) {
    EXPECT_EQ(sample_from("1%/day", 0, 0), sample_from("1%/day", kDayNs - 1, 77));
    EXPECT_NE(sample_from("1%/day", 0, 0), sample_from("1%/day", kDayNs, 0));
    EXPECT_NE(sample_from("1%/hour", 0, 0), sample_from("1%/hour", kDayNs / 24, 0));
    EXPECT_EQ(sample_from("10%/week", 0, 0), sample_from("10%/week", 6 * kDayNs, 0));
    EXPECT_NE(sample_from("5%", 0, 1), sample_from("5%", 0, 2));
}

TEST(Sample, is_never_less_than_was_asked_for) {
    EXPECT_EQ(sample_from("100%", 0, 9)->slots, 1u);
    EXPECT_EQ(sample_from("60%", 0, 9)->slots, 1u);
    EXPECT_EQ(sample_from("50%", 0, 9)->slots, 2u);
    EXPECT_EQ(sample_from("30%", 0, 9)->slots, 3u);
    EXPECT_EQ(sample_from("0.1%", 0, 9)->slots, 1000u);
    EXPECT_TRUE(sample_from("100%", 0, 9)->holds("anything"));
}

TEST(Sample, refuses_what_is_none) {
    for (const char* text : {"", "%", "1", "0%", "-1%", "101%", "1%/month", "1%/", "%/day", "1 %", "1%%",
                             "nan%", "inf%", "1e2%", "0.00000000001%", "one%"}) {
        EXPECT_FALSE(sample_from(text, 0, 0)) << text;
    }
}

}  // namespace
}  // namespace godwit::model
