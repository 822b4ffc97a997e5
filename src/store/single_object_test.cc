#include "store/single_object.h"

#include <gtest/gtest.h>

#include "runtime/io_loop.h"
#include "store/memory_store.h"

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

}  // namespace
}  // namespace godwit::store
