#include "net/body_framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace godwit::net {
namespace {

constexpr std::uint64_t kLengthMax = INT64_MAX;

Error bad_framing(std::string cause) {
    return Error(ErrorKind::Corrupt, "read", "HTTP answer", std::move(cause)).with_code("BadFraming");
}

std::string_view trimmed(std::string_view text) {
    auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// Calls `each` for every element of a comma-separated list; stops when it returns false.
template <class F>
bool for_each_element(std::string_view list, F each) {
    for (;;) {
        std::size_t comma = std::min(list.find(','), list.size());
        if (!each(trimmed(list.substr(0, comma)))) return false;
        if (comma == list.size()) return true;
        list.remove_prefix(comma + 1);
    }
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::uint64_t> parse_length(std::string_view digits) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value > kLengthMax)
        return std::nullopt;
    return value;
}

bool connection_has(const ResponseHead& head, std::string_view token) {
    for (const HttpHeader& header : head.headers) {
        if (header.name != "connection") continue;
        bool absent = for_each_element(
            header.value, [&](std::string_view element) { return !equal_ignoring_case(element, token); });
        if (!absent) return true;
    }
    return false;
}

int hex_value(unsigned char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

Result<std::optional<std::uint64_t>> declared_length(const ResponseHead& head) {
    std::optional<std::uint64_t> length;
    for (const HttpHeader& header : head.headers) {
        if (header.name != "content-length") continue;
        bool agreed = for_each_element(header.value, [&](std::string_view element) {
            std::optional<std::uint64_t> value = parse_length(element);
            if (!value || (length && *length != *value)) return false;
            length = value;
            return true;
        });
        if (!agreed)
            return bad_framing(
                fmt::format("Content-Length \"{}\" is no length, or not the only one", header.value));
    }
    return length;
}

Result<BodyFraming> body_framing(const ResponseHead& head, bool head_only) {
    using Kind = BodyFraming::Kind;
    GODWIT_TRY(std::optional<std::uint64_t> length, declared_length(head));
    std::size_t codings = 0;
    for (const HttpHeader& header : head.headers) {
        if (header.name != "transfer-encoding") continue;
        if (++codings > 1 || !equal_ignoring_case(header.value, "chunked")) {
            return bad_framing(
                fmt::format("Transfer-Encoding \"{}\": only \"chunked\" is allowed, once", header.value));
        }
    }
    if (codings && (length || head.is_http_1_0))
        return bad_framing("Transfer-Encoding with Content-Length or HTTP/1.0");
    auto framed = [&](Kind kind) { return BodyFraming{.kind = kind, .declared_bytes = length}; };
    if (head_only || head.is_interim() || head.status == 204 || head.status == 304) return framed(Kind::None);
    if (codings) return framed(Kind::Chunked);
    if (length) return framed(*length > 0 ? Kind::Length : Kind::None);
    return framed(Kind::UntilClose);
}

bool keeps_alive(const ResponseHead& head) {
    if (connection_has(head, "close")) return false;
    return !head.is_http_1_0 || connection_has(head, "keep-alive");
}

std::optional<Duration> keep_alive_timeout(const ResponseHead& head) {
    constexpr std::string_view kTimeout = "timeout=";
    constexpr std::uint64_t kSecondsMax = 86400;
    std::optional<Duration> timeout;
    for_each_element(head.header("keep-alive").value_or(""), [&](std::string_view element) {
        if (!element.starts_with(kTimeout)) return true;
        std::optional<std::uint64_t> seconds = parse_length(element.substr(kTimeout.size()));
        if (seconds) timeout = std::chrono::seconds(std::min(*seconds, kSecondsMax));
        return false;
    });
    return timeout;
}

Result<std::size_t> ChunkDecoder::consume(std::span<const std::byte> input) {
    std::size_t used = 0;
    while (used < input.size() && state_ != State::Data && state_ != State::Done) {
        GODWIT_TRY_VOID(step(static_cast<unsigned char>(input[used++])));
    }
    return used;
}

void ChunkDecoder::took(std::uint64_t bytes) {
    GODWIT_CHECK(bytes <= data_left(), "took {} bytes of a chunk that has {}", bytes, data_left());
    data_left_ -= bytes;
    if (data_left_ == 0 && state_ == State::Data) state_ = State::DataCr;
}

Result<void> ChunkDecoder::step(unsigned char c) {
    auto expect = [&](unsigned char wanted, State next) -> Result<void> {
        if (c != wanted)
            return bad_framing(fmt::format("chunked body: byte 0x{:02x} where a line must end", c));
        state_ = next;
        return {};
    };
    switch (state_) {
        case State::SizeStart:
        case State::Size:
            return size_digit(c);
        case State::Extension:
            return after_size(c);
        case State::SizeLf:
            GODWIT_TRY_VOID(expect('\n', State::Data));
            size_ended();
            return {};
        case State::DataCr:
            return expect('\r', State::DataLf);
        case State::DataLf:
            return expect('\n', State::SizeStart);
        case State::LineStart:
        case State::Line:
            return trailer(c);
        case State::LineLf:
            return expect('\n', State::LineStart);
        case State::LastLf:
            return expect('\n', State::Done);
        case State::Data:
        case State::Done:
            break;
    }
    GODWIT_CHECK(false, "a chunk's data was taken for framing");
}

Result<void> ChunkDecoder::size_digit(unsigned char c) {
    int digit = hex_value(c);
    if (digit < 0) {
        if (state_ == State::SizeStart)
            return bad_framing(fmt::format("chunk size begins with byte 0x{:02x}", c));
        return after_size(c);
    }
    // Zeros without end would be no size too large.
    if (++extra_bytes_ > kSizeDigitsMax || data_left_ > kLengthMax >> 4)
        return bad_framing("chunk size over 2^63-1");
    data_left_ = data_left_ << 4 | static_cast<std::uint64_t>(digit);
    state_ = State::Size;
    return {};
}

// Behind the digits: an extension, white space before it (RFC 9112 §7.1.1), or the line's end.
Result<void> ChunkDecoder::after_size(unsigned char c) {
    if (c == '\r') {
        state_ = State::SizeLf;
        return {};
    }
    bool begins = c == ';' || c == ' ' || c == '\t';
    bool goes_on = c >= 0x20 || c == '\t';
    if (state_ == State::Extension ? !goes_on : !begins) {
        return bad_framing(fmt::format("byte 0x{:02x} behind a chunk size", c));
    }
    if (++extra_bytes_ > kExtensionBytesMax) return bad_framing("chunk extension over 4096 bytes");
    state_ = State::Extension;
    return {};
}

void ChunkDecoder::size_ended() {
    extra_bytes_ = 0;
    if (data_left_ == 0) state_ = State::LineStart;
}

// Trailer lines up to an empty one.
Result<void> ChunkDecoder::trailer(unsigned char c) {
    if (c == '\r') {
        state_ = state_ == State::LineStart ? State::LastLf : State::LineLf;
        return {};
    }
    if (c < 0x20 && c != '\t') return bad_framing(fmt::format("byte 0x{:02x} in a trailer", c));
    if (++extra_bytes_ > kTrailerBytesMax) return bad_framing("trailers over 16 KiB");
    state_ = State::Line;
    return {};
}

}  // namespace godwit::net
