#include "s3/lineage.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "s3/metadata_headers.h"
#include "s3/sigv4.h"

namespace godwit::s3 {
namespace {

std::string find(const model::Metadata& metadata, std::string_view name) {
    for (const auto& [key, value] : metadata.user) {
        if (key == name) return value;
    }
    return "(absent)";
}

std::string sha256(std::string_view text) {
    return payload_sha256(bytes_of(text));
}

// Strictest count: names with their prefix, values as they are sent.
std::size_t header_bytes(const model::Metadata& metadata) {
    HeaderList headers;
    EXPECT_TRUE(add_metadata(metadata, "s", headers));
    std::size_t sum = 0;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        if (headers.name(i).starts_with(kUserMetadataPrefix))
            sum += headers.name(i).size() + headers.value(i).size();
    }
    return sum;
}

TEST(Lineage, a_path_that_fits_stands_alone) {
    for (std::string_view path : {"/srv/data/a.txt", "/srv/日本語.txt", "/a  b"}) {
        model::Metadata metadata;
        add_lineage(path, metadata);
        EXPECT_EQ(find(metadata, "source-path"), path);
        EXPECT_EQ(find(metadata, "source-path-sha256"), "(absent)");
    }
}

TEST(Lineage, a_path_that_does_not_fit_is_cut_and_marked) {
    for (std::string_view unit : {"x", "é", "日"}) {
        std::string path = "/";
        while (path.size() < 4000) path += unit;
        model::Metadata metadata;
        metadata.posix = model::PosixAttributes{
            .mode = 0100644, .uid = ~0u, .gid = ~0u, .mtime_ns = -1LL << 62, .atime_ns = -1LL << 62};
        metadata.user = {{"owner", "somebody"}};
        add_lineage(path, metadata);
        std::string kept = find(metadata, "source-path");
        ASSERT_TRUE(kept.ends_with("..."));
        EXPECT_TRUE(path.starts_with(kept.substr(0, kept.size() - 3)));
        EXPECT_EQ(find(metadata, "source-path-sha256"), sha256(path));
        EXPECT_LE(header_bytes(metadata), kUserMetadataBytesMax);
        EXPECT_GT(header_bytes(metadata), kUserMetadataBytesMax - 150);
    }
}

TEST(Lineage, bytes_that_no_header_carries_are_escaped_and_marked) {
    std::string path = "/a\nb\xff";
    model::Metadata metadata;
    add_lineage(path, metadata);
    EXPECT_EQ(find(metadata, "source-path"), "/a\\x0ab\\xff");
    EXPECT_EQ(find(metadata, "source-path-sha256"), sha256(path));
    HeaderList headers;
    EXPECT_TRUE(add_metadata(metadata, "s", headers));
}

TEST(Lineage, replaces_what_an_earlier_copy_wrote) {
    model::Metadata metadata;
    metadata.user = {{"source-path", "/old"}, {"source-path-sha256", "x"}, {"a", "b"}};
    add_lineage("/new", metadata);
    EXPECT_EQ(find(metadata, "source-path"), "/new");
    EXPECT_EQ(find(metadata, "source-path-sha256"), "(absent)");
    EXPECT_EQ(metadata.user.size(), 2u);
}

TEST(Lineage, G73_without_room_nothing_is_added_and_nothing_fails) {
    for (std::size_t taken : {1850u, 1900u, 1950u, 2000u, 2040u, 2048u, 3000u}) {
        model::Metadata metadata;
        metadata.user = {{"a", std::string(taken, 'v')}};
        add_lineage("/" + std::string(300, 'p'), metadata);
        EXPECT_EQ(find(metadata, "a").size(), taken);
        EXPECT_EQ(find(metadata, "source-path-sha256") == "(absent)",
                  find(metadata, "source-path") == "(absent)");
        if (taken >= 1950) EXPECT_EQ(find(metadata, "source-path"), "(absent)");
    }
}

}  // namespace
}  // namespace godwit::s3
