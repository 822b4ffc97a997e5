#include "engine/range_cut.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "runtime/manual_loop.h"

namespace godwit::engine {
namespace {

using model::KeyRange;
using runtime::Task;

struct Keys {
    std::set<std::string> keys;
    int asked = 0;

    std::set<std::string> in(const KeyRange& range) const {
        std::set<std::string> found;
        for (auto key = keys.upper_bound(range.after); key != keys.end() && range.contains(*key); ++key)
            found.insert(*key);
        return found;
    }
    std::optional<std::string> cut(const KeyRange& rest) {
        asked = 0;
        HoldsAny ask = [this](const KeyRange& range) -> Task<Result<bool>> {
            ++asked;
            co_return !in(range).empty();
        };
        std::optional<std::string> found;
        bool done = false;
        runtime::ManualLoop loop;
        auto work = [&]() -> Task<void> {
            auto cut = co_await find_cut(loop, rest, ask);
            EXPECT_TRUE(cut.has_value());
            if (cut) found = *cut;
            done = true;
        };
        loop.spawn(work());
        loop.run_until_idle();
        EXPECT_TRUE(done);
        return found;
    }
};

TEST(RangeCut, cuts_a_flat_prefix_somewhere_in_the_middle) {
    Keys flat;
    for (int i = 0; i < 10'000; ++i) flat.keys.insert(fmt::format("all/in/one/place-{:07}.bin", i));
    KeyRange rest{"all/in/one/place-0000017.bin", ""};
    auto cut = flat.cut(rest);
    ASSERT_TRUE(cut);
    EXPECT_LE(flat.asked, 40);
    std::size_t behind = flat.in({*cut, ""}).size();
    EXPECT_GE(behind, 1000u) << *cut;
    EXPECT_LE(behind, 9000u) << *cut;
}

TEST(RangeCut, comes_to_the_heap_after_a_few_cuts_that_find_little) {
    Keys skewed;
    for (int i = 0; i < 10'000; ++i) skewed.keys.insert(fmt::format("logs/{:05}", i));
    for (const char* alone : {"m", "x/1", "z", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"}) skewed.keys.insert(alone);
    KeyRange rest{"logs/00010", ""};
    int cuts = 0;
    while (skewed.in(rest).size() > 9000 && ++cuts < 12) {
        auto cut = skewed.cut(rest);
        ASSERT_TRUE(cut);
        rest.before = KeyRange::before_what_follows(*cut);
    }
    EXPECT_LT(cuts, 12);
}

TEST(RangeCut, finds_nothing_where_nothing_follows) {
    Keys few;
    few.keys = {"a", "b", "b/c", "b/d"};
    EXPECT_FALSE(few.cut({"b/d", ""}));
    EXPECT_FALSE(few.cut({"b", ""})) << "all that follows begins with it";
    EXPECT_FALSE(few.cut({"", ""}));
    EXPECT_FALSE(few.cut({"a\xff", ""})) << "no text: S3 would not take a key made of it";
    EXPECT_FALSE(few.cut({"a", KeyRange::before_what_follows("a")}));
}

// Whatever the keys are: both sides together are what there was, nothing is in both, and it comes to an end.
TEST(RangeCut, parts_any_keys_without_loss) {
    for (unsigned seed = 1; seed <= 500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const std::vector<std::string> letters{"a",
                                               "b",
                                               "z",
                                               "/",
                                               " ",
                                               "~",
                                               "0",
                                               "9",
                                               "\x01",
                                               "\x7f",
                                               "\xc3\xa9",
                                               "\xed\x9f\xbf",
                                               "\xee\x80\x80",
                                               "\xf4\x8f\xbf\xbf"};
        Keys some;
        for (unsigned i = 1 + random() % 60; i > 0; --i) {
            std::string key;
            for (unsigned length = 1 + random() % 5; length > 0; --length)
                key += letters[random() % letters.size()];
            some.keys.insert(key);
        }
        KeyRange rest{*some.keys.begin(), ""};
        for (int cuts = 0; cuts < 200; ++cuts) {
            auto cut = some.cut(rest);
            if (!cut) break;
            ASSERT_LT(cuts, 199);
            std::string end = KeyRange::before_what_follows(*cut);
            ASSERT_GT(*cut, rest.after);
            ASSERT_TRUE(rest.before.empty() || end < rest.before);
            KeyRange first{rest.after, end}, second{*cut, rest.before};
            EXPECT_FALSE(some.in(second).empty());
            std::set<std::string> both = some.in(first);
            for (const std::string& key : some.in(second)) EXPECT_TRUE(both.insert(key).second) << key;
            EXPECT_EQ(both, some.in(rest));
            rest.before = end;
        }
    }
}

}  // namespace
}  // namespace godwit::engine
