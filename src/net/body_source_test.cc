// Bodies that are read while they are sent.
#include "net/body_source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "net/http_client.h"
#include "net/scripted_server.h"

namespace godwit::net {
namespace {

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Text in pieces of `piece_bytes`, from one piece of memory; fails at `fails_at_bytes`.
class TextSource final : public BodySource {
  public:
    TextSource(std::string text, std::size_t piece_bytes)
        : text_(std::move(text)), piece_(piece_bytes, '\0') {}

    std::uint64_t size_bytes() const override { return text_.size(); }
    Task<Result<std::span<const std::byte>>> next(Context&, std::uint64_t offset_bytes) override {
        offsets.push_back(offset_bytes);
        if (offset_bytes >= fails_at_bytes)
            co_return Error(fails_with, "read", "disk", "bad block").with_code(code);
        std::size_t count = text_.copy(piece_.data(), piece_.size(), offset_bytes);
        co_return std::as_bytes(std::span<const char>(piece_).first(count));
    }

    std::vector<std::uint64_t> offsets;
    std::uint64_t fails_at_bytes = ~std::uint64_t{0};
    ErrorKind fails_with = ErrorKind::Lost;
    std::string code = "ECONNRESET";

  private:
    std::string text_;
    std::string piece_;
};

struct BodySourceTest : testing::Test {
    runtime::IoLoop loop;
    std::unique_ptr<HttpClient> client = HttpClient::make(loop, HttpClientOptions()).value();

    static Task<Result<Answer>> fetch_in(runtime::IoLoop& loop, HttpClient& client, const Origin& origin,
                                         const HttpRequest& request) {
        Context context(loop);
        co_return co_await fetch(context, client, origin, request);
    }
    Result<Answer> put(const ScriptedServer& server, TextSource& source) {
        HttpRequest request;
        request.head =
            fmt::format("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", source.size_bytes());
        request.streamed = &source;
        return loop.block_on(fetch_in(loop, *client, server.origin(), request));
    }
};

std::string numbers(std::size_t bytes) {
    std::string text;
    for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i);
    text.resize(bytes);
    return text;
}

TEST_F(BodySourceTest, is_sent_whole_and_in_order_whatever_its_pieces) {
    for (std::size_t piece : {1ul, 7ul, 100'000ul, 3'000'000ul}) {
        const std::string text = numbers(piece == 1 ? 500 : 3'000'000);
        std::string got;
        ScriptedServer server([&](Peer& peer, int) {
            peer.read_head();
            got = peer.read_exactly(text.size());
            peer.write(kHello);
        });
        TextSource source(text, piece);
        auto answer = put(server, source);
        ASSERT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer->body, "hello");
        EXPECT_TRUE(got == text);
        EXPECT_TRUE(std::ranges::is_sorted(source.offsets));
        EXPECT_EQ(source.offsets.size(), (text.size() + piece - 1) / piece);
    }
}

TEST_F(BodySourceTest, its_failure_ends_the_exchange_at_once_and_resets_the_connection) {
    std::string got = "not reset";
    {
        ScriptedServer server([&](Peer& peer, int) {
            peer.read_head();
            got = peer.read_exactly(30'000'000);
        });
        TextSource source(numbers(30'000'000), 1'000'000);
        source.fails_at_bytes = 20'000'000;
        auto answer = put(server, source);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().subject(), "disk") << answer.error().message();
        EXPECT_EQ(server.connections(), 1);
    }
    EXPECT_LT(got.size(), 30'000'000u);
}

// A name that also connections fail with must not make the client wait, or send again.
TEST_F(BodySourceTest, its_failure_is_not_taken_for_the_connections) {
    ScriptedServer server([&](Peer& peer, int) {
        while (!peer.read_head().empty()) peer.write(kHello);
    });
    TextSource empty_first("x", 1);
    ASSERT_TRUE(put(server, empty_first)) << "leaves a kept connection";
    TextSource source(numbers(100), 10);
    source.fails_at_bytes = 0;
    auto answer = put(server, source);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().subject(), "disk") << answer.error().message();
    EXPECT_EQ(source.offsets.size(), 1u);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(BodySourceTest, is_read_from_its_beginning_when_a_kept_connection_had_died) {
    const std::string text = numbers(100'000);
    std::string got;
    ScriptedServer server([&](Peer& peer, int number) {
        peer.read_head();
        got = peer.read_exactly(text.size());
        peer.write(kHello);
        if (number == 0) peer.read_head();
    });
    TextSource first(text, 10'000), second(text, 10'000);
    ASSERT_TRUE(put(server, first));
    auto answer = put(server, second);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_TRUE(got == text);
    EXPECT_EQ(server.connections(), 2);
    EXPECT_EQ(std::ranges::count(second.offsets, 0u), 2);
}

TEST_F(BodySourceTest, is_not_read_to_its_end_for_a_server_that_refuses_early) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied");
        peer.pause(60'000);
    });
    TextSource source(std::string(64 << 20, 'x'), 64 << 10);
    auto answer = put(server, source);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 403);
    EXPECT_LT(source.offsets.size(), 1024u);
}

}  // namespace
}  // namespace godwit::net
