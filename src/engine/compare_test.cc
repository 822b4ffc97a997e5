#include "engine/compare.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/io_loop.h"
#include "store/faulty_store.h"
#include "store/memory_store.h"

namespace godwit::engine {
namespace {

using model::CompareMode;

struct Scene {
    store::MemoryPlace source, destination;
    ExecutionOptions options;
    store::Fault fault;  // of the destination store
    std::map<std::string, Compared> found;

    explicit Scene(CompareMode mode) { options.policy.compare = mode; }

    Result<CompareResult> compare_all() {
        runtime::IoLoop loop;
        runtime::Context context(loop);
        store::MemoryStoreOptions pages;
        pages.page_entries_max = 2;
        store::FaultPlan plan(fault);
        auto from = store::make_memory_store(source, pages);
        auto to = store::make_faulty_store(store::make_memory_store(destination, pages), plan);
        Progress progress;
        ComparedSink sink = [&](Compared compared) {
            std::string key = compared.key.bytes();
            found.emplace(std::move(key), std::move(compared));
        };
        auto work = [&]() -> Task<Result<CompareResult>> {
            GODWIT_CO_TRY_VOID(co_await from->attach(context, store::Role::Source));
            GODWIT_CO_TRY_VOID(co_await to->attach(context, store::Role::Source));
            co_return co_await compare(context, *from, *to, options, progress, sink);
        };
        return loop.block_on(work());
    }

    std::map<std::string, std::string> differences() {
        auto result = compare_all();
        EXPECT_TRUE(result) << (result ? "" : result.error().message());
        std::map<std::string, std::string> kinds;
        for (const auto& [key, compared] : found) kinds[key] = to_string(compared.difference);
        if (result) EXPECT_EQ(result->same(), kinds.empty());
        return kinds;
    }
};

model::Metadata with_mtime(std::int64_t mtime_ns) {
    model::Metadata metadata;
    metadata.posix = model::PosixAttributes{0100644, 1, 1, mtime_ns, 0};
    return metadata;
}

using Kinds = std::map<std::string, std::string>;

TEST(Compare, equal_trees_are_the_same) {
    Scene scene(CompareMode::Bytes);
    for (const char* key : {"a", "b/c", "b/d", "e"}) {
        scene.source.write(key, "text");
        scene.destination.write(key, "text");
    }
    auto result = scene.compare_all();
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->same());
    EXPECT_EQ(result->equal, 4u);
    EXPECT_EQ(result->equal_bytes, 16u);
}

TEST(Compare, tells_removed_added_and_different_apart) {
    Scene scene(CompareMode::Bytes);
    scene.source.write("only-source", "x");
    scene.destination.write("only-destination", "x");
    scene.source.write("other-size", "12");
    scene.destination.write("other-size", "123");
    scene.source.write("other-bytes", "ab");
    scene.destination.write("other-bytes", "cd");
    scene.source.write("same", "ab");
    scene.destination.write("same", "ab");
    EXPECT_EQ(scene.differences(), (Kinds{{"only-source", "removed"},
                                          {"only-destination", "added"},
                                          {"other-size", "content"},
                                          {"other-bytes", "content"}}));
    EXPECT_EQ(scene.found.at("other-size").detail, "size: 2 bytes at the source, 3 bytes at the destination");
    EXPECT_TRUE(scene.found.at("other-bytes").detail.starts_with("bytes: crc64nvme:"));
}

TEST(Compare, by_metadata_sees_times_and_modes_and_not_bytes) {
    Scene scene(CompareMode::Metadata);
    scene.source.write("bytes", "ab", with_mtime(5));
    scene.destination.write("bytes", "cd", with_mtime(5));
    scene.source.write("time", "ab", with_mtime(5));
    scene.destination.write("time", "ab", with_mtime(6));
    EXPECT_EQ(scene.differences(), (Kinds{{"time", "metadata"}}));
    scene.found.clear();
    scene.options.policy.preserve_mtime = false;
    EXPECT_EQ(scene.differences(), Kinds{});
}

TEST(Compare, by_checksum_sees_bytes) {
    Scene scene(CompareMode::Checksum);
    scene.source.write("bytes", "ab", with_mtime(5));
    scene.destination.write("bytes", "cd", with_mtime(5));
    EXPECT_EQ(scene.differences(), (Kinds{{"bytes", "content"}}));
}

TEST(Compare, a_directory_that_has_something_in_it_needs_no_entry) {
    Scene scene(CompareMode::Metadata);
    auto directory = [](store::MemoryPlace& place, const std::string& key) {
        place.write(key, "");
        place.objects.at(key).type = model::ObjectType::Directory;
    };
    directory(scene.source, "d/");
    directory(scene.destination, "e/");
    for (const char* key : {"d/x", "e/y"}) {
        scene.source.write(key, "1", with_mtime(1));
        scene.destination.write(key, "1", with_mtime(1));
    }
    directory(scene.source, "empty/");
    EXPECT_EQ(scene.differences(), (Kinds{{"empty/", "removed"}}));
}

TEST(Compare, a_failing_listing_fails_the_comparison) {
    Scene scene(CompareMode::Metadata);
    for (const char* key : {"a", "b", "c", "d"}) scene.source.write(key, "1");
    scene.fault.nth = 2;  // attach, then the first page
    auto result = scene.compare_all();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), ErrorKind::Lost);
}

TEST(Compare, an_object_that_cannot_be_read_is_neither_equal_nor_different) {
    Scene scene(CompareMode::Bytes);
    scene.source.write("a", "1");
    scene.destination.write("a", "1");
    scene.fault.nth = 3;  // attach, page, open
    EXPECT_EQ(scene.differences(), (Kinds{{"a", "unreadable"}}));
    EXPECT_TRUE(scene.found.at("a").error.has_value());
}

TEST(Compare, of_a_sample_contents_are_looked_at_and_of_the_rest_the_listings) {
    Scene scene(CompareMode::Bytes);
    std::uint64_t held = 0;
    scene.options.sample = model::Sample{4, 1};
    for (int i = 0; i < 100; ++i) {
        std::string key = "key" + std::to_string(i);
        scene.source.write(key, "ab");
        scene.destination.write(key, "cd");
        held += scene.options.sample->holds(key) ? 1 : 0;
    }
    scene.source.write("size", "1");
    scene.destination.write("size", "12");
    auto result = scene.compare_all();
    ASSERT_TRUE(result);
    ASSERT_GT(held, 5u);
    EXPECT_EQ(result->content, held + 1);
    EXPECT_EQ(result->equal, 100 - held);
    EXPECT_EQ(result->sampled, held + (scene.options.sample->holds("size") ? 1 : 0));
}

}  // namespace
}  // namespace godwit::engine
