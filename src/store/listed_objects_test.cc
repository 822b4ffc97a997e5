#include "store/listed_objects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "runtime/io_loop.h"
#include "store/memory_store.h"
#include "store/testing/vector_list.h"

namespace godwit::store {
namespace {

using model::KeyListKind;
using testing::VectorList;
using Names = std::vector<std::string>;

std::shared_ptr<const model::KeyList> keys(Names names, bool with_lines = true) {
    return std::make_shared<const VectorList>(KeyListKind::Keys, std::move(names), with_lines);
}
std::shared_ptr<const model::KeyList> prefixes(Names names) {
    return std::make_shared<const VectorList>(KeyListKind::Prefixes, std::move(names));
}

struct Shown {
    Names names;
    Names missing;  // "key:line"
    std::size_t entries_on_a_page_max = 0;
};

// What a store over `place` lists through the list.
Shown shown(MemoryPlace& place, const std::shared_ptr<const model::KeyList>& list, ListedKeys listed = {},
            Role role = Role::Source) {
    runtime::IoLoop loop;
    Context context(loop);
    Shown result;
    auto work = [&]() -> Task<bool> {
        MemoryStoreOptions options;
        options.page_entries_max = 3;
        auto store = make_listed_store(make_memory_store(place, options), list, role);
        EXPECT_TRUE(co_await store->attach(context, role));
        auto listing = store->list(listed);
        for (bool last = false; !last;) {
            auto page = co_await listing->next(context);
            EXPECT_TRUE(page);
            if (!page) co_return false;
            last = page->last;
            result.entries_on_a_page_max = std::max(result.entries_on_a_page_max, page->entries.size());
            for (const Entry& entry : page->entries) {
                if (entry.missing_line == 0)
                    result.names.push_back(entry.key.bytes());
                else
                    result.missing.push_back(entry.key.bytes() + ":" + std::to_string(entry.missing_line));
            }
        }
        co_return true;
    };
    EXPECT_TRUE(loop.block_on(work()));
    return result;
}

TEST(ListedObjects, keys_are_asked_for_and_nothing_else_is_listed) {
    MemoryPlace place;
    for (const char* key : {"a", "b", "c", "d", "e"}) place.write(key, "1");
    auto list = keys({"b", "bb", "d", "e", "f"});
    EXPECT_EQ(shown(place, list).names, (Names{"b", "d", "e"}));
    EXPECT_EQ(shown(place, list).missing, (Names{"bb:2", "f:5"}));
    EXPECT_EQ(shown(place, list, KeyRange{"b", "e"}).names, Names{"d"});
    EXPECT_EQ(shown(place, list, KeyRange{"b", "e"}).missing, Names{"bb:2"});
    EXPECT_EQ(shown(place, list, KeyRange{"f", ""}).names, Names{});
    EXPECT_EQ(shown(place, list, ListedKeys({}, "b")).missing, Names{"bb:2"});
}

TEST(ListedObjects, only_the_source_lacks_what_a_line_asks_for) {
    MemoryPlace place;
    place.write("a", "1");
    EXPECT_EQ(shown(place, keys({"a", "b"}), {}, Role::Destination).missing, Names{});
    EXPECT_EQ(shown(place, keys({"a", "b"}, false)).missing, Names{}) << "nobody listed it by hand";
}

TEST(ListedObjects, pages_are_bounded) {
    MemoryPlace place;
    Names names;
    for (int i = 1000; i < 2600; ++i) names.push_back(std::to_string(i));
    for (const std::string& name : names) place.write(name, "1");
    Shown found = shown(place, keys(names));
    EXPECT_EQ(found.names, names);
    EXPECT_LE(found.entries_on_a_page_max, 512u);
}

TEST(ListedObjects, prefixes_are_listed_each_to_its_end) {
    MemoryPlace place;
    for (const char* key : {"a/1", "a/2", "a/3", "a/4", "ab", "b", "b/1", "c/1", "d"}) place.write(key, "1");
    EXPECT_EQ(shown(place, prefixes({"a/", "c", "none", "b/"})).names,
              (Names{"a/1", "a/2", "a/3", "a/4", "b/1", "c/1"}));
    EXPECT_EQ(shown(place, prefixes({})).names, Names{});
    EXPECT_EQ(shown(place, prefixes({"a/2"})).names, Names{"a/2"});
}

// Against the obvious way, for any range and prefix of the listing that is asked for.
TEST(ListedObjects, a_list_and_a_listing_narrow_one_another) {
    std::mt19937 random(7);  // NOLINT: the same in each run
    auto word = [&](std::size_t length_max) {
        std::string text;
        for (std::size_t length = random() % length_max + 1; length > 0; --length)
            text += "ab/"[random() % 3];
        return text;
    };
    for (int round = 0; round < 400; ++round) {
        MemoryPlace place;
        for (int i = 0; i < 25; ++i) place.write(word(6), "1");
        std::set<std::string> names;
        for (int i = 0; i < 30; ++i) {
            std::string name = word(4);
            bool apart = std::ranges::none_of(names, [&](const std::string& other) {
                return name.starts_with(other) || other.starts_with(name);
            });
            if (apart) names.insert(name);
        }
        ListedKeys listed(KeyRange{round % 3 ? word(3) : "", round % 2 ? word(3) : ""},
                          round % 5 ? "" : word(2));
        Names all(names.begin(), names.end()), by_prefix, by_key;
        for (const auto& [key, object] : place.objects) {
            if (!listed.contains(key)) continue;
            if (names.contains(key)) by_key.push_back(key);
            if (std::ranges::any_of(all, [&](const std::string& name) { return key.starts_with(name); }))
                by_prefix.push_back(key);
        }
        EXPECT_EQ(shown(place, prefixes(all), listed).names, by_prefix);
        EXPECT_EQ(shown(place, keys(all), listed).names, by_key);
    }
}

}  // namespace
}  // namespace godwit::store
