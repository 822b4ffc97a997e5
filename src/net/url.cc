#include "net/url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace godwit::net {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // RFC 1035 §2.3.4, without the final dot
constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

bool is_ipv6(std::string_view host) {
    return host.find(':') != std::string_view::npos;
}

std::string bracketed(const std::string& host) {
    return is_ipv6(host) ? "[" + host + "]" : host;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
    return out;
}

// Stricter than RFC 3986's reg-name: what DNS can hold, and the underscore that people use.
bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

Error invalid(std::string_view subject, std::string cause) {
    return Error(ErrorKind::Invalid, "parse URL", std::string(subject), std::move(cause));
}

Result<std::uint16_t> parse_port(std::string_view digits, std::string_view subject) {
    unsigned port = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65535) {
        return invalid(subject, fmt::format("port \"{}\" is not a number from 1 to 65535", digits));
    }
    return static_cast<std::uint16_t>(port);
}

Result<std::string> parse_ipv6(std::string_view text, std::string_view subject) {
    std::string host(text);
    in6_addr address;
    if (inet_pton(AF_INET6, host.c_str(), &address) != 1 || host.size() != text.size()) {
        return invalid(subject, "what stands in brackets must be an IPv6 address without zone");
    }
    char canonical[INET6_ADDRSTRLEN];
    return std::string(inet_ntop(AF_INET6, &address, canonical, sizeof canonical));
}

Result<std::string> parse_name(std::string_view text, std::string_view subject) {
    std::string host = lower(text);
    if (host.empty()) return invalid(subject, "the host is missing");
    if (host.size() > kHostBytesMax) {
        return invalid(subject,
                       fmt::format("the host has {} bytes, {} are allowed", host.size(), kHostBytesMax));
    }
    if (!std::all_of(host.begin(), host.end(), is_name_character)) {
        return invalid(subject, "a host holds letters, digits, '-', '.' and '_' only");
    }
    return host;
}

// Without what may be secret.
std::string_view without_query(std::string_view text) {
    return text.substr(0, text.find_first_of("?#"));
}

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::string Origin::host_and_port() const {
    return fmt::format("{}:{}", bracketed(host), port);
}

std::string Origin::authority() const {
    bool is_default = port == (tls ? kHttpsPort : kHttpPort);
    return is_default ? bracketed(host) : host_and_port();
}

std::string Origin::display() const {
    return (tls ? "https://" : "http://") + host_and_port();
}

Result<Origin> parse_authority(bool tls, std::string_view text) {
    Origin origin{.tls = tls, .host = {}, .port = tls ? kHttpsPort : kHttpPort};
    std::string_view rest;
    if (text.starts_with('[')) {
        std::size_t close = text.find(']');
        if (close == std::string_view::npos) return invalid(text, "'[' without ']'");
        GODWIT_TRY(origin.host, parse_ipv6(text.substr(1, close - 1), text));
        rest = text.substr(close + 1);
    } else {
        std::size_t colon = std::min(text.find(':'), text.size());
        GODWIT_TRY(origin.host, parse_name(text.substr(0, colon), text));
        rest = text.substr(colon);
    }
    if (rest.empty()) return origin;
    if (!rest.starts_with(':')) return invalid(text, "after an address in brackets only \":port\" may stand");
    GODWIT_TRY(origin.port, parse_port(rest.substr(1), text));
    return origin;
}

SplitUserInfo split_user_info(std::string_view url) {
    std::size_t scheme = url.find("://");
    std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
    std::size_t at = url.substr(begin, end - begin).rfind('@');
    if (at == std::string_view::npos) return {.user_info = {}, .url = std::string(url)};
    return {.user_info = std::string(url.substr(begin, at)),
            .url = std::string(url.substr(0, begin)) + std::string(url.substr(begin + at + 1))};
}

Result<Url> parse_url(std::string_view text) {
    SplitUserInfo split = split_user_info(text);
    std::string_view shown = without_query(split.url);
    if (split.url.size() != text.size()) {
        return invalid(shown, "user information (\"user:password@\") is not allowed in a URL");
    }
    std::size_t colon = text.find("://");
    std::string scheme = colon == std::string_view::npos ? std::string() : lower(text.substr(0, colon));
    if (scheme != "http" && scheme != "https") return invalid(shown, "a URL begins with http:// or https://");
    if (text.find('#') != std::string_view::npos) return invalid(shown, "a fragment ('#') is not allowed");
    if (!is_printable_ascii(text))
        return invalid(shown, "white space, control and non-ASCII bytes must be %XX");

    std::string_view rest = text.substr(scheme.size() + 3);
    std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    Url url;
    GODWIT_TRY(url.origin, parse_authority(scheme == "https", rest.substr(0, end)));
    rest.remove_prefix(end);
    std::size_t question = std::min(rest.find('?'), rest.size());
    url.path = question == 0 ? "/" : std::string(rest.substr(0, question));
    if (question < rest.size()) url.query = std::string(rest.substr(question + 1));
    return url;
}

}  // namespace godwit::net
