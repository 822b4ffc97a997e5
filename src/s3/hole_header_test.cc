#include "s3/hole_header.h"

#include <gtest/gtest.h>

#include "s3/metadata_headers.h"

namespace godwit::s3 {
namespace {

using model::Holes;

TEST(HoleHeader, is_written_as_it_is_documented) {
    EXPECT_EQ(encode_holes({}), "none");
    EXPECT_EQ(encode_holes({{0, 63}, {79, 1}}), "0.3f,10.1");
    for (const Holes& holes :
         {Holes{}, Holes{{0, 1}}, Holes{{5, std::uint64_t{1} << 50}}, Holes{{0, 63}, {79, 1}}})
        EXPECT_EQ(decode_holes(encode_holes(holes)), holes);
}

TEST(HoleHeader, G73_what_was_not_written_so_is_refused) {
    for (std::string_view text : {"",
                                  "0",
                                  "0.",
                                  ".1",
                                  "0.0",
                                  "1.1,0.1",
                                  "1.1,",
                                  ",1.1",
                                  "1.01",
                                  "1.A",
                                  "+1.1",
                                  "-1.1",
                                  "1.1.1",
                                  "0x1.1",
                                  "1 .1",
                                  "None",
                                  "8000000000001.1",
                                  "1.8000000000000",
                                  "ffffffffffffffff.1",
                                  "1ffffffffffffffff.1"}) {
        EXPECT_FALSE(decode_holes(text)) << text;
    }
}

TEST(HoleHeader, G73_more_than_memory_holds_are_refused) {
    std::string text = "1.1";
    for (std::size_t i = 1; i < model::kHolesMax; ++i) text += ",1.1";
    EXPECT_TRUE(decode_holes(text));
    EXPECT_FALSE(decode_holes(text + ",1.1"));
}

model::Metadata round_trip(const model::Metadata& metadata) {
    HeaderList list;
    EXPECT_TRUE(add_metadata(metadata, "s3://b/k", list));
    std::vector<net::HttpHeader> headers;
    for (std::size_t i = 0; i < list.size(); ++i) headers.push_back({list.name(i), list.value(i)});
    return metadata_from(headers);
}

TEST(HoleHeader, travels_beside_the_rest_or_stays_behind_where_it_does_not_fit) {
    model::Metadata metadata;
    metadata.user = {{"color", "red"}};
    metadata.holes = Holes{{1, 2}};
    model::Metadata back = round_trip(metadata);
    EXPECT_EQ(back.holes, metadata.holes);
    EXPECT_EQ(back.user, metadata.user);
    metadata.user[0].second.assign(2048 - std::string_view("color").size(), 'x');
    EXPECT_FALSE(round_trip(metadata).holes);
}

// An object has bytes to go by, so nothing fails for it; it goes on as it was found.
TEST(HoleHeader, malformed_stays_user_metadata) {
    model::Metadata back = metadata_from({{"x-amz-meta-godwit-holes", "0.0"}});
    EXPECT_FALSE(back.holes);
    EXPECT_EQ(back.user, (model::NamedValues{{"godwit-holes", "0.0"}}));
}

}  // namespace
}  // namespace godwit::s3
