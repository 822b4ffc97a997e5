#include "s3/hole_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace godwit::s3 {
namespace {

constexpr std::string_view kNone = "none";
// No file has more: 2^63 bytes.
constexpr std::uint64_t kBlocksMax = std::uint64_t{1} << 51;

// Lower case, no leading zeros, at most kBlocksMax.
std::optional<std::uint64_t> parse_blocks(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    bool whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || value > kBlocksMax || fmt::format("{:x}", value) != text) return std::nullopt;
    return value;
}

// The hole that `text`, "DATA.HOLE", puts behind `end_block`.
std::optional<model::Hole> parse_hole(std::string_view text, std::uint64_t end_block, bool is_first) {
    std::size_t point = std::min(text.find('.'), text.size());
    auto data = parse_blocks(text.substr(0, point));
    auto hole = parse_blocks(text.substr(std::min(point + 1, text.size())));
    if (!data || !hole || *hole == 0 || (*data == 0 && !is_first)) return std::nullopt;
    model::Hole found{.first_block = end_block + *data, .blocks = *hole};
    return found.end_block() <= kBlocksMax ? std::optional(found) : std::nullopt;
}

}  // namespace

std::string encode_holes(const model::Holes& holes) {
    if (holes.empty()) return std::string(kNone);
    std::string text;
    std::uint64_t end_block = 0;
    for (const model::Hole& hole : holes) {
        fmt::format_to(std::back_inserter(text), "{}{:x}.{:x}", text.empty() ? "" : ",",
                       hole.first_block - end_block, hole.blocks);
        end_block = hole.end_block();
    }
    return text;
}

std::optional<model::Holes> decode_holes(std::string_view value) {
    model::Holes holes;
    if (value == kNone) return holes;
    for (bool more = true; more;) {
        std::string_view one = value.substr(0, value.find(','));
        more = one.size() < value.size();
        value.remove_prefix(std::min(one.size() + 1, value.size()));
        auto hole = parse_hole(one, holes.empty() ? 0 : holes.back().end_block(), holes.empty());
        if (!hole || holes.size() == model::kHolesMax) return std::nullopt;
        holes.push_back(*hole);
    }
    return holes;
}

}  // namespace godwit::s3
