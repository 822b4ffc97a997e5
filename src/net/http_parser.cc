#include "net/http_parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ranges>

namespace godwit::net {
namespace {

constexpr std::size_t kHeadersUsual = 24;
constexpr std::size_t kStatusLineBytesMin = std::string_view("HTTP/1.1 200").size();

Error not_http(std::string cause) {
    return Error(ErrorKind::Corrupt, "parse", "HTTP answer", std::move(cause)).with_code("NotHttp");
}

// A byte of a header's name in lower case; 0 for one that no name has (RFC 9110 §5.6.2, token).
constexpr std::array<char, 256> kNameBytes = [] {
    std::array<char, 256> bytes{};
    auto allow = [&](unsigned char c, char lower) { bytes[c] = lower; };
    for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"))
        allow(static_cast<unsigned char>(c), c);
    for (char c = 'A'; c <= 'Z'; ++c) allow(static_cast<unsigned char>(c), static_cast<char>(c - 'A' + 'a'));
    return bytes;
}();

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

// One plain pass, which the compiler makes a wide one.
std::size_t count_control_bytes(std::string_view text) {
    std::size_t count = 0;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        count += static_cast<unsigned>(byte < 0x20 && byte != '\t') | static_cast<unsigned>(byte == 0x7f);
    }
    return count;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// Reads a head's lines from first to last; folds and names are put right in place.
class HeadReader {
  public:
    explicit HeadReader(std::span<char> text)
        : rest_(text), control_bytes_(count_control_bytes({text.data(), text.size()})) {}

    Result<void> read(ResponseHead& head);

  private:
    // Only a header's line goes on behind a line end that a blank follows.
    enum class Fold : std::uint8_t { Allowed, No };
    // The next line without its end, those that it is folded over included; absent when there is none.
    std::optional<std::span<char>> next_line(Fold fold);
    static Result<void> read_status(std::string_view line, ResponseHead& head);
    static Result<HttpHeader> read_header(std::span<char> line);

    std::span<char> rest_;
    std::size_t control_bytes_;
    std::size_t line_ends_ = 0;
};

std::optional<std::span<char>> HeadReader::next_line(Fold fold) {
    for (std::size_t from = 0;;) {
        std::size_t end = std::string_view(rest_.data(), rest_.size()).find("\r\n", from);
        if (end == std::string_view::npos) return std::nullopt;
        std::size_t next = end + 2;
        ++line_ends_;
        bool folded = fold == Fold::Allowed && end > 0 && next < rest_.size() && is_blank(rest_[next]);
        if (!folded) {
            std::span<char> line = rest_.first(end);
            rest_ = rest_.subspan(next);
            return line;
        }
        rest_[end] = rest_[end + 1] = ' ';
        from = next;
    }
}

Result<void> HeadReader::read_status(std::string_view line, ResponseHead& head) {
    constexpr std::string_view kBegin = "HTTP/1.";
    if (line.size() < kStatusLineBytesMin || !line.starts_with(kBegin)) return not_http("no status line");
    char version = line[kBegin.size()];
    std::string_view status = line.substr(kBegin.size() + 2, 3);
    std::string_view reason = line.substr(kStatusLineBytesMin);
    bool well_formed = (version == '0' || version == '1') && line[kBegin.size() + 1] == ' ' &&
                       std::ranges::all_of(status, is_digit) && status[0] != '0' &&
                       (reason.empty() || reason[0] == ' ');
    if (!well_formed) return not_http("malformed status line");
    head.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
    head.is_http_1_0 = version == '0';
    return {};
}

Result<HttpHeader> HeadReader::read_header(std::span<char> line) {
    std::size_t size = 0;
    for (; size < line.size(); ++size) {
        char lower = kNameBytes[static_cast<unsigned char>(line[size])];
        if (lower == 0) break;
        line[size] = lower;
    }
    if (size == 0 || size == line.size() || line[size] != ':') return not_http("malformed header name");
    std::string_view text(line.data(), line.size());
    return HttpHeader{text.substr(0, size), trimmed(text.substr(size + 1))};
}

Result<void> HeadReader::read(ResponseHead& head) {
    std::optional<std::span<char>> line = next_line(Fold::No);
    if (!line) return not_http("the head ends too early");
    GODWIT_TRY_VOID(read_status({line->data(), line->size()}, head));
    while ((line = next_line(Fold::Allowed)) && !line->empty()) {
        GODWIT_TRY(HttpHeader header, read_header(*line));
        head.headers.push_back(header);
    }
    if (!line || !rest_.empty()) return not_http("the head ends too early");
    // Each line end is two of them; no other is allowed.
    if (control_bytes_ != 2 * line_ends_) return not_http("control character in a header");
    return {};
}

}  // namespace

std::optional<std::string_view> ResponseHead::header(std::string_view name) const {
    for (const HttpHeader& header : headers) {
        if (header.name == name) return header.value;
    }
    return std::nullopt;
}

Result<std::optional<std::size_t>> find_head_end(std::span<const std::byte> bytes, std::size_t searched) {
    constexpr std::string_view kBegin = "HTTP/1.";
    constexpr std::string_view kEnd = "\r\n\r\n";
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.substr(0, kBegin.size()) != kBegin.substr(0, text.size()))
        return not_http("not an HTTP/1 answer");
    std::size_t from = searched < kEnd.size() ? 0 : searched - (kEnd.size() - 1);
    std::size_t end = text.find(kEnd, from);
    if (end == std::string_view::npos) return std::optional<std::size_t>();
    return end + kEnd.size();
}

Result<ResponseHead> parse_head(std::span<const std::byte> bytes) {
    ResponseHead head;
    head.text = std::make_unique_for_overwrite<char[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(head.text.get(), bytes.data(), bytes.size());
    head.headers.reserve(kHeadersUsual);
    GODWIT_TRY_VOID(HeadReader({head.text.get(), bytes.size()}).read(head));
    return head;
}

}  // namespace godwit::net
