// Hexadecimal, base64 and percent-encoding: what is encoded is decoded, and no two texts stand for one value.
#include "base/check.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/error.h"
#include "fuzz/target.h"

namespace godwit::fuzz {
namespace {

bool equal(const std::optional<std::vector<std::byte>>& decoded, std::string_view bytes) {
    return decoded && std::ranges::equal(*decoded, bytes_of(bytes));
}

void check_encoders(std::string_view bytes) {
    GODWIT_CHECK(equal(hex_decode(hex_encode(bytes_of(bytes))), bytes));
    GODWIT_CHECK(equal(base64_decode(base64_encode(bytes_of(bytes))), bytes));
    for (Keep keep : {Keep::Unreserved, Keep::UnreservedSlash}) {
        std::string encoded = percent_encode(bytes, keep);
        GODWIT_CHECK(percent_decode(encoded) == bytes, "{}", encoded);
        GODWIT_CHECK(encoded.find_first_of(" \"#&+<=>?") == std::string::npos, "{}", encoded);
    }
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

void check_decoders(std::string_view text) {
    if (auto bytes = hex_decode(text)) GODWIT_CHECK(hex_encode(*bytes) == lower(text), "{}", text);
    if (auto bytes = base64_decode(text)) GODWIT_CHECK(base64_encode(*bytes) == text, "{}", text);
    if (auto bytes = percent_decode(text))
        GODWIT_CHECK(percent_decode(percent_encode(*bytes, Keep::Unreserved)) == bytes, "{}",
                     printable(text));
}

void check_digests(std::string_view text) {
    for (int i = 1; i <= 6; ++i) {
        auto algorithm = static_cast<DigestAlgorithm>(i);
        if (auto digest = Digest::from_base64(algorithm, text))
            GODWIT_CHECK(digest->base64() == text, "{}", text);
        if (auto digest = Digest::from_hex(algorithm, text))
            GODWIT_CHECK(digest->hex() == lower(text), "{}", text);
    }
}

}  // namespace

void run(Input input) {
    std::string_view bytes = input.rest();
    check_encoders(bytes);
    check_decoders(bytes);
    check_digests(bytes);
    std::string shown = printable(bytes);
    GODWIT_CHECK(printable(shown) == shown, "{}", shown);
}

}  // namespace godwit::fuzz
