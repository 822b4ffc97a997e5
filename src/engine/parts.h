// Cutting an object into parts and putting their digests together again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

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

// Puts the digests of parts together, which come in any order. Holds only those that came before their
// turn: no more than are in flight, however many parts a source claims to have.
class PartDigests {
  public:
    explicit PartDigests(const PartLayout& layout) : layout_(layout) {}
    // Each part once. The algorithm must combine, unless there is one part only.
    void set(std::size_t number, const Digest& digest);
    // All parts were set.
    Digest whole() const;
    std::size_t waiting() const { return ahead_.size(); }

  private:
    PartLayout layout_;
    std::size_t next_ = 0;
    std::optional<Digest> whole_;  // of the parts before `next_`
    std::map<std::size_t, Digest> ahead_;
};

}  // namespace godwit::engine
