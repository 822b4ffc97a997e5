#include "s3double/chunk_decoder.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace godwit::s3double {
namespace {

// The decoded body when `text` arrives `step` bytes at a time; the error's cause when it is refused.
std::string decode(std::string_view text, std::size_t step, ChunkDecoder& decoder) {
    std::string body;
    for (std::size_t at = 0; at < text.size(); at += step) {
        auto input = bytes_of(text.substr(at, step));
        while (!input.empty() && !decoder.done()) {
            auto result = decoder.next(input);
            if (!result) return result.error().cause();
            body.append(reinterpret_cast<const char*>(result->data.data()), result->data.size());
        }
    }
    return body;
}

TEST(ChunkDecoder, gives_the_same_body_however_it_arrives) {
    std::string_view text =
        "5\r\nhello\r\n6;chunk-signature=abc\r\n world\r\n0\r\nX-Amz-Checksum-Crc32: AAAA\r\n\r\n";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        ChunkDecoder decoder;
        EXPECT_EQ(decode(text, step, decoder), "hello world") << step;
        EXPECT_TRUE(decoder.done());
        ASSERT_EQ(decoder.trailers().size(), 1u);
        EXPECT_EQ(decoder.trailers()[0].first, "x-amz-checksum-crc32");
        EXPECT_EQ(decoder.trailers()[0].second, "AAAA");
    }
}

TEST(ChunkDecoder, leaves_what_follows_the_end) {
    ChunkDecoder decoder;
    auto input = bytes_of("0\r\n\r\nGET");
    ASSERT_EQ(decoder.next(input)->event, ChunkDecoder::Event::ChunkEnd);
    ASSERT_EQ(decoder.next(input)->event, ChunkDecoder::Event::Done);
    EXPECT_EQ(input.size(), 3u);
}

TEST(ChunkDecoder, is_not_done_without_the_last_chunk) {
    ChunkDecoder decoder;
    EXPECT_EQ(decode("3\r\nabc\r\n", 100, decoder), "abc");
    EXPECT_FALSE(decoder.done());
}

TEST(ChunkDecoder, refuses_wrong_framing) {
    for (std::string_view text :
         {"x\r\n", "-2\r\n", "3\r\nabcd\r\n", "3\nabc\r\n", "0\r\nno colon\r\n\r\n"}) {
        ChunkDecoder decoder;
        decode(text, 100, decoder);
        EXPECT_FALSE(decoder.done()) << text;
    }
}

}  // namespace
}  // namespace godwit::s3double
