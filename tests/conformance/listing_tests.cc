// Listings: order, pages, ranges, and what a listing must not say.
#include <algorithm>

#include "conformance/store_conformance.h"

namespace godwit::conformance {

using model::KeyRange;

TEST_P(StoreConformance, an_empty_place_lists_nothing) {
    EXPECT_TRUE(keys().empty());
}

TEST_P(StoreConformance, listings_come_in_key_byte_order) {
    std::vector<std::string> all = {"a-b",   "a.b",  "a/b",  "a/b-c", "a0",
                                    "b/c/d", "b/c0", "b/c-", "z",     "\xc3\xa9"};
    for (const std::string& key : all) written(key, key);
    std::ranges::sort(all);
    if (!store().capabilities().lists_in_order) GTEST_SKIP() << "lists unordered";
    EXPECT_EQ(keys(), all);
}

TEST_P(StoreConformance, every_page_follows_the_one_before) {
    std::vector<std::string> all;
    for (int i = 0; i < 2300; ++i) all.push_back(fmt::format("d{}/f{:04}", i % 7, i));
    write_all(all);
    std::ranges::sort(all);
    EXPECT_EQ(keys(), all);
}

TEST_P(StoreConformance, ranges_split_a_listing_without_loss_or_repetition) {
    for (int i = 0; i < 40; ++i) written(fmt::format("k{:02}/x", i), "x");
    std::vector<std::string> all = keys();
    ASSERT_EQ(all.size(), 40u);
    for (const std::string& cut : {std::string("k00/x"), std::string("k17"), std::string("k17/x"),
                                   std::string("k17/x0"), std::string("k39/x"), std::string("zzz")}) {
        std::vector<std::string> low = keys(KeyRange{"", cut});
        std::vector<std::string> high = keys(KeyRange{cut, ""});
        for (const std::string& key : low) EXPECT_LT(key, cut);
        for (const std::string& key : high) EXPECT_GT(key, cut);
        bool is_key = std::ranges::find(all, cut) != all.end();
        EXPECT_EQ(low.size() + high.size() + (is_key ? 1 : 0), all.size()) << cut;
    }
    EXPECT_EQ(keys(KeyRange{"k03/x", "k06"}), (std::vector<std::string>{"k04/x", "k05/x"}));
    EXPECT_TRUE(keys(KeyRange{"k03/x", "k04"}).empty());
}

// A prefix may end anywhere, and be cut by a range.
TEST_P(StoreConformance, prefixes_narrow_a_listing) {
    for (int i = 0; i < 30; ++i) written(fmt::format("d{}/k{:02}/x", i % 3, i), "x");
    auto with_prefix = [&](const std::string& prefix, KeyRange range = {}) {
        return keys(store::ListedKeys(std::move(range), prefix));
    };
    std::vector<std::string> all = keys();
    for (const std::string& prefix :
         {std::string(""), std::string("d"), std::string("d1"), std::string("d1/"), std::string("d1/k0"),
          std::string("d1/k01/x"), std::string("d1/k01/x0"), std::string("e"), std::string("a")}) {
        std::vector<std::string> expected;
        for (const std::string& key : all)
            if (key.starts_with(prefix)) expected.push_back(key);
        EXPECT_EQ(with_prefix(prefix), expected) << prefix;
        for (const std::string& cut : {std::string("a"), std::string("d1/k04/x"), std::string("e")}) {
            std::size_t low = with_prefix(prefix, KeyRange{"", cut}).size();
            std::size_t high = with_prefix(prefix, KeyRange{cut, ""}).size();
            bool is_key = std::ranges::find(expected, cut) != expected.end();
            EXPECT_EQ(low + high + (is_key ? 1 : 0), expected.size()) << prefix << " cut at " << cut;
        }
    }
}

TEST_P(StoreConformance, F65_a_key_and_keys_below_it_live_side_by_side) {
    bool possible = !store().capabilities().hierarchical && deviations().holds_key_beside_directory;
    if (!possible) GTEST_SKIP() << "directories are real here";
    written("a", "1");
    written("a/", "");
    written("a/b", "2");
    written("a//b", "3");
    EXPECT_EQ(keys(), (std::vector<std::string>{"a", "a/", "a//b", "a/b"}));
    EXPECT_EQ(text_at("a"), "1");
    EXPECT_EQ(text_at("a//b"), "3");
}

TEST_P(StoreConformance, tells_whether_there_is_anything_in_a_range) {
    for (const char* key : {"a/1", "a/2", "c"}) written(key, "x");
    auto holds_any = [&](KeyRange range, std::string prefix = {}) {
        store::ListedKeys keys(std::move(range), std::move(prefix));
        auto found = run(store().holds_any(context(), keys));
        EXPECT_TRUE(found);
        return found && *found;
    };
    EXPECT_TRUE(holds_any({}));
    EXPECT_TRUE(holds_any({"a/1", ""}));
    EXPECT_TRUE(holds_any({"b", ""}));
    EXPECT_FALSE(holds_any({"b", "c"}));
    EXPECT_FALSE(holds_any({"c", ""}));
    EXPECT_FALSE(holds_any({"a/2", "b"}));
    EXPECT_TRUE(holds_any({"a/1", "b"}, "a/"));
    EXPECT_FALSE(holds_any({"a/2", ""}, "a/"));
    EXPECT_FALSE(holds_any({}, "b"));
}

TEST_P(StoreConformance, a_dropped_listing_harms_nothing) {
    std::vector<std::string> all;
    for (int i = 0; i < 1500; ++i) all.push_back(fmt::format("f{:04}", i));
    write_all(all);
    {
        auto listing = store().list(KeyRange{});
        auto page = run(listing->next(context()));
        ASSERT_TRUE(page);
        EXPECT_FALSE(page->entries.empty());
    }
    EXPECT_EQ(keys().size(), 1500u);
}

TEST_P(StoreConformance, a_cancelled_listing_fails_and_never_says_last) {
    written("a", "x");
    context().cancel(runtime::stop_requested());
    auto listing = store().list(KeyRange{});
    auto page = run(listing->next(context()));
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().kind(), ErrorKind::Cancelled);
}

}  // namespace godwit::conformance
