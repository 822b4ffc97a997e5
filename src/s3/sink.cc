#include "s3/sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/sabotage.h"
#include "s3/checksum_headers.h"
#include "s3/request.h"
#include "s3/streamed_part.h"

namespace godwit::s3 {

using model::EvidenceLevel;

namespace {

struct Part {
    std::string etag;  // empty: not there yet
    // In the request's algorithm.
    std::optional<Digest> digest;
    BodyChecks checks;
    std::uint64_t size_bytes = 0;

    bool is_there() const { return !etag.empty(); }
};

// An upload that vanishes under us was ended by somebody else; beginning anew may help.
Error vanished(Error error) {
    if (error.kind() != ErrorKind::NotFound || error.code() != "NoSuchUpload") return error;
    return std::move(error).with_kind(ErrorKind::Lost);
}

class S3Sink final : public store::Sink {
  public:
    S3Sink(Bucket bucket, const WritePolicy& policy, const store::PutRequest& request, Checkpoint checkpoint)
        : bucket_(std::move(bucket)),
          policy_(policy),
          request_(request),
          checkpoint_(std::move(checkpoint)),
          parts_(static_cast<std::size_t>(part_count(request.size_bytes, checkpoint_.part_bytes))) {}

    std::uint64_t part_size_bytes() const override { return checkpoint_.part_bytes; }
    std::string checkpoint() const override { return write_checkpoint(checkpoint_); }

    // A part that an earlier run has left; write() compares it.
    void remember(UploadedPart part) { stored_before_.emplace(part.number, std::move(part)); }

    Task<Result<void>> write(Context& context, std::uint64_t offset_bytes, std::span<const std::byte> bytes,
                             const Digest& digest) override;
    Task<Result<Digest>> write_streamed(Context& context, std::uint64_t offset_bytes,
                                        store::PartBytes& part) override;
    Task<Result<store::Receipt>> commit(Context& context, const Digest& source) override;

  private:
    const std::string& key() const { return checkpoint_.upload.key; }
    std::string uri() const { return bucket_.client->uri(key()); }
    std::uint64_t size_of(std::size_t index) const;
    // Where a part of this place and size belongs.
    std::size_t index_of(std::uint64_t offset_bytes, std::uint64_t size_bytes) const;
    // An earlier run has left a part of this number which only its MD5 can tell to be equal.
    bool needs_md5(int number, std::uint64_t size_bytes, bool has_checksum) const;
    // The ETag of the part that is there already and equal; empty when it has to be sent.
    std::string stored_equal(int number, std::uint64_t size_bytes, const BodyChecks& checks,
                             const std::optional<Digest>& md5) const;
    // What must be known of a part before its head is sent.
    std::vector<DigestAlgorithm> digests_before_sending(int number, std::uint64_t size_bytes) const;

    Result<void> check_complete() const;
    // What the parts make together; absent when the algorithm does not combine.
    std::optional<Digest> combined(bool attested) const;
    Result<void> check_whole(const Digest& source) const;
    bool all_parts_proved() const;
    // The ETag that only these parts can make; empty where part ETags prove nothing.
    std::string expected_etag() const;
    // What the store keeps of checksums that do not combine; empty for those that do, and for none.
    std::string expected_composite() const;
    std::vector<CompletedPart> completed_parts() const;

    Task<Result<StoredResult>> complete(Context& context);
    Task<Result<store::Receipt>> settle(Context& context, const Digest& source, Error error);
    Result<void> check_told(const StoredResult& result) const;
    Result<Proof> proof(const StoredResult& result, const Digest& source) const;

    Bucket bucket_;
    const WritePolicy& policy_;
    store::PutRequest request_;
    Checkpoint checkpoint_;
    std::vector<Part> parts_;
    std::map<int, UploadedPart> stored_before_;
};

std::uint64_t S3Sink::size_of(std::size_t index) const {
    std::uint64_t offset = index * checkpoint_.part_bytes;
    return std::min(checkpoint_.part_bytes, request_.size_bytes - offset);
}

std::size_t S3Sink::index_of(std::uint64_t offset_bytes, std::uint64_t size_bytes) const {
    std::size_t index = offset_bytes / checkpoint_.part_bytes;
    GODWIT_CHECK(offset_bytes % checkpoint_.part_bytes == 0 && index < parts_.size(), "part at {} of {}",
                 offset_bytes, uri());
    GODWIT_CHECK(size_bytes == size_of(index), "{} bytes in part {} of {}", size_bytes, index + 1, uri());
    return index;
}

bool S3Sink::needs_md5(int number, std::uint64_t size_bytes, bool has_checksum) const {
    auto found = stored_before_.find(number);
    if (found == stored_before_.end() || found->second.size_bytes != size_bytes) return false;
    return !has_checksum || !found->second.checksum;
}

std::string S3Sink::stored_equal(int number, std::uint64_t size_bytes, const BodyChecks& checks,
                                 const std::optional<Digest>& md5) const {
    auto found = stored_before_.find(number);
    if (found == stored_before_.end() || found->second.size_bytes != size_bytes) return {};
    const UploadedPart& part = found->second;
    if (GODWIT_SABOTAGE(trust_stored_parts)) return part.etag;
    if (part.checksum && checks.checksum && part.checksum->algorithm() == checks.checksum->algorithm()) {
        return *part.checksum == *checks.checksum ? part.etag : std::string();
    }
    return md5 && etag_equals(part.etag, *md5) ? part.etag : std::string();
}

Task<Result<void>> S3Sink::write(Context& context, std::uint64_t offset_bytes,
                                 std::span<const std::byte> bytes, const Digest& digest) {
    std::size_t index = index_of(offset_bytes, bytes.size());
    int number = static_cast<int>(index) + 1;
    PutPart put;
    put.upload = &checkpoint_.upload;
    put.number = number;
    put.bytes = bytes;
    put.checks = checks_for(policy_, bytes, digest, request_.verify);
    bool sends_md5 = travelling_digest(policy_, request_.verify) == DigestAlgorithm::Md5;
    bool wants_md5 = sends_md5 || needs_md5(number, bytes.size(), put.checks.checksum.has_value());
    std::optional<Md5Batch::Part> under_way;
    std::optional<Digest> md5;
    if (wants_md5) {
        under_way.emplace(bucket_.client->md5());
        md5 = co_await bucket_.client->md5().digest_of(bytes);
    }
    if (sends_md5) put.checks.md5 = md5;
    std::string etag = stored_equal(number, bytes.size(), put.checks, md5);
    if (etag.empty()) {
        auto stored = co_await upload_part(context, bucket_, put);
        if (!stored) co_return vanished(std::move(stored.error()));
        etag = std::move(stored->etag);
    }
    parts_[index] = Part{std::move(etag), digest, put.checks, bytes.size()};
    co_return {};
}

std::vector<DigestAlgorithm> S3Sink::digests_before_sending(int number, std::uint64_t size_bytes) const {
    std::vector<DigestAlgorithm> wanted;
    if (auto travelling = travelling_digest(policy_, request_.verify)) wanted.push_back(*travelling);
    bool has_md5 = !wanted.empty() && wanted.front() == DigestAlgorithm::Md5;
    bool has_checksum = !wanted.empty() && !has_md5;
    if (!has_md5 && needs_md5(number, size_bytes, has_checksum)) wanted.push_back(DigestAlgorithm::Md5);
    if (signs_payload(bucket_.client->address().origin())) wanted.push_back(DigestAlgorithm::Sha256);
    return wanted;
}

Task<Result<Digest>> S3Sink::write_streamed(Context& context, std::uint64_t offset_bytes,
                                            store::PartBytes& part) {
    std::uint64_t size_bytes = part.size_bytes();
    std::size_t index = index_of(offset_bytes, size_bytes);
    int number = static_cast<int>(index) + 1;
    StreamedPart body(part, uri());
    PutPart put;
    put.upload = &checkpoint_.upload;
    put.number = number;
    put.streamed = &body;
    std::vector<DigestAlgorithm> wanted = digests_before_sending(number, size_bytes);
    if (!wanted.empty()) {
        GODWIT_CO_TRY(FirstReading first, co_await read_first(context, part, wanted, bucket_.client->md5()));
        auto travelling = travelling_digest(policy_, request_.verify);
        if (travelling) put.checks = checks_of(first.find(*travelling));
        if (auto sha256 = first.find(DigestAlgorithm::Sha256)) put.streamed_sha256 = sha256->hex();
        body.expect(first.digest);
        std::string etag = stored_equal(number, size_bytes, put.checks, first.find(DigestAlgorithm::Md5));
        if (!etag.empty()) {
            parts_[index] = Part{std::move(etag), first.digest, put.checks, size_bytes};
            co_return first.digest;
        }
    }
    auto stored = co_await upload_part(context, bucket_, put);
    if (auto failure = body.take_failure()) co_return std::move(*failure);
    if (!stored) co_return vanished(std::move(stored.error()));
    parts_[index] = Part{std::move(stored->etag), body.digest(), put.checks, size_bytes};
    co_return body.digest();
}

Result<void> S3Sink::check_complete() const {
    auto there = std::ranges::count_if(parts_, &Part::is_there);
    if (static_cast<std::size_t>(there) == parts_.size()) return {};
    return Error(ErrorKind::Invalid, "complete upload of", uri(),
                 fmt::format("{} of {} parts were written", there, parts_.size()));
}

std::optional<Digest> S3Sink::combined(bool attested) const {
    std::optional<Digest> whole;
    for (const Part& part : parts_) {
        const std::optional<Digest>& digest = attested ? part.checks.checksum : part.digest;
        if (!digest || !digests_combine(digest->algorithm())) return std::nullopt;
        whole = whole ? combine(*whole, *digest, part.size_bytes) : *digest;
    }
    return whole;
}

Result<void> S3Sink::check_whole(const Digest& source) const {
    std::optional<Digest> whole = combined(false);
    if (GODWIT_SABOTAGE(skip_whole_check)) return {};
    if (!whole || whole->algorithm() != source.algorithm() || *whole == source) return {};
    return Error(ErrorKind::Corrupt, "complete upload of", uri(),
                 fmt::format("the source is {}, the parts make {}", source.display(), whole->display()))
        .with_code("Mismatch");
}

bool S3Sink::all_parts_proved() const {
    bool attested = policy_.probe.attests.has_value();
    return std::ranges::all_of(parts_, [attested](const Part& part) {
        if (attested) return part.checks.checksum.has_value();
        return part.checks.md5 && etag_equals(part.etag, *part.checks.md5);
    });
}

std::string S3Sink::expected_etag() const {
    if (!all_parts_proved()) return {};
    std::vector<Digest> md5s;
    for (const Part& part : parts_) {
        std::optional<Digest> md5 = Digest::from_hex(DigestAlgorithm::Md5, part.etag);
        if (!md5) return {};
        md5s.push_back(*md5);
    }
    return multipart_etag(md5s);
}

std::string S3Sink::expected_composite() const {
    std::vector<Digest> digests;
    for (const Part& part : parts_) {
        const std::optional<Digest>& checksum = part.checks.checksum;
        if (!checksum || digests_combine(checksum->algorithm())) return {};
        digests.push_back(*checksum);
    }
    return composite_checksum(digests);
}

std::vector<CompletedPart> S3Sink::completed_parts() const {
    std::vector<CompletedPart> completed(parts_.size());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        completed[i].number = static_cast<int>(i) + 1;
        completed[i].etag = parts_[i].etag;
        completed[i].checksum = parts_[i].checks.checksum;
    }
    return completed;
}

Task<Result<StoredResult>> S3Sink::complete(Context& context) {
    std::vector<CompletedPart> parts = completed_parts();
    CompleteUpload request;
    request.upload = &checkpoint_.upload;
    request.parts = parts;
    request.condition = complete_condition(policy_.probe, request_.replaces);
    request.checksum = combined(true);
    auto result = co_await complete_upload(context, bucket_, request);
    if (!result) co_return condition_error(request.condition, std::move(result.error()));
    co_return std::move(result);
}

Task<Result<store::Receipt>> S3Sink::commit(Context& context, const Digest& source) {
    if (request_.size_bytes == 0) {
        std::span<const std::byte> nothing;
        Digest empty = digest_of(request_.digest, nothing);
        GODWIT_CO_TRY_VOID(co_await write(context, 0, nothing, empty));
    }
    GODWIT_CO_TRY_VOID(check_complete());
    GODWIT_CO_TRY_VOID(check_whole(source));
    auto result = co_await complete(context);
    if (!result) co_return co_await settle(context, source, std::move(result.error()));
    GODWIT_CO_TRY(Proof proved, proof(*result, source));
    const auto& tags = request_.metadata.tags;
    if (tags && !tags->empty()) GODWIT_CO_TRY_VOID(co_await ensure_tags(context, bucket_, key(), *tags));
    bool lacking = proved.level == EvidenceLevel::None && request_.verify && policy_.may_read_back;
    if (request_.read_back || lacking) {
        GetObject get;
        get.key = key();
        get.etag = result->etag;
        get.object_bytes = request_.size_bytes;
        get.digest = source.algorithm();
        GODWIT_CO_TRY(proved, co_await read_back(context, bucket_, get, source));
    }
    model::Identity identity{request_.size_bytes, result->mtime_ns.value_or(0), std::move(result->etag)};
    co_return store::Receipt{std::move(identity), proved.level, proved.digest};
}

// Complete's answer was lost, or a repetition found the upload gone: the object itself decides.
Task<Result<store::Receipt>> S3Sink::settle(Context& context, const Digest& source, Error error) {
    if (error.code() == "InvalidPart") {
        // The store has not the parts that it told of: nothing will come of this upload, another may do.
        GODWIT_CO_TRY_VOID(co_await abort_upload(context, bucket_, checkpoint_.upload));
        co_return std::move(error).with_kind(ErrorKind::Lost);
    }
    bool gone = error.code() == "NoSuchUpload";
    if (!gone && !may_have_happened(error)) co_return std::move(error);
    Sent sent{request_, key(), source, {}, expected_etag()};
    sent.checks.checksum = combined(true);
    GODWIT_CO_TRY(auto receipt, co_await find_sent(context, bucket_, policy_, sent));
    if (!receipt) co_return vanished(std::move(error));
    // A server that ended in the middle of its Complete has named the object and kept the upload. Where that
    // cannot be removed it stays; the object does not fail for it.
    if (!gone) (void)co_await abort_upload(context, bucket_, checkpoint_.upload);
    co_return std::move(*receipt);
}

// What the store says of the whole, against what the parts make.
Result<void> S3Sink::check_told(const StoredResult& result) const {
    std::optional<Digest> whole = combined(true);
    std::string ours, theirs;
    if (result.checksum && whole && result.checksum->algorithm() == whole->algorithm()) {
        ours = whole->display();
        theirs = result.checksum->display();
    } else if (!result.composite_checksum.empty()) {
        ours = expected_composite();
        theirs = result.composite_checksum;
    }
    if (ours.empty() || ours == theirs) return {};
    return Error(ErrorKind::Corrupt, "complete upload of", uri(),
                 fmt::format("the parts make {}, the store says {}", ours, printable(theirs)))
        .with_code("ChecksumMismatch");
}

Result<Proof> S3Sink::proof(const StoredResult& result, const Digest& source) const {
    if (!GODWIT_SABOTAGE(ignore_told_checksum)) GODWIT_TRY_VOID(check_told(result));
    std::optional<Digest> whole = combined(true);
    if (!all_parts_proved()) return Proof();
    if (policy_.probe.attests) return Proof{EvidenceLevel::Attested, whole.value_or(source)};
    // Without checksums the list of parts is proved by the ETag that their MD5s make.
    if (result.etag != expected_etag()) return Proof();
    return Proof{EvidenceLevel::Attested, source};
}

Error not_resumable(const Bucket& bucket, const std::string& key, std::string cause) {
    return Error(ErrorKind::NotFound, "resume upload of", bucket.client->uri(key), std::move(cause));
}

// Why an upload cannot be gone on with; empty: it can.
std::string_view obstacle(const std::optional<Checkpoint>& checkpoint, const WritePolicy& policy,
                          const store::PutRequest& request, const std::string& key) {
    if (!checkpoint) return "the checkpoint is of another kind or version";
    if (checkpoint->upload.key != key) return "the checkpoint is another object's";
    if (checkpoint->checksum != policy.probe.attests) return "it was begun with another checksum";
    if (request.size_bytes > kObjectBytesMax) return "the object is too large";
    std::uint64_t least = part_bytes_for(request.size_bytes, 1);
    if (checkpoint->part_bytes < least) return "its parts are too small for the object as it is now";
    return {};
}

}  // namespace

Task<Result<std::unique_ptr<store::Sink>>> begin_sink(Context& context, const Bucket& bucket,
                                                      const WritePolicy& policy, const SinkOptions& options,
                                                      const store::PutRequest& request,
                                                      const std::string& key) {
    if (request.size_bytes > kObjectBytesMax) {
        co_return Error(
            ErrorKind::Unsupported, "begin upload of", bucket.client->uri(key),
            fmt::format("{} bytes; an object has at most {}", request.size_bytes, kObjectBytesMax));
    }
    Checkpoint checkpoint;
    checkpoint.part_bytes = part_bytes_for(request.size_bytes, options.part_step_bytes);
    checkpoint.begun_unix_ns = bucket.client->loop().unix_time_ns();
    checkpoint.checksum = policy.probe.attests;
    auto begun = co_await create_upload(context, bucket, key, &request.metadata, checkpoint.checksum);
    if (!begun) co_return std::move(begun.error());
    checkpoint.upload = std::move(*begun);
    co_return std::unique_ptr<store::Sink>(
        std::make_unique<S3Sink>(bucket, policy, request, std::move(checkpoint)));
}

Task<Result<std::unique_ptr<store::Sink>>> resume_sink(Context& context, const Bucket& bucket,
                                                       const WritePolicy& policy,
                                                       const store::PutRequest& request,
                                                       const std::string& key,
                                                       const std::string& checkpoint) {
    std::optional<Checkpoint> kept = read_checkpoint(checkpoint);
    std::string_view why_not = obstacle(kept, policy, request, key);
    if (!why_not.empty()) co_return not_resumable(bucket, key, std::string(why_not));
    GODWIT_CO_TRY(std::vector<UploadedPart> parts, co_await list_parts(context, bucket, kept->upload));
    auto sink = std::make_unique<S3Sink>(bucket, policy, request, std::move(*kept));
    for (UploadedPart& part : parts) sink->remember(std::move(part));
    co_return std::unique_ptr<store::Sink>(std::move(sink));
}

Task<Result<void>> discard_uploads(Context& context, const Bucket& bucket, const std::string& key,
                                   const std::string& checkpoint, std::int64_t intent_unix_ns) {
    if (std::optional<Checkpoint> kept = read_checkpoint(checkpoint); kept && kept->upload.key == key) {
        co_return co_await abort_upload(context, bucket, kept->upload);
    }
    const std::string none_kept;
    co_return co_await abort_uploads_since(context, bucket, key, intent_unix_ns, none_kept);
}

}  // namespace godwit::s3
