#include "model/key_pattern.h"

#include <gtest/gtest.h>

#include <chrono>

namespace godwit::model {
namespace {

bool matches(const char* pattern, std::string_view key) {
    return KeyPattern::glob(pattern).matches(key);
}

TEST(KeyPattern, plain_bytes_stand_for_themselves) {
    EXPECT_TRUE(matches("a/b.c", "a/b.c"));
    EXPECT_FALSE(matches("a/b.c", "a/bXc"));
    EXPECT_FALSE(matches("a/b", "a/b/"));
    EXPECT_FALSE(matches("a/b", "a"));
    EXPECT_TRUE(matches("", ""));
    EXPECT_FALSE(matches("", "a"));
    EXPECT_TRUE(matches("[a]\\", "[a]\\"));
}

TEST(KeyPattern, star_and_question_mark_stay_within_a_component) {
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

TEST(KeyPattern, two_stars_cross_components) {
    EXPECT_TRUE(matches("**", "a/b/c"));
    EXPECT_TRUE(matches("a/**", "a/b/c"));
    EXPECT_FALSE(matches("a/**", "b/a/c"));
    EXPECT_TRUE(matches("a**z", "a/b/z"));
    EXPECT_TRUE(matches("projects/x/**", "projects/x/y.bin"));
}

TEST(KeyPattern, a_component_of_two_stars_may_be_nothing) {
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
TEST(KeyPattern, J101_evil_pattern_takes_no_longer_than_its_size_says) {
    std::string pattern, key(20'000, 'a');
    for (int i = 0; i < 50; ++i) pattern += "*a";
    pattern += "b";
    auto begun = std::chrono::steady_clock::now();
    EXPECT_FALSE(matches(pattern.c_str(), key));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

bool selects(std::string_view pattern, std::string_view key) {
    return KeyPattern::selecting_glob(pattern)->matches(key);
}

TEST(SelectingGlob, a_name_matches_at_any_depth_with_all_beneath_it) {
    for (const char* key : {"tmp", "tmp/", "tmp/a", "x/tmp", "x/tmp/", "x/y/tmp/a/b"})
        EXPECT_TRUE(selects("tmp", key)) << key;
    for (const char* key : {"tmp2", "atmp", "x/atmp", "tm"}) EXPECT_FALSE(selects("tmp", key)) << key;
    EXPECT_TRUE(selects("*.tmp", "a.tmp"));
    EXPECT_TRUE(selects("*.tmp", "x/.tmp/b"));
    EXPECT_FALSE(selects("*.tmp", "x/a.tmpl"));
}

TEST(SelectingGlob, a_path_begins_at_the_root) {
    EXPECT_TRUE(selects("a/b", "a/b"));
    EXPECT_TRUE(selects("a/b", "a/b/c"));
    EXPECT_FALSE(selects("a/b", "x/a/b"));
    EXPECT_TRUE(selects("/a", "a"));
    EXPECT_FALSE(selects("/a", "x/a"));
    EXPECT_TRUE(selects("**/a/b", "x/a/b"));
    EXPECT_TRUE(selects("a/*/c", "a/b/c/d"));
    EXPECT_FALSE(selects("a/*/c", "a/b/b/c"));
}

TEST(SelectingGlob, a_slash_at_the_end_asks_for_a_directory) {
    for (const char* key : {"build/", "build/a", "x/build/"}) EXPECT_TRUE(selects("build/", key)) << key;
    EXPECT_FALSE(selects("build/", "build"));
    EXPECT_FALSE(selects("/build/", "x/build/a"));
    EXPECT_TRUE(selects("build/**", "build/a"));
    EXPECT_FALSE(selects("build/**", "build"));
}

TEST(SelectingGlob, a_backslash_makes_the_next_byte_stand_for_itself) {
    EXPECT_TRUE(selects("a\\*b", "x/a*b"));
    EXPECT_FALSE(selects("a\\*b", "aXb"));
    EXPECT_TRUE(selects("f\\[1\\]", "f[1]"));
    EXPECT_TRUE(selects("/a\\*/**/c", "a*/c"));
    EXPECT_FALSE(selects("/a\\***/c", "a*c")) << "no component begins behind an escaped byte";
    EXPECT_TRUE(selects("\\\\", "x/\\"));
}

TEST(SelectingGlob, refuses_what_it_cannot_mean) {
    for (std::string_view pattern : {"", "/", "a[bc]", "*.{a,b}", "a\\", "a]"}) {
        Result<KeyPattern> read = KeyPattern::selecting_glob(pattern);
        ASSERT_FALSE(read) << pattern;
        EXPECT_EQ(read.error().kind(), ErrorKind::Invalid);
    }
    EXPECT_EQ(KeyPattern::selecting_glob("x[1].txt").error().cause(),
              "character classes and braces are not known here; for the character [ itself write \\[");
    EXPECT_FALSE(KeyPattern::selecting_glob(std::string_view("a\0", 2)));
}

bool simple(std::string_view pattern, std::string_view key) {
    return KeyPattern::simple(pattern)->matches(key);
}

// The examples of the user guide, and what follows from them.
TEST(SimplePattern, a_folder_covers_its_contents_with_or_without_a_slash) {
    for (const char* pattern : {"/dir", "/dir/", "dir"}) {
        for (const char* key : {"dir", "dir/", "dir/a", "dir/a/b"}) EXPECT_TRUE(simple(pattern, key)) << key;
        for (const char* key : {"dir2", "x/dir", "di"}) EXPECT_FALSE(simple(pattern, key)) << key;
    }
    EXPECT_TRUE(simple("/", "anything/at/all"));
}

TEST(SimplePattern, a_star_crosses_folders) {
    EXPECT_TRUE(simple("*.tmp", "a.tmp"));
    EXPECT_TRUE(simple("*.tmp", "x/y/a.tmp"));
    EXPECT_FALSE(simple("*.tmp", "a.tmpx"));
    EXPECT_TRUE(simple("*/.temp", ".temp"));
    EXPECT_TRUE(simple("*/.temp", "x/y/.temp/a"));
    EXPECT_FALSE(simple("*/.temp", "x.temp"));
    EXPECT_TRUE(simple("/reports*", "reports/2026/a"));
    EXPECT_TRUE(simple("/reports*", "reports-old/a"));
    EXPECT_FALSE(simple("/reports*", "x/reports"));
    EXPECT_TRUE(simple("/a*/c", "a/b/b/c/d"));
    EXPECT_TRUE(simple("*", ""));
}

TEST(SimplePattern, a_backslash_escapes_only_what_has_a_meaning) {
    EXPECT_TRUE(simple("/a\\*b", "a*b"));
    EXPECT_FALSE(simple("/a\\*b", "aXb"));
    EXPECT_TRUE(simple("/a\\|b", "a|b"));
    EXPECT_TRUE(simple("/a\\\\b", "a\\b"));
    EXPECT_TRUE(simple("/a\\b", "a\\b"));
    EXPECT_TRUE(simple("/a?[b]", "a?[b]")) << "nothing else has one";
}

TEST(KeyPattern, tells_what_is_literal_in_it) {
    EXPECT_EQ(KeyPattern::simple("/a/b*")->literal_prefix(), "a/b");
    EXPECT_TRUE(KeyPattern::simple("/a/b*")->is_prefix());
    EXPECT_TRUE(KeyPattern::simple("/a/b")->is_path());
    EXPECT_EQ(KeyPattern::simple("*.tmp")->literal_prefix(), "");
    EXPECT_EQ(KeyPattern::selecting_glob("a/b?/c")->literal_prefix(), "a/b");
    EXPECT_FALSE(KeyPattern::selecting_glob("a/b?/c")->is_path());
    EXPECT_TRUE(KeyPattern::selecting_glob("a/**")->is_prefix());
    EXPECT_FALSE(KeyPattern::glob("a/b").is_path()) << "a glob covers no contents";
}

}  // namespace
}  // namespace godwit::model
