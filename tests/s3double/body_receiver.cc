#include "s3double/body_receiver.h"

#include <algorithm>
#include <cstring>

namespace godwit::s3double {

namespace {

constexpr std::size_t kRunBytesMax = 1u << 20;
constexpr std::size_t kRunBytesUnknown = 64u << 10;

Error refuse(ErrorKind kind, std::string cause) {
    return Error(kind, "receive", "body", std::move(cause));
}

}  // namespace

void BodyReceiver::start(Plan plan) {
    plan_ = std::move(plan);
    if (plan_.aws_chunked) decoder_ = ChunkDecoder();
    digests_.clear();
    for (DigestAlgorithm algorithm : plan_.digests) digests_.want(algorithm);
    chunk_hasher_.reset();
    size_bytes_ = 0;
    body_ = Body();
    filling_.reset();
    filled_ = 0;
}

Result<void> BodyReceiver::take(std::span<const std::byte> bytes) {
    return plan_.aws_chunked ? take_aws_chunked(bytes) : take_data(bytes);
}

Result<void> BodyReceiver::take_aws_chunked(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        GODWIT_TRY(ChunkDecoder::Step step, decoder_.next(bytes));
        switch (step.event) {
            case ChunkDecoder::Event::NeedMore:
                return {};
            case ChunkDecoder::Event::Data:
                GODWIT_TRY_VOID(take_data(step.data));
                break;
            case ChunkDecoder::Event::ChunkEnd:
                GODWIT_TRY_VOID(check_chunk());
                break;
            case ChunkDecoder::Event::Done:
                if (!bytes.empty()) return refuse(ErrorKind::Invalid, "bytes follow the last chunk");
        }
    }
    return {};
}

Result<void> BodyReceiver::check_chunk() {
    if (!plan_.signing) return {};
    constexpr std::string_view kName = "chunk-signature=";
    std::string_view extension = decoder_.extension();
    if (!chunk_hasher_) chunk_hasher_.emplace(DigestAlgorithm::Sha256);
    Digest digest = chunk_hasher_->digest();
    Sha256Value value;
    std::copy(digest.bytes().begin(), digest.bytes().end(), value.begin());
    chunk_hasher_.reset();
    if (extension.starts_with(kName) && plan_.signing->accept(extension.substr(kName.size()), value))
        return {};
    return refuse(ErrorKind::Corrupt, "a chunk's signature does not match");
}

Result<void> BodyReceiver::take_data(std::span<const std::byte> bytes) {
    if (size_bytes_ + bytes.size() > plan_.size_bytes_max)
        return refuse(ErrorKind::Full, "the body is too large");
    std::vector<std::byte> flipped;
    if (plan_.flip_at && *plan_.flip_at >= size_bytes_ && *plan_.flip_at < size_bytes_ + bytes.size()) {
        flipped.assign(bytes.begin(), bytes.end());
        flipped[*plan_.flip_at - size_bytes_] ^= std::byte{1};
        bytes = flipped;
    }
    bool whole = size_bytes_ == 0 && plan_.size_bytes == bytes.size();
    digests_.update(bytes, whole);
    if (plan_.signing) {
        if (!chunk_hasher_) chunk_hasher_.emplace(DigestAlgorithm::Sha256);
        chunk_hasher_->update(bytes);
    }
    if (plan_.keep) store(bytes);
    size_bytes_ += bytes.size();
    return {};
}

void BodyReceiver::store(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        if (!filling_) {
            std::uint64_t known = plan_.size_bytes.value_or(0);
            std::uint64_t wanted = known > body_.size_bytes() ? known - body_.size_bytes() : kRunBytesUnknown;
            filling_ = std::make_shared<Buffer>(std::min<std::uint64_t>(wanted, kRunBytesMax));
            filled_ = 0;
        }
        std::size_t fits = std::min(bytes.size(), filling_->size() - filled_);
        std::memcpy(filling_->data() + filled_, bytes.data(), fits);
        filled_ += fits;
        bytes = bytes.subspan(fits);
        if (filled_ == filling_->size()) seal();
    }
}

void BodyReceiver::seal() {
    if (filling_) body_.append(std::move(filling_), filled_);
    filling_.reset();
}

Result<void> BodyReceiver::finish() {
    seal();
    if (plan_.aws_chunked && !decoder_.done())
        return refuse(ErrorKind::Invalid, "the aws-chunked body has no last chunk");
    if (plan_.size_bytes && *plan_.size_bytes != size_bytes_)
        return refuse(ErrorKind::Invalid, "the decoded body has another length than promised");
    return {};
}

Body BodyReceiver::take_body() {
    return std::exchange(body_, Body());
}

}  // namespace godwit::s3double
