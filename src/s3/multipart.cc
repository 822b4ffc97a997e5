#include "s3/multipart.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"
#include "s3/checksum_headers.h"
#include "s3/metadata_headers.h"

namespace godwit::s3 {

namespace {

using Parameter = std::pair<std::string_view, std::string_view>;

// A thousand pages of a thousand: far beyond any honest list of one key's uploads.
constexpr int kPagesMax = 1000;
constexpr std::size_t kUploadsMax = 10'000;

std::string upload_query(const UploadId& upload) {
    Parameter id("uploadId", upload.id);
    return canonical_query(std::span(&id, 1));
}

std::string part_query(const UploadId& upload, int number) {
    fmt::format_int digits(number);
    Parameter parameters[] = {{"partNumber", {digits.data(), digits.size()}}, {"uploadId", upload.id}};
    return canonical_query(parameters);
}

Error stuck(const Bucket& bucket, RequestKind kind, const std::string& key) {
    return Error(ErrorKind::Corrupt, std::string(verb(kind)), bucket.client->uri(key),
                 "the pages of the list do not go forward")
        .with_code("EndlessListing");
}

Task<Result<PartsPage>> list_parts_page(Context& context, const Bucket& bucket, const UploadId& upload,
                                        int marker) {
    Request request(RequestKind::ListParts, upload.key);
    fmt::format_int digits(marker);
    Parameter parameters[] = {{"part-number-marker", {digits.data(), digits.size()}},
                              {"uploadId", upload.id}};
    request.query = marker ? canonical_query(parameters) : upload_query(upload);
    add_request_payer(*bucket.options, request.headers);
    XmlReader<PartsPage> reader(parse_parts_page);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.take();
}

Task<Result<UploadsPage>> list_uploads_page(Context& context, const Bucket& bucket, const std::string& key,
                                            const UploadsPage& before, Duration& server_ahead) {
    std::vector<Parameter> parameters = {{"encoding-type", "url"}, {"prefix", key}, {"uploads", ""}};
    if (before.truncated) {
        parameters.emplace_back("key-marker", before.next_key_marker);
        parameters.emplace_back("upload-id-marker", before.next_upload_id_marker);
    }
    Request request(RequestKind::ListUploads, "");
    request.query = canonical_query(parameters);
    add_request_payer(*bucket.options, request.headers);
    XmlReader<UploadsPage> reader(parse_uploads_page);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    std::int64_t ours_ns = bucket.client->loop().unix_time_ns();
    server_ahead = Duration(reader.head().server_time_ns.value_or(ours_ns) - ours_ns);
    co_return reader.take();
}

class BegunReader final : public AnswerReader {
  public:
    explicit BegunReader(const ObjectOptions& options) : options_(options) {}
    Task<Result<void>> read(Context& context, Answer& answer) override {
        GODWIT_CO_TRY_VOID(co_await xml_.read(context, answer));
        lacking_ = encryption_lacking(options_, answer.response.headers());
        repeated_ = answer.attempt > 1;
        co_return {};
    }
    std::string take() { return xml_.take(); }
    // What was asked for and not confirmed; empty: all is.
    const std::string& lacking() const { return lacking_; }
    // It was asked before, and that request may have begun an upload too.
    bool repeated() const { return repeated_; }

  private:
    const ObjectOptions& options_;
    XmlReader<std::string> xml_{parse_initiated};
    std::string lacking_;
    bool repeated_ = false;
};

}  // namespace

std::uint64_t part_bytes_for(std::uint64_t object_bytes, std::uint64_t step_bytes) {
    std::uint64_t least = (object_bytes + kPartsMax - 1) / kPartsMax;
    std::uint64_t steps = std::max<std::uint64_t>(1, (least + step_bytes - 1) / step_bytes);
    return steps * step_bytes;
}

int part_count(std::uint64_t object_bytes, std::uint64_t part_bytes) {
    return static_cast<int>(std::max<std::uint64_t>(1, (object_bytes + part_bytes - 1) / part_bytes));
}

Task<Result<UploadId>> create_upload(Context& context, const Bucket& bucket, const std::string& key,
                                     const model::Metadata* metadata,
                                     std::optional<DigestAlgorithm> checksum) {
    Request request(RequestKind::CreateUpload, key);
    request.query = "uploads=";
    if (metadata) {
        std::string subject = bucket.client->uri(key);
        GODWIT_CO_TRY_VOID(add_metadata(*metadata, subject, request.headers));
    }
    add_object_options(*bucket.options, request.headers);
    if (checksum) {
        request.headers.add("x-amz-checksum-algorithm", checksum_algorithm_name(*checksum));
        request.headers.add("x-amz-checksum-type", multipart_checksum_type(*checksum));
    }
    // Sent again under the hand, it would begin two uploads and tell of one.
    request.repeatable = false;
    BegunReader reader(*bucket.options);
    std::int64_t since_unix_ns = bucket.client->loop().unix_time_ns();
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    UploadId upload{key, reader.take()};
    // Where they cannot be listed they stay; the object does not fail for it.
    if (reader.repeated()) (void)co_await abort_uploads_since(context, bucket, key, since_unix_ns, upload.id);
    if (reader.lacking().empty()) co_return upload;
    GODWIT_CO_TRY_VOID(co_await abort_upload(context, bucket, upload));
    co_return Error(
        ErrorKind::Unsupported, std::string(verb(request.kind)), bucket.client->uri(key),
        fmt::format("the server does not confirm that it encrypts: {} was asked for", reader.lacking()))
        .with_code("NotEncrypted");
}

Task<Result<Stored>> upload_part(Context& context, const Bucket& bucket, const PutPart& part) {
    Request request(RequestKind::UploadPart, part.upload->key);
    request.query = part_query(*part.upload, part.number);
    request.body = part.bytes;
    request.streamed = part.streamed;
    request.streamed_sha256 = part.streamed_sha256;
    add_bytes_options(*bucket.options, request.headers);
    add_body_checks(part.checks, request.headers);
    StoredReader reader(part.checks);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.take();
}

Task<Result<StoredResult>> copy_part(Context& context, const Bucket& bucket, const CopyPart& part) {
    Request request(RequestKind::UploadPartCopy, part.upload->key);
    request.query = part_query(*part.upload, part.number);
    const Address& source = part.source_bucket->client->address();
    request.headers.add("x-amz-copy-source", source.copy_source(part.source_key, ""));
    request.headers.add("x-amz-copy-source-range", range_value(part.offset_bytes, part.size_bytes));
    if (!part.source_etag.empty()) {
        request.headers.add("x-amz-copy-source-if-match", quoted_etag(part.source_etag));
    }
    add_bytes_options(*bucket.options, request.headers);
    add_copy_source_options(*part.source_bucket->options, request.headers);
    XmlReader<StoredResult> reader(parse_copied_part);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.take();
}

Task<Result<StoredResult>> complete_upload(Context& context, const Bucket& bucket,
                                           const CompleteUpload& complete) {
    std::string body = write_complete(complete.parts);
    Request request(RequestKind::CompleteUpload, complete.upload->key);
    request.query = upload_query(*complete.upload);
    request.body = {reinterpret_cast<const std::byte*>(body.data()), body.size()};
    request.headers.add("content-type", "application/xml");
    add_bytes_options(*bucket.options, request.headers);
    add_condition(complete.condition, request.headers);
    if (complete.checksum) {
        DigestAlgorithm algorithm = complete.checksum->algorithm();
        request.headers.add(checksum_header(algorithm), complete.checksum->base64());
        request.headers.add("x-amz-checksum-type", multipart_checksum_type(algorithm));
    }
    request.repeatable = false;
    XmlReader<StoredResult> reader(parse_completed);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.take();
}

Task<Result<void>> abort_upload(Context& context, const Bucket& bucket, const UploadId& upload) {
    Request request(RequestKind::AbortUpload, upload.key);
    request.query = upload_query(upload);
    add_request_payer(*bucket.options, request.headers);
    DoneReader reader;
    auto done = co_await bucket.call(context, request, reader);
    if (!done && done.error().code() == "NoSuchUpload") co_return {};
    co_return std::move(done);
}

Task<Result<std::vector<UploadedPart>>> list_parts(Context& context, const Bucket& bucket,
                                                   const UploadId& upload) {
    std::vector<UploadedPart> parts;
    for (int marker = 0;;) {
        GODWIT_CO_TRY(PartsPage page, co_await list_parts_page(context, bucket, upload, marker));
        for (UploadedPart& part : page.parts) {
            if (!parts.empty() && part.number <= parts.back().number) {
                co_return stuck(bucket, RequestKind::ListParts, upload.key);
            }
            parts.push_back(std::move(part));
        }
        if (!page.truncated) co_return std::move(parts);
        if (page.next_part_number_marker <= marker)
            co_return stuck(bucket, RequestKind::ListParts, upload.key);
        marker = page.next_part_number_marker;
    }
}

Task<Result<PendingUploads>> list_uploads(Context& context, const Bucket& bucket, const std::string& key) {
    PendingUploads pending;
    UploadsPage page;
    for (int pages = 0; pages < kPagesMax; ++pages) {
        GODWIT_CO_TRY(UploadsPage next,
                      co_await list_uploads_page(context, bucket, key, page, pending.server_ahead));
        page = std::move(next);
        // Keys come in order, so that the first beyond ours ends the search.
        bool beyond = !page.uploads.empty() && page.uploads.back().key > key;
        for (PendingUpload& upload : page.uploads) {
            bool ours =
                upload.key == key || (GODWIT_SABOTAGE(abort_by_prefix) && upload.key.starts_with(key));
            if (ours) pending.uploads.push_back(std::move(upload));
        }
        if (pending.uploads.size() > kUploadsMax) break;
        if (!page.truncated || beyond) co_return std::move(pending);
    }
    co_return stuck(bucket, RequestKind::ListUploads, key);
}

Task<Result<void>> abort_uploads_since(Context& context, const Bucket& bucket, const std::string& key,
                                       std::int64_t since_unix_ns, const std::string& kept_id) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    GODWIT_CO_TRY(PendingUploads found, co_await list_uploads(context, bucket, key));
    // Some servers tell the second only.
    std::int64_t since_ns = (since_unix_ns + found.server_ahead.count()) / kSecond * kSecond;
    for (PendingUpload& pending : found.uploads) {
        if (GODWIT_SABOTAGE(abort_what_is_older)) since_ns = 0;
        if (pending.initiated_ns < since_ns || pending.upload_id == kept_id) continue;
        UploadId upload{std::move(pending.key), std::move(pending.upload_id)};
        GODWIT_CO_TRY_VOID(co_await abort_upload(context, bucket, upload));
    }
    co_return {};
}

}  // namespace godwit::s3
