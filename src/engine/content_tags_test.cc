#include "engine/content_tags.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "engine/testing/world.h"

namespace godwit::engine {
namespace {

using model::ExecutionStatus;
using model::Outcome;
using testing::World;

std::string md5_of(std::string_view text) {
    return digest_of(DigestAlgorithm::Md5, std::as_bytes(std::span(text))).hex();
}

// As a server does whose ETags are the MD5 of the bytes.
void write(store::MemoryPlace& place, const std::string& key, const std::string& text,
           std::optional<std::string> tag = {}) {
    place.write(key, text);
    place.objects.at(key).identity.tag = tag ? *tag : md5_of(text);
}

std::uint64_t count(const store::FaultPlan& operations, std::string_view name) {
    return static_cast<std::uint64_t>(std::ranges::count(operations.names(), name));
}

struct Pair : World {
    Pair() {
        tags_may_be_md5 = true;
        source.generations = 1000;  // so that times tell nothing
    }
};

TEST(ContentTags, equal_ones_are_equal_bytes_once_an_object_of_each_end_was_read) {
    Pair pair;
    for (int i = 0; i < 50; ++i) {
        std::string key = "k" + std::to_string(i), text = "text " + std::to_string(i);
        write(pair.source, key, text);
        write(pair.destination, key, text);
    }
    auto result = pair.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Unchanged], 50u);
    for (const store::FaultPlan* end : {&pair.source_faults, &pair.destination_faults}) {
        EXPECT_EQ(count(*end, "open"), 1u);
        EXPECT_EQ(count(*end, "stat"), 0u);
    }
    EXPECT_EQ(pair.journal.index().size(), 50u) << "they are known from now on";
}

TEST(ContentTags, different_ones_are_copied_without_asking) {
    Pair pair;
    for (int i = 0; i < 20; ++i) {
        std::string key = "k" + std::to_string(i);
        write(pair.source, key, "new " + key);
        write(pair.destination, key, i % 2 ? "new " + key : "old " + key);
    }
    auto result = pair.run();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->counts[Outcome::Unchanged], 10u);
    EXPECT_EQ(result->counts[Outcome::Verified], 10u);
    EXPECT_EQ(count(pair.source_faults, "stat") + count(pair.destination_faults, "stat"), 0u);
    pair.expect_same_objects();
}

// A server whose tags look so and are not.
TEST(ContentTags, E51_are_not_believed_when_the_bytes_that_were_read_have_others) {
    for (bool at_source : {true, false}) {
        Pair pair;
        for (int i = 0; i < 20; ++i) {
            std::string key = "k" + std::to_string(i), tag = md5_of(key);
            write(pair.source, key, "new bytes", at_source ? tag : md5_of("new bytes"));
            write(pair.destination, key, "old bytes", at_source ? tag : md5_of("new bytes"));
        }
        auto result = pair.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->counts[Outcome::Unchanged], 0u);
        pair.expect_same_objects();
    }
}

TEST(ContentTags, E51_of_parts_and_of_other_lengths_tell_nothing) {
    for (std::string tag :
         {md5_of("x") + "-2", std::string(31, 'a'), std::string(32, 'g'), std::string(32, 'A')}) {
        Pair pair;
        write(pair.source, "k", "new bytes", tag);
        write(pair.destination, "k", "old bytes", tag);
        auto result = pair.run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->counts[Outcome::Unchanged], 0u) << tag;
        pair.expect_same_objects();
    }
}

TEST(ContentTags, an_object_that_cannot_be_read_tells_nothing_and_the_next_one_is_looked_at) {
    Pair pair;
    for (int i = 0; i < 10; ++i) {
        std::string key = "k" + std::to_string(i);
        write(pair.source, key, "bytes");
        write(pair.destination, key, "bytes");
    }
    constexpr std::uint64_t kFirstOpen = 3;  // after attach and list
    pair.source_faults = store::FaultPlan({kFirstOpen, store::FaultMoment::Before, ErrorKind::Denied, false});
    auto result = pair.run();
    ASSERT_TRUE(result);
    ASSERT_EQ(pair.source_faults.names().at(kFirstOpen - 1), "open");
    EXPECT_EQ(result->counts[Outcome::Unchanged], 9u);
    EXPECT_EQ(result->counts[Outcome::Verified], 1u);
}

TEST(ContentTags, are_nothing_where_an_end_has_no_such_tags_or_bytes_are_to_be_compared) {
    Pair other;
    other.tags_may_be_md5 = false;
    Pair bytes;
    bytes.options.policy.compare = model::CompareMode::Bytes;
    for (Pair* pair : {&other, &bytes}) {
        write(pair->source, "k", "new bytes", md5_of("x"));
        write(pair->destination, "k", "old bytes", md5_of("x"));
        auto result = pair->run();
        ASSERT_TRUE(result);
        EXPECT_EQ(result->counts[Outcome::Unchanged], 0u);
        pair->expect_same_objects();
    }
}

}  // namespace
}  // namespace godwit::engine
