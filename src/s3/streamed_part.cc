#include "s3/streamed_part.h"

#include <fmt/format.h>

#include "base/check.h"

namespace godwit::s3 {

void PieceDigest::add(const store::Piece& piece) {
    size_bytes_ += piece.bytes.size();
    DigestAlgorithm algorithm = piece.digest.algorithm();
    if (digests_combine(algorithm)) {
        whole_ = whole_ ? combine(*whole_, piece.digest, piece.bytes.size()) : piece.digest;
        return;
    }
    if (!hasher_) hasher_.emplace(algorithm);
    hasher_->update(piece.bytes);
}

Digest PieceDigest::digest() const {
    GODWIT_CHECK(size_bytes_ > 0, "the digest of no piece");
    return whole_ ? *whole_ : hasher_->digest();
}

std::optional<Digest> FirstReading::find(DigestAlgorithm algorithm) const {
    if (digest.algorithm() == algorithm) return digest;
    for (const Digest& other : others) {
        if (other.algorithm() == algorithm) return other;
    }
    return std::nullopt;
}

Task<Result<FirstReading>> read_first(Context& context, store::PartBytes& part,
                                      std::span<const DigestAlgorithm> algorithms, Md5Batch& md5s) {
    PieceDigest own;
    std::vector<std::pair<DigestAlgorithm, Hasher>> hashers;
    std::optional<Md5Message> md5;
    for (DigestAlgorithm algorithm : algorithms) {
        if (algorithm == DigestAlgorithm::Md5) {
            md5.emplace();
        } else {
            hashers.emplace_back(algorithm, algorithm);
        }
    }
    for (std::uint64_t offset = 0; offset < part.size_bytes();) {
        GODWIT_CO_TRY(store::Piece piece, co_await part.read(context, offset));
        // What the source has computed need not be computed again.
        for (auto& [algorithm, hasher] : hashers) {
            if (algorithm != piece.digest.algorithm()) hasher.update(piece.bytes);
        }
        if (md5) md5->append(piece.bytes);
        if (md5) co_await md5s.take_in(*md5);
        own.add(piece);
        offset += piece.bytes.size();
    }
    FirstReading reading{own.digest(), {}};
    for (const auto& [algorithm, hasher] : hashers) {
        if (algorithm != reading.digest.algorithm()) reading.others.push_back(hasher.digest());
    }
    if (md5) md5->end();
    if (md5) co_await md5s.take_in(*md5);
    if (md5) reading.others.push_back(md5->digest());
    co_return std::move(reading);
}

Error StreamedPart::broken_off(Error reason) {
    failure_.emplace(std::move(reason));
    return Error(ErrorKind::Cancelled, "send part to", subject_, "the source cannot be read");
}

Error StreamedPart::changed(const Digest& now) const {
    return Error(ErrorKind::Changed, "send part to", subject_,
                 fmt::format("the source was {} when it was read first and is {} now", expected_->display(),
                             now.display()))
        .with_code("SourceDiffers");
}

Task<Result<std::span<const std::byte>>> StreamedPart::next(Context& context, std::uint64_t offset_bytes) {
    if (offset_bytes == 0) reading_ = PieceDigest();
    auto piece = co_await part_.read(context, offset_bytes);
    // The request's own time is over: that says nothing about the source.
    if (!piece && context.is_cancelled()) co_return std::move(piece.error());
    if (!piece) co_return broken_off(std::move(piece.error()));
    reading_.add(*piece);
    bool is_last = offset_bytes + piece->bytes.size() == part_.size_bytes();
    if (is_last && expected_ && reading_.digest() != *expected_) {
        Error difference = changed(reading_.digest());
        co_return broken_off(std::move(difference));
    }
    co_return piece->bytes;
}

}  // namespace godwit::s3
