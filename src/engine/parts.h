// Cutting an object into parts and putting their digests together again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/digest.h"

namespace godwit::engine {

struct PartRange {
    std::size_t number;  // from 0
    std::uint64_t offset_bytes;
    std::uint64_t size_bytes;
};

// The parts of an object: `part_bytes` each but the last. An empty object has one empty part.
class PartLayout {
  public:
    PartLayout(std::uint64_t object_bytes, std::uint64_t part_bytes);
    std::size_t count() const { return count_; }
    PartRange operator[](std::size_t number) const;

  private:
    std::uint64_t object_bytes_;
    std::uint64_t part_bytes_;
    std::size_t count_;
};

// Collects the digests of parts in any order; whole() needs all of them.
class PartDigests {
  public:
    explicit PartDigests(const PartLayout& layout) : layout_(layout), digests_(layout.count()) {}
    void set(std::size_t number, const Digest& digest) { digests_[number] = digest; }
    Digest whole() const;

  private:
    PartLayout layout_;
    std::vector<std::optional<Digest>> digests_;
};

}  // namespace godwit::engine
