// Bytes as text: hexadecimal, base64 (RFC 4648 §4) and percent-encoding (RFC 3986 §2.1).
//
// Decoders are strict: what an encoder of the same name could not have written is absent, so that
// two texts never stand for one value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace godwit {

// Lower case, two digits a byte.
std::string hex_encode(std::span<const std::byte> bytes);
// Either case. Absent for an odd number of digits or any other character.
std::optional<std::vector<std::byte>> hex_decode(std::string_view text);

// The standard alphabet with padding.
std::string base64_encode(std::span<const std::byte> bytes);
// Absent for missing padding, white space, foreign characters, or set bits under the padding.
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);

// Which bytes stay as they are; all others become %XX with upper-case digits.
enum class Keep : std::uint8_t {
    Unreserved,       // A-Z a-z 0-9 - . _ ~ : names and values of a query (SigV4's UriEncode)
    UnreservedSlash,  // and '/': paths
};
std::string percent_encode(std::string_view text, Keep keep);
// '+' stays '+'. Absent when a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

// The bytes of `text`; valid as long as it is.
inline std::span<const std::byte> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace godwit
