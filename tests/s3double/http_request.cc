#include "s3double/http_request.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/encoding.h"

namespace godwit::s3double {

namespace {

Error malformed(std::string cause) {
    return Error(ErrorKind::Invalid, "read", "request", std::move(cause));
}

// A token's characters (RFC 9110 section 5.6.2) in lower case, 0 for all others: names are lowered
// and checked with one look-up a character.
constexpr std::array<char, 256> make_lowered() {
    std::array<char, 256> table{};
    for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"))
        table[static_cast<unsigned char>(c)] = c;
    for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = static_cast<char>(c + 32);
    return table;
}
constexpr std::array<char, 256> kLowered = make_lowered();
char lowered_token(char c) {
    return kLowered[static_cast<unsigned char>(c)];
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Eight bytes at a time: values are most of a head. False is certain; after true, look closely (a tab
// is no fault, and borrows can make a neighbour look like one).
bool may_have_control(std::string_view text) {
    constexpr std::uint64_t kOnes = 0x0101010101010101u, kHigh = 0x8080808080808080u;
    std::uint64_t word = 0, found = 0;
    for (; text.size() >= 8; text.remove_prefix(8)) {
        std::memcpy(&word, text.data(), 8);
        std::uint64_t del = word ^ (0x7f * kOnes);
        found |= ((word - 0x20 * kOnes) & ~word) | ((del - kOnes) & ~del);
    }
    bool rest = std::any_of(text.begin(), text.end(),
                            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return rest || (found & kHigh) != 0;
}

// '+' means a space in names and values of a query, as S3 reads them.
std::optional<std::string> decode_query_text(std::string_view text) {
    if (text.find_first_of("+%") == std::string_view::npos) return std::string(text);
    std::string spaced(text);
    for (char& c : spaced)
        if (c == '+') c = ' ';
    return percent_decode(spaced);
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

Result<void> Request::parse(std::string_view head) {
    text_.assign(head);
    headers_.clear();
    parameters_.clear();
    content_length_.reset();
    chunked_ = expects_continue_ = wants_close_ = false;

    std::size_t line_end = text_.find("\r\n");
    GODWIT_TRY_VOID(parse_request_line(std::string_view(text_).substr(0, line_end)));
    for (std::size_t begin = line_end + 2; begin + 2 < text_.size();) {
        std::size_t end = text_.find("\r\n", begin);
        GODWIT_TRY_VOID(parse_header(begin, end));
        begin = end + 2;
    }
    GODWIT_TRY_VOID(note_framing());
    return parse_query();
}

Result<void> Request::parse_request_line(std::string_view line) {
    std::size_t first = line.find(' ');
    std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) return malformed("the request line has no three fields");
    if (line.substr(second + 1) != "HTTP/1.1") return malformed("the version is not HTTP/1.1");
    method_ = line.substr(0, first);
    for (char c : method_)
        if (lowered_token(c) == 0) return malformed("the method is no token");
    std::string_view target = line.substr(first + 1, second - first - 1);
    if (target.empty() || target[0] != '/') return malformed("the target is not in origin form");
    for (char c : target)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#')
            return malformed("the target has a byte that must be encoded");
    std::size_t mark = target.find('?');
    path_ = target.substr(0, mark);
    query_ = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    return {};
}

Result<void> Request::parse_header(std::size_t begin, std::size_t end) {
    if (headers_.size() == kHeadersMax) return malformed("too many headers");
    std::size_t colon = begin;
    for (; colon < end && text_[colon] != ':'; ++colon) {
        char lowered = lowered_token(text_[colon]);
        if (lowered == 0) return malformed("a header's name is no token");
        text_[colon] = lowered;
    }
    if (colon == end || colon == begin) return malformed("a header line has no name and colon");
    std::string_view all = text_;
    std::string_view value = trimmed(all.substr(colon + 1, end - colon - 1));
    if (may_have_control(value))
        for (char c : value)
            if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
                return malformed("a header's value has a control character");
    headers_.push_back({all.substr(begin, colon - begin), value});
    return {};
}

Result<void> Request::note_framing() {
    int hosts = 0;
    for (const HeaderView& header : headers_) {
        if (header.name == "host") ++hosts;
        if (header.name == "content-length") {
            if (content_length_) return malformed("two Content-Length headers");
            content_length_ = parse_number(header.value);
            if (!content_length_) return malformed("Content-Length is no number");
        }
        if (header.name == "transfer-encoding") {
            if (!equal_ignoring_case(header.value, "chunked")) return malformed("unknown Transfer-Encoding");
            chunked_ = true;
        }
        if (header.name == "expect") expects_continue_ = equal_ignoring_case(header.value, "100-continue");
        if (header.name == "connection") wants_close_ = equal_ignoring_case(header.value, "close");
    }
    if (hosts != 1) return malformed("not exactly one Host header");
    if (chunked_ && content_length_) return malformed("both Content-Length and Transfer-Encoding");
    return {};
}

Result<void> Request::parse_query() {
    std::string_view rest = query_;
    while (!rest.empty()) {
        std::size_t amp = rest.find('&');
        std::string_view item = rest.substr(0, amp);
        rest = amp == std::string_view::npos ? std::string_view() : rest.substr(amp + 1);
        if (item.empty()) continue;
        std::size_t equals = item.find('=');
        auto name = decode_query_text(item.substr(0, equals));
        auto value = decode_query_text(equals == std::string_view::npos ? "" : item.substr(equals + 1));
        if (!name || !value) return malformed("the query is not percent-encoded");
        parameters_.push_back({std::move(*name), std::move(*value)});
    }
    return {};
}

std::optional<std::string_view> Request::header(std::string_view name) const {
    for (const HeaderView& header : headers_)
        if (header.name == name) return header.value;
    return std::nullopt;
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
    for (const QueryItem& item : parameters_)
        if (item.name == name) return item.value;
    return std::nullopt;
}

Result<void> Request::split_target(std::string_view domain) {
    std::string_view path = path_.substr(1);
    std::string_view host = header_or_empty("host");
    if (std::size_t colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']'))
        host = host.substr(0, colon);
    bool in_host = host.size() > domain.size() + 1 && host.ends_with(domain) &&
                   host[host.size() - domain.size() - 1] == '.';
    std::string_view encoded_key = path;
    if (in_host) {
        bucket_.assign(host.substr(0, host.size() - domain.size() - 1));
    } else {
        std::size_t slash = path.find('/');
        auto bucket = percent_decode(path.substr(0, slash));
        if (!bucket) return malformed("the path is not percent-encoded");
        bucket_ = std::move(*bucket);
        encoded_key = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    auto key = percent_decode(encoded_key);
    if (!key) return malformed("the path is not percent-encoded");
    key_ = std::move(*key);
    return {};
}

}  // namespace godwit::s3double
