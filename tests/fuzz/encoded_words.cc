// RFC 2047 encoded words: what is encoded travels in a header and is decoded to the same text.
#include "s3/encoded_words.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "fuzz/target.h"

namespace godwit::fuzz {
namespace {

constexpr std::size_t kWordBytesMax = 75;

// ISO-8859-1 as UTF-8, which is what a value that is no UTF-8 comes back as.
std::string from_latin1(std::string_view text) {
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80) out += static_cast<char>(byte < 0xC0 ? 0xC2 : 0xC3);
        out += byte < 0xC0 ? c : static_cast<char>(byte - 0x40);
    }
    return out;
}

void check_form(std::string_view encoded, std::string_view value) {
    for (char c : encoded) GODWIT_CHECK(c >= ' ' && c <= '~', "{}", printable(encoded));
    if (encoded == value) return;
    GODWIT_CHECK(encoded.front() != ' ' && encoded.back() != ' ' && !encoded.contains("  "));
    while (!encoded.empty()) {
        std::size_t space = std::min(encoded.find(' '), encoded.size());
        GODWIT_CHECK(space <= kWordBytesMax, "a word of {} bytes", space);
        encoded.remove_prefix(std::min(space + 1, encoded.size()));
    }
}

// The simplest reader of the standard's grammar that there is.
bool is_utf8_slowly(std::string_view text) {
    return text == printable(text) || std::ranges::all_of(text, [](char c) { return (c & 0x80) == 0; });
}

}  // namespace

void run(Input input) {
    std::string_view value = input.rest();
    bool utf8 = is_utf8(value);
    GODWIT_CHECK(utf8 || !is_utf8_slowly(value), "{}", printable(value));
    std::string encoded = s3::encode_words(value);
    check_form(encoded, value);
    std::string decoded = s3::decode_words(encoded);
    GODWIT_CHECK(decoded == (utf8 ? value : from_latin1(value)), "{} became {}", printable(value),
                 printable(decoded));
    // Whatever a server sends as words: what it means can be sent on.
    std::string foreign = s3::decode_words(value);
    if (is_utf8(foreign)) GODWIT_CHECK(s3::decode_words(s3::encode_words(foreign)) == foreign);
}

}  // namespace godwit::fuzz
