#include "s3/encoded_words.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "base/utf8.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kUtf8 = "UTF-8";
constexpr std::string_view kLatin1 = "ISO-8859-1";
// 75 characters of a word less "=?ISO-8859-1?B?" and "?=" leave 58 of base64: 14 groups of 3 bytes.
constexpr std::size_t kPlainBytesMax = 42;

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
bool is_printable_ascii(char c) {
    return c >= ' ' && c <= '~';
}

bool travels_as_it_is(std::string_view value) {
    if (value.empty()) return true;
    return std::ranges::all_of(value, is_printable_ascii) && value.front() != ' ' && value.back() != ' ' &&
           !value.contains("  ") && !value.contains("=?");
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string latin1_to_utf8(std::string_view text) {
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xC0 | byte >> 6);
            out += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return out;
}

std::optional<std::string> decode_q(std::string_view text) {
    std::string escaped;
    for (char c : text) {
        if (c == '%')
            escaped += "%25";
        else if (c == '_')
            escaped += ' ';
        else
            escaped += c == '=' ? '%' : c;
    }
    return percent_decode(escaped);
}

std::optional<std::string> decode_b(std::string_view text) {
    auto bytes = base64_decode(text);
    if (!bytes) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// "=?charset?B?text?=", the whole of it.
std::optional<std::string> decode_word(std::string_view word) {
    if (!word.starts_with("=?") || !word.ends_with("?=") || word.size() < 8) return std::nullopt;
    word = word.substr(2, word.size() - 4);
    std::size_t first = word.find('?');
    if (first == std::string_view::npos || first + 2 >= word.size() || word[first + 2] != '?')
        return std::nullopt;
    std::string_view charset = word.substr(0, first), text = word.substr(first + 3);
    char encoding = word[first + 1];
    std::optional<std::string> bytes;
    if (encoding == 'B' || encoding == 'b') bytes = decode_b(text);
    if (encoding == 'Q' || encoding == 'q') bytes = decode_q(text);
    if (!bytes) return std::nullopt;
    if (equal_ignoring_case(charset, kLatin1)) return latin1_to_utf8(*bytes);
    if (equal_ignoring_case(charset, kUtf8) || equal_ignoring_case(charset, "US-ASCII")) return bytes;
    return std::nullopt;
}

}  // namespace

std::string encode_words(std::string_view value) {
    if (travels_as_it_is(value)) return std::string(value);
    bool utf8 = is_utf8(value);
    std::string out;
    while (!value.empty()) {
        std::size_t bytes = utf8 ? utf8_cut(value, kPlainBytesMax) : std::min(value.size(), kPlainBytesMax);
        if (!out.empty()) out += ' ';
        out.append("=?").append(utf8 ? kUtf8 : kLatin1).append("?B?");
        out.append(base64_encode(bytes_of(value.substr(0, bytes)))).append("?=");
        value.remove_prefix(bytes);
    }
    return out;
}

std::string decode_words(std::string_view value) {
    if (!value.contains("=?")) return std::string(value);
    std::string out, gap;
    bool after_word = false;
    for (std::size_t at = 0; at < value.size();) {
        std::size_t end = at;
        bool blank = is_blank(value[at]);
        while (end < value.size() && is_blank(value[end]) == blank) ++end;
        std::string_view piece = value.substr(at, end - at);
        at = end;
        if (blank) {
            gap = piece;
            continue;
        }
        std::optional<std::string> word = decode_word(piece);
        // White space between two words belongs to neither (RFC 2047 §6.2).
        if (!(after_word && word)) out += gap;
        out += word ? *word : piece;
        gap.clear();
        after_word = word.has_value();
    }
    return out + gap;
}

}  // namespace godwit::s3
