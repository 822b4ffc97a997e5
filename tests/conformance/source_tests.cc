// Sources: ranged reads, one generation, changes under way.
#include "conformance/store_conformance.h"
#include "runtime/group.h"

namespace godwit::conformance {

using model::Identity;
using model::Key;
using runtime::Context;
using runtime::Task;

TEST_P(StoreConformance, ranges_read_in_any_order_are_the_object) {
    std::string text = pattern(300'000);
    store::Receipt receipt = written("object", text);
    auto source = open("object", receipt.identity, 0);
    ASSERT_TRUE(source) << source.error().message();
    EXPECT_FALSE((*source)->take_whole()) << "nobody asked for the whole";
    EXPECT_EQ((*source)->info().entry.identity.size_bytes, text.size());
    std::string read(text.size(), '\0');
    for (std::size_t offset : {200'000u, 0u, 100'000u}) {
        auto out = std::as_writable_bytes(std::span(read)).subspan(offset, 100'000);
        auto digest = run((*source)->read(context(), offset, out));
        ASSERT_TRUE(digest) << digest.error().message();
        EXPECT_EQ(*digest, digest_of(digest->algorithm(), out));
    }
    EXPECT_TRUE(read == text);
    EXPECT_TRUE(run((*source)->verify_unchanged(context())));
}

namespace {

Task<void> read_one(Context& context, store::Source& source, std::size_t offset, std::span<std::byte> out,
                    int& failed) {
    auto digest = co_await source.read(context, offset, out);
    if (!digest) ++failed;
}

Task<int> read_all(Context& context, store::Source& source, std::span<std::byte> out, std::size_t piece) {
    runtime::TaskGroup group(context.loop());
    int failed = 0;
    for (std::size_t offset = 0; offset < out.size(); offset += piece) {
        auto part = out.subspan(offset, std::min(piece, out.size() - offset));
        group.spawn(read_one(context, source, offset, part, failed));
    }
    co_await group.wait();
    co_return failed;
}

}  // namespace

TEST_P(StoreConformance, many_tasks_read_one_source_at_once) {
    std::string text = pattern(1'000'003);
    store::Receipt receipt = written("object", text);
    auto source = open("object", receipt.identity, 0);
    ASSERT_TRUE(source) << source.error().message();
    std::string read(text.size(), '\0');
    EXPECT_EQ(run(read_all(context(), **source, std::as_writable_bytes(std::span(read)), 65'536)), 0);
    EXPECT_TRUE(read == text);
}

TEST_P(StoreConformance, A2_reading_past_the_end_says_that_the_object_changed) {
    store::Receipt receipt = written("object", pattern(1000));
    auto source = open("object", receipt.identity, 0);
    ASSERT_TRUE(source) << source.error().message();
    std::string read(1000, '\0');
    auto digest = run((*source)->read(context(), 1, std::as_writable_bytes(std::span(read))));
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().kind(), ErrorKind::Changed) << digest.error().message();
}

TEST_P(StoreConformance, A10_opening_another_generation_than_the_listed_one_fails_with_changed) {
    store::Receipt first = written("object", pattern(3000, 1));
    written("object", pattern(4000, 2));
    for (std::uint64_t whole : {std::uint64_t{0}, std::uint64_t{1} << 20}) {
        auto source = open("object", first.identity, whole);
        ASSERT_FALSE(source) << whole;
        EXPECT_EQ(source.error().kind(), ErrorKind::Changed) << source.error().message();
    }
}

// I7: whatever a source gives, its parts are of one generation once verify_unchanged() has said so.
TEST_P(StoreConformance, A10_an_object_that_changes_while_it_is_read_is_never_mixed) {
    std::string before = pattern(200'000, 1), after = pattern(200'000, 2);
    store::Receipt receipt = written("object", before);
    auto source = open("object", receipt.identity, 0);
    ASSERT_TRUE(source) << source.error().message();
    std::string read(200'000, '\0');
    auto out = std::as_writable_bytes(std::span(read));
    ASSERT_TRUE(run((*source)->read(context(), 0, out.first(100'000))));
    written("object", after);
    auto second = run((*source)->read(context(), 100'000, out.subspan(100'000)));
    auto same = run((*source)->verify_unchanged(context()));
    if (second && same) EXPECT_TRUE(read == before) << "a mixture passed as one generation";
    if (!second) EXPECT_EQ(second.error().kind(), ErrorKind::Changed) << second.error().message();
    if (!same) EXPECT_EQ(same.error().kind(), ErrorKind::Changed) << same.error().message();
    EXPECT_FALSE(second && same) << "the change was not seen";
}

TEST_P(StoreConformance, a_cancelled_context_ends_every_operation) {
    store::Receipt receipt = written("object", "text");
    context().cancel(runtime::stop_requested());
    auto source = open("object", receipt.identity, 1000);
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind(), ErrorKind::Cancelled) << source.error().message();
    store::PutRequest request;
    request.key = Key("never");
    request.size_bytes = 4;
    auto stored = put(request, "text");
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind(), ErrorKind::Cancelled) << stored.error().message();
    context_ = std::make_unique<Context>(location_->loop());
    EXPECT_FALSE(stat("never"));
}

}  // namespace godwit::conformance
