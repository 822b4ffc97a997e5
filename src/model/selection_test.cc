#include "model/selection.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace godwit::model {
namespace {

void include(Selection& selection, std::string_view value) {
    ASSERT_TRUE(add_simple_filter(selection, FilterKind::Include, value, "--include"));
}
void exclude(Selection& selection, std::string_view value) {
    ASSERT_TRUE(add_simple_filter(selection, FilterKind::Exclude, value, "--exclude"));
}

std::string refusal(FilterKind kind, std::string_view value) {
    Selection selection;
    Result<void> added = add_simple_filter(selection, kind, value, "Includes");
    return added ? "" : added.error().cause();
}

TEST(Selection, without_patterns_is_everything) {
    Selection selection;
    EXPECT_TRUE(selection.everything());
    EXPECT_TRUE(selection.selects_key("a/b"));
    EXPECT_EQ(selection.prefixes(), std::vector<std::string>{""});
    EXPECT_EQ(selection.explanation("a"), "selected: no exclude matches");
}

TEST(Selection, takes_what_is_included_and_not_excluded) {
    Selection selection;
    include(selection, "/a|/b*");
    exclude(selection, "*.tmp|/a/x");
    EXPECT_FALSE(selection.everything());
    for (const char* key : {"a", "a/", "a/f", "b", "b2/f"}) EXPECT_TRUE(selection.selects_key(key)) << key;
    for (const char* key : {"c", "a2", "a/f.tmp", "a/x", "a/x/f"})
        EXPECT_FALSE(selection.selects_key(key)) << key;
    EXPECT_EQ(selection.explanation("a/f"), "selected: --include /a matches");
    EXPECT_EQ(selection.explanation("a/f.tmp"), "left out: --exclude *.tmp matches");
    EXPECT_EQ(selection.explanation("c"), "left out: no include matches");
}

TEST(Selection, tells_which_directories_need_not_be_entered) {
    Selection selection;
    exclude(selection, "*/node_modules|*.tmp");
    EXPECT_TRUE(selection.leaves_out("x/node_modules/"));
    EXPECT_TRUE(selection.leaves_out("x.tmp/"));
    EXPECT_FALSE(selection.leaves_out("x/"));
}

TEST(Selection, tells_where_selected_keys_can_lie) {
    Selection selection;
    include(selection, "/b/c*|/a/x|/b*|/a|/a/x/y*");
    EXPECT_EQ(selection.prefixes(), (std::vector<std::string>{"a", "b"}));
    ASSERT_TRUE(KeyPattern::selecting_glob("*.tif"));
    selection.include(*KeyPattern::selecting_glob("*.tif"), "*.tif");
    EXPECT_EQ(selection.prefixes(), std::vector<std::string>{""});
}

// Document 001 seeds a bucket by include patterns of hexadecimal prefixes.
TEST(Selection, finds_one_of_thousands_of_prefixes) {
    std::string value;
    for (int i = 0; i < 4096; ++i) value += fmt::format("{}/data/{:03x}*", i == 0 ? "" : "|", i);
    Selection selection;
    include(selection, value);
    EXPECT_EQ(selection.prefixes().size(), 4096u);
    EXPECT_TRUE(selection.selects_key("data/abc123"));
    EXPECT_TRUE(selection.selects_key("data/fff"));
    EXPECT_FALSE(selection.selects_key("data/ggg"));
    EXPECT_FALSE(selection.selects_key("data/ab"));
    EXPECT_EQ(selection.explanation("data/0a0x"), "selected: --include /data/0a0* matches");
}

TEST(Selection, a_prefix_covers_longer_ones_in_whatever_order_they_come) {
    for (std::string_view value : {"/a*|/ab*|/abc*|/b*", "/abc*|/b*|/ab*|/a*"}) {
        Selection selection;
        include(selection, value);
        EXPECT_EQ(selection.prefixes(), (std::vector<std::string>{"a", "b"})) << value;
        for (const char* key : {"a", "abz", "abcd", "b"}) EXPECT_TRUE(selection.selects_key(key)) << key;
        EXPECT_FALSE(selection.selects_key("c"));
    }
}

TEST(Selection, bounds_are_for_files_and_objects) {
    Selection selection;
    selection.set_bounds({.size_bytes_min = 10, .size_bytes_max = 20, .mtime_unix_ns_max = 1000});
    EXPECT_FALSE(selection.everything());
    auto selects = [&](std::uint64_t size_bytes, std::int64_t mtime_ns) {
        Entry entry;
        entry.identity.size_bytes = size_bytes;
        entry.identity.mtime_ns = mtime_ns;
        return selection.selects_entry(entry);
    };
    EXPECT_TRUE(selects(10, 1000));
    EXPECT_TRUE(selects(20, 0));
    EXPECT_FALSE(selects(9, 0));
    EXPECT_FALSE(selects(21, 0));
    EXPECT_FALSE(selects(15, 1001));
    Entry directory;
    directory.type = ObjectType::Directory;
    EXPECT_TRUE(selection.selects_entry(directory));
}

TEST(SimpleFilter, allows_a_star_in_an_include_only_at_the_end) {
    EXPECT_EQ(refusal(FilterKind::Include, "/ok*|*.txt"),
              "pattern \"*.txt\": in an include, '*' can only be the last character; write \\* for the "
              "character itself");
    EXPECT_EQ(refusal(FilterKind::Include, "/a\\*b"), "");
    EXPECT_EQ(refusal(FilterKind::Include, "*"), "");
    EXPECT_EQ(refusal(FilterKind::Exclude, "*.txt|a*b*c"), "");
    EXPECT_TRUE(refusal(FilterKind::Include, "/a**").starts_with("pattern \"/a**\""));
}

TEST(SimpleFilter, refuses_empty_patterns_and_nul) {
    for (const char* value : {"", "|/a", "/a|", "/a||/b"}) {
        EXPECT_TRUE(refusal(FilterKind::Exclude, value).starts_with("it holds an empty pattern")) << value;
    }
    EXPECT_EQ(refusal(FilterKind::Exclude, std::string_view("/a\0b", 4)),
              "pattern \"/a\\x00b\": it holds a NUL byte, which no key does");
    EXPECT_EQ(refusal(FilterKind::Exclude, "/a\\|b"), "") << "an escaped separator is none";
}

TEST(SimpleFilter, has_a_limit_in_characters) {
    std::string most = "/";
    while (most.size() < kFilterCharactersMax) most += "x";
    EXPECT_EQ(refusal(FilterKind::Include, most), "");
    EXPECT_EQ(refusal(FilterKind::Include, most + "x"), "it has 102401 characters; 102400 are allowed");
    std::string umlauts = "/";
    while (umlauts.size() < 2 * (kFilterCharactersMax - 1)) umlauts += "\xc3\xa4";
    EXPECT_EQ(refusal(FilterKind::Include, umlauts), "") << "not in bytes";
}

}  // namespace
}  // namespace godwit::model
