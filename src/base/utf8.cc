#include "base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace godwit {

namespace {

// Bytes of the well-formed sequence at the head of `text`, whose first byte is not ASCII; 0: none
// (RFC 3629 §4).
std::size_t sequence_bytes(std::string_view text) {
    auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto continues = [&](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
    unsigned lead = at(0);
    if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
    if ((lead & 0xF0) == 0xE0) {
        bool overlong = lead == 0xE0 && at(1) < 0xA0, surrogate = lead == 0xED && at(1) >= 0xA0;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        bool overlong = lead == 0xF0 && at(1) < 0x90, beyond = lead == 0xF4 && at(1) >= 0x90;
        return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

// How many bytes at the head of `text` are ASCII; a listing is little else.
std::size_t ascii_bytes(std::string_view text) {
    std::size_t i = 0;
    for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + i, sizeof word);
        if (word & 0x8080808080808080u) break;
    }
    while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
    return i;
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (true) {
        text.remove_prefix(ascii_bytes(text));
        if (text.empty()) return true;
        std::size_t length = sequence_bytes(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
}

std::size_t utf8_cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text.size();
    std::size_t length = bytes_max;
    // The byte at the cut must not continue a sequence.
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
    return length;
}

}  // namespace godwit
