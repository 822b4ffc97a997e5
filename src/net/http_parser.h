// The head of an HTTP/1 answer: status line and headers (RFC 9112 §2 to §5). Bodies are framed by
// body_framing.h. This page hides the library that parses, so that another codec can take its place.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace godwit::net {

struct HttpHeader {
    std::string name;   // lower case
    std::string value;  // without surrounding white space
};

struct ResponseHead {
    int status = 0;
    bool is_http_1_0 = false;
    std::vector<HttpHeader> headers;

    // The first header of that name (lower case); absent is a value.
    std::optional<std::string_view> header(std::string_view name) const;
    bool is_interim() const { return status >= 100 && status < 200; }
};

// Where the head that begins `bytes` ends (behind its empty line); absent while it is incomplete.
// `searched` bytes were searched before, without success. Fails with Corrupt as soon as it is clear
// that this is not HTTP, so that nobody waits for the end of something else's greeting.
Result<std::optional<std::size_t>> find_head_end(std::span<const std::byte> bytes, std::size_t searched);

// Parses a complete head. Fails with Corrupt for what RFC 9112 forbids: bare LF, NUL and other
// control bytes, white space before a colon, versions other than 1.0 and 1.1, two lengths, length and
// chunked at once.
Result<ResponseHead> parse_head(std::span<const std::byte> head);

}  // namespace godwit::net
