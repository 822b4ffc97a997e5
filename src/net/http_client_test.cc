#include "net/http_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/encoding.h"
#include "net/scripted_server.h"
#include "runtime/group.h"

namespace godwit::net {
namespace {

using runtime::IoLoop;
using runtime::TaskGroup;

constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct HttpClientTest : testing::Test {
    IoLoop loop;
    HttpClientOptions options;
    std::unique_ptr<HttpClient> client;

    void start() { client = HttpClient::make(loop, options).value(); }
    static Task<Result<Answer>> fetch_in(IoLoop& loop, HttpClient& client, const Origin& origin,
                                         const HttpRequest& request) {
        Context context(loop);
        co_return co_await fetch(context, client, origin, request);
    }
    Result<Answer> run(const Origin& origin, const HttpRequest& request) {
        if (!client) start();
        return loop.block_on(fetch_in(loop, *client, origin, request));
    }
    Result<Answer> get(const ScriptedServer& server) {
        return run(server.origin(), get_request(server.origin()));
    }
};

TEST_F(HttpClientTest, reads_head_and_body) {
    ScriptedServer server(answer_all("HTTP/1.1 203 Fine\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello"));
    Answer answer = get(server).value();
    EXPECT_EQ(answer.status, 203);
    EXPECT_EQ(answer.body, "hello");
    ASSERT_EQ(answer.headers.size(), 2u);
    EXPECT_EQ(answer.headers[1].first, "etag");
}

TEST_F(HttpClientTest, sends_head_and_body_as_given) {
    std::string head, body;
    HttpRequest request;
    const std::string sent(3 << 20, 'x');
    {
        ScriptedServer server([&](Peer& peer, int) {
            head = peer.read_head();
            body = peer.read_exactly(sent.size());
            peer.write(kHello);
        });
        request = put_request(server.origin(), sent);
        EXPECT_EQ(run(server.origin(), request)->status, 200);
    }
    EXPECT_EQ(head, request.head);
    EXPECT_TRUE(body == sent);
}

TEST_F(HttpClientTest, uses_one_connection_for_one_request_after_another) {
    ScriptedServer server(answer_all(kHello));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 1);
    EXPECT_EQ(client->stats().connects, 1u);
    EXPECT_EQ(client->stats().requests, 10u);
    EXPECT_EQ(client->stats().bytes_received, 10 * std::string_view(kHello).size());
    EXPECT_EQ(client->stats().bytes_sent, 10 * get_request(server.origin()).head.size());
}

TEST_F(HttpClientTest, does_not_keep_a_connection_that_the_server_will_close) {
    ScriptedServer server(answer_all("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    get(server).value();
    get(server).value();
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, does_not_use_a_connection_longer_than_the_server_keeps_it) {
    ScriptedServer server(
        answer_all("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n"));
    get(server).value();
    get(server).value();
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, reads_chunked_bodies_and_keeps_the_connection) {
    ScriptedServer server(answer_all(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: v\r\n\r\n"));
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, reads_large_chunks_whole) {
    std::string data(5 << 20, 'a');
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 >> 3);
    std::string body;
    for (std::size_t at = 0, size = 1; at < data.size(); at += size, size = size * 3 % 700'001 + 1) {
        std::string_view chunk = std::string_view(data).substr(at, size);
        body += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
    }
    ScriptedServer server(
        answer_all("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "0\r\n\r\n"));
    EXPECT_TRUE(get(server)->body == data);
    EXPECT_TRUE(get(server)->body == data);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, reads_a_body_that_ends_with_the_connection) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.0 200 OK\r\n\r\nhello");
    });
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, takes_no_body_after_head_requests_whatever_the_headers_say) {
    ScriptedServer server(answer_all("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"));
    HttpRequest request = get_request(server.origin());
    request.head_only = true;
    start();
    auto head = [](IoLoop& loop, HttpClient& http, const Origin& origin,
                   const HttpRequest& wanted) -> Task<std::uint64_t> {
        Context context(loop);
        auto response = co_await http.exchange(context, origin, wanted);
        co_return response->content_length().value();
    };
    Origin origin = server.origin();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(loop.block_on(head(loop, *client, origin, request)), 1'000'000u);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, passes_over_interim_answers) {
    ScriptedServer server(answer_all("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" +
                                     std::string(kHello)));
    EXPECT_EQ(get(server)->status, 200);
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, does_not_follow_redirects) {
    ScriptedServer server(
        answer_all("HTTP/1.1 301 Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(get(server)->status, 301);
}

TEST_F(HttpClientTest, closes_the_connection_when_the_body_is_not_wanted) {
    ScriptedServer server(answer_all(kHello));
    start();
    auto drop = [](IoLoop& loop, HttpClient& http, Origin origin) -> Task<int> {
        Context context(loop);
        HttpRequest request = get_request(origin);
        auto response = co_await http.exchange(context, origin, request);
        co_return response->status();
    };
    EXPECT_EQ(loop.block_on(drop(loop, *client, server.origin())), 200);
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, fills_a_buffer_exactly_or_says_that_the_body_is_shorter) {
    ScriptedServer server(answer_all(kHello));
    start();
    auto exactly = [](IoLoop& loop, HttpClient& http, Origin origin, std::size_t bytes) -> Task<std::string> {
        Context context(loop);
        HttpRequest request = get_request(origin);
        auto response = co_await http.exchange(context, origin, request);
        std::vector<std::byte> out(bytes);
        std::span<std::byte> span(out);
        auto read = co_await response->read_exactly(context, span);
        if (!read) co_return read.error().code();
        co_return std::string(reinterpret_cast<const char*>(out.data()), out.size());
    };
    EXPECT_EQ(loop.block_on(exactly(loop, *client, server.origin(), 3)), "hel");
    EXPECT_EQ(loop.block_on(exactly(loop, *client, server.origin(), 5)), "hello");
    EXPECT_EQ(loop.block_on(exactly(loop, *client, server.origin(), 6)), "BodyShort");
}

TEST_F(HttpClientTest, refuses_a_text_longer_than_wanted) {
    ScriptedServer server(
        answer_all("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
    start();
    auto text = [](IoLoop& loop, HttpClient& http, Origin origin,
                   std::size_t bytes_max) -> Task<std::string> {
        Context context(loop);
        HttpRequest request = get_request(origin);
        auto response = co_await http.exchange(context, origin, request);
        auto body = co_await response->read_text(context, bytes_max);
        co_return body ? *body : body.error().code();
    };
    EXPECT_EQ(loop.block_on(text(loop, *client, server.origin(), 5)), "hello");
    EXPECT_EQ(loop.block_on(text(loop, *client, server.origin(), 4)), "BodyTooLarge");
    EXPECT_EQ(loop.block_on(text(loop, *client, server.origin(), 0)), "BodyTooLarge");
}

TEST_F(HttpClientTest, reaches_ipv6_literals_and_localhost) {
    ScriptedServer six(answer_all(kHello), nullptr, "::1");
    EXPECT_EQ(get(six)->body, "hello");
    ScriptedServer four(answer_all(kHello));
    Origin by_name = four.origin();
    by_name.host = "localhost";  // ::1 may be tried first, and refuses
    EXPECT_EQ(run(by_name, get_request(by_name))->body, "hello");
}

TEST_F(HttpClientTest, keeps_origins_apart) {
    ScriptedServer one(answer_all("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"));
    ScriptedServer two(answer_all("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(get(one)->body, "one");
        EXPECT_EQ(get(two)->body, "two");
    }
    EXPECT_EQ(one.connections() + two.connections(), 2);
}

TEST_F(HttpClientTest, closes_the_oldest_idle_connection_to_stay_within_its_bound) {
    ScriptedServer one(answer_all(kHello)), two(answer_all(kHello)), three(answer_all(kHello));
    options.connections_max = 2;
    for (int i = 0; i < 2; ++i) {
        get(one).value();
        get(two).value();
        get(three).value();
    }
    EXPECT_EQ(one.connections(), 2);
    EXPECT_EQ(two.connections(), 2);
    EXPECT_EQ(three.connections(), 2);
}

TEST_F(HttpClientTest, closes_idle_connections_when_their_time_is_over) {
    options.idle_timeout = std::chrono::milliseconds(20);
    std::size_t before = open_descriptors();
    {
        ScriptedServer server(answer_all(kHello));
        get(server).value();
        auto rest = [](IoLoop& loop) -> Task<int> {
            Context context(loop);
            auto rested = co_await runtime::sleep(context, std::chrono::milliseconds(40));
            co_return rested ? 1 : 0;
        };
        loop.block_on(rest(loop));
    }
    // The server has gone, and the client closed without being asked anything.
    EXPECT_EQ(open_descriptors(), before);
}

Task<void> fetch_one(Context& context, HttpClient& client, Origin origin, int number, int& right) {
    std::string path = fmt::format("/{}", number);
    HttpRequest request = get_request(origin, path);
    auto answer = co_await fetch(context, client, origin, request);
    if (answer && answer->body == path) ++right;
}

Task<int> fetch_all(IoLoop& loop, HttpClient& client, Origin origin, int count) {
    Context context(loop);
    TaskGroup group(loop);
    int right = 0;
    for (int i = 0; i < count; ++i) group.spawn(fetch_one(context, client, origin, i, right));
    co_await group.wait();
    co_return right;
}

// Answers with the path that was asked for.
void echo_path(Peer& peer, int) {
    for (;;) {
        std::string head = peer.read_head();
        if (head.empty()) return;
        std::string path = head.substr(4, head.find(' ', 4) - 4);
        peer.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", path.size(), path));
    }
}

TEST_F(HttpClientTest, makes_a_thousand_exchanges_at_once) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    ScriptedServer server(echo_path);
    start();
    EXPECT_EQ(loop.block_on(fetch_all(loop, *client, server.origin(), 1000)), 1000);
    EXPECT_LE(server.connections(), 1000);
    EXPECT_GE(server.connections(), 2);
}

TEST_F(HttpClientTest, never_has_more_connections_than_it_may) {
    ScriptedServer server(echo_path);
    options.connections_max = 3;
    start();
    EXPECT_EQ(loop.block_on(fetch_all(loop, *client, server.origin(), 200)), 200);
    EXPECT_EQ(server.connections(), 3);
}

}  // namespace
}  // namespace godwit::net
