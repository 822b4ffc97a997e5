// Exchanges through a forward proxy.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"
#include "net/http_client.h"
#include "net/scripted_server.h"
#include "net/test_certificates.h"

namespace godwit::net {
namespace {

using runtime::IoLoop;

constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct ProxyTest : testing::Test {
    TestAuthority authority;
    IoLoop loop;
    HttpClientOptions options{
        .tls = {.ca_file = authority.file()}, .proxy_http = {}, .proxy_https = {}, .no_proxy = {}};

    static Task<Result<Answer>> fetch_in(IoLoop& loop, HttpClient& client, const Origin& origin,
                                         const HttpRequest& request) {
        Context context(loop);
        co_return co_await fetch(context, client, origin, request);
    }
    Result<Answer> get(const Origin& origin) {
        auto client = HttpClient::make(loop, options).value();
        return loop.block_on(fetch_in(loop, *client, origin, get_request(origin, "/path?q=1")));
    }
    static std::string url_of(const ScriptedServer& proxy, const char* user_info = "") {
        return std::string("http://") + user_info + proxy.origin().host_and_port();
    }
};

// Carries bytes between `peer` and a new connection to `port` until either side ends.
void relay(Peer& peer, std::uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    Address address = *Address::parse("127.0.0.1", port);
    GODWIT_CHECK(connect(fd, address.data(), address.size()) == 0);
    pollfd ends[2] = {{.fd = peer.fd(), .events = POLLIN, .revents = 0},
                      {.fd = fd, .events = POLLIN, .revents = 0}};
    char bytes[16384];
    for (bool open = true; open;) {
        poll(ends, 2, -1);
        for (int from = 0; from < 2; ++from) {
            if (!ends[from].revents) continue;
            ssize_t count = recv(ends[from].fd, bytes, sizeof bytes, 0);
            open = count > 0 &&
                   send(ends[1 - from].fd, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count &&
                   open;
        }
    }
    close(fd);
}

TEST_F(ProxyTest, is_asked_for_plain_http_in_absolute_form) {
    std::string head;
    {
        ScriptedServer proxy([&](Peer& peer, int) {
            head = peer.read_head();
            peer.write(kHello);
        });
        options.proxy_http = url_of(proxy, "user:pass@");
        EXPECT_EQ(get({.tls = false, .host = "far.test", .port = 8080})->body, "hello");
    }
    EXPECT_EQ(head,
              "GET http://far.test:8080/path?q=1 HTTP/1.1\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"
              "Host: far.test:8080\r\n\r\n");
}

TEST_F(ProxyTest, tunnels_tls_without_seeing_the_request) {
    ServerTls tls = authority.server({.names = "DNS:far.test"});
    ScriptedServer server(answer_all(kHello), tls.get());
    std::string head;
    {
        ScriptedServer proxy([&](Peer& peer, int) {
            head = peer.read_head();
            peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
            relay(peer, server.port());
        });
        options.proxy_https = url_of(proxy, "user:pass@");
        auto answer = get({.tls = true, .host = "far.test", .port = 443});
        ASSERT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer->body, "hello");
    }
    EXPECT_EQ(head,
              "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\nProxy-Authorization: Basic "
              "dXNlcjpwYXNz\r\n\r\n");
}

TEST_F(ProxyTest, that_refuses_a_tunnel_is_named_with_its_answer) {
    ScriptedServer proxy([](Peer& peer, int number) {
        peer.read_head();
        peer.write(number == 0 ? "HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n"
                               : "HTTP/1.1 502 Bad\r\n\r\n");
    });
    options.proxy_https = url_of(proxy);
    Origin far{.tls = true, .host = "far.test", .port = 443};
    auto denied = get(far);
    EXPECT_EQ(denied.error().kind(), ErrorKind::Denied);
    EXPECT_EQ(denied.error().code(), "ProxyAuthenticationRequired");
    auto failed = get(far);
    EXPECT_EQ(failed.error().code(), "ConnectFailed");
    EXPECT_NE(failed.error().cause().find("502 for far.test:443"), std::string::npos)
        << failed.error().message();
}

TEST_F(ProxyTest, must_not_speak_before_the_client_does) {
    ScriptedServer proxy([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        peer.hold();
    });
    options.proxy_https = url_of(proxy);
    EXPECT_EQ(get({.tls = true, .host = "far.test", .port = 443}).error().code(), "ConnectFailed");
}

TEST_F(ProxyTest, is_passed_by_for_hosts_that_need_none) {
    ScriptedServer server(answer_all(kHello));
    ScriptedServer proxy(answer_all("HTTP/1.1 500 Proxy\r\nContent-Length: 0\r\n\r\n"));
    options.proxy_http = url_of(proxy);
    EXPECT_EQ(get(server.origin())->status, 500);
    options.no_proxy = {"127.0.0.0/8"};
    EXPECT_EQ(get(server.origin())->status, 200);
}

TEST_F(ProxyTest, that_cannot_be_used_is_refused_when_the_client_is_made) {
    options.proxy_http = "https://proxy:443";
    auto made = HttpClient::make(loop, options);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind(), ErrorKind::Invalid);
}

}  // namespace
}  // namespace godwit::net
