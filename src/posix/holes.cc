#include "posix/holes.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/sabotage.h"
#include "posix/root.h"

namespace godwit::posix {
namespace {

using model::Hole;
using model::Holes;
using model::kHoleBlockBytes;

// What lies wholly in a hole from `begin` to `end`; the file's last block counts as whole.
Hole whole_blocks(std::uint64_t begin, std::uint64_t end, std::uint64_t size_bytes) {
    std::uint64_t first = (begin + kHoleBlockBytes - 1) / kHoleBlockBytes;
    std::uint64_t last = (end == size_bytes ? end + kHoleBlockBytes - 1 : end) / kHoleBlockBytes;
    return {.first_block = first, .blocks = last > first ? last - first : 0};
}

bool is_in(const Holes& holes, std::uint64_t block) {
    auto after = std::ranges::upper_bound(holes, block, {}, &Hole::first_block);
    return after != holes.begin() && block < std::prev(after)->end_block();
}

}  // namespace

bool all_zero(std::span<const std::byte> bytes) {
    if (bytes.empty() || bytes.front() != std::byte{0}) return bytes.empty();
    return std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

Result<std::optional<Holes>> read_holes(Os& os, int fd, std::uint64_t size_bytes,
                                        const std::string& subject) {
    Holes holes;
    for (std::uint64_t at = 0; at < size_bytes;) {
        std::int64_t begin = os.seek(fd, at, SEEK_HOLE);
        if (begin == -EINVAL) break;  // a file system that knows none
        // It became shorter, which the look at its generation tells.
        if (begin == -ENXIO || begin >= static_cast<std::int64_t>(size_bytes)) break;
        if (begin < 0) return path_error(static_cast<int>(-begin), "look for holes in", subject);
        std::int64_t end = os.seek(fd, static_cast<std::uint64_t>(begin), SEEK_DATA);
        if (end == -ENXIO) end = static_cast<std::int64_t>(size_bytes);
        if (end < 0) return path_error(static_cast<int>(-end), "look for holes in", subject);
        at = std::min(static_cast<std::uint64_t>(end), size_bytes);
        Hole hole = whole_blocks(static_cast<std::uint64_t>(begin), at, size_bytes);
        if (hole.blocks > 0) holes.push_back(hole);
        if (holes.size() > model::kHolesMax) return std::optional<Holes>();
    }
    return std::optional(std::move(holes));
}

Result<void> write_around_holes(
    std::uint64_t offset_bytes, std::span<const std::byte> bytes, const std::optional<Holes>& holes,
    const std::function<Result<void>(std::uint64_t, std::span<const std::byte>)>& write) {
    GODWIT_CHECK(offset_bytes % kHoleBlockBytes == 0, "{}", offset_bytes);
    std::size_t run_begin = 0;
    auto write_until = [&](std::size_t end) -> Result<void> {
        return end > run_begin ? write(offset_bytes + run_begin, bytes.subspan(run_begin, end - run_begin))
                               : Result<void>();
    };
    for (std::size_t at = 0; at < bytes.size(); at += kHoleBlockBytes) {
        std::span<const std::byte> block = bytes.subspan(at, std::min(kHoleBlockBytes, bytes.size() - at));
        bool may_be_hole = !holes || is_in(*holes, (offset_bytes + at) / kHoleBlockBytes);
        bool is_believed = holes && GODWIT_SABOTAGE(believe_any_map);
        if (!may_be_hole || !(all_zero(block) || is_believed)) continue;
        GODWIT_TRY_VOID(write_until(at));
        run_begin = at + block.size();
    }
    return write_until(bytes.size());
}

}  // namespace godwit::posix
