#include "s3/store_copy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"
#include "model/plan.h"
#include "runtime/group.h"

namespace godwit::s3 {

using model::EvidenceLevel;

namespace {

constexpr std::size_t kCopyPartsAtOnce = 8;

class Copy {
  public:
    Copy(Context& context, const Bucket& bucket, const WritePolicy& policy, const CopyJob& job)
        : context_(context), bucket_(bucket), policy_(policy), job_(job) {}

    Task<Result<store::Receipt>> run();

  private:
    Task<Result<StoredResult>> in_one_piece();
    Task<Result<StoredResult>> settle(Error error);
    Task<Result<StoredResult>> in_parts();
    Task<Result<void>> copy_parts(const UploadId& upload, std::vector<CompletedPart>& parts);
    Task<void> copy_one(const UploadId& upload, CompletedPart& part, std::optional<Error>& failure);
    Task<Result<model::Metadata>> metadata_for_parts();

    Task<Result<Proof>> prove(const StoredResult& copied);
    Task<Result<Proof>> look_at_source(const StoredResult& copied);
    Result<Proof> compare_checksums(const StoredResult& copied, const std::optional<Digest>& kept) const;
    Task<Result<Proof>> prove_by_reading(const StoredResult& copied);

    Context& context_;
    const Bucket& bucket_;
    const WritePolicy& policy_;
    const CopyJob& job_;
};

Task<Result<store::Receipt>> Copy::run() {
    if (job_.source.size_bytes > kObjectBytesMax) {
        co_return Error(
            ErrorKind::Unsupported, "copy to", bucket_.client->uri(job_.key),
            fmt::format("{} bytes; an object has at most {}", job_.source.size_bytes, kObjectBytesMax));
    }
    bool one_piece = job_.source.size_bytes <= job_.one_piece_bytes_max;
    auto copying = one_piece ? in_one_piece() : in_parts();
    GODWIT_CO_TRY(StoredResult copied, co_await std::move(copying));
    if (job_.metadata && job_.metadata->tags) {
        GODWIT_CO_TRY_VOID(co_await ensure_tags(context_, bucket_, job_.key, *job_.metadata->tags));
    }
    Proof proof{EvidenceLevel::ServerCopy, std::nullopt};
    if (!job_.onto_itself) {
        GODWIT_CO_TRY(proof, co_await prove(copied));
    }
    model::Identity identity{job_.source.size_bytes, copied.mtime_ns.value_or(0), copied.etag};
    co_return store::Receipt{std::move(identity), proof.level, proof.digest};
}

Task<Result<StoredResult>> Copy::in_one_piece() {
    CopyObject copy;
    copy.key = job_.key;
    copy.source_bucket = &job_.source_bucket;
    copy.source_key = job_.source_key;
    copy.source_etag = job_.source.tag;
    copy.metadata = job_.metadata;
    copy.condition = put_condition(policy_.probe, job_.put->replaces);
    copy.storage_class = job_.storage_class;
    copy.checksum = policy_.probe.attests;
    auto copied = co_await copy_object(context_, bucket_, copy);
    if (copied) co_return std::move(copied);
    bool unclear = may_have_happened(copied.error()) && !job_.onto_itself;
    if (unclear) co_return co_await settle(std::move(copied.error()));
    bool source_gone = copied.error().code() == "NoSuchKey";
    if (source_gone) co_return std::move(copied.error()).with_kind(ErrorKind::Changed);
    co_return std::move(copied.error());
}

// The answer was lost, or a repetition met its own success: what stands there decides (I11).
Task<Result<StoredResult>> Copy::settle(Error error) {
    std::string any_generation;
    auto there = co_await head_object(context_, bucket_, job_.key, any_generation, job_.put->digest);
    if (!there || !*there || (*there)->size_bytes != job_.source.size_bytes) co_return std::move(error);
    auto source = co_await head_object(context_, job_.source_bucket, job_.source_key, job_.source.tag,
                                       job_.put->digest);
    if (!source || !*source) co_return std::move(error);
    bool same_checksum = (*there)->stored_digest && (*there)->stored_digest == (*source)->stored_digest;
    if ((*there)->etag != job_.source.tag && !same_checksum) co_return std::move(error);
    StoredResult copied;
    copied.etag = (*there)->etag;
    copied.mtime_ns = (*there)->mtime_ns;
    copied.checksum = (*there)->stored_digest;
    co_return std::move(copied);
}

// An upload does not inherit what CopyObject would: the metadata is read and given again.
Task<Result<model::Metadata>> Copy::metadata_for_parts() {
    if (job_.metadata && job_.metadata->tags) co_return *job_.metadata;
    GODWIT_CO_TRY(model::Metadata all, co_await source_metadata(context_, job_));
    if (!job_.metadata) co_return std::move(all);
    model::Metadata metadata = *job_.metadata;
    metadata.tags = std::move(all.tags);
    co_return std::move(metadata);
}

Task<Result<StoredResult>> Copy::in_parts() {
    GODWIT_CO_TRY(model::Metadata metadata, co_await metadata_for_parts());
    GODWIT_CO_TRY(UploadId upload,
                  co_await create_upload(context_, bucket_, job_.key, &metadata, policy_.probe.attests));
    std::vector<CompletedPart> parts;
    Result<void> made = co_await copy_parts(upload, parts);
    Result<StoredResult> done = StoredResult();
    if (made) {
        CompleteUpload complete;
        complete.upload = &upload;
        complete.parts = parts;
        complete.condition = complete_condition(policy_.probe, job_.put->replaces);
        done = co_await complete_upload(context_, bucket_, complete);
    } else {
        done = std::move(made.error());
    }
    // A lost Complete may have happened; aborting what is gone is harmless then.
    if (!done) (void)co_await abort_upload(context_, bucket_, upload);
    co_return std::move(done);
}

Task<Result<void>> Copy::copy_parts(const UploadId& upload, std::vector<CompletedPart>& parts) {
    std::uint64_t part_bytes = part_bytes_for(job_.source.size_bytes, job_.part_step_bytes);
    parts.resize(static_cast<std::size_t>(part_count(job_.source.size_bytes, part_bytes)));
    std::optional<Error> failure;
    runtime::TaskGroup group(context_.loop());
    for (std::size_t i = 0; i < parts.size() && !failure; ++i) {
        parts[i].number = static_cast<int>(i) + 1;
        group.spawn(copy_one(upload, parts[i], failure));
        co_await group.wait(kCopyPartsAtOnce);
    }
    co_await group.wait();
    if (failure) co_return std::move(*failure);
    co_return {};
}

Task<void> Copy::copy_one(const UploadId& upload, CompletedPart& part, std::optional<Error>& failure) {
    std::uint64_t part_bytes = part_bytes_for(job_.source.size_bytes, job_.part_step_bytes);
    CopyPart copy;
    copy.upload = &upload;
    copy.number = part.number;
    copy.source_bucket = &job_.source_bucket;
    copy.source_key = job_.source_key;
    copy.source_etag = job_.source.tag;
    copy.offset_bytes = static_cast<std::uint64_t>(part.number - 1) * part_bytes;
    copy.size_bytes = std::min(part_bytes, job_.source.size_bytes - copy.offset_bytes);
    auto copied = co_await copy_part(context_, bucket_, copy);
    if (copied) {
        part.etag = std::move(copied->etag);
        part.checksum = copied->checksum;
    } else if (!failure) {
        failure.emplace(std::move(copied.error()));
    }
}

// A copy with the ETag that the source was listed with is a copy of that generation, and its answer has said
// all that can be shown without reading (docs/decisions/0010-one-request-for-a-copy-inside-a-server.md).
Task<Result<Proof>> Copy::prove(const StoredResult& copied) {
    Proof proof{EvidenceLevel::ServerCopy, std::nullopt};
    if (copied.etag != job_.source.tag && !GODWIT_SABOTAGE(trust_any_copy)) {
        GODWIT_CO_TRY(proof, co_await look_at_source(copied));
    }
    if (job_.put->read_back) co_return co_await prove_by_reading(copied);
    co_return std::move(proof);
}

// Any other ETag may be that of a newer generation. The look that tells also tells the checksum which the
// source keeps.
Task<Result<Proof>> Copy::look_at_source(const StoredResult& copied) {
    DigestAlgorithm wanted = copied.checksum ? copied.checksum->algorithm() : job_.put->digest;
    auto head = co_await head_object(context_, job_.source_bucket, job_.source_key, job_.source.tag, wanted);
    if (!head) co_return std::move(head.error());
    if (!*head || !model::same_generation((*head)->identity(), job_.source)) {
        co_return Error(ErrorKind::Changed, "copy", job_.source_bucket.client->uri(job_.source_key),
                        fmt::format("expected generation '{}', found '{}'", job_.source.tag,
                                    *head ? (*head)->etag : "nothing"));
    }
    co_return compare_checksums(copied, (*head)->stored_digest);
}

Result<Proof> Copy::compare_checksums(const StoredResult& copied, const std::optional<Digest>& kept) const {
    bool comparable = policy_.probe.attests && job_.put->verify && copied.checksum && kept &&
                      kept->algorithm() == copied.checksum->algorithm();
    if (!comparable) return Proof{EvidenceLevel::ServerCopy, std::nullopt};
    if (*kept == *copied.checksum || GODWIT_SABOTAGE(trust_copied_checksum))
        return Proof{EvidenceLevel::Attested, kept};
    return Error(ErrorKind::Corrupt, "copy to", bucket_.client->uri(job_.key),
                 fmt::format("the source keeps {}, the copy {}", kept->display(), copied.checksum->display()))
        .with_code("ChecksumMismatch");
}

Task<Result<Proof>> Copy::prove_by_reading(const StoredResult& copied) {
    GetObject source, copy;
    source.key = job_.source_key;
    source.etag = job_.source.tag;
    source.object_bytes = job_.source.size_bytes;
    source.digest = job_.put->digest;
    copy = source;
    copy.key = job_.key;
    copy.etag = copied.etag;
    GODWIT_CO_TRY(Digest expected, co_await digest_stored(context_, job_.source_bucket, source));
    co_return co_await read_back(context_, bucket_, copy, expected);
}

}  // namespace

Task<Result<model::Metadata>> source_metadata(Context& context, const CopyJob& job) {
    auto head =
        co_await head_object(context, job.source_bucket, job.source_key, job.source.tag, job.put->digest);
    if (!head) co_return std::move(head.error());
    if (!*head) {
        co_return Error(ErrorKind::Changed, "copy", job.source_bucket.client->uri(job.source_key),
                        "the source is gone");
    }
    model::Metadata metadata = std::move((*head)->metadata);
    if ((*head)->tag_count > 0) {
        GODWIT_CO_TRY(metadata.tags, co_await get_tagging(context, job.source_bucket, job.source_key));
    }
    co_return std::move(metadata);
}

Task<Result<store::Receipt>> copy_inside(Context& context, const Bucket& bucket, const WritePolicy& policy,
                                         const CopyJob& job) {
    Copy copy(context, bucket, policy, job);
    co_return co_await copy.run();
}

}  // namespace godwit::s3
