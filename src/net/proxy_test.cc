#include "net/proxy.h"

#include <gtest/gtest.h>

namespace godwit::net {
namespace {

Origin http(std::string host, std::uint16_t port = 80) {
    return {.tls = false, .host = std::move(host), .port = port};
}

Proxies proxies_with(std::vector<std::string> no_proxy) {
    HttpClientOptions options;
    options.proxy_http = "http://proxy:3128";
    options.no_proxy = std::move(no_proxy);
    return Proxies::parse(options).value();
}

TEST(NoProxy, covers_a_name_and_what_is_below_it) {
    Proxies proxies = proxies_with({"Example.org", ".only.below", "10.1.2.3"});
    EXPECT_FALSE(proxies.proxy_for(http("example.org")));
    EXPECT_FALSE(proxies.proxy_for(http("a.b.example.org")));
    EXPECT_TRUE(proxies.proxy_for(http("badexample.org")));
    EXPECT_TRUE(proxies.proxy_for(http("example.org.evil")));
    EXPECT_TRUE(proxies.proxy_for(http("only.below")));
    EXPECT_FALSE(proxies.proxy_for(http("x.only.below")));
    EXPECT_FALSE(proxies.proxy_for(http("10.1.2.3")));
    EXPECT_TRUE(proxies.proxy_for(http("10.1.2.4")));
}

TEST(NoProxy, can_be_narrowed_to_a_port) {
    Proxies proxies = proxies_with({"h:9000", "[::1]:9000"});
    EXPECT_FALSE(proxies.proxy_for(http("h", 9000)));
    EXPECT_TRUE(proxies.proxy_for(http("h", 9001)));
    EXPECT_FALSE(proxies.proxy_for(http("::1", 9000)));
    EXPECT_TRUE(proxies.proxy_for(http("::1", 80)));
}

TEST(NoProxy, covers_networks_by_prefix) {
    Proxies proxies = proxies_with({"10.0.0.0/9", "2001:db8::/33", "fd00::7"});
    EXPECT_FALSE(proxies.proxy_for(http("10.127.0.1")));
    EXPECT_TRUE(proxies.proxy_for(http("10.128.0.1")));
    EXPECT_FALSE(proxies.proxy_for(http("2001:db8:7fff::1")));
    EXPECT_TRUE(proxies.proxy_for(http("2001:db8:8000::1")));
    EXPECT_FALSE(proxies.proxy_for(http("fd00::7")));
    EXPECT_TRUE(proxies.proxy_for(http("0a.0.0.1")));
    EXPECT_FALSE(proxies_with({"0.0.0.0/0"}).proxy_for(http("1.2.3.4")));
}

TEST(NoProxy, star_covers_all) {
    EXPECT_FALSE(proxies_with({"x", "*"}).proxy_for(http("anything")));
}

TEST(NoProxy, refuses_entries_that_mean_nothing) {
    for (const char* entry :
         {"10.0.0.0/33", "::/129", "x/8", "10.0.0.0/", "10.0.0.0/a", "a b", "h:0", "http://h", "*.h"}) {
        HttpClientOptions options;
        options.no_proxy = {entry};
        auto proxies = Proxies::parse(options);
        ASSERT_FALSE(proxies) << entry;
        EXPECT_EQ(proxies.error().kind(), ErrorKind::Invalid);
        EXPECT_NE(proxies.error().message().find(entry), std::string::npos);
    }
}

TEST(Proxy, is_chosen_by_scheme) {
    HttpClientOptions options;
    options.proxy_https = "http://secure:1";
    Proxies proxies = Proxies::parse(options).value();
    EXPECT_FALSE(proxies.proxy_for(http("h")));
    EXPECT_EQ(proxies.proxy_for({.tls = true, .host = "h", .port = 443})->origin.host, "secure");
}

TEST(Proxy, takes_user_information_and_a_missing_scheme) {
    HttpClientOptions options;
    options.proxy_http = "us%40er:p%3Aw@proxy.lan:3128";
    Proxies proxies = Proxies::parse(options).value();
    const Proxy& proxy = *proxies.proxy_for(http("h"));
    EXPECT_EQ(proxy.origin.host_and_port(), "proxy.lan:3128");
    EXPECT_EQ(proxy.authorization, "Basic dXNAZXI6cDp3");
}

TEST(Proxy, never_shows_its_password_in_an_error) {
    for (const char* text :
         {"http://u:hunter2@", "https://u:hunter2@h", "http://u:hunter2%zz@h", "http://u:hunter2@h:99999"}) {
        HttpClientOptions options;
        options.proxy_http = text;
        auto proxies = Proxies::parse(options);
        ASSERT_FALSE(proxies) << text;
        EXPECT_EQ(proxies.error().message().find("hunter2"), std::string::npos) << proxies.error().message();
    }
}

TEST(Proxy, writes_heads_for_tunnels_and_absolute_targets) {
    Proxy proxy{.origin = http("p", 3128), .authorization = "Basic eA=="};
    EXPECT_EQ(connect_head(proxy, {.tls = true, .host = "::1", .port = 443}),
              "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic eA==\r\n\r\n");
    EXPECT_EQ(absolute_head(proxy, http("h", 9000), "GET /p?q HTTP/1.1\r\nHost: h:9000\r\n\r\n"),
              "GET http://h:9000/p?q HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\nHost: h:9000\r\n\r\n");
    proxy.authorization.clear();
    EXPECT_EQ(absolute_head(proxy, http("h"), "GET / HTTP/1.1\r\n\r\n"), "GET http://h/ HTTP/1.1\r\n\r\n");
}

}  // namespace
}  // namespace godwit::net
