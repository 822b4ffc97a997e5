// URLs, proxies, addresses of buckets: what is printed is read as the same, and no secret shows.
//
// Input: three lines: a URL (or proxy), an entry of no_proxy, a bucket; then a key.
#include "base/check.h"
#include "base/encoding.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "net/address.h"
#include "net/proxy.h"
#include "net/url.h"
#include "s3/addressing.h"

namespace godwit::fuzz {
namespace {

void check_origin(const net::Origin& origin) {
    for (const std::string& text : {origin.authority(), origin.host_and_port()}) {
        Result<net::Origin> again = net::parse_authority(origin.tls, text);
        GODWIT_CHECK(again && *again == origin, "{}", text);
    }
    Result<net::Url> again = net::parse_url(origin.display());
    GODWIT_CHECK(again && again->origin == origin && again->path == "/", "{}", origin.display());
}

std::optional<net::Url> check_url(const std::string& text) {
    Result<net::Url> url = net::parse_url(text);
    if (!url) {
        std::string user_info = net::split_user_info(text).user_info;
        // What stands elsewhere in the URL as well is no secret.
        bool is_secret = user_info.size() > 3 && text.find(user_info) == text.rfind(user_info);
        GODWIT_CHECK(!is_secret || !url.error().subject().contains(user_info), "{}", printable(text));
        return std::nullopt;
    }
    check_origin(url->origin);
    std::string written = url->origin.display() + url->path + (url->query.empty() ? "" : "?" + url->query);
    Result<net::Url> again = net::parse_url(written);
    GODWIT_CHECK(
        again && again->origin == url->origin && again->path == url->path && again->query == url->query, "{}",
        written);
    return std::move(*url);
}

void check_proxies(const std::string& proxy, const std::string& direct, const net::Origin& origin) {
    net::HttpClientOptions options;
    options.proxy_http = options.proxy_https = proxy;
    options.no_proxy = {direct};
    Result<net::Proxies> proxies = net::Proxies::parse(options);
    const net::Proxy* chosen = proxies ? proxies->proxy_for(origin) : nullptr;
    if (!chosen) return;
    check_origin(chosen->origin);
    // A head of one line each, whatever the user information held.
    GODWIT_CHECK(chosen->authorization.find_first_of("\r\n") == std::string::npos);
    std::string head = net::absolute_head(*chosen, origin, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    GODWIT_CHECK(head.ends_with("Host: h\r\n\r\n") && head.starts_with("GET http://"), "{}", head);
}

void check_address(const std::string& text) {
    std::optional<net::Address> address = net::Address::parse(text, 443);
    if (!address) return;
    std::string shown = address->display();
    Result<net::Origin> origin = net::parse_authority(true, shown);
    GODWIT_CHECK(origin && net::Address::parse(origin->host, origin->port) == address, "{}", shown);
}

// The path that is asked for names exactly the bucket and the key.
void check_bucket(const std::string& url, const std::string& bucket, std::string_view key) {
    auto address = s3::Address::make({.url = url, .region = "eu-west-1"}, bucket);
    if (!address) return;
    check_origin(address->origin());
    std::string path = address->path(key);
    GODWIT_CHECK(path.find_first_of(" ?#\r\n") == std::string::npos, "{}", path);
    // What stands before it is the endpoint's own path, as it was written.
    std::string end =
        (address->virtual_hosted() ? "/" : "/" + bucket + "/") + percent_encode(key, Keep::UnreservedSlash);
    GODWIT_CHECK(key.empty() || path.ends_with(end), "{}", path);
    std::string source = address->copy_source(key, "v&1");
    std::size_t version = source.rfind("?versionId=");
    GODWIT_CHECK(version != std::string::npos && source.find('?') == version, "{}", source);
    GODWIT_CHECK(percent_decode(source.substr(0, version)) == bucket + "/" + std::string(key), "{}", source);
}

}  // namespace

void run(Input input) {
    std::string url(input.line()), direct(input.line()), bucket(input.line());
    std::optional<net::Url> parsed = check_url(url);
    check_address(direct);
    check_proxies(url, direct, parsed ? parsed->origin : net::Origin{.host = bucket});
    if (auto uri = s3::parse_s3_uri("s3://" + bucket)) check_bucket(url, uri->bucket, input.rest());
}

}  // namespace godwit::fuzz
