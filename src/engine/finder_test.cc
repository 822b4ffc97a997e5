#include "engine/finder.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "runtime/manual_loop.h"
#include "store/memory_store.h"

namespace godwit::engine {
namespace {

using model::IndexRow;
using model::PlanAction;
using model::SkipReason;

// What the merge must find, computed the slow and obvious way.
struct Expected {
    std::map<std::string, PlanAction> objects;
    std::uint64_t unchanged = 0;
};

struct Scene {
    store::MemoryPlace source, destination;
    std::map<std::string, IndexRow> index;
    ExecutionOptions options;
    std::size_t page_rows = 3;

    std::size_t index_pages = 0;  // that were read

    IndexStream index_stream(std::shared_ptr<model::KeyRange> unread) {
        return IndexStream([this, unread]() -> Task<Result<IndexStream::Page>> {
            IndexStream::Page page;
            ++index_pages;
            for (auto row = index.upper_bound(unread->after);
                 row != index.end() && page.rows.size() < page_rows; ++row) {
                page.rows.push_back(row->second);
            }
            page.last = page.rows.empty();
            if (!page.rows.empty()) unread->after = page.rows.back().key.bytes();
            co_return std::move(page);
        });
    }

    std::vector<FoundPage> find_all(std::string after = {}) {
        runtime::ManualLoop loop;
        runtime::Context context(loop);
        store::MemoryStoreOptions pages;
        pages.page_entries_max = page_rows;
        auto from = store::make_memory_store(source, pages),
             to = store::make_memory_store(destination, pages);
        Progress progress;
        std::vector<FoundPage> found;
        bool done = false;
        auto work = [&]() -> Task<void> {
            EXPECT_TRUE(co_await from->attach(context, store::Role::Source));
            EXPECT_TRUE(co_await to->attach(context, store::Role::Destination));
            model::KeyRange range{after, {}};
            auto unread = std::make_shared<model::KeyRange>(range);
            FinderInput input{*from, *to, options, progress, range, index_stream(unread), {}};
            input.skip_index = [unread](const model::Key& key) {
                unread->after = std::max(unread->after, just_before(key));
            };
            FoundSink sink = [&](FoundPage page) -> Task<Result<void>> {
                found.push_back(std::move(page));
                co_return {};
            };
            auto result = co_await find(context, input, sink);
            EXPECT_TRUE(result.has_value());
            done = true;
        };
        loop.spawn(work());
        loop.run_until_idle();
        EXPECT_TRUE(done);
        return found;
    }

    Expected expected() const {
        Expected result;
        for (const auto& [key, object] : source.objects) {
            model::Entry entry = entry_of(key, object), there;
            const model::Entry* destination_entry = nullptr;
            if (auto found = destination.objects.find(key); found != destination.objects.end()) {
                there = entry_of(key, found->second);
                destination_entry = &there;
            }
            auto row = index.find(key);
            model::Plan plan = model::plan(&entry, destination_entry,
                                           row == index.end() ? nullptr : &row->second, options.policy);
            if (plan.action == PlanAction::Skip) {
                ++result.unchanged;
            } else {
                result.objects[key] = plan.action;
            }
        }
        return result;
    }

    static model::Entry entry_of(const std::string& key, const store::MemoryObject& object) {
        model::Entry entry;
        entry.key = model::Key(key);
        entry.type = object.type;
        entry.identity = object.identity;
        return entry;
    }
};

// A few letters, so that keys collide, nest and stand before and after '/'.
std::string random_key(std::mt19937& random) {
    std::string key;
    for (int length = 1 + static_cast<int>(random() % 4); length > 0; --length)
        key += "a!/0\xff"[random() % 5];
    return key;
}

Scene random_scene(std::mt19937& random) {
    Scene scene;
    scene.page_rows = 1 + random() % 5;
    for (int i = static_cast<int>(random() % 30); i > 0; --i) {
        std::string key = random_key(random), text(random() % 3, 'x');
        model::Identity source, destination;
        if (random() % 4) source = scene.source.write(key, text);
        if (random() % 4) destination = scene.destination.write(key, text);
        if (random() % 2) {
            IndexRow row;
            row.key = model::Key(key);
            row.source = source;
            row.destination = destination;
            scene.index[key] = row;
        }
    }
    return scene;
}

TEST(Finder, finds_what_a_plain_comparison_finds) {
    for (unsigned seed = 1; seed <= 3000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        Scene scene = random_scene(random);
        Expected expected = scene.expected();
        std::map<std::string, PlanAction> objects;
        std::uint64_t unchanged = 0;
        for (const FoundPage& page : scene.find_all()) {
            for (const auto& object : page.objects) {
                EXPECT_TRUE(objects.emplace(object.key.bytes(), object.action).second);
            }
            unchanged += page.unchanged[model::Outcome::Unchanged];
        }
        ASSERT_EQ(objects, expected.objects);
        ASSERT_EQ(unchanged, expected.unchanged);
    }
}

// As with a list: what lies between its keys is not read of the index.
TEST(Finder, of_a_large_index_only_the_places_of_what_is_listed_are_read) {
    Scene scene;
    scene.page_rows = 10;
    for (int i = 1000; i < 4000; ++i) {
        std::string key = std::to_string(i);
        scene.index[key].key = model::Key(key);
        if (i % 1000 != 500) continue;
        scene.source.write(key, "x");
        scene.destination.write(key, "x");
        scene.index[key].source = scene.source.objects[key].identity;
        scene.index[key].destination = scene.destination.objects[key].identity;
    }
    std::uint64_t unchanged = 0;
    for (const FoundPage& page : scene.find_all()) unchanged += page.unchanged.listed();
    EXPECT_EQ(unchanged, 3u) << "the index vouches for each";
    EXPECT_LE(scene.index_pages, 5u);
}

TEST(Finder, just_before_is_before) {
    for (const std::string& text : {std::string("a"), std::string("a/b"), std::string(1, '\0'),
                                    std::string("a\0", 2), std::string("\xff"), std::string("\x80")}) {
        model::Key key(text);
        EXPECT_LT(just_before(key), text);
        EXPECT_GT(text + "x", just_before(key));
    }
    EXPECT_GT(just_before(model::Key("a/b")), "a/a/and more");
}

TEST(Finder, only_the_last_page_says_that_the_shard_is_complete) {
    Scene scene;
    for (int i = 0; i < 2500; ++i) scene.source.write("k" + std::to_string(i), "x");
    auto pages = scene.find_all();
    ASSERT_EQ(pages.size(), 3u);
    EXPECT_EQ(pages[0].objects.size(), kFoundObjectsMax);
    EXPECT_FALSE(pages[0].complete);
    EXPECT_FALSE(pages[1].complete);
    EXPECT_TRUE(pages[2].complete);
    EXPECT_EQ(pages[0].cursor, pages[0].objects.back().key.bytes());
}

TEST(Finder, carries_on_behind_a_cursor) {
    Scene scene;
    for (int i = 0; i < 2500; ++i) scene.source.write("k" + std::to_string(10000 + i), "x");
    auto pages = scene.find_all("k11023");
    std::size_t found = 0;
    for (const auto& page : pages) found += page.objects.size();
    EXPECT_EQ(found, 1476u);
}

TEST(Finder, large_objects_close_a_page_by_bytes) {
    Scene scene;
    for (int i = 0; i < 4; ++i) {
        scene.source.write("big" + std::to_string(i), "x");
        scene.source.objects["big" + std::to_string(i)].identity.size_bytes = kFoundBytesMax;
    }
    EXPECT_EQ(scene.find_all().size(), 5u);
}

// Directories and files that both ends have alike, in a file system; the keys of directories end in '/'.
Scene equal_tree(const std::vector<std::string>& keys) {
    Scene scene;
    scene.options.policy.destination_hierarchical = true;
    for (const std::string& key : keys) {
        IndexRow row;
        row.key = model::Key(key);
        row.source = scene.source.write(key, "");
        row.destination = scene.destination.write(key, "");
        if (key.ends_with('/')) {
            scene.source.objects[key].type = scene.destination.objects[key].type =
                model::ObjectType::Directory;
        }
        scene.index[key] = row;
    }
    return scene;
}

struct Planned {
    std::map<std::string, PlanAction> directories;
    std::uint64_t objects = 0, unchanged = 0;
};

Planned planned(const std::vector<FoundPage>& pages) {
    Planned all;
    for (const FoundPage& page : pages) {
        for (const auto& directory : page.directories) {
            EXPECT_TRUE(all.directories.emplace(directory.key.bytes(), directory.action).second);
        }
        all.objects += page.objects.size();
        all.unchanged += page.unchanged[model::Outcome::Unchanged];
    }
    return all;
}

TEST(Finder, directories_in_which_nothing_is_to_be_done_are_unchanged) {
    Planned all = planned(equal_tree({"a", "d/", "d/e/", "d/e/x", "d/y", "f/"}).find_all());
    EXPECT_TRUE(all.directories.empty());
    EXPECT_EQ(all.unchanged, 6u);
}

TEST(Finder, G69_the_directory_of_what_is_copied_is_looked_at_again_and_no_other_one) {
    Scene scene = equal_tree({"d/", "d/e/", "d/e/g/", "d/e/x", "d/h/", "d/h/x", "f/"});
    scene.source.write("d/e/x", "new");
    Planned all = planned(scene.find_all());
    EXPECT_EQ(all.directories, (std::map<std::string, PlanAction>{{"d/e/", PlanAction::Examine}}));
    EXPECT_EQ(all.objects, 1u);
    EXPECT_EQ(all.unchanged, 5u);
}

TEST(Finder, G69_a_new_directory_moves_the_time_of_its_parent) {
    Scene scene = equal_tree({"d/", "d/e/", "d/e/x"});
    scene.source.write("d/n/", "");
    scene.source.objects["d/n/"].type = model::ObjectType::Directory;
    Planned all = planned(scene.find_all());
    EXPECT_EQ(all.directories,
              (std::map<std::string, PlanAction>{{"d/", PlanAction::Examine}, {"d/n/", PlanAction::Copy}}));
}

// A run that is killed carries on behind the cursor: what lies there must find every directory before it
// ended.
TEST(Finder, I8_G69_a_page_leaves_no_directory_without_an_end) {
    Scene scene = equal_tree({"d/", "d/e/", "d/e/x", "d/z"});
    for (int i = 0; i < 1500; ++i) scene.source.write("d/new" + std::to_string(10000 + i), "x");
    scene.source.write("d/z", "new");
    auto pages = scene.find_all();
    ASSERT_EQ(pages.size(), 2u);
    EXPECT_EQ(pages[0].directories.size(), 1u);
    EXPECT_TRUE(pages[1].directories.empty());
    EXPECT_EQ(pages[0].unchanged[model::Outcome::Unchanged] + pages[0].directories.size(), 3u);

    Scene many = equal_tree({"d/", "d/e/"});
    for (int i = 0; i < 1500; ++i) many.source.write("d/e/new" + std::to_string(10000 + i), "x");
    pages = many.find_all();
    ASSERT_EQ(pages.size(), 2u);
    EXPECT_EQ(planned(pages).directories, (std::map<std::string, PlanAction>{{"d/", PlanAction::Examine},
                                                                             {"d/e/", PlanAction::Examine}}));
    EXPECT_EQ(pages[0].directories.size(), 2u);
    EXPECT_EQ(planned(pages).unchanged, 0u);
}

std::vector<std::string> keys_of(const std::vector<model::PlannedObject>& objects) {
    std::vector<std::string> keys;
    for (const model::PlannedObject& object : objects) keys.push_back(object.key.bytes());
    return keys;
}

TEST(Finder, what_only_the_destination_has_is_found_in_any_scene) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        Scene scene = random_scene(random);
        scene.options.deletes.emplace();
        scene.options.begun_unix_ns = static_cast<std::int64_t>(scene.destination.generations);
        std::vector<std::string> expected, found;
        for (const auto& [key, object] : scene.destination.objects) {
            if (!scene.source.objects.contains(key)) expected.push_back(key);
        }
        std::uint64_t listed = 0;
        for (const FoundPage& page : scene.find_all()) {
            for (std::string& key : keys_of(page.deletes)) found.push_back(std::move(key));
            EXPECT_TRUE(page.directory_deletes.empty());
            listed += page.destination_objects;
        }
        EXPECT_EQ(found, expected);
        EXPECT_EQ(listed, scene.destination.objects.size());
    }
}

// An object store tells of directories only by what lies in them.
TEST(Finder, a_directory_in_which_the_source_has_something_stays) {
    Scene scene;
    scene.options.deletes.emplace();
    scene.options.policy.destination_hierarchical = true;
    scene.options.begun_unix_ns = 1000;
    for (const char* key : {"d/", "d/e/", "d/e/file", "d/gone/", "d/gone/file", "last/"})
        scene.destination.write(key, "");
    for (const char* key : {"d/e/file", "d/z", "lasting"}) scene.source.write(key, "");
    std::vector<FoundPage> pages = scene.find_all();
    ASSERT_EQ(pages.size(), 1u);
    EXPECT_EQ(keys_of(pages[0].deletes), std::vector<std::string>{"d/gone/file"});
    EXPECT_EQ(keys_of(pages[0].directory_deletes), (std::vector<std::string>{"d/gone/", "last/"}));
}

TEST(Finder, what_came_after_the_start_is_marked_unless_the_index_knows_it) {
    Scene scene;
    scene.options.deletes.emplace();
    scene.options.begun_unix_ns = 1;
    scene.destination.write("old", "");
    scene.destination.write("theirs", "");
    IndexRow row;
    row.key = model::Key("ours");
    row.destination = scene.destination.write("ours", "");
    scene.index["ours"] = row;
    scene.source.write("z", "");
    std::map<std::string, SkipReason> reasons;
    for (const FoundPage& page : scene.find_all()) {
        for (const model::PlannedObject& object : page.deletes) reasons[object.key.bytes()] = object.reason;
    }
    EXPECT_EQ(reasons,
              (std::map<std::string, SkipReason>{
                  {"old", SkipReason::None}, {"ours", SkipReason::None}, {"theirs", SkipReason::Newer}}));
}

}  // namespace
}  // namespace godwit::engine
