#include "s3/operations_get.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"

namespace godwit::s3 {

namespace {

// Digests are computed while the bytes are still in the cache.
constexpr std::size_t kPieceBytes = 256 << 10;
// Bytes that are only looked at go through this much memory.
constexpr std::size_t kDiscardBytes = 64 << 10;

struct ByteRange {
    std::uint64_t offset_bytes = 0;
    std::uint64_t size_bytes = 0;
};

// Nothing may follow what was expected; also lets a chunked body come to its end.
Task<Result<void>> expect_end(Context& context, Answer& answer) {
    if (answer.response.content_length()) co_return {};
    std::byte extra;
    std::span<std::byte> room(&extra, 1);
    GODWIT_CO_TRY(std::size_t more, co_await answer.response.read(context, room));
    if (more == 0) co_return {};
    co_return answer.error(ErrorKind::Corrupt, "the body is longer than what was asked for");
}

// Reads exactly `out` and digests it in cache-sized pieces.
Task<Result<Digest>> read_digesting(Context& context, Answer& answer, std::span<std::byte> out,
                                    DigestAlgorithm algorithm) {
    if (out.size() <= kPieceBytes) {
        GODWIT_CO_TRY_VOID(co_await answer.response.read_exactly(context, out));
        GODWIT_CO_TRY_VOID(co_await expect_end(context, answer));
        co_return digest_of(algorithm, out);
    }
    Hasher hasher(algorithm);
    while (!out.empty()) {
        std::span<std::byte> piece = out.first(std::min(kPieceBytes, out.size()));
        GODWIT_CO_TRY_VOID(co_await answer.response.read_exactly(context, piece));
        hasher.update(piece);
        out = out.subspan(piece.size());
    }
    GODWIT_CO_TRY_VOID(co_await expect_end(context, answer));
    co_return hasher.digest();
}

// What an answer must be before its body is believed.
class GetReader : public AnswerReader {
  public:
    GetReader(const GetObject& get, std::optional<ByteRange> range) : get_(get), range_(range) {}

    Task<Result<void>> read(Context& context, Answer& answer) final {
        GODWIT_CO_TRY(head_, object_head(answer, get_.digest));
        GODWIT_CO_TRY_VOID(check_generation(answer));
        GODWIT_CO_TRY_VOID(check_extent(answer));
        co_return co_await read_body(context, answer);
    }

  protected:
    virtual Task<Result<void>> read_body(Context& context, Answer& answer) = 0;
    const GetObject& get() const { return get_; }
    const ObjectHead& head() const { return head_; }
    ObjectHead take_head() { return std::move(head_); }

  private:
    Result<void> check_generation(const Answer& answer) const {
        if (GODWIT_SABOTAGE(read_any_generation)) return {};
        if (!get_.etag.empty() && head_.etag != get_.etag) {
            return answer.error(
                ErrorKind::Changed,
                fmt::format("expected generation '{}', the store sent '{}'", get_.etag, head_.etag));
        }
        bool pinned = !get_.version_id.empty() && !head_.version_id.empty();
        if (pinned && head_.version_id != get_.version_id) {
            return answer.error(ErrorKind::Changed,
                                fmt::format("expected version '{}', the store sent '{}'", get_.version_id,
                                            printable(head_.version_id)));
        }
        if (head_.size_bytes == get_.object_bytes) return {};
        return answer.error(ErrorKind::Changed, fmt::format("expected {} bytes, the store says {}",
                                                            get_.object_bytes, head_.size_bytes));
    }

    Result<void> check_extent(const Answer& answer) const {
        int status = answer.response.status();
        bool all = !range_ || (range_->offset_bytes == 0 && range_->size_bytes == get_.object_bytes);
        if (status == 200 && all) return {};
        if (status == 200) {
            return answer.error(ErrorKind::Unsupported, "the store ignores ranges").with_code("RangeIgnored");
        }
        std::string_view said = answer.response.header("content-range").value_or("");
        if (status == 206 && range_ &&
            is_content_range(said, range_->offset_bytes, range_->size_bytes, get_.object_bytes)) {
            return {};
        }
        return answer
            .error(ErrorKind::Corrupt,
                   fmt::format("the answer (status {}, range '{}') is not what was asked for", status,
                               printable(said)))
            .with_code("WrongRange");
    }

    const GetObject& get_;
    std::optional<ByteRange> range_;
    ObjectHead head_;
};

class WholeReader final : public GetReader {
  public:
    explicit WholeReader(const GetObject& get) : GetReader(get, std::nullopt) {}
    WholeObject take() { return {take_head(), std::move(bytes_), digest_}; }

  private:
    Task<Result<void>> read_body(Context& context, Answer& answer) override {
        if (bytes_.size() != get().object_bytes) bytes_ = Buffer(get().object_bytes);
        std::span<std::byte> out = bytes_.span();
        GODWIT_CO_TRY(digest_, co_await read_digesting(context, answer, out, get().digest));
        co_return check_stored(answer);
    }

    // What the store keeps as the object's checksum, against what it sent.
    Result<void> check_stored(const Answer& answer) const {
        const std::optional<Digest>& stored = head().stored_digest;
        if (!stored) return {};
        Digest read =
            stored->algorithm() == get().digest ? *digest_ : digest_of(stored->algorithm(), bytes_.span());
        if (read == *stored || GODWIT_SABOTAGE(ignore_stored_checksum)) return {};
        return answer
            .error(ErrorKind::Corrupt, fmt::format("the store keeps {}, the bytes that it sent are {}",
                                                   stored->display(), read.display()))
            .with_code("ChecksumMismatch");
    }

    Buffer bytes_;
    std::optional<Digest> digest_;
};

class RangeReader final : public GetReader {
  public:
    RangeReader(const GetObject& get, ByteRange range, std::span<std::byte> out)
        : GetReader(get, range), out_(out) {}
    Digest digest() const { return *digest_; }

  private:
    Task<Result<void>> read_body(Context& context, Answer& answer) override {
        GODWIT_CO_TRY(digest_, co_await read_digesting(context, answer, out_, get().digest));
        co_return {};
    }

    std::span<std::byte> out_;
    std::optional<Digest> digest_;
};

class DigestReader final : public GetReader {
  public:
    DigestReader(const GetObject& get, ByteRange range)
        : GetReader(get, range),
          size_bytes_(range.size_bytes),
          memory_(std::min<std::uint64_t>(range.size_bytes, kDiscardBytes)) {}
    Digest digest() const { return *digest_; }

  private:
    Task<Result<void>> read_body(Context& context, Answer& answer) override {
        Hasher hasher(get().digest);
        for (std::uint64_t left = size_bytes_; left > 0;) {
            std::span<std::byte> piece = memory_.span().first(std::min<std::uint64_t>(left, memory_.size()));
            GODWIT_CO_TRY_VOID(co_await answer.response.read_exactly(context, piece));
            hasher.update(piece);
            left -= piece.size();
        }
        GODWIT_CO_TRY_VOID(co_await expect_end(context, answer));
        digest_ = hasher.digest();
        co_return {};
    }

    std::uint64_t size_bytes_;
    Buffer memory_;
    std::optional<Digest> digest_;
};

Request get_request(const Bucket& bucket, const GetObject& get, ByteRange expected, bool ranged) {
    Request request(RequestKind::GetObject, get.key);
    // Bytes as they are stored, from servers that would unpack or pack them on the way (E60).
    request.headers.add_unsigned("accept-encoding", "identity");
    bool pinned = !get.etag.empty() && !GODWIT_SABOTAGE(drop_pinned_if_match);
    if (pinned) request.headers.add("if-match", quoted_etag(get.etag));
    if (ranged) {
        request.headers.add("range", range_value(expected.offset_bytes, expected.size_bytes));
    } else {
        request.headers.add("x-amz-checksum-mode", "ENABLED");
    }
    add_bytes_options(*bucket.options, request.headers);
    request.answer_bytes = expected.size_bytes;
    return request;
}

Error outside(const Bucket& bucket, const GetObject& get, ByteRange range) {
    return Error(ErrorKind::Changed, "read", bucket.client->uri(get.key),
                 fmt::format("bytes {} to {} of an object of {}", range.offset_bytes,
                             range.offset_bytes + range.size_bytes, get.object_bytes));
}

}  // namespace

Task<Result<WholeObject>> get_whole(Context& context, const Bucket& bucket, const GetObject& get) {
    ByteRange all{0, get.object_bytes};
    Request request = get_request(bucket, get, all, false);
    WholeReader reader(get);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.take();
}

Task<Result<Digest>> get_range(Context& context, const Bucket& bucket, const GetObject& get,
                               std::uint64_t offset_bytes, std::span<std::byte> out) {
    ByteRange range{offset_bytes, out.size()};
    if (offset_bytes + out.size() > get.object_bytes) co_return outside(bucket, get, range);
    if (out.empty()) co_return digest_of(get.digest, out);
    Request request = get_request(bucket, get, range, true);
    RangeReader reader(get, range, out);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.digest();
}

Task<Result<Digest>> get_range_digest(Context& context, const Bucket& bucket, const GetObject& get,
                                      std::uint64_t offset_bytes, std::uint64_t size_bytes) {
    ByteRange range{offset_bytes, size_bytes};
    if (offset_bytes + size_bytes > get.object_bytes) co_return outside(bucket, get, range);
    // An empty object has no range that could be asked for.
    bool ranged = size_bytes != get.object_bytes;
    Request request = get_request(bucket, get, range, ranged);
    DigestReader reader(get, range);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.digest();
}

}  // namespace godwit::s3
