#include "s3/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/sabotage.h"
#include "base/time_format.h"
#include "s3/checksum_headers.h"
#include "s3/metadata_headers.h"

namespace godwit::s3 {

namespace {

using Parameter = std::pair<std::string_view, std::string_view>;

// Bodies of answers that should have none.
constexpr std::size_t kIdleBytesMax = 64 << 10;

std::string header_text(const Answer& answer, std::string_view name) {
    std::optional<std::string_view> value = answer.response.header(name);
    return value ? std::string(*value) : std::string();
}

std::uint64_t header_number(const Answer& answer, std::string_view name) {
    std::string_view text = answer.response.header(name).value_or("");
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// The length of the whole object: Content-Range's last field, else Content-Length.
std::optional<std::uint64_t> object_length(const Answer& answer) {
    std::string_view text = answer.response.header("content-length").value_or("");
    if (auto range = answer.response.header("content-range")) {
        std::size_t slash = range->rfind('/');
        text = slash == std::string_view::npos ? std::string_view() : range->substr(slash + 1);
    }
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Drains a body that nobody wants, so that the connection can be used again.
Task<Result<void>> drain(Context& context, net::HttpResponse& response) {
    if (response.content_length() == 0) co_return {};
    GODWIT_CO_TRY_VOID(co_await response.read_text(context, kIdleBytesMax));
    co_return {};
}

class HeadReader final : public AnswerReader {
  public:
    explicit HeadReader(DigestAlgorithm wanted) : wanted_(wanted) {}
    Task<Result<void>> read(Context&, Answer& answer) override {
        GODWIT_CO_TRY(head_, object_head(answer, wanted_));
        co_return {};
    }
    ObjectHead take() { return std::move(head_); }

  private:
    DigestAlgorithm wanted_;
    ObjectHead head_;
};

Error echo_mismatch(const Answer& answer, const Digest& sent, const Digest& echoed) {
    return answer
        .error(ErrorKind::Corrupt,
               fmt::format("sent {}, the store says {}", sent.display(), echoed.display()))
        .with_code("ChecksumMismatch");
}

// RGW says nothing at all where there are no tags.
Result<model::NamedValues> parse_tags(const Operation& operation, const AnswerHead& head, std::string body) {
    if (body.empty()) return model::NamedValues();
    return parse_tagging(operation, head, std::move(body));
}

void add_metadata_directives(const CopyObject& copy, HeaderList& headers) {
    headers.add("x-amz-metadata-directive", copy.metadata ? "REPLACE" : "COPY");
    if (copy.metadata && copy.metadata->tags) headers.add("x-amz-tagging-directive", "REPLACE");
}

}  // namespace

Result<ObjectHead> object_head(const Answer& answer, DigestAlgorithm wanted) {
    const auto& headers = answer.response.headers();
    ObjectHead head;
    head.etag = unquote_etag(answer.response.header("etag").value_or(""));
    std::string_view modified = answer.response.header("last-modified").value_or("");
    head.mtime_ns = parse_http_date(modified).value_or(0);
    std::optional<std::uint64_t> length = object_length(answer);
    if ((head.etag.empty() && modified.empty()) || !length) {
        return answer
            .error(ErrorKind::Corrupt, "the answer is no object store's: it has no ETag or no length")
            .with_code("MalformedAnswer");
    }
    if (*length > kBelievedBytesMax || !is_etag(head.etag)) {
        return answer
            .error(ErrorKind::Corrupt, fmt::format("length {} or ETag '{}' cannot be true", *length,
                                                   printable(std::string_view(head.etag).substr(0, 80))))
            .with_code("MalformedAnswer");
    }
    head.size_bytes = *length;
    head.version_id = header_text(answer, "x-amz-version-id");
    head.metadata = metadata_from(headers);
    head.tag_count = header_number(answer, "x-amz-tagging-count");
    if (answer.response.status() != 206) head.stored_digest = stored_digest(headers, wanted);
    head.storage_class = header_text(answer, "x-amz-storage-class");
    head.archived = is_archived(headers);
    return head;
}

void add_condition(const Condition& condition, HeaderList& headers) {
    if (condition.absent) headers.add("if-none-match", "*");
    if (condition.etag.empty()) return;
    headers.add("if-match", condition.bare ? condition.etag : quoted_etag(condition.etag));
}

void add_body_checks(const BodyChecks& checks, HeaderList& headers) {
    if (checks.checksum)
        headers.add(checksum_header(checks.checksum->algorithm()), checks.checksum->base64());
    if (checks.md5) headers.add("content-md5", checks.md5->base64());
}

Task<Result<void>> StoredReader::read(Context& context, Answer& answer) {
    stored_ = Stored();
    stored_.etag = unquote_etag(answer.response.header("etag").value_or(""));
    if (stored_.etag.empty() || !is_etag(stored_.etag)) {
        co_return answer.error(ErrorKind::Corrupt, "the answer has no proper ETag, so nothing was stored")
            .with_code("MalformedAnswer");
    }
    stored_.version_id = header_text(answer, "x-amz-version-id");
    if (sent_.checksum) {
        stored_.checksum = stored_digest(answer.response.headers(), sent_.checksum->algorithm());
        bool comparable = stored_.checksum && stored_.checksum->algorithm() == sent_.checksum->algorithm();
        if (GODWIT_SABOTAGE(ignore_echoed_checksum)) comparable = false;
        if (comparable && *stored_.checksum != *sent_.checksum) {
            co_return echo_mismatch(answer, *sent_.checksum, *stored_.checksum);
        }
    }
    co_return co_await drain(context, answer.response);
}

Task<Result<void>> DoneReader::read(Context& context, Answer& answer) {
    if (answer.response.header("content-type").value_or("").starts_with("text/html")) {
        co_return answer.error(ErrorKind::Corrupt, "the answer is a web page, not an object store's")
            .with_code("MalformedAnswer");
    }
    co_return co_await drain(context, answer.response);
}

Task<Result<ListPage>> list_objects(Context& context, const Bucket& bucket, const ListRequest& list) {
    fmt::format_int keys_max(list.keys_max);
    std::vector<Parameter> parameters = {{"encoding-type", "url"},
                                         {"list-type", "2"},
                                         {"max-keys", {keys_max.data(), keys_max.size()}},
                                         {"prefix", list.prefix}};
    if (!list.token.empty()) parameters.emplace_back("continuation-token", list.token);
    if (!list.start_after.empty()) parameters.emplace_back("start-after", list.start_after);
    Request request(RequestKind::ListObjects, "");
    request.query = canonical_query(parameters);
    request.headers.add("x-amz-optional-object-attributes", "RestoreStatus");
    add_request_payer(*bucket.options, request.headers);
    XmlReader<ListPage> reader(parse_list_page);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    ListPage page = reader.take();
    page.server_time_ns = reader.head().server_time_ns;
    co_return page;
}

Task<Result<std::optional<ObjectHead>>> head_object(Context& context, const Bucket& bucket,
                                                    const std::string& key, const std::string& etag,
                                                    DigestAlgorithm wanted) {
    Request request(RequestKind::HeadObject, key);
    request.headers.add("x-amz-checksum-mode", "ENABLED");
    add_bytes_options(*bucket.options, request.headers);
    if (!etag.empty()) request.headers.add("if-match", quoted_etag(etag));
    HeadReader reader(wanted);
    auto done = co_await bucket.call(context, request, reader);
    std::optional<ObjectHead> head;
    if (!done && done.error().kind() == ErrorKind::NotFound) co_return head;
    if (!done) co_return std::move(done.error());
    head = reader.take();
    co_return head;
}

Task<Result<Stored>> put_object(Context& context, const Bucket& bucket, const PutObject& put) {
    Request request(RequestKind::PutObject, put.key);
    add_condition(put.condition, request.headers);
    add_body_checks(put.checks, request.headers);
    if (put.metadata) {
        std::string subject = bucket.client->uri(put.key);
        GODWIT_CO_TRY_VOID(add_metadata(*put.metadata, subject, request.headers));
    }
    add_object_options(*bucket.options, request.headers);
    request.body = put.bytes;
    request.repeatable = !put.condition.any();
    StoredReader reader(put.checks);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.take();
}

Task<Result<void>> delete_object(Context& context, const Bucket& bucket, const std::string& key,
                                 const Condition& condition, const std::string& version_id) {
    Request request(RequestKind::DeleteObject, key);
    Parameter version("versionId", version_id);
    if (!version_id.empty()) request.query = canonical_query(std::span(&version, 1));
    add_condition(condition, request.headers);
    add_request_payer(*bucket.options, request.headers);
    request.repeatable = !condition.any();
    DoneReader reader;
    auto done = co_await bucket.call(context, request, reader);
    if (!done && done.error().kind() == ErrorKind::NotFound && done.error().code() != "NoSuchBucket") {
        co_return {};
    }
    co_return std::move(done);
}

Task<Result<StoredResult>> copy_object(Context& context, const Bucket& bucket, const CopyObject& copy) {
    Request request(RequestKind::CopyObject, copy.key);
    const Address& source = copy.source_bucket->client->address();
    request.headers.add("x-amz-copy-source", source.copy_source(copy.source_key, ""));
    if (!copy.source_etag.empty()) {
        request.headers.add("x-amz-copy-source-if-match", quoted_etag(copy.source_etag));
    }
    add_metadata_directives(copy, request.headers);
    if (copy.metadata) {
        std::string subject = bucket.client->uri(copy.key);
        GODWIT_CO_TRY_VOID(add_metadata(*copy.metadata, subject, request.headers));
    }
    ObjectOptions options = *bucket.options;
    if (!copy.storage_class.empty()) options.storage_class = copy.storage_class;
    add_object_options(options, request.headers);
    add_copy_source_options(*copy.source_bucket->options, request.headers);
    add_condition(copy.condition, request.headers);
    if (copy.checksum)
        request.headers.add("x-amz-checksum-algorithm", checksum_algorithm_name(*copy.checksum));
    request.repeatable = !copy.condition.any();
    XmlReader<StoredResult> reader(parse_copied);
    GODWIT_CO_TRY_VOID(co_await bucket.call(context, request, reader));
    co_return reader.take();
}

Task<Result<model::NamedValues>> get_tagging(Context& context, const Bucket& bucket, const std::string& key) {
    Request request(RequestKind::GetTagging, key);
    request.query = "tagging=";
    add_request_payer(*bucket.options, request.headers);
    XmlReader<model::NamedValues> reader(parse_tags);
    auto done = co_await bucket.call(context, request, reader);
    if (!done && done.error().code() == "NoSuchTagSet") co_return model::NamedValues();
    if (!done) co_return std::move(done.error());
    co_return reader.take();
}

Task<Result<void>> put_tagging(Context& context, const Bucket& bucket, const std::string& key,
                               const model::NamedValues& tags) {
    std::string body = write_tagging(tags);
    Request request(RequestKind::PutTagging, key);
    request.query = "tagging=";
    request.body = {reinterpret_cast<const std::byte*>(body.data()), body.size()};
    // S3 asks for a checksum here; every server knows this one.
    request.headers.add("content-md5", digest_of(DigestAlgorithm::Md5, request.body).base64());
    request.headers.add("content-type", "application/xml");
    add_request_payer(*bucket.options, request.headers);
    DoneReader reader;
    co_return co_await bucket.call(context, request, reader);
}

Task<Result<void>> ensure_tags(Context& context, const Bucket& bucket, const std::string& key,
                               const model::NamedValues& tags) {
    auto kept = co_await get_tagging(context, bucket, key);
    if (!kept && kept.error().kind() == ErrorKind::Denied) co_return {};
    if (!kept) co_return std::move(kept.error());
    bool same = std::ranges::is_permutation(*kept, tags);
    if (same) co_return {};
    co_return co_await put_tagging(context, bucket, key, tags);
}

}  // namespace godwit::s3
