#include "s3/hard_link_header.h"

#include <gtest/gtest.h>

#include <limits>

#include "s3/metadata_headers.h"
#include "s3/source.h"

namespace godwit::s3 {
namespace {

using model::FileId;

constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();

TEST(HardLinkHeader, is_written_as_it_is_documented) {
    EXPECT_EQ(encode_file_id({.device = 0x6b86b273ff34fce1, .inode = 0x2a3f}), "1.6b86b273ff34fce1.2a3f");
    for (FileId id : {FileId{}, FileId{1, 2}, FileId{kGreatest, kGreatest}, FileId{0, kGreatest}})
        EXPECT_EQ(decode_file_id(encode_file_id(id)), id);
}

TEST(HardLinkHeader, A8_G73_what_was_not_written_so_is_refused) {
    for (std::string_view text : {"",
                                  "1",
                                  "1.",
                                  "1..",
                                  "1.1",
                                  "1.1.",
                                  "1..1",
                                  "1.1.1.",
                                  "1.1.1.1",
                                  "1.1.1 ",
                                  " 1.1.1",
                                  "1. 1.1",
                                  "1.01.1",
                                  "1.1.01",
                                  "1.-1.1",
                                  "1.+1.1",
                                  "1.0x1.1",
                                  "1.A.1",
                                  "1.1,1",
                                  "1.1.1,1.1.1",
                                  "01.1.1",
                                  "2.1.1",
                                  "1.1.10000000000000000",
                                  "1.10000000000000000.1",
                                  "=?UTF-8?Q?1.1.1?="}) {
        EXPECT_FALSE(decode_file_id(text)) << text;
    }
    EXPECT_FALSE(decode_file_id(std::string("1.1.1\0", 6)));
    EXPECT_FALSE(decode_file_id("1." + std::string(100'000, '1') + ".1"));
    EXPECT_FALSE(decode_file_id("1.1." + std::string(100'000, '0')));
}

model::Metadata round_trip(const model::Metadata& metadata) {
    HeaderList list;
    EXPECT_TRUE(add_metadata(metadata, "s3://b/k", list));
    std::vector<net::HttpHeader> headers;
    for (std::size_t i = 0; i < list.size(); ++i) headers.push_back({list.name(i), list.value(i)});
    return metadata_from(headers);
}

TEST(HardLinkHeader, A8_travels_beside_the_rest_or_the_object_is_refused) {
    model::Metadata metadata;
    metadata.user = {{"color", "red"}};
    metadata.file_id = FileId{1, 2};
    model::Metadata back = round_trip(metadata);
    EXPECT_EQ(back.file_id, metadata.file_id);
    EXPECT_EQ(back.user, metadata.user);
    metadata.user[0].second.assign(2048 - std::string_view("color").size(), 'x');
    HeaderList list;
    Result<void> added = add_metadata(metadata, "s3://b/k", list);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code(), "UnrepresentableMetadata") << added.error().message();
}

TEST(HardLinkHeader, A8_malformed_or_told_twice_stays_user_metadata) {
    model::Metadata back = metadata_from({{"x-amz-meta-godwit-hardlink", "1.1"}});
    EXPECT_FALSE(back.file_id);
    EXPECT_EQ(back.user, (model::NamedValues{{"godwit-hardlink", "1.1"}}));
    back = metadata_from({{"x-amz-meta-godwit-hardlink", "1.1.1"}, {"x-amz-meta-godwit-hardlink", "1.1.1"}});
    EXPECT_FALSE(back.file_id);
}

ObjectHead head_of_name() {
    ObjectHead head;
    head.size_bytes = 5;
    head.etag = "e";
    head.metadata.file_id = FileId{1, 2};
    head.metadata.posix = model::PosixAttributes{.mode = 0100644, .uid = 1, .gid = 2, .mtime_ns = 3};
    head.metadata.xattrs = {{"user.a", "b"}};
    return head;
}

bool is_told_one_file(const std::function<void(ObjectHead&)>& change) {
    ObjectHead other = head_of_name();
    change(other);
    auto a = object_info(model::Key("a"), head_of_name()).entry.hard_link;
    auto b = object_info(model::Key("b"), std::move(other)).entry.hard_link;
    return a && b && a->is_of(*b);
}

TEST(ToldHardLink, A8_is_one_file_where_all_that_names_of_a_file_share_is_equal) {
    EXPECT_TRUE(is_told_one_file([](ObjectHead&) {}));
    EXPECT_TRUE(is_told_one_file([](ObjectHead& head) { head.etag = "another"; }));
    EXPECT_TRUE(is_told_one_file([](ObjectHead& head) { head.metadata.posix->atime_ns = 9; }));
    EXPECT_TRUE(is_told_one_file([](ObjectHead& head) { head.metadata.user = {{"color", "red"}}; }));
}

TEST(ToldHardLink, A8_is_another_file_where_anything_differs) {
    std::vector<std::function<void(ObjectHead&)>> differences = {
        [](ObjectHead& head) { head.metadata.file_id->device = 9; },
        [](ObjectHead& head) { head.metadata.file_id->inode = 9; },
        [](ObjectHead& head) { head.size_bytes = 9; },
        [](ObjectHead& head) { head.metadata.posix->mode = 0100600; },
        [](ObjectHead& head) { head.metadata.posix->mode = 0104644; },
        [](ObjectHead& head) { head.metadata.posix->uid = 9; },
        [](ObjectHead& head) { head.metadata.posix->gid = 9; },
        [](ObjectHead& head) { head.metadata.posix->mtime_ns = 9; },
        [](ObjectHead& head) { head.metadata.xattrs.clear(); },
        [](ObjectHead& head) { head.metadata.xattrs = {{"user.", "ab"}}; },
        // What tells of no file at all.
        [](ObjectHead& head) { head.metadata.file_id.reset(); },
        [](ObjectHead& head) { head.metadata.posix.reset(); },
        [](ObjectHead& head) { head.metadata.posix->mode = 0120777; },
        [](ObjectHead& head) { head.metadata.xattrs_malformed = true; },
    };
    for (std::size_t i = 0; i < differences.size(); ++i) EXPECT_FALSE(is_told_one_file(differences[i])) << i;
    auto told = object_info(model::Key("folder/"), head_of_name()).entry.hard_link;
    EXPECT_FALSE(told);
}

}  // namespace
}  // namespace godwit::s3
