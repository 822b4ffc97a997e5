#include "net/body_framing.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace godwit::net {
namespace {

using Kind = BodyFraming::Kind;

ResponseHead head_with(std::vector<HttpHeader> headers, int status = 200) {
    return {.status = status, .is_http_1_0 = false, .headers = std::move(headers), .text = nullptr};
}

// Feeds `text` in pieces of at most `piece` bytes; the data, or the error.
Result<std::string> decode(std::string_view text, std::size_t piece, bool& done) {
    ChunkDecoder decoder;
    std::string data;
    while (!text.empty() && !decoder.done()) {
        std::string_view input = text.substr(0, piece);
        std::size_t used = 0;
        if (std::uint64_t left = decoder.data_left()) {
            used = std::min<std::uint64_t>(left, input.size());
            data += input.substr(0, used);
            decoder.took(used);
        } else {
            GODWIT_TRY(used, decoder.consume(bytes_of(input)));
        }
        text.remove_prefix(used);
    }
    done = decoder.done() && text.empty();
    return data;
}

TEST(BodyFraming, follows_length_chunks_or_close) {
    BodyFraming length = body_framing(head_with({{"content-length", "7"}}), false).value();
    EXPECT_EQ(length.kind, Kind::Length);
    EXPECT_EQ(length.declared_bytes, 7u);
    EXPECT_EQ(body_framing(head_with({{"content-length", "0"}}), false)->kind, Kind::None);
    EXPECT_EQ(body_framing(head_with({{"transfer-encoding", "Chunked"}}), false)->kind, Kind::Chunked);
    EXPECT_EQ(body_framing(head_with({}), false)->kind, Kind::UntilClose);
}

TEST(BodyFraming, has_no_body_after_head_requests_and_for_bodiless_statuses) {
    std::vector<HttpHeader> length{{"content-length", "7"}};
    EXPECT_EQ(body_framing(head_with(length), true)->kind, Kind::None);
    EXPECT_EQ(body_framing(head_with(length, 204), false)->kind, Kind::None);
    EXPECT_EQ(body_framing(head_with(length, 304), false)->kind, Kind::None);
    EXPECT_EQ(body_framing(head_with({{"transfer-encoding", "chunked"}}), true)->kind, Kind::None);
}

TEST(BodyFraming, takes_the_same_length_twice_but_no_other) {
    EXPECT_EQ(declared_length(head_with({{"content-length", "5"}, {"content-length", "5"}})).value(), 5u);
    EXPECT_EQ(declared_length(head_with({{"content-length", "5, 5"}})).value(), 5u);
    for (const char* value : {"5, 6", "", " ", "-2", "+5", "0x5", "5a", "1e30", "5.0", "9223372036854775808",
                              "18446744073709551616", ",", "5,"}) {
        auto length = declared_length(head_with({{"content-length", value}}));
        ASSERT_FALSE(length) << value;
        EXPECT_EQ(length.error().kind(), ErrorKind::Corrupt);
    }
    EXPECT_EQ(declared_length(head_with({{"content-length", "9223372036854775807"}})).value(), INT64_MAX);
}

TEST(BodyFraming, refuses_ambiguous_codings) {
    EXPECT_FALSE(body_framing(head_with({{"transfer-encoding", "chunked"}, {"content-length", "1"}}), false));
    EXPECT_FALSE(
        body_framing(head_with({{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}), false));
    for (const char* value :
         {"gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;q=1", ""}) {
        EXPECT_FALSE(body_framing(head_with({{"transfer-encoding", value}}), false)) << value;
    }
    ResponseHead old = head_with({{"transfer-encoding", "chunked"}});
    old.is_http_1_0 = true;
    EXPECT_FALSE(body_framing(old, false));
}

TEST(KeepAlive, is_the_default_of_1_1_only) {
    EXPECT_TRUE(keeps_alive(head_with({})));
    EXPECT_FALSE(keeps_alive(head_with({{"connection", "x, Close"}})));
    ResponseHead old = head_with({});
    old.is_http_1_0 = true;
    EXPECT_FALSE(keeps_alive(old));
    old.headers = {{"connection", "Keep-Alive"}};
    EXPECT_TRUE(keeps_alive(old));
}

TEST(KeepAlive, is_as_long_as_the_server_says) {
    EXPECT_EQ(keep_alive_timeout(head_with({{"keep-alive", "timeout=5, max=100"}})), std::chrono::seconds(5));
    EXPECT_EQ(keep_alive_timeout(head_with({{"keep-alive", "max=100"}})), std::nullopt);
    EXPECT_EQ(keep_alive_timeout(head_with({{"keep-alive", "timeout=x"}})), std::nullopt);
    EXPECT_EQ(keep_alive_timeout(head_with({{"keep-alive", "timeout=99999999999"}})), std::chrono::days(1));
}

TEST(ChunkDecoder, decodes_pieces_of_any_size) {
    const std::string_view body =
        "4\r\nWiki\r\n00B;a=\"b\"\r\nEnglish text\r\n0\r\nTrailer: x\r\nB: y\r\n\r\n";
    const std::string_view right =
        "4\r\nWiki\r\n00C;a=\"b\"\r\nEnglish text\r\n0\r\nTrailer: x\r\nB: y\r\n\r\n";
    for (std::size_t piece = 1; piece <= right.size(); ++piece) {
        bool done = false;
        EXPECT_EQ(decode(right, piece, done).value(), "WikiEnglish text") << piece;
        EXPECT_TRUE(done);
        // One byte more than the chunk says.
        EXPECT_FALSE(decode(body, piece, done));
    }
}

TEST(ChunkDecoder, is_not_done_when_cut_anywhere) {
    const std::string_view whole = "3\r\nabc\r\n0\r\n\r\n";
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        bool done = true;
        ASSERT_TRUE(decode(whole.substr(0, bytes), 100, done));
        EXPECT_FALSE(done) << bytes;
    }
}

TEST(ChunkDecoder, refuses_hostile_framing) {
    for (const std::string& text :
         {std::string("-2\r\n"), std::string("+1\r\na\r\n0\r\n\r\n"), std::string(" 1\r\n"),
          std::string("\r\n"), std::string("g\r\n"), std::string("0x1\r\n"), std::string("1\na\n0\n\n"),
          std::string("1\r\nab\r\n"), std::string("1\r\na\n0\r\n\r\n"), std::string("1\rxa"),
          std::string("8000000000000000\r\n"), std::string("ffffffffffffffffff\r\n"),
          std::string("00000000000000000\r\n"), "1;" + std::string(5000, 'e') + "\r\n",
          std::string("1;\x01\r\n"), std::string("1;a\n"), "0\r\nT: " + std::string(20000, 't'),
          std::string("0\r\nT: \n\r\n"), std::string("0\r\n\rx")}) {
        bool done = false;
        auto data = decode(text, 7, done);
        ASSERT_FALSE(data) << text.substr(0, 40);
        EXPECT_EQ(data.error().kind(), ErrorKind::Corrupt);
    }
}

}  // namespace
}  // namespace godwit::net
