// A part that is too large to be held, on its way into a request: read once for its checksums, which
// stand in the head, and again while it is sent.
//
// What the head promises must be of the bytes that follow it. So the second reading is digested as
// well and compared before its last piece is let go: of a source that changed in between, no request
// ever gets whole, whatever the server would have made of it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/body_source.h"
#include "s3/md5_batch.h"
#include "store/store.h"

namespace godwit::s3 {

using runtime::Context;
using runtime::Task;

// The digest of pieces that come one after the other.
class PieceDigest {
  public:
    void add(const store::Piece& piece);
    // At least one piece was added.
    Digest digest() const;

  private:
    std::optional<Digest> whole_;  // where the algorithm combines
    std::optional<Hasher> hasher_;
    std::uint64_t size_bytes_ = 0;
};

// What the first reading told.
struct FirstReading {
    Digest digest;  // in the part's own algorithm
    std::vector<Digest> others;

    std::optional<Digest> find(DigestAlgorithm algorithm) const;
};
// Reads the part through. `algorithms` are computed beside its own. Fails as PartBytes::read().
Task<Result<FirstReading>> read_first(Context& context, store::PartBytes& part,
                                      std::span<const DigestAlgorithm> algorithms, Md5Batch& md5s);

// The part as a body, any number of times.
class StreamedPart final : public net::BodySource {
  public:
    // `part` outlives this; `subject` is for errors.
    StreamedPart(store::PartBytes& part, std::string subject) : part_(part), subject_(std::move(subject)) {}

    // From now on only bytes with this digest are let go.
    void expect(const Digest& digest) { expected_ = digest; }

    std::uint64_t size_bytes() const override { return part_.size_bytes(); }
    Task<Result<std::span<const std::byte>>> next(Context& context, std::uint64_t offset_bytes) override;

    // Of the bytes as they were let go the last time; that must have been to the end.
    Digest digest() const { return reading_.digest(); }
    // Why the part could not be read. The request's own error then only says that it was broken off,
    // in a way (Cancelled) that nobody repeats: the source has been asked often enough below.
    std::optional<Error> take_failure() { return std::exchange(failure_, std::nullopt); }

  private:
    Error broken_off(Error reason);
    Error changed(const Digest& now) const;

    store::PartBytes& part_;
    std::string subject_;
    std::optional<Digest> expected_;
    PieceDigest reading_;
    std::optional<Error> failure_;
};

}  // namespace godwit::s3
