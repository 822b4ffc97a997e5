#include "s3/metadata_headers.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace godwit::s3 {
namespace {

using Headers = std::vector<net::HttpHeader>;

// What a server would answer to what was sent.
// With the text that the headers refer to.
struct SentHeaders : Headers {
    std::shared_ptr<HeaderList> text = std::make_shared<HeaderList>();
};

SentHeaders sent(const model::Metadata& metadata) {
    SentHeaders headers;
    HeaderList& list = *headers.text;
    auto added = add_metadata(metadata, "s3://b/k", list);
    EXPECT_TRUE(added) << added.error().message();
    for (std::size_t i = 0; i < list.size(); ++i) {
        headers.push_back({list.name(i), list.value(i)});
    }
    return headers;
}

std::string find(const Headers& headers, std::string_view name) {
    for (const net::HttpHeader& header : headers) {
        if (header.name == name) return std::string(header.value);
    }
    return "(absent)";
}

std::string refused(const model::Metadata& metadata) {
    HeaderList list;
    auto added = add_metadata(metadata, "s3://b/k", list);
    return added ? "added" : added.error().message();
}

constexpr model::PosixAttributes kFile{.mode = 0100644,
                                       .uid = 1000,
                                       .gid = 100,
                                       .mtime_ns = 1595002920123456789,
                                       .atime_ns = 1595002921000000000};

TEST(MetadataHeaders, posix_attributes_are_written_as_datasync_does) {
    model::Metadata metadata;
    metadata.posix = kFile;
    SentHeaders headers = sent(metadata);
    EXPECT_EQ(find(headers, "x-amz-meta-file-owner"), "1000");
    EXPECT_EQ(find(headers, "x-amz-meta-file-group"), "100");
    EXPECT_EQ(find(headers, "x-amz-meta-file-permissions"), "0100644");
    EXPECT_EQ(find(headers, "x-amz-meta-file-mtime"), "1595002920123456789ns");
    EXPECT_EQ(find(headers, "x-amz-meta-file-atime"), "1595002921000000000ns");
    EXPECT_EQ(headers.size(), 5u);
}

TEST(MetadataHeaders, posix_attributes_survive_the_round_trip) {
    for (std::uint32_t mode : {0100644u, 0100000u, 0104755u, 0040755u, 0120777u, 0101777u}) {
        for (std::int64_t time : {std::int64_t{0}, std::int64_t{-1}, kFile.mtime_ns, INT64_MIN, INT64_MAX}) {
            model::Metadata metadata;
            metadata.posix = {.mode = mode, .uid = ~0u, .gid = 0, .mtime_ns = time, .atime_ns = time};
            model::Metadata back = metadata_from(sent(metadata));
            EXPECT_EQ(back.posix, metadata.posix);
            EXPECT_TRUE(back.user.empty());
            EXPECT_FALSE(back.fallback_mtime_ns);
        }
    }
}

TEST(MetadataHeaders, what_a_posix_object_takes_is_bounded) {
    model::Metadata metadata;
    metadata.posix = {.mode = 0177777, .uid = ~0u, .gid = ~0u, .mtime_ns = INT64_MIN, .atime_ns = INT64_MIN};
    std::size_t bytes = 0;
    for (const net::HttpHeader& header : sent(metadata)) bytes += header.name.size() + header.value.size();
    EXPECT_LE(bytes, kPosixHeadersBytesMax);
}

TEST(FileTime, is_read_in_datasyncs_three_forms) {
    EXPECT_EQ(parse_file_time("1595002920000000000ns"), 1595002920000000000);
    EXPECT_EQ(parse_file_time("1734968895000"), 1734968895000000000);
    EXPECT_EQ(parse_file_time("1602647222/222919600"), 1602647222222919600);
    EXPECT_EQ(parse_file_time("-5ns"), -5);
    EXPECT_EQ(parse_file_time("-2000"), -2000000000);
    EXPECT_EQ(parse_file_time("0"), 0);
}

TEST(FileTime, what_is_none_or_does_not_fit_is_absent) {
    for (std::string_view text : {"", "ns", "x", "1.5", "1595002920000000000n", " 1", "1 ", "1/", "/1",
                                  "1/-1", "1/1000000000", "9223372036854775808ns", "9223372036854775",
                                  "99999999999/0", "9223372036/999999999", "+1", "1e3"}) {
        EXPECT_EQ(parse_file_time(text), std::nullopt) << text;
    }
}

TEST(MetadataFrom, reads_objects_that_datasync_wrote) {
    model::Metadata metadata = metadata_from({{"x-amz-meta-file-owner", "1000"},
                                              {"x-amz-meta-file-group", "100"},
                                              {"x-amz-meta-file-permissions", "100755"},
                                              {"x-amz-meta-file-mtime", "1595002920000"},
                                              {"x-amz-meta-user-agent", "aws-datasync"},
                                              {"last-modified", "Sat, 21 Nov 2026 21:30:17 GMT"}});
    ASSERT_TRUE(metadata.posix);
    EXPECT_EQ(metadata.posix->mode, 0100755u);
    EXPECT_EQ(metadata.posix->mtime_ns, 1595002920000000000);
    EXPECT_EQ(metadata.posix->atime_ns, metadata.posix->mtime_ns);
    EXPECT_EQ(metadata.user, (model::NamedValues{{"user-agent", "aws-datasync"}}));
}

TEST(MetadataFrom, incomplete_or_malformed_sets_stay_user_metadata) {
    const Headers whole{{"x-amz-meta-file-owner", "1000"},
                        {"x-amz-meta-file-group", "100"},
                        {"x-amz-meta-file-permissions", "0100644"},
                        {"x-amz-meta-file-mtime", "5ns"}};
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (std::string_view bad : {"", "-1", "99999999999", "1000000x"}) {
            Headers headers = whole;
            headers[i].value = bad;
            if (bad == "-1" && i == 3) continue;           // a time may be negative
            if (bad == "99999999999" && i == 3) continue;  // and this one is milliseconds
            model::Metadata metadata = metadata_from(headers);
            EXPECT_FALSE(metadata.posix) << i << bad;
            EXPECT_EQ(metadata.user.size(), 4u);
            // They travel on as they are.
            EXPECT_EQ(sent(metadata).size(), 4u);
        }
    }
}

TEST(MetadataFrom, an_mtime_is_found_where_other_tools_put_it) {
    auto mtime = [](Headers headers) { return metadata_from(headers).fallback_mtime_ns; };
    net::HttpHeader modified{"last-modified", "Thu, 01 Jan 1970 00:00:09 GMT"};
    EXPECT_EQ(mtime({{"x-amz-meta-mtime", "1595002920.123456789"}, modified}), 1595002920123456789);
    EXPECT_EQ(mtime({{"x-amz-meta-mtime", "1595002920.5"}}), 1595002920500000000);
    EXPECT_EQ(mtime({{"x-amz-meta-mtime", "1595002920"}}), 1595002920000000000);
    EXPECT_EQ(mtime({{"x-amz-meta-mtime", "-1.25"}}), -1250000000);
    EXPECT_EQ(mtime({{"x-amz-meta-mtime", "1.0000000019"}}), 1000000001);
    EXPECT_EQ(
        mtime({{"x-amz-meta-s3cmd-attrs", "atime:1/ctime:2/gid:0/md5:ab/mode:33188/mtime:1380000000/uid:0"}}),
        1380000000000000000);
    EXPECT_EQ(mtime({{"x-amz-meta-file-mtime", "7ns"}, modified}), 7);
    EXPECT_EQ(mtime({{"x-amz-meta-mtime", "soon"}, modified}), std::nullopt);
    EXPECT_EQ(mtime({modified}), std::nullopt) << "when a store took it in is the identity's";
    // Their keys stay, so that a copy between stores carries them on.
    EXPECT_EQ(metadata_from({{"x-amz-meta-mtime", "1.5"}}).user, (model::NamedValues{{"mtime", "1.5"}}));
}

TEST(MetadataHeaders, content_headers_and_user_metadata_survive) {
    model::Metadata metadata;
    metadata.headers = {.content_type = "text/plain; charset=utf-8",
                        .content_encoding = "gzip",
                        .content_language = "de",
                        .content_disposition = "attachment; filename=\"\xc3\xa9\"",
                        .cache_control = "max-age=5",
                        .expires = "Sat, 21 Nov 2026 21:30:17 GMT"};
    metadata.user = {{"a", "plain"}, {"b", "日本語"}, {"c", " spaces  inside "}, {"d", ""}, {"e", "tab\t"}};
    model::Metadata back = metadata_from(sent(metadata));
    EXPECT_EQ(back.headers, metadata.headers);
    EXPECT_EQ(back.user, metadata.user);
    EXPECT_FALSE(back.tags);
}

TEST(MetadataFrom, framing_of_an_upload_is_no_encoding_of_the_object) {
    auto encoding = [](std::string_view value) {
        return metadata_from({{"content-encoding", value}}).headers.content_encoding;
    };
    EXPECT_EQ(encoding("aws-chunked"), "");
    EXPECT_EQ(encoding("aws-chunked,gzip"), "gzip");
    EXPECT_EQ(encoding("aws-chunked, gzip"), "gzip");
    EXPECT_EQ(encoding("gzip"), "gzip");
    EXPECT_EQ(encoding("aws-chunkedx"), "aws-chunkedx");
}

TEST(MetadataFrom, a_name_that_comes_twice_is_one_value) {
    EXPECT_EQ(metadata_from({{"x-amz-meta-a", "1"}, {"x-amz-meta-b", "x"}, {"x-amz-meta-a", "2"}}).user,
              (model::NamedValues{{"a", "1,2"}, {"b", "x"}}));
}

// G73.
TEST(MetadataHeaders, G73_what_cannot_travel_is_refused_by_name) {
    model::Metadata metadata;
    metadata.user = {{"a", "x\r\nx-amz-acl: public-read"}};
    EXPECT_EQ(refused(metadata),
              "store metadata of s3://b/k: a holds a control character, which no header can carry: "
              "'x\\x0d\\x0ax-amz-acl: public-read'");
    metadata.user = {{"a b", "x"}};
    EXPECT_TRUE(refused(metadata).contains("'a b' is no name for user metadata"));
    metadata.user = {{"Upper", "x"}};
    EXPECT_TRUE(refused(metadata).contains("'Upper'"));
    metadata.user = {{"", "x"}};
    EXPECT_TRUE(refused(metadata).contains("''"));
    metadata.user.clear();
    metadata.headers.content_type = std::string("a\0b", 3);
    EXPECT_TRUE(refused(metadata).contains("content-type holds a control character"));
}

TEST(MetadataHeaders, G73_user_metadata_is_bounded_as_s3_bounds_it) {
    model::Metadata metadata;
    metadata.user = {{"abc", std::string(2045, 'v')}};
    EXPECT_EQ(refused(metadata), "added");
    metadata.user[0].second += 'v';
    EXPECT_EQ(
        refused(metadata),
        "store metadata of s3://b/k: user metadata has 2049 bytes, S3 keeps at most 2048 (MetadataTooLarge)");
}

TEST(MetadataHeaders, attributes_win_over_user_metadata_of_the_same_name) {
    model::Metadata metadata;
    metadata.posix = kFile;
    metadata.user = {{"file-owner", "7"}, {"x", "y"}};
    SentHeaders headers = sent(metadata);
    EXPECT_EQ(headers.size(), 6u);
    EXPECT_EQ(find(headers, "x-amz-meta-file-owner"), "1000");
}

TEST(MetadataHeaders, tags_go_into_one_header) {
    model::Metadata metadata;
    metadata.tags = model::NamedValues{{"a b", "c&d"}, {"e", ""}};
    EXPECT_EQ(find(sent(metadata), "x-amz-tagging"), "a%20b=c%26d&e=");
    metadata.tags->clear();
    EXPECT_TRUE(sent(metadata).empty());
    metadata.tags = model::NamedValues(11, {"a", "b"});
    EXPECT_EQ(refused(metadata), "store metadata of s3://b/k: 11 tags, S3 keeps at most 10");
    HeaderList without;
    EXPECT_TRUE(add_metadata_without_tags(metadata, "s", without));
    EXPECT_EQ(without.size(), 0u);
}

TEST(TypeOf, goes_by_the_key_and_the_type_bits) {
    model::Metadata metadata;
    EXPECT_EQ(type_of("a", metadata), model::ObjectType::File);
    EXPECT_EQ(type_of("a/", metadata), model::ObjectType::Directory);
    metadata.posix = kFile;
    metadata.posix->mode = 0120777;
    EXPECT_EQ(type_of("a", metadata), model::ObjectType::Symlink);
    EXPECT_EQ(type_of("a/", metadata), model::ObjectType::Directory);
    metadata.posix->mode = 0040755;
    EXPECT_EQ(type_of("a", metadata), model::ObjectType::File);
}

TEST(Archived, by_class_restore_and_archive_status) {
    auto archived = [](Headers headers) { return is_archived(headers); };
    EXPECT_FALSE(archived({}));
    EXPECT_TRUE(archived({{"x-amz-storage-class", "GLACIER"}}));
    EXPECT_TRUE(archived({{"x-amz-storage-class", "DEEP_ARCHIVE"}}));
    EXPECT_FALSE(archived({{"x-amz-storage-class", "GLACIER_IR"}}));
    EXPECT_TRUE(
        archived({{"x-amz-storage-class", "GLACIER"}, {"x-amz-restore", "ongoing-request=\"true\""}}));
    EXPECT_FALSE(archived({{"x-amz-storage-class", "GLACIER"},
                           {"x-amz-restore", "ongoing-request=\"false\", expiry-date=\"x\""}}));
    EXPECT_TRUE(archived(
        {{"x-amz-storage-class", "INTELLIGENT_TIERING"}, {"x-amz-archive-status", "ARCHIVE_ACCESS"}}));
}

}  // namespace
}  // namespace godwit::s3
