#include "s3double/listing.h"

#include <gtest/gtest.h>

namespace godwit::s3double {
namespace {

class Listing : public testing::Test {
  protected:
    World world_;
    Bucket& bucket_ = world_.make_bucket("b", "r", 0);

    void put(std::string_view key) {
        auto version = std::make_shared<ObjectVersion>();
        version->etag = "e" + std::to_string(++puts_);
        world_.put(bucket_, key, std::move(version));
    }
    // All pages joined: keys, and prefixes in brackets, pages split by '|'.
    std::string pages(PageRequest request) {
        std::string text;
        for (;;) {
            ListPage page = list_page(bucket_, request);
            for (const PageEntry& entry : page.entries) {
                if (!text.empty() && text.back() != '|') text += ' ';
                text += entry.is_prefix ? "[" + entry.key + "]" : entry.key;
            }
            if (!page.truncated) return text;
            text += '|';
            request.after = page.next;
        }
    }
    int puts_ = 0;
};

TEST_F(Listing, goes_on_where_the_page_before_ended) {
    for (const char* key : {"a", "a/b", "a0", "b", "c"}) put(key);
    EXPECT_EQ(pages({.entries_max = 2}), "a a/b|a0 b|c");
    EXPECT_EQ(pages({.after = "a/b"}), "a0 b c");
    EXPECT_EQ(pages({.prefix = "a"}), "a a/b a0");
    EXPECT_EQ(pages({.prefix = "a", .after = "zz"}), "");
}

TEST_F(Listing, shows_each_common_prefix_once_over_all_pages) {
    for (const char* key : {"a", "d/1", "d/2", "d/3", "d0", "e/x", "f"}) put(key);
    EXPECT_EQ(pages({.delimiter = "/"}), "a [d/] d0 [e/] f");
    EXPECT_EQ(pages({.delimiter = "/", .entries_max = 1}), "a|[d/]|d0|[e/]|f");
    EXPECT_EQ(pages({.prefix = "d/", .delimiter = "/"}), "d/1 d/2 d/3");
}

TEST_F(Listing, of_a_stale_server_lacks_what_is_new_and_shows_what_is_gone) {
    world_.keep_history = true;
    put("old");
    put("old");
    put("new");
    put("gone");
    world_.remove(bucket_, "gone", 0);
    EXPECT_EQ(pages({}), "new old");
    EXPECT_EQ(pages({.stale = true}), "gone old");
    EXPECT_EQ(list_page(bucket_, {.stale = true}).entries.at(1).etag, "e1");
    EXPECT_EQ(list_page(bucket_, {}).entries.at(1).etag, "e2");
}

TEST_F(Listing, of_computed_keys_is_in_order_and_complete) {
    bucket_.synthetic = Synthetic{.count = 2500, .per_directory = 1000};
    PageRequest request;
    std::string last;
    std::size_t count = 0;
    for (bool more = true; more; request.after = last) {
        ListPage page = list_page(bucket_, request);
        for (const PageEntry& entry : page.entries) {
            EXPECT_LT(last, entry.key);
            last = entry.key;
            ++count;
        }
        more = page.truncated;
    }
    EXPECT_EQ(count, 2500u);
    EXPECT_EQ(pages({.delimiter = "/"}), "[d000000/] [d000001/] [d000002/]");
    EXPECT_EQ(list_page(bucket_, {.prefix = "d000002/"}).entries.size(), 500u);
}

TEST(Synthetic, pairs_differ_in_every_way_and_tell_the_md5_of_what_they_hold) {
    Synthetic source{.count = 100'000, .size_bytes = 48, .side = PairSide::Source};
    Synthetic destination{.count = 100'000, .size_bytes = 48, .side = PairSide::Destination};
    std::map<PairKind, int> kinds;
    for (std::uint64_t i = 0; i < source.count; ++i) {
        PairKind kind = pair_kind(i);
        ++kinds[kind];
        EXPECT_EQ(source.find(source.key(i)).has_value(), kind != PairKind::OnlyAtDestination);
        EXPECT_EQ(destination.find(source.key(i)).has_value(), kind != PairKind::OnlyAtSource);
        bool same_size = source.size_of(i) == destination.size_of(i);
        EXPECT_EQ(same_size, kind != PairKind::OtherSize);
        bool differ = kind == PairKind::OtherSize || kind == PairKind::OtherBytes;
        EXPECT_EQ(source.etag(i) != destination.etag(i), differ);
    }
    ASSERT_EQ(kinds.size(), 5u);
    for (const auto& [kind, count] : kinds) EXPECT_GT(count, 50);
    EXPECT_EQ(source.etag(7), digest_of(DigestAlgorithm::Md5, *source.version(7)->body).hex());
    Bucket bucket;
    bucket.synthetic = source;
    std::uint64_t listed = 0;
    PageRequest request;
    for (bool more = true; more;) {
        ListPage page = list_page(bucket, request);
        listed += page.entries.size();
        more = page.truncated;
        request.after = page.next;
    }
    EXPECT_EQ(listed, source.count - static_cast<std::uint64_t>(kinds[PairKind::OnlyAtDestination]));
}

TEST(Synthetic, finds_just_its_own_keys) {
    Synthetic synthetic{.count = 10};
    EXPECT_EQ(synthetic.find(synthetic.key(9)), 9u);
    EXPECT_FALSE(synthetic.find(synthetic.key(10)));
    for (const char* key : {"", "/", "d000000/f.bin", "d000001/f0000000001.bin", "d000000/f1.bin"})
        EXPECT_FALSE(synthetic.find(key)) << key;
}

}  // namespace
}  // namespace godwit::s3double
