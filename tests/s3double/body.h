// The bytes of a stored object or part, never changed once they stand.
//
// A Body is a list of runs. Runs are shared, so that completing a multipart upload and copying an
// object move no byte; a run may also be a stretch of a fixed pattern, so that a bucket of a million
// objects, or one object of a terabyte, takes no memory and still has true digests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/digest.h"

namespace godwit::s3double {

class Body {
  public:
    Body() = default;
    static Body of(std::string_view text);
    // `size_bytes` of pseudo-random bytes that `seed` alone decides. Period 1 MiB.
    static Body pattern(std::uint64_t seed, std::uint64_t size_bytes);

    std::uint64_t size_bytes() const { return size_bytes_; }
    // The longest run in memory that starts at `offset`; empty at or beyond the end.
    std::span<const std::byte> at(std::uint64_t offset) const;

    // `used` is how much of `buffer`, from its start, belongs to the body.
    void append(std::shared_ptr<const Buffer> buffer, std::size_t used);
    // Bytes [offset, offset + size) of `other`, clipped to what it has.
    void append(const Body& other, std::uint64_t offset, std::uint64_t size_bytes);
    Body slice(std::uint64_t offset, std::uint64_t size_bytes) const;

    // A copy in one piece, for tests and lies. Not for large bodies.
    std::string text() const;

  private:
    struct Run {
        std::uint64_t start;  // offset in the body
        std::uint64_t size_bytes;
        std::shared_ptr<const Buffer> owner;  // null: a stretch of the pattern
        std::uint64_t from;                   // offset in the owner, or in the pattern
    };
    void append_run(Run run);

    std::vector<Run> runs_;
    std::uint64_t size_bytes_ = 0;
};

Digest digest_of(DigestAlgorithm algorithm, const Body& body);

// How stored or served bytes differ from the true ones, while all that is said about them stays right.
struct Lie {
    enum class Kind : std::uint8_t { None, Truncate, Zero, Flip, Other };
    Kind kind = Kind::None;
    // Truncate: the length that is left. Zero: from here to the end. Flip: the byte whose low bit
    // changes. Other: ignored.
    std::uint64_t at = 0;
};
Body lied_about(const Body& body, const Lie& lie);

}  // namespace godwit::s3double
