#include "app/limit_settings.h"

#include <gtest/gtest.h>

namespace godwit::app {
namespace {

constexpr std::uint64_t kDescriptors = 20'000;

Values values_of(std::initializer_list<std::pair<const char*, const char*>> given) {
    Values values;
    for (auto [name, value] : given) values.set(name, value);
    return values;
}

TEST(LimitSettingsTest, without_options_there_are_the_defaults) {
    LimitSettings settings = *limit_settings({}, kDescriptors);
    EXPECT_EQ(settings.at(0), engine::Limits());
    EXPECT_EQ(settings.requests_per_second, 0u);
}

TEST(LimitSettingsTest, options_say_how_much) {
    Values values = values_of({{"concurrency", "4"},
                               {"memory", "32MiB"},
                               {"limit-bytes-per-second", "1MiB"},
                               {"limit-requests-per-second", "50"}});
    LimitSettings settings = *limit_settings(values, kDescriptors);
    EXPECT_EQ(
        settings.at(0),
        (engine::Limits{.memory_bytes_max = 32u << 20, .concurrency_max = 4, .bytes_per_second = 1u << 20}));
    EXPECT_EQ(settings.requests_per_second, 50u);
}

TEST(LimitSettingsTest, what_is_out_of_range_is_refused) {
    for (auto [name, value] :
         std::initializer_list<std::pair<const char*, const char*>>{{"concurrency", "0"},
                                                                    {"concurrency", "99999999"},
                                                                    {"memory", "1KiB"},
                                                                    {"limit-bytes-per-second", "fast"}}) {
        auto settings = limit_settings(values_of({{name, value}}), kDescriptors);
        ASSERT_FALSE(settings) << name;
        EXPECT_NE(settings.error().message().find(name), std::string::npos) << settings.error().message();
    }
}

TEST(LimitSettingsTest, L111_few_descriptors_mean_few_objects_at_once) {
    EXPECT_EQ(limit_settings({}, 20'000)->fixed.concurrency_max, 1024u);
    EXPECT_EQ(limit_settings({}, 528)->fixed.concurrency_max, 100u);
    EXPECT_EQ(limit_settings({}, 10)->fixed.concurrency_max, 4u);
}

TEST(LimitsTextTest, later_words_go_over_earlier_ones) {
    std::string text =
        *limits_text("", values_of({{"memory", "32MiB"}, {"concurrency", "4"}, {"quiet", "true"}}));
    text = *limits_text(text, values_of({{"concurrency", "8"}}));
    Values values = *limit_values(text);
    EXPECT_EQ(values.names(), (std::vector<std::string>{"concurrency", "memory"}));
    EXPECT_EQ(values.text("concurrency"), "8");
    EXPECT_EQ(values.text("memory"), "32MiB");
}

TEST(LimitsTextTest, nothing_said_is_no_text) {
    EXPECT_EQ(*limits_text("", values_of({{"quiet", "true"}})), "");
    EXPECT_TRUE(limit_values("")->names().empty());
}

TEST(LimitsTextTest, what_is_not_ours_is_refused) {
    for (const char* text : {"{", "[]", "{\"memory\":5}", "{\"colour\":\"red\"}"}) {
        auto values = limit_values(text);
        ASSERT_FALSE(values) << text;
        EXPECT_EQ(values.error().kind(), ErrorKind::Corrupt);
    }
}

}  // namespace
}  // namespace godwit::app
