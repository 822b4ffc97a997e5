// Reading a file's bytes from where they will still be after a power cut.
//
// A read answered by the page cache proves only that memory holds what we have just put there. So
// the file is read with O_DIRECT where the file system really does that; else its clean pages are
// dropped, and only if none is resident afterwards does a read count as from the medium. In all other
// cases, file systems in memory included, level() says ReadBackCached.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>

#include "model/evidence.h"
#include "posix/root.h"

namespace godwit::posix {

// Bytes at an address that every device can read into.
class AlignedBuffer {
  public:
    static constexpr std::size_t kAlignmentBytes = 4096;
    explicit AlignedBuffer(std::size_t size_bytes);
    std::span<std::byte> span() { return {bytes_.get(), size_}; }

  private:
    struct Free {
        void operator()(std::byte* bytes) const;
    };
    std::unique_ptr<std::byte[], Free> bytes_;
    std::size_t size_;
};

// What one read call asks for: small enough to stay in the second-level cache while it is hashed.
inline constexpr std::size_t kReadPieceBytes = 256u << 10;
// The same for O_DIRECT, where each call is one round trip to the device.
inline constexpr std::size_t kDirectPieceBytes = 1u << 20;

using TakePiece = std::function<void(std::span<const std::byte>)>;

// How one open descriptor is read. read() may be called by several threads at once.
class Medium {
  public:
    // Through the page cache.
    Medium(Os& os, int fd) : os_(os), fd_(fd) {}
    // Past it, as far as possible: `fd`, a file below `root`, must not be written any more. `status`
    // is its fstat.
    static std::unique_ptr<Medium> past_cache(const Root& root, int fd, const struct stat& status);

    // Hands the bytes from `offset_bytes` on to `take`, in order and in pieces, until `size_bytes`
    // have been read or the file ends. Returns how many there were, or the errno.
    std::expected<std::uint64_t, int> read(std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                           const TakePiece& take) const;
    // The same into `out`, handing over what stands there.
    std::expected<std::uint64_t, int> read_into(std::uint64_t offset_bytes, std::span<std::byte> out,
                                                const TakePiece& take) const;

    model::EvidenceLevel level() const { return level_; }

  private:
    std::expected<std::uint64_t, int> read_direct(std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                                  const TakePiece& take) const;
    void stop_direct() const;

    Os& os_;
    int fd_;
    // Both only ever fall: from direct to not, from ReadBack to ReadBackCached.
    mutable std::atomic<bool> direct_ = false;
    mutable std::atomic<model::EvidenceLevel> level_ = model::EvidenceLevel::ReadBackCached;
};

}  // namespace godwit::posix
