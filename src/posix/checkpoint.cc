#include <fmt/format.h>

#include <charconv>

#include "posix/sink.h"

namespace godwit::posix {
namespace {

constexpr std::string_view kVersion = "posix-1";

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string_view next_word(std::string_view& text) {
    std::size_t space = text.find(' ');
    std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    return word;
}

}  // namespace

std::string format_checkpoint(const Checkpoint& checkpoint) {
    return fmt::format("{} {} {} {}", kVersion, checkpoint.staged_name, checkpoint.inode,
                       checkpoint.size_bytes);
}

std::optional<Checkpoint> parse_checkpoint(std::string_view text) {
    std::string_view rest = text;
    if (next_word(rest) != kVersion) return std::nullopt;
    Checkpoint checkpoint;
    checkpoint.staged_name = next_word(rest);
    auto inode = parse_number(next_word(rest));
    auto size = parse_number(rest);
    if (!StagingNames::has_the_form(checkpoint.staged_name) || !inode || !size) return std::nullopt;
    checkpoint.inode = *inode;
    checkpoint.size_bytes = *size;
    // Zeros before a number are not ours.
    if (format_checkpoint(checkpoint) != text) return std::nullopt;
    return checkpoint;
}

}  // namespace godwit::posix
