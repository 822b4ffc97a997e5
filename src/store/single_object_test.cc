#include "store/single_object.h"

#include <gtest/gtest.h>

#include "runtime/io_loop.h"
#include "store/memory_store.h"
#include "store/selected_objects.h"

namespace godwit::store {
namespace {

// Runs `work`, a coroutine that gets a context.
template <class Work>
void on_loop(Work work) {
    runtime::IoLoop loop;
    Context context(loop);
    auto whole = [&]() -> Task<bool> {
        co_await work(context);
        co_return true;
    };
    EXPECT_TRUE(loop.block_on(whole()));
}

std::vector<std::string> keys_of(const Page& page) {
    std::vector<std::string> keys;
    for (const Entry& entry : page.entries) keys.push_back(entry.key.bytes());
    return keys;
}

using Names = std::vector<std::string>;

TEST(SingleObject, lists_one_object_under_its_new_name) {
    MemoryPlace place;
    place.write("a", "1");
    place.write("b", "22");
    place.write("c", "3");
    on_loop([&](Context& context) -> Task<void> {
        auto store = make_single_object_store(make_memory_store(place), Key("shown"), Key("b"));
        EXPECT_TRUE(co_await store->attach(context, Role::Source));
        KeyRange all;
        auto listing = store->list(all);
        auto page = co_await listing->next(context);
        EXPECT_TRUE(page && page->last);
        if (page) EXPECT_EQ(keys_of(*page), Names{"shown"});
        KeyRange behind{"shown", ""};
        auto rest = store->list(behind);
        auto nothing = co_await rest->next(context);
        if (nothing) EXPECT_EQ(keys_of(*nothing), Names{});
        EXPECT_EQ(store->uri(Key("shown")), make_memory_store(place)->uri(Key("b")));
    });
}

TEST(SingleObject, an_object_that_is_not_there_is_not_listed) {
    MemoryPlace place;
    on_loop([&](Context& context) -> Task<void> {
        auto store = make_single_object_store(make_memory_store(place), Key("shown"), Key("b"));
        EXPECT_TRUE(co_await store->attach(context, Role::Source));
        KeyRange all;
        auto listing = store->list(all);
        auto page = co_await listing->next(context);
        EXPECT_TRUE(page && page->last && page->entries.empty());
    });
}

TEST(SingleObject, writes_go_to_the_stored_name) {
    MemoryPlace place;
    on_loop([&](Context& context) -> Task<void> {
        auto store = make_single_object_store(make_memory_store(place), Key("shown"), Key("stored"));
        EXPECT_TRUE(co_await store->attach(context, Role::Destination));
        PutRequest request;
        request.key = Key("shown");
        std::span<const std::byte> nothing;
        Digest digest = digest_of(request.digest, nothing);
        EXPECT_TRUE(co_await store->put(context, request, nothing, digest));
        bool with_tags = false;
        auto info = co_await store->stat(context, request.key, with_tags);
        EXPECT_TRUE(info && *info && (*info)->entry.key == request.key);
    });
    EXPECT_TRUE(place.objects.contains("stored"));
    EXPECT_FALSE(place.objects.contains("shown"));
}

TEST(SingleObject, nothing_else_can_be_seen) {
    MemoryPlace place;
    place.write("other", "1");
    on_loop([&](Context& context) -> Task<void> {
        auto store = make_single_object_store(make_memory_store(place), Key("shown"), Key("stored"));
        EXPECT_TRUE(co_await store->attach(context, Role::Source));
        Key other("other");
        bool with_tags = false;
        auto info = co_await store->stat(context, other, with_tags);
        EXPECT_TRUE(info && !*info);
    });
}

TEST(SelectedObjects, lists_only_what_was_selected_and_is_there) {
    MemoryPlace place;
    for (const char* key : {"a", "b", "c", "d", "e"}) place.write(key, "1");
    auto keys =
        std::make_shared<const std::vector<Key>>(std::vector<Key>{Key("b"), Key("bb"), Key("d"), Key("e")});
    on_loop([&](Context& context) -> Task<void> {
        auto store = make_selected_store(make_memory_store(place), keys);
        EXPECT_TRUE(co_await store->attach(context, Role::Source));
        KeyRange all;
        auto listing = store->list(all);
        auto page = co_await listing->next(context);
        EXPECT_TRUE(page && page->last);
        if (page) EXPECT_EQ(keys_of(*page), (Names{"b", "d", "e"}));
        KeyRange part{"b", "e"};
        auto some = store->list(part);
        auto part_page = co_await some->next(context);
        if (part_page) EXPECT_EQ(keys_of(*part_page), Names{"d"});
    });
}

TEST(SelectedObjects, pages_are_bounded) {
    MemoryPlace place;
    std::vector<Key> all_keys;
    for (int i = 1000; i < 1600; ++i) {
        all_keys.emplace_back(std::to_string(i));
        place.write(std::to_string(i), "1");
    }
    auto keys = std::make_shared<const std::vector<Key>>(all_keys);
    on_loop([&](Context& context) -> Task<void> {
        auto store = make_selected_store(make_memory_store(place), keys);
        EXPECT_TRUE(co_await store->attach(context, Role::Source));
        KeyRange all;
        auto listing = store->list(all);
        std::size_t count = 0, pages = 0;
        for (bool last = false; !last; ++pages) {
            auto page = co_await listing->next(context);
            EXPECT_TRUE(page);
            if (!page) co_return;
            count += page->entries.size();
            last = page->last;
        }
        EXPECT_EQ(count, 600u);
        EXPECT_EQ(pages, 3u);
    });
}

}  // namespace
}  // namespace godwit::store
