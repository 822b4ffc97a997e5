#include "s3/xml_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/encoding.h"
#include "base/sabotage.h"
#include "base/time_format.h"
#include "base/utf8.h"
#include "s3/checksum_headers.h"
#include "s3/xml.h"

namespace godwit::s3 {

namespace {

// Text goes into its element's node (half the nodes, half the memory). DTDs are parsed into nodes so
// that they are seen and refused; entities other than the five of XML are never expanded.
constexpr unsigned kParseFlags = pugi::parse_escapes | pugi::parse_eol | pugi::parse_cdata |
                                 pugi::parse_doctype | pugi::parse_embed_pcdata;

// Walks without recursion, so that depth costs no stack. Few calls a node: this runs over every listing.
bool deeper_than(pugi::xml_node root, int depth_max) {
    pugi::xml_node node = root;
    for (int depth = 1; depth <= depth_max;) {
        pugi::xml_node next = node.first_child();
        if (!next.empty()) {
            ++depth;
        } else {
            for (next = node.next_sibling(); depth > 1 && next.empty(); next = node.next_sibling()) {
                node = node.parent();
                --depth;
            }
            if (depth <= 1) return false;
        }
        node = next;
    }
    return true;
}

bool has_doctype(const pugi::xml_document& document) {
    return std::ranges::any_of(document.children(),
                               [](pugi::xml_node node) { return node.type() == pugi::node_doctype; });
}

// A reference to no character ("&#0;", or beyond Unicode, where the parser's arithmetic would wrap to 0)
// would end a text early, and two keys would become one.
bool is_character_reference(std::string_view digits) {
    int base = digits.starts_with('x') ? 16 : 10;
    if (base == 16) digits.remove_prefix(1);
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return error == std::errc() && end != digits.data() && value >= 1 && value <= 0x10FFFF;
}

bool has_bad_reference(std::string_view body) {
    for (std::size_t at = body.find("&#"); at != std::string_view::npos; at = body.find("&#", at + 2)) {
        if (!is_character_reference(body.substr(at + 2))) return true;
    }
    return false;
}

// In runs short enough for a byte to count them, so that the compiler adds many bytes at once.
std::size_t count_tags(std::string_view body) {
    constexpr std::size_t kRunBytesMax = 255;
    std::size_t total = 0;
    while (!body.empty()) {
        std::string_view run = body.substr(0, kRunBytesMax);
        std::uint8_t found = 0;
        for (char c : run) found = static_cast<std::uint8_t>(found + (c == '<'));
        total += found;
        body.remove_prefix(run.size());
    }
    return total;
}

std::optional<std::string> check_bytes(std::string_view body) {
    if (body.size() > kXmlBytesMax)
        return fmt::format("has {} bytes, at most {} are read", body.size(), kXmlBytesMax);
    if (std::memchr(body.data(), 0, body.size())) return "holds a NUL byte";
    if (has_bad_reference(body)) return "holds a reference to no character";
    if (!is_utf8(body)) return "is not valid UTF-8";
    // Each element has at most two; the count bounds what the parser allocates.
    if (count_tags(body) > 2 * kXmlElementsMax) {
        return fmt::format("has more than {} elements", kXmlElementsMax);
    }
    return std::nullopt;
}

template <class T>
bool parse_number(std::string_view text, T& value) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

constexpr int kNoDigit = 16;
int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return kNoDigit;
}

}  // namespace

std::optional<std::string> XmlDocument::parse(std::string body) {
    body_ = std::move(body);
    if (auto problem = check_bytes(body_)) return problem;
    pugi::xml_parse_result result =
        document_.load_buffer_inplace(body_.data(), body_.size(), kParseFlags, pugi::encoding_utf8);
    if (!result) return fmt::format("is no XML: {} at byte {}", result.description(), result.offset);
    if (has_doctype(document_)) return "has a DTD, which is refused";
    if (!root()) return "has no root element";
    if (deeper_than(root(), kXmlDepthMax))
        return fmt::format("is nested deeper than {} levels", kXmlDepthMax);
    return std::nullopt;
}

std::string Reading::required(const char* element, std::string_view text) {
    if (text.empty()) fail(element, text, "a value");
    return std::string(text);
}

std::uint64_t Reading::size(const char* element, std::string_view text) {
    std::int64_t value = 0;
    bool is_number = parse_number(text, value) && value >= 0;
    if (!is_number || static_cast<std::uint64_t>(value) > kBelievedBytesMax) fail(element, text, "0 to 2^50");
    return static_cast<std::uint64_t>(value);
}

bool is_etag(std::string_view text) {
    bool has_control = std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
    return !has_control && text.size() <= kEtagBytesMax;
}

std::string Reading::etag(const char* element, std::string_view text) {
    if (!is_etag(text)) fail(element, text, "an ETag");
    return std::string(unquote_etag(text));
}

int Reading::number(const char* element, std::string_view text, int min, int max, std::optional<int> absent) {
    if (text.empty() && absent) return *absent;
    int value = 0;
    if (!parse_number(text, value) || value < min || value > max)
        fail(element, text, fmt::format("{} to {}", min, max));
    return value;
}

std::int64_t Reading::time(const char* element, std::string_view text) {
    std::optional<std::int64_t> value = parse_rfc3339(text);
    if (!value) fail(element, text, "an RFC 3339 time from 1678 to 2261");
    return value.value_or(0);
}

bool Reading::boolean(const char* element, std::string_view text) {
    if (text == "true") return true;
    if (!text.empty() && text != "false") fail(element, text, "true or false");
    return false;
}

std::string Reading::name(const char* element, std::string_view text, bool encoded) {
    if (!encoded) return std::string(text);
    std::optional<std::string> decoded = form_decode(text);
    if (GODWIT_SABOTAGE(decode_twice) && decoded) decoded = form_decode(std::string(*decoded));
    if (!decoded) fail(element, text, "percent-encoding");
    return std::move(decoded).value_or(std::string());
}

void Reading::fail(const char* element, std::string_view text, std::string_view wanted) {
    if (failure_) return;
    constexpr std::size_t kShownBytesMax = 80;
    failure_ = fmt::format("{} is '{}', not {}", element, text.substr(0, kShownBytesMax), wanted);
}

std::optional<std::string> form_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (true) {
        std::size_t plain = 0;
        while (plain < text.size() && text[plain] != '%' && text[plain] != '+') ++plain;
        out.append(text.substr(0, plain));
        if (plain == text.size()) return out;
        bool escaped = text[plain] == '%';
        if (!escaped) out += ' ';
        text.remove_prefix(plain + 1);
        if (!escaped) continue;
        if (text.size() < 2) return std::nullopt;
        int high = hex_digit(text[0]), low = hex_digit(text[1]);
        if (high == kNoDigit || low == kNoDigit) return std::nullopt;
        out += static_cast<char>(high << 4 | low);
        text.remove_prefix(2);
    }
}

std::optional<Digest> read_checksum(pugi::xml_node parent) {
    for (DigestAlgorithm algorithm :
         {DigestAlgorithm::Crc64Nvme, DigestAlgorithm::Sha256, DigestAlgorithm::Crc32c, DigestAlgorithm::Sha1,
          DigestAlgorithm::Crc32}) {
        std::string element(checksum_element(algorithm));
        std::string_view written = text_of(parent, element.c_str());
        if (written.empty()) continue;
        if (auto digest = Digest::from_base64(algorithm, written)) return digest;
    }
    return std::nullopt;
}

}  // namespace godwit::s3
