// A key and the line that it came from, as they stand one behind another in runs of a sort and in key files:
// the length of the key in 4 bytes, the line in 8, both lowest byte first, and the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace godwit::ledger {

inline constexpr std::size_t kRecordHeadBytes = 12;

struct KeyRecord {
    std::string_view key;
    std::uint64_t line = 0;
};

template <class Number>
void append_number(std::string& out, Number number) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) out += static_cast<char>(number >> (8 * i) & 0xff);
}

// `bytes` has as many from `offset` on.
template <class Number>
Number number_at(std::string_view bytes, std::size_t offset) {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        number |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[offset + i]))
                                      << (8 * i));
    return number;
}

inline std::size_t record_bytes(std::string_view key) {
    return kRecordHeadBytes + key.size();
}

inline void append_record(std::string& out, std::string_view key, std::uint64_t line) {
    append_number(out, static_cast<std::uint32_t>(key.size()));
    append_number(out, line);
    out += key;
}

// Takes the first record off `bytes`, into which the key then points; nothing when they do not hold a whole
// one.
inline std::optional<KeyRecord> take_record(std::string_view& bytes) {
    if (bytes.size() < kRecordHeadBytes) return {};
    auto length = number_at<std::uint32_t>(bytes, 0);
    if (bytes.size() - kRecordHeadBytes < length) return {};
    KeyRecord record{bytes.substr(kRecordHeadBytes, length), number_at<std::uint64_t>(bytes, 4)};
    bytes.remove_prefix(kRecordHeadBytes + length);
    return record;
}

}  // namespace godwit::ledger
