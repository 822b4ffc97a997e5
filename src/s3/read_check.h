// ReadCheck: the ranges that were read of one object, in any order, against the checksum that its store
// keeps of the whole. A GET of a range carries no checksum of its own, so that a bit which flips on
// its way can only be seen when all ranges are there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "base/digest.h"

namespace godwit::s3 {

class ReadCheck {
  public:
    // `stored` is the checksum of the whole object, if the store told one. Those that do not combine
    // (SHA-256, SHA-1) cannot be compared with ranges.
    ReadCheck(const std::optional<Digest>& stored, std::uint64_t object_bytes);

    // These bytes were read, and have this digest in the algorithm of the reader. What was read before is not
    // counted again.
    void add(std::uint64_t offset_bytes, std::span<const std::byte> bytes, const Digest& digest);

    // The object's digest as it was read, when everything was read and it is not the stored one.
    std::optional<Digest> mismatch() const;
    // Present when mismatch() is.
    const std::optional<Digest>& stored() const { return stored_; }

  private:
    struct Run {
        std::uint64_t end_bytes;
        Digest digest;
    };
    std::optional<Digest> stored_;
    std::uint64_t object_bytes_;
    // By offset; no two touch, so there are no more than ranges under way.
    std::map<std::uint64_t, Run> runs_;
};

}  // namespace godwit::s3
