// Takes a request's body as it arrives: undoes its framings, computes the digests that somebody
// will ask for, and keeps the bytes or lets them go.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "s3double/body.h"
#include "s3double/checksum.h"
#include "s3double/chunk_decoder.h"
#include "s3double/sigv4.h"

namespace godwit::s3double {

class BodyReceiver {
  public:
    // What to do with the body of one request.
    struct Plan {
        bool keep = true;  // false: only digests and size stay
        bool aws_chunked = false;
        std::optional<std::uint64_t> size_bytes;  // decoded, when known before
        std::uint64_t size_bytes_max = 5ull << 30;
        std::vector<DigestAlgorithm> digests;
        std::optional<ChunkSigning> signing;
        // Changes the byte at this offset before anything is computed: a bit that flipped on the way.
        std::optional<std::uint64_t> flip_at;
    };
    void start(Plan plan);

    // After HTTP's own framing. Fails with Invalid (framing), Corrupt (a chunk's signature) or Full
    // (more than size_bytes_max).
    Result<void> take(std::span<const std::byte> bytes);
    // All came. Fails with Invalid when the framing is not at its end or the size is another.
    Result<void> finish();

    std::uint64_t size_bytes() const { return size_bytes_; }
    std::optional<Digest> digest(DigestAlgorithm algorithm) const { return digests_.digest(algorithm); }
    const std::vector<std::pair<std::string, std::string>>& trailers() const { return decoder_.trailers(); }
    // The bytes, when they were kept; empty else. Leaves nothing behind.
    Body take_body();

  private:
    Result<void> take_aws_chunked(std::span<const std::byte> bytes);
    Result<void> check_chunk();
    Result<void> take_data(std::span<const std::byte> bytes);
    void store(std::span<const std::byte> bytes);
    void seal();

    Plan plan_;
    ChunkDecoder decoder_;
    DigestSet digests_;
    std::optional<Hasher> chunk_hasher_;
    std::uint64_t size_bytes_ = 0;
    Body body_;
    std::shared_ptr<Buffer> filling_;
    std::size_t filled_ = 0;
};

}  // namespace godwit::s3double
