#include "s3/hard_link_header.h"

#include <fmt/format.h>

#include <charconv>

namespace godwit::s3 {
namespace {

constexpr std::string_view kVersion = "1.";
// Of the two numbers.
constexpr int kBase = 16;

// Takes a number off the front of `text`; 0 where there is none.
std::uint64_t take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const char* end = std::from_chars(text.data(), text.data() + text.size(), value, kBase).ptr;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

}  // namespace

std::string encode_file_id(const model::FileId& id) {
    return fmt::format("{}{:x}.{:x}", kVersion, id.device, id.inode);
}

std::optional<model::FileId> decode_file_id(std::string_view value) {
    if (!value.starts_with(kVersion)) return std::nullopt;
    std::string_view rest = value.substr(kVersion.size());
    model::FileId id;
    id.device = take_number(rest);
    if (rest.starts_with('.')) rest.remove_prefix(1);
    id.inode = take_number(rest);
    // Of all texts with these numbers only one is well-formed.
    return encode_file_id(id) == value ? std::optional(id) : std::nullopt;
}

}  // namespace godwit::s3
