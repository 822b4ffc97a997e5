// The head of an HTTP/1 answer: status line and headers (RFC 9112 §2 to §5), in one pass and with two
// allocations, for a small request's answer is mostly head. Bodies are framed by body_framing.h.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace godwit::net {

// Refers to the head that it is of.
struct HttpHeader {
    std::string_view name;   // lower case
    std::string_view value;  // without surrounding white space
};

struct ResponseHead {
    int status = 0;
    bool is_http_1_0 = false;
    std::vector<HttpHeader> headers;
    // What they refer to; stays where it is when the head is moved.
    std::unique_ptr<char[]> text;

    // The first header of that name (lower case); absent is a value.
    std::optional<std::string_view> header(std::string_view name) const;
    bool is_interim() const { return status >= 100 && status < 200; }
};

// Where the head that begins `bytes` ends (behind its empty line); absent while it is incomplete.
// `searched` bytes were searched before, without success. Fails with Corrupt as soon as it is clear
// that this is not HTTP, so that nobody waits for the end of something else's greeting.
Result<std::optional<std::size_t>> find_head_end(std::span<const std::byte> bytes, std::size_t searched);

// Parses a complete head. Fails with Corrupt for what RFC 9112 forbids: bare CR or LF, NUL and other
// control bytes, white space before a colon, versions other than 1.0 and 1.1. A value that is folded over
// several lines (obs-fold) has spaces where the folds were. A missing space behind the status is let pass.
Result<ResponseHead> parse_head(std::span<const std::byte> head);

}  // namespace godwit::net
