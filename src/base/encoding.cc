#include "base/encoding.h"

#include <array>

namespace godwit {
namespace {

constexpr std::string_view kHexLower = "0123456789abcdef";
constexpr std::string_view kHexUpper = "0123456789ABCDEF";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> digit_values(std::string_view digits) {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNoDigit);
    for (std::size_t i = 0; i < digits.size(); ++i) {
        values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> hex_values() {
    std::array<std::uint8_t, 256> values = digit_values(kHexLower);
    for (std::size_t i = 10; i < 16; ++i) {
        values[static_cast<unsigned char>(kHexUpper[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr auto kHexValues = hex_values();
constexpr auto kBase64Values = digit_values(kBase64);

std::optional<std::uint8_t> hex_byte(char high, char low) {
    unsigned h = kHexValues[static_cast<unsigned char>(high)];
    unsigned l = kHexValues[static_cast<unsigned char>(low)];
    if (h == kNoDigit || l == kNoDigit) return std::nullopt;
    return static_cast<std::uint8_t>(h << 4 | l);
}

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

// Four characters without padding as 24 bits; absent when one is not of the alphabet.
std::optional<std::uint32_t> base64_group(std::string_view four) {
    std::uint32_t bits = 0;
    for (char c : four) {
        std::uint8_t value = kBase64Values[static_cast<unsigned char>(c)];
        if (value == kNoDigit) return std::nullopt;
        bits = bits << 6 | value;
    }
    return bits;
}

void append_bytes(std::vector<std::byte>& out, std::uint32_t bits24, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<std::byte>(bits24 >> (16 - 8 * i)));
}

}  // namespace

std::string hex_encode(std::span<const std::byte> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (std::byte b : bytes) {
        text += kHexLower[static_cast<unsigned>(b) >> 4];
        text += kHexLower[static_cast<unsigned>(b) & 15];
    }
    return text;
}

std::optional<std::vector<std::byte>> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        std::optional<std::uint8_t> byte = hex_byte(text[i], text[i + 1]);
        if (!byte) return std::nullopt;
        bytes.push_back(static_cast<std::byte>(*byte));
    }
    return bytes;
}

std::string base64_encode(std::span<const std::byte> bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits = bits << 8 | (j < count ? static_cast<std::uint32_t>(bytes[i + j]) : 0);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            text += j <= count ? kBase64[bits >> (18 - 6 * j) & 63] : '=';
        }
    }
    return text;
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::string four(text.substr(i, 4));
        std::size_t missing = i + 4 == text.size() ? padding : 0;
        for (std::size_t j = 4 - missing; j < 4; ++j) four[j] = 'A';
        std::optional<std::uint32_t> bits = base64_group(four);
        if (!bits) return std::nullopt;
        if ((*bits & ((1u << 8 * missing) - 1)) != 0) return std::nullopt;
        append_bytes(bytes, *bits, 3 - missing);
    }
    return bytes;
}

std::string percent_encode(std::string_view text, Keep keep) {
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (char c : text) {
        if (is_unreserved(c) || (c == '/' && keep == Keep::UnreservedSlash)) {
            out += c;
            continue;
        }
        unsigned byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHexUpper[byte >> 4];
        out += kHexUpper[byte & 15];
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        std::optional<std::uint8_t> byte = hex_byte(text[i + 1], text[i + 2]);
        if (!byte) return std::nullopt;
        out += static_cast<char>(*byte);
        i += 2;
    }
    return out;
}

}  // namespace godwit
