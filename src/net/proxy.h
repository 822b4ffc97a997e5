// Forward proxies: which one an origin is reached through, and what the proxy is told.
//
// Plain HTTP is asked of the proxy in absolute form (RFC 9112 §3.2.2); TLS goes through a tunnel
// (CONNECT, RFC 9110 §9.3.6), so that the proxy sees neither requests nor keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/http_options.h"
#include "net/url.h"

namespace godwit::net {

struct Proxy {
    Origin origin;              // always plain
    std::string authorization;  // value of Proxy-Authorization; empty without user information
};

// Hosts that are reached without a proxy. Entries: "*" (all), a host name (also what is below it),
// ".example.org" (only what is below it), an address, a network ("10.0.0.0/8"); names and addresses
// may carry ":port".
class NoProxyList {
  public:
    // Fails with Invalid and the entry.
    static Result<NoProxyList> parse(const std::vector<std::string>& entries);
    bool covers(const Origin& origin) const;

  private:
    struct Network {
        Address address;
        unsigned prefix_bits;
    };
    struct Name {
        std::string suffix;  // lower case, without leading dot
        bool includes_itself;
        std::optional<std::uint16_t> port;
    };
    Result<void> add(std::string_view entry);
    Result<void> add_network(std::string_view entry, std::size_t slash);

    bool all_ = false;
    std::vector<Network> networks_;
    std::vector<Name> names_;
};

class Proxies {
  public:
    // Fails with Invalid; the message never holds the user information.
    static Result<Proxies> parse(const HttpClientOptions& options);
    // The proxy for `origin`, or null. Lives as long as this object.
    const Proxy* proxy_for(const Origin& origin) const;

  private:
    std::optional<Proxy> http_;
    std::optional<Proxy> https_;
    NoProxyList direct_;
};

// The head of a CONNECT request for `origin`.
std::string connect_head(const Proxy& proxy, const Origin& origin);
// `head` with its request target in absolute form and the proxy's authorization.
std::string absolute_head(const Proxy& proxy, const Origin& origin, std::string_view head);

}  // namespace godwit::net
