// HTTPS: what is trusted, what is refused, and what an end without close_notify means (fault 39).
#include <gtest/gtest.h>

#include <atomic>

#include "net/http_client.h"
#include "net/scripted_server.h"
#include "net/test_certificates.h"
#include "runtime/group.h"

namespace godwit::net {
namespace {

using namespace std::chrono_literals;
using runtime::IoLoop;

constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct TlsTest : testing::Test {
    TestAuthority authority;
    IoLoop loop;
    HttpClientOptions options{
        .tls = {.ca_file = authority.file()}, .proxy_http = {}, .proxy_https = {}, .no_proxy = {}};
    std::unique_ptr<HttpClient> client;

    static Task<Result<Answer>> fetch_in(IoLoop& loop, HttpClient& client, const Origin& origin,
                                         const HttpRequest& request) {
        Context context(loop);
        co_return co_await fetch(context, client, origin, request);
    }
    Result<Answer> run(const Origin& origin, const HttpRequest& request) {
        if (!client) client = HttpClient::make(loop, options).value();
        return loop.block_on(fetch_in(loop, *client, origin, request));
    }
    Result<Answer> get(const ScriptedServer& server) {
        return run(server.origin(), get_request(server.origin()));
    }
    Result<Answer> get(const LeafOptions& leaf) {
        ServerTls tls = authority.server(leaf);
        ScriptedServer server(answer_all(kHello), tls.get());
        return get(server);
    }
    void expect_refused(const Result<Answer>& answer, std::string_view why) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind(), ErrorKind::Denied);
        EXPECT_EQ(answer.error().code(), "CertificateRefused");
        EXPECT_NE(answer.error().cause().find(why), std::string::npos) << answer.error().message();
    }
};

TEST_F(TlsTest, speaks_to_a_server_whose_certificate_names_the_address) {
    ServerTls tls = authority.server();
    ScriptedServer server(answer_all(kHello), tls.get());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(TlsTest, D39_asks_for_the_host_by_name) {
    ServerTls tls = authority.server({.names = "DNS:localhost"});
    std::string name;
    {
        ScriptedServer server(
            [&](Peer& peer, int) {
                name = peer.server_name();
                peer.read_head();
                peer.write(kHello);
            },
            tls.get());
        Origin origin = server.origin();
        origin.host = "localhost";
        EXPECT_EQ(run(origin, get_request(origin))->body, "hello");
    }
    EXPECT_EQ(name, "localhost");
}

TEST_F(TlsTest, D39_refuses_a_certificate_for_another_name) {
    expect_refused(get(LeafOptions{.names = "DNS:localhost"}), "IP address mismatch");
    expect_refused(get(LeafOptions{.names = "IP:127.0.0.2"}), "IP address mismatch");
    ServerTls tls = authority.server({.names = "DNS:other.test,DNS:*.localhost,IP:127.0.0.1"});
    ScriptedServer server(answer_all(kHello), tls.get());
    Origin origin = server.origin();
    origin.host = "localhost";
    expect_refused(run(origin, get_request(origin)), "hostname mismatch");
}

TEST_F(TlsTest, D39_refuses_certificates_that_are_not_valid_now) {
    expect_refused(get(LeafOptions{.valid_from_seconds = -7200, .valid_to_seconds = -3600}), "expired");
    expect_refused(get(LeafOptions{.valid_from_seconds = 3600, .valid_to_seconds = 7200}), "not yet valid");
}

TEST_F(TlsTest, D39_refuses_certificates_that_nobody_trusted_has_signed) {
    expect_refused(get(LeafOptions{.self_signed = true}), "self-signed");
    TestAuthority other;
    ServerTls tls = other.server();
    ScriptedServer server(answer_all(kHello), tls.get());
    expect_refused(get(server), "unable to get local issuer");
    // The system's authorities know neither.
    client.reset();
    options.tls.ca_file.clear();
    expect_refused(get(server), "unable to get local issuer");
}

TEST_F(TlsTest, D39_takes_any_certificate_only_when_told_so) {
    options.tls.verify = false;
    EXPECT_EQ(get(LeafOptions{.names = "DNS:other", .valid_to_seconds = -60, .self_signed = true})->body,
              "hello");
}

TEST_F(TlsTest, D39_refuses_versions_below_1_2) {
    EXPECT_EQ(get(LeafOptions{.version_max = TLS1_2_VERSION})->body, "hello");
    client.reset();
    auto answer = get(LeafOptions{.version_max = TLS1_1_VERSION});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), "ConnectFailed");
}

TEST_F(TlsTest, D39_fails_to_connect_to_what_is_no_tls_server) {
    ScriptedServer server([](Peer& peer, int) { peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    Origin origin = server.origin();
    origin.tls = true;
    auto answer = run(origin, get_request(origin));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), "ConnectFailed");
    EXPECT_NE(answer.error().cause().find("TLS"), std::string::npos) << answer.error().message();
}

TEST_F(TlsTest, D36_gives_up_on_a_handshake_that_hangs) {
    ScriptedServer server([](Peer& peer, int) { peer.hold(); });
    options.connect_timeout = 50ms;
    Origin origin = server.origin();
    origin.tls = true;
    EXPECT_EQ(run(origin, get_request(origin)).error().code(), "ConnectFailed");
}

TEST_F(TlsTest, can_be_cancelled_in_the_handshake_without_leaving_a_descriptor) {
    client = HttpClient::make(loop, options).value();
    std::size_t before = open_descriptors();
    {
        ScriptedServer server([](Peer& peer, int) { peer.hold(); });
        Origin origin = server.origin();
        origin.tls = true;
        auto cancelled = [](IoLoop& on, HttpClient& http, const Origin& to) -> Task<std::string> {
            Context root(on);
            Context context(root, 30ms, "test");
            HttpRequest request = get_request(to);
            auto answer = co_await fetch(context, http, to, request);
            co_return answer.error().code();
        };
        EXPECT_EQ(loop.block_on(cancelled(loop, *client, origin)), "Timeout");
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(TlsTest, refuses_an_authority_file_that_holds_none) {
    for (const char* path : {"/nonexistent/ca.pem", "/dev/null"}) {
        options.tls.ca_file = path;
        auto made = HttpClient::make(loop, options);
        ASSERT_FALSE(made) << path;
        EXPECT_EQ(made.error().kind(), ErrorKind::Invalid);
        EXPECT_EQ(made.error().subject(), path);
    }
}

TEST_F(TlsTest, comes_back_with_the_session_of_an_earlier_connection) {
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        ServerTls tls = authority.server({.version_max = version});
        std::atomic<int> resumed = 0;
        {
            ScriptedServer server(
                [&](Peer& peer, int) {
                    resumed += peer.session_was_resumed();
                    peer.read_head();
                    peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                    peer.hold();
                },
                tls.get());
            for (int i = 0; i < 3; ++i) EXPECT_TRUE(get(server));
        }
        EXPECT_EQ(resumed, 2);
    }
}

TEST_F(TlsTest, moves_large_bodies_both_ways) {
    ServerTls tls = authority.server();
    std::string data(5'000'000, 'a');
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 13 >> 2);
    ScriptedServer server(
        [&](Peer& peer, int) {
            while (!peer.read_head().empty()) {
                std::string body = peer.read_exactly(data.size());
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
                peer.write(body);
            }
        },
        tls.get());
    for (int i = 0; i < 2; ++i)
        EXPECT_TRUE(run(server.origin(), put_request(server.origin(), data))->body == data);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(TlsTest, D38_believes_the_end_of_a_connection_only_with_close_notify) {
    ServerTls tls = authority.server();
    ScriptedServer server(
        [](Peer& peer, int number) {
            peer.read_head();
            peer.write("HTTP/1.1 200 OK\r\n\r\nhello");
            number == 0 ? peer.finish() : number == 1 ? peer.cut() : peer.reset();
            if (number < 2) peer.hold();
        },
        tls.get());
    EXPECT_EQ(get(server)->body, "hello");
    for (int i = 0; i < 2; ++i) {
        auto cut = get(server);
        ASSERT_FALSE(cut);
        EXPECT_EQ(cut.error().kind(), ErrorKind::Lost);
    }
}

TEST_F(TlsTest, needs_no_close_notify_behind_a_body_of_known_length) {
    ServerTls tls = authority.server();
    ScriptedServer server(
        [](Peer& peer, int) {
            peer.read_head();
            peer.write(kHello);
            peer.cut();
            peer.hold();
        },
        tls.get());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(server)->body, "hello");
}

TEST_F(TlsTest, reads_a_refusal_under_a_large_body) {
    ServerTls tls = authority.server();
    ScriptedServer server(
        [](Peer& peer, int number) {
            peer.read_head();
            peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied");
            if (number % 2) peer.pause(60'000);
        },
        tls.get());
    const std::string body(64 << 20, 'x');
    for (int i = 0; i < 4; ++i) {
        auto answer = run(server.origin(), put_request(server.origin(), body));
        ASSERT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer->body, "denied");
    }
}

TEST_F(TlsTest, D42_sends_again_when_the_kept_connection_was_dying) {
    ServerTls tls = authority.server();
    ScriptedServer server(
        [](Peer& peer, int number) {
            peer.read_head();
            peer.write(kHello);
            peer.read_head();
            if (number == 0) peer.finish();
        },
        tls.get());
    for (int i = 0; i < 4; ++i) EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 4);
}

}  // namespace
}  // namespace godwit::net
