// Where a file has no bytes stored: the kernel gives zeros there without a disk.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace godwit::model {

// Holes are counted in blocks: the page of nearly every file system.
inline constexpr std::uint64_t kHoleBlockBytes = 4096;

// Whole blocks, at least one. The last hole of a file may end beyond its last byte.
struct Hole {
    std::uint64_t first_block = 0;
    std::uint64_t blocks = 0;

    std::uint64_t end_block() const { return first_block + blocks; }
    friend bool operator==(const Hole&, const Hole&) = default;
};

// In order, with data between any two. Empty: data from end to end.
using Holes = std::vector<Hole>;

// A file with more is one of which nobody tells where its holes are: memory is bounded.
inline constexpr std::size_t kHolesMax = 8192;

}  // namespace godwit::model
