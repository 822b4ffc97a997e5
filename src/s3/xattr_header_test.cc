#include "s3/xattr_header.h"

#include <gtest/gtest.h>

#include "s3/encoded_words.h"
#include "s3/lineage.h"
#include "s3/metadata_headers.h"

namespace godwit::s3 {
namespace {

using model::NamedValues;

TEST(XattrHeader, is_written_as_it_is_documented) {
    EXPECT_EQ(
        encode_xattrs({{"user.a=b,c", "hello"}, {"user.\xff", std::string("\0\xff", 2)}, {"user.x", ""}}),
        "user.a%3Db%2Cc=aGVsbG8=,user.%FF=AP8=,user.x=");
}

TEST(XattrHeader, any_bytes_survive) {
    std::string every;
    for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
    NamedValues xattrs{
        {"system.posix_acl_access", every}, {"user." + every.substr(1), every}, {"user.z", ""}};
    std::string text = encode_xattrs(xattrs);
    EXPECT_EQ(decode_xattrs(text), xattrs);
    EXPECT_EQ(encode_words(text), text) << "no server or signer takes it for something else";
}

TEST(XattrHeader, G73_what_was_not_written_so_is_refused) {
    for (std::string_view text :
         {"", ",", "user.a", "=aGVsbG8=", "user.a=aGVsbG8", "user.a=aGVs bG8=", "user.a=aGVsbG8=,",
          ",user.a=aGVsbG8=", "user.a=,user.a=", "user.b=,user.a=", "user.%61=", "user.%ff=", "user.%=",
          "user.%00=", "user.a b=", "user.a==", "user.a=aGVsbG8=,,user.b=", "user.a=aGVsbG9=",
          "user.\xff="}) {
        EXPECT_FALSE(decode_xattrs(text)) << text;
    }
}

model::Metadata round_trip(const model::Metadata& metadata) {
    HeaderList list;
    auto added = add_metadata(metadata, "s3://b/k", list);
    EXPECT_TRUE(added) << added.error().message();
    std::vector<net::HttpHeader> headers;
    for (std::size_t i = 0; i < list.size(); ++i) headers.push_back({list.name(i), list.value(i)});
    return metadata_from(headers);
}

constexpr model::PosixAttributes kFile{.mode = 0100644, .uid = 1, .gid = 2, .mtime_ns = 3, .atime_ns = 4};

TEST(XattrHeader, travels_beside_the_rest) {
    model::Metadata metadata;
    metadata.posix = kFile;
    metadata.user = {{"color", "red"}};
    metadata.xattrs = {{"user.a", "1"}};
    model::Metadata back = round_trip(metadata);
    EXPECT_EQ(back.xattrs, metadata.xattrs);
    EXPECT_EQ(back.user, metadata.user);
    EXPECT_FALSE(back.xattrs_malformed);
}

// It goes on to the next store as it was found.
TEST(XattrHeader, malformed_is_known_and_stays_user_metadata) {
    model::Metadata back = metadata_from({{"x-amz-meta-godwit-xattrs", "user.b=,user.a="}});
    EXPECT_TRUE(back.xattrs_malformed);
    EXPECT_TRUE(back.xattrs.empty());
    EXPECT_EQ(round_trip(back).user, (NamedValues{{"godwit-xattrs", "user.b=,user.a="}}));
}

// S3 counts names without the prefix, and values.
std::size_t counted(const model::Metadata& metadata) {
    HeaderList list;
    EXPECT_TRUE(add_metadata(metadata, "s3://b/k", list));
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < list.size(); ++i)
        bytes += list.name(i).size() - kUserMetadataPrefix.size() + list.value(i).size();
    return bytes;
}

TEST(XattrHeader, G73_fits_into_what_s3_keeps_or_is_refused_with_the_numbers) {
    model::Metadata metadata;
    metadata.posix = kFile;
    metadata.user = {{"pad", ""}};
    metadata.xattrs = {{"user.a", std::string(1200, 'v')}};
    metadata.user[0].second.assign(2048 - counted(metadata), 'p');
    EXPECT_EQ(counted(metadata), 2048u);
    metadata.user[0].second += 'p';
    HeaderList list;
    auto refused = add_metadata(metadata, "s3://b/k", list);
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().message(),
        "store metadata of s3://b/k: extended attributes take 1620 bytes of user metadata and the rest of "
        "it 429; S3 keeps at most 2048 (UnrepresentableMetadata)");
    EXPECT_EQ(refused.error().kind(), ErrorKind::Unsupported);
}

TEST(XattrHeader, lineage_takes_only_the_room_that_is_left) {
    model::Metadata metadata;
    metadata.posix = kFile;
    metadata.xattrs = {{"user.a", std::string(1200, 'v')}};
    add_lineage("/" + std::string(1000, 'x'), metadata);
    EXPECT_EQ(metadata.user.size(), 2u) << "cut, with its hash";
    EXPECT_LE(counted(metadata), kUserMetadataBytesMax);
}

}  // namespace
}  // namespace godwit::s3
