// Origins and URLs as the rest of Godwit names servers (RFC 3986, http and https only).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace godwit::net {

// Where a connection goes: what follows is never sent to another origin.
struct Origin {
    bool tls = true;
    std::string host;  // lower case: a name, an IPv4 address, or an IPv6 address without brackets
    std::uint16_t port = 443;

    friend auto operator<=>(const Origin&, const Origin&) = default;
    // As it stands in a Host header: without the scheme's default port, IPv6 in brackets.
    std::string authority() const;
    // "https://host:port"
    std::string display() const;
    // "host:port", IPv6 in brackets: what CONNECT asks a proxy for.
    std::string host_and_port() const;
};

struct Url {
    Origin origin;
    std::string path;   // as written, at least "/"
    std::string query;  // as written, without '?'
};

// Parses http:// and https:// URLs (RFC 3986). User information and fragments are refused: a secret
// in a URL ends in logs. Fails with Invalid, naming what is allowed; the message holds neither user
// information nor query.
Result<Url> parse_url(std::string_view text);

// Parses "host", "host:port", "[v6]" or "[v6]:port" for a scheme; `port` stays the scheme's own when
// none is written. Fails with Invalid and `text` as subject.
Result<Origin> parse_authority(bool tls, std::string_view text);

// "user:password" before '@' of a URL's authority, and the URL without it.
struct SplitUserInfo {
    std::string user_info;  // as written, percent-encoded; empty when there is none
    std::string url;
};
SplitUserInfo split_user_info(std::string_view url);

}  // namespace godwit::net
