#include "net/proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace godwit::net {
namespace {

Error invalid_entry(std::string_view entry, std::string cause) {
    return Error(ErrorKind::Invalid, "parse no_proxy entry", std::string(entry), std::move(cause));
}

Result<std::optional<Proxy>> parse_proxy(const std::string& text) {
    if (text.empty()) return std::optional<Proxy>();
    SplitUserInfo split = split_user_info(text);
    // Without a scheme, "host:port", as the environment variables are often written.
    if (split.url.find("://") == std::string::npos) split.url = "http://" + split.url;
    GODWIT_TRY(Url url, parse_url(split.url));
    if (url.origin.tls) {
        return Error(ErrorKind::Invalid, "use proxy", url.origin.display(),
                     "a proxy is reached by http:// only");
    }
    Proxy proxy{.origin = url.origin, .authorization = {}};
    if (!split.user_info.empty()) {
        std::optional<std::string> user_info = percent_decode(split.user_info);
        if (!user_info) {
            return Error(ErrorKind::Invalid, "use proxy", url.origin.display(),
                         "'%' in the user information must begin %XX");
        }
        proxy.authorization = "Basic " + base64_encode(bytes_of(*user_info));
    }
    return std::optional<Proxy>(std::move(proxy));
}

bool in_network(std::string_view ip, std::string_view network, unsigned prefix_bits) {
    if (ip.size() != network.size()) return false;
    std::size_t whole = prefix_bits / 8;
    if (ip.substr(0, whole) != network.substr(0, whole)) return false;
    unsigned rest = prefix_bits % 8;
    if (rest == 0) return true;
    auto difference = static_cast<unsigned char>(ip[whole] ^ network[whole]);
    return difference >> (8 - rest) == 0;
}

}  // namespace

Result<NoProxyList> NoProxyList::parse(const std::vector<std::string>& entries) {
    NoProxyList list;
    for (const std::string& entry : entries) GODWIT_TRY_VOID(list.add(entry));
    return list;
}

Result<void> NoProxyList::add(std::string_view entry) {
    if (entry.empty()) return {};
    if (entry == "*") {
        all_ = true;
        return {};
    }
    if (std::size_t slash = entry.find('/'); slash != std::string_view::npos)
        return add_network(entry, slash);
    bool includes_itself = !entry.starts_with('.');
    std::string_view name = entry.substr(includes_itself ? 0 : 1);
    // A bare IPv6 address has colons of its own.
    bool is_address = Address::parse(name, 0).has_value();
    std::string bracketed =
        is_address && name.find(':') != name.npos ? fmt::format("[{}]", name) : std::string(name);
    auto origin = parse_authority(false, bracketed);
    if (!origin) return invalid_entry(entry, origin.error().cause());
    bool has_port = !is_address && bracketed.find(':', bracketed.rfind(']') + 1) != std::string::npos;
    names_.push_back({.suffix = origin->host,
                      .includes_itself = includes_itself,
                      .port = has_port ? std::optional(origin->port) : std::nullopt});
    return {};
}

Result<void> NoProxyList::add_network(std::string_view entry, std::size_t slash) {
    std::optional<Address> address = Address::parse(entry.substr(0, slash), 0);
    std::string_view digits = entry.substr(slash + 1);
    unsigned bits = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (!address || error != std::errc() || end != digits.data() + digits.size() ||
        bits > address->ip_bytes().size() * 8) {
        return invalid_entry(entry, "a network is written address/bits");
    }
    networks_.push_back({.address = *address, .prefix_bits = bits});
    return {};
}

bool NoProxyList::covers(const Origin& origin) const {
    if (all_) return true;
    if (std::optional<Address> address = Address::parse(origin.host, 0)) {
        for (const Network& network : networks_) {
            if (in_network(address->ip_bytes(), network.address.ip_bytes(), network.prefix_bits)) return true;
        }
    }
    return std::any_of(names_.begin(), names_.end(), [&](const Name& name) {
        if (name.port && *name.port != origin.port) return false;
        if (origin.host == name.suffix) return name.includes_itself;
        return origin.host.ends_with(name.suffix) &&
               origin.host[origin.host.size() - name.suffix.size() - 1] == '.';
    });
}

Result<Proxies> Proxies::parse(const HttpClientOptions& options) {
    Proxies proxies;
    GODWIT_TRY(proxies.http_, parse_proxy(options.proxy_http));
    GODWIT_TRY(proxies.https_, parse_proxy(options.proxy_https));
    GODWIT_TRY(proxies.direct_, NoProxyList::parse(options.no_proxy));
    return proxies;
}

const Proxy* Proxies::proxy_for(const Origin& origin) const {
    const std::optional<Proxy>& proxy = origin.tls ? https_ : http_;
    return proxy && !direct_.covers(origin) ? &*proxy : nullptr;
}

std::string connect_head(const Proxy& proxy, const Origin& origin) {
    std::string target = origin.host_and_port();
    std::string head = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", target, target);
    if (!proxy.authorization.empty()) head += fmt::format("Proxy-Authorization: {}\r\n", proxy.authorization);
    return head + "\r\n";
}

std::string absolute_head(const Proxy& proxy, const Origin& origin, std::string_view head) {
    std::size_t target = std::min(head.find(' '), head.size() - 1) + 1;
    std::size_t line_end = std::min(head.find("\r\n"), head.size() - 2) + 2;
    std::string out = fmt::format("{}http://{}{}", head.substr(0, target), origin.authority(),
                                  head.substr(target, line_end - target));
    if (!proxy.authorization.empty()) out += fmt::format("Proxy-Authorization: {}\r\n", proxy.authorization);
    out += head.substr(line_end);
    return out;
}

}  // namespace godwit::net
