#include "s3/listing.h"

#include <gtest/gtest.h>

namespace godwit::s3 {
namespace {

ListPage page_of(std::vector<std::string> keys, std::string next_token = {}) {
    ListPage page;
    for (std::string& key : keys) {
        ListedObject& object = page.objects.emplace_back();
        object.key = std::move(key);
        object.size_bytes = 3;
        object.etag = "e";
    }
    page.truncated = !next_token.empty();
    page.next_token = std::move(next_token);
    return page;
}

std::vector<std::string> keys_of(const store::Page& page) {
    std::vector<std::string> keys;
    for (const model::Entry& entry : page.entries) keys.push_back(entry.key.bytes());
    return keys;
}

TEST(PageCheck, keys_are_relative_to_the_prefix_and_its_marker_is_none) {
    PageCheck check("s3://b/p/", "p/", {});
    auto page = check.take(page_of({"p/", "p/a", "p/b/"}));
    ASSERT_TRUE(page) << page.error().message();
    EXPECT_EQ(keys_of(*page), (std::vector<std::string>{"a", "b/"}));
    EXPECT_EQ(page->entries[1].type, model::ObjectType::Directory);
    EXPECT_TRUE(page->last);
}

TEST(PageCheck, what_a_probe_has_written_is_no_object) {
    PageCheck check("s3://b/p/", "p/", {});
    check.leave_out("p/.godwit-probe-00ff");
    auto page = check.take(
        page_of({"p/.godwit-probe-00fe", "p/.godwit-probe-00ff", "p/.godwit-probe-00ff-delete", "p/a"}));
    ASSERT_TRUE(page) << page.error().message();
    EXPECT_EQ(keys_of(*page), (std::vector<std::string>{".godwit-probe-00fe", "a"}));
    check = PageCheck("s3://b/p/", "p/", {});
    check.leave_out("p/.godwit-probe-00ff");
    EXPECT_FALSE(check.take(page_of({"p/.godwit-probe-00ff-delete", "p/.godwit-probe-00ff"})))
        << "out of order";
}

TEST(PageCheck, a_marker_that_comes_twice_is_impossible) {
    PageCheck check("s3://b/p/", "p/", {});
    EXPECT_FALSE(check.take(page_of({"p/", "p/"})));
}

TEST(PageCheck, the_range_begins_after_and_ends_before_its_bounds) {
    PageCheck check("s3://b/p/", "p/", model::KeyRange{"k1", "k5"});
    EXPECT_EQ(check.next_request().start_after, "p/k1");
    auto first = check.take(page_of({"p/k2", "p/k3"}, "more"));
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->last);
    EXPECT_EQ(check.next_request().token, "more");
    EXPECT_TRUE(check.next_request().start_after.empty());
    auto second = check.take(page_of({"p/k4", "p/k5", "p/k6"}, "still more"));
    ASSERT_TRUE(second);
    EXPECT_EQ(keys_of(*second), std::vector<std::string>{"k4"});
    EXPECT_TRUE(second->last) << "the server has more, the range has not";
}

TEST(PageCheck, a_key_at_or_before_the_ranges_beginning_is_impossible) {
    PageCheck check("s3://b/p/", "p/", model::KeyRange{"k1", ""});
    EXPECT_FALSE(check.take(page_of({"p/k1"})));
}

TEST(PageCheck, order_holds_over_pages) {
    PageCheck check("s3://b/", "", {});
    ASSERT_TRUE(check.take(page_of({"a", "b"}, "t1")));
    auto again = check.take(page_of({"b", "c"}, "t2"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind(), ErrorKind::Corrupt);
    EXPECT_NE(again.error().message().find("'b' follows 'b'"), std::string::npos) << again.error().message();
}

TEST(PageCheck, keys_compare_as_unsigned_bytes) {
    PageCheck check("s3://b/", "", {});
    EXPECT_TRUE(check.take(page_of({"a", "z", "\xc3\xa9", "\xff"})));
}

TEST(PageCheck, a_key_outside_the_prefix_is_impossible) {
    PageCheck check("s3://b/p/", "p/", {});
    EXPECT_FALSE(check.take(page_of({"p/a", "q/a"})));
}

TEST(PageCheck, F63_a_key_that_the_server_has_spoilt_makes_the_listing_incomplete) {
    PageCheck check("s3://b/", "", {});
    auto page = check.take(page_of({"a", "esc\xef\xbf\xbd", "b"}));
    ASSERT_TRUE(page) << page.error().message();
    EXPECT_EQ(keys_of(*page), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(page->unreadable.size(), 1u);

    ListPage encoded = page_of({"a", "esc\xef\xbf\xbd"});
    encoded.encoded = true;
    PageCheck other("s3://b/", "", {});
    auto true_keys = other.take(std::move(encoded));
    ASSERT_TRUE(true_keys);
    EXPECT_EQ(true_keys->entries.size(), 2u) << "the key really is so";
}

TEST(PageCheck, a_token_that_repeats_is_impossible) {
    PageCheck check("s3://b/", "", {});
    ASSERT_TRUE(check.take(page_of({"a"}, "t")));
    EXPECT_FALSE(check.take(page_of({"b"}, "t")));
}

TEST(PageCheck, empty_pages_are_passed_over_within_a_bound) {
    PageCheck check("s3://b/", "", {});
    int pages = 0;
    while (check.take(page_of({}, fmt::format("t{}", pages)))) ++pages;
    EXPECT_EQ(pages, PageCheck::kEmptyPagesMax);
}

TEST(PageCheck, archive_classes_are_marked_unless_restored) {
    ListPage listed = page_of({"a", "b", "c"});
    listed.objects[0].storage_class = "DEEP_ARCHIVE";
    listed.objects[1].storage_class = "GLACIER";
    listed.objects[1].restored = true;
    listed.objects[2].storage_class = "GLACIER_IR";
    PageCheck check("s3://b/", "", {});
    auto page = check.take(std::move(listed));
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->entries[0].archived);
    EXPECT_FALSE(page->entries[1].archived);
    EXPECT_FALSE(page->entries[2].archived);
}

}  // namespace
}  // namespace godwit::s3
