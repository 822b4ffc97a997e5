#include "ledger/path_glob.h"

#include <gtest/gtest.h>

#include <chrono>

namespace godwit::ledger {
namespace {

bool matches(const char* pattern, std::string_view key) {
    return PathGlob(pattern).matches(key);
}

TEST(PathGlob, plain_bytes_stand_for_themselves) {
    EXPECT_TRUE(matches("a/b.c", "a/b.c"));
    EXPECT_FALSE(matches("a/b.c", "a/bXc"));
    EXPECT_FALSE(matches("a/b", "a/b/"));
    EXPECT_FALSE(matches("a/b", "a"));
    EXPECT_TRUE(matches("", ""));
    EXPECT_FALSE(matches("", "a"));
    EXPECT_TRUE(matches("[a]\\", "[a]\\"));
}

TEST(PathGlob, star_and_question_mark_stay_within_a_component) {
    EXPECT_TRUE(matches("*", ""));
    EXPECT_TRUE(matches("*.tif", "x.tif"));
    EXPECT_TRUE(matches("a*c*e", "abcde"));
    EXPECT_FALSE(matches("*", "a/b"));
    EXPECT_FALSE(matches("a*b", "a/b"));
    EXPECT_TRUE(matches("a?c", "abc"));
    EXPECT_FALSE(matches("a?c", "a/c"));
    EXPECT_FALSE(matches("a?c", "ac"));
    EXPECT_TRUE(matches("?", "\n"));
}

TEST(PathGlob, two_stars_cross_components) {
    EXPECT_TRUE(matches("**", "a/b/c"));
    EXPECT_TRUE(matches("a/**", "a/b/c"));
    EXPECT_FALSE(matches("a/**", "b/a/c"));
    EXPECT_TRUE(matches("a**z", "a/b/z"));
    EXPECT_TRUE(matches("projects/x/**", "projects/x/y.bin"));
}

TEST(PathGlob, a_component_of_two_stars_may_be_nothing) {
    EXPECT_TRUE(matches("projects/**/*.tif", "projects/a.tif"));
    EXPECT_TRUE(matches("projects/**/*.tif", "projects/x/y/a.tif"));
    EXPECT_TRUE(matches("**/a", "a"));
    EXPECT_TRUE(matches("**/a", "x/y/a"));
    EXPECT_FALSE(matches("**/a", "xa")) << "whole components only";
    EXPECT_FALSE(matches("**/a", "x/ya"));
    EXPECT_TRUE(matches("**/**/a", "a"));
    EXPECT_TRUE(matches("a/**/b/**/c", "a/b/x/c"));
}

// Time in proportion to pattern times key, not more.
TEST(PathGlob, J101_evil_pattern_takes_no_longer_than_its_size_says) {
    std::string pattern, key(20'000, 'a');
    for (int i = 0; i < 50; ++i) pattern += "*a";
    pattern += "b";
    auto begun = std::chrono::steady_clock::now();
    EXPECT_FALSE(matches(pattern.c_str(), key));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

}  // namespace
}  // namespace godwit::ledger
