#include "s3double/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/time_format.h"
#include "s3double/double_pages.h"
#include "s3double/integrity.h"
#include "s3double/operations.h"
#include "s3double/tamper.h"
#include "s3double/xml_body.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

constexpr std::size_t kKeyBytesMax = 1024;

using Handler = Outcome (*)(Call&);

struct HandlerRow {
    Operation operation;
    Handler handler;
    // What its body is: nothing, XML, or an object's bytes.
    enum class Takes : std::uint8_t { Nothing, Xml, Bytes } takes = Takes::Nothing;
};

constexpr std::array kHandlers = std::to_array<HandlerRow>({
    {Operation::ListBuckets, list_buckets},
    {Operation::CreateBucket, create_bucket, HandlerRow::Takes::Xml},
    {Operation::DeleteBucket, delete_bucket},
    {Operation::HeadBucket, head_bucket},
    {Operation::GetBucketLocation, get_bucket_location},
    {Operation::GetBucketVersioning, get_bucket_versioning},
    {Operation::PutBucketVersioning, put_bucket_versioning, HandlerRow::Takes::Xml},
    {Operation::ListObjects, list_objects},
    {Operation::ListObjectsV2, list_objects_v2},
    {Operation::ListObjectVersions, list_object_versions},
    {Operation::ListMultipartUploads, list_multipart_uploads},
    {Operation::GetObject, get_object},
    {Operation::HeadObject, head_object},
    {Operation::PutObject, put_object, HandlerRow::Takes::Bytes},
    {Operation::CopyObject, copy_object},
    {Operation::DeleteObject, delete_object},
    {Operation::DeleteObjects, delete_objects, HandlerRow::Takes::Xml},
    {Operation::GetObjectAttributes, get_object_attributes},
    {Operation::GetObjectTagging, get_object_tagging},
    {Operation::PutObjectTagging, put_object_tagging, HandlerRow::Takes::Xml},
    {Operation::DeleteObjectTagging, delete_object_tagging},
    {Operation::CreateMultipartUpload, create_multipart_upload},
    {Operation::UploadPart, upload_part, HandlerRow::Takes::Bytes},
    {Operation::UploadPartCopy, upload_part_copy},
    {Operation::CompleteMultipartUpload, complete_multipart_upload, HandlerRow::Takes::Xml},
    {Operation::AbortMultipartUpload, abort_multipart_upload},
    {Operation::ListParts, list_parts},
});

const HandlerRow* handler_of(Operation operation) {
    for (const HandlerRow& row : kHandlers)
        if (row.operation == operation) return &row;
    return nullptr;
}

bool changes_objects(Operation operation) {
    return operation == Operation::PutObject || operation == Operation::CopyObject ||
           operation == Operation::DeleteObject || operation == Operation::DeleteObjects ||
           operation == Operation::CreateMultipartUpload;
}

bool says_checksum(const Request& request) {
    if (request.header("x-amz-sdk-checksum-algorithm") || request.header("x-amz-checksum-algorithm"))
        return true;
    return std::any_of(checksum_names().begin(), checksum_names().end(),
                       [&](const ChecksumName& name) { return request.header(name.header).has_value(); });
}

// The digest that will stand beside the stored bytes, when the head does not declare one that does.
void plan_stored_checksum(World& world, const Options& options, const Exchange& x, BodyReceiver::Plan& plan) {
    bool computed = options.checksums == ChecksumMode::On && !x.effects().ignore_checksums;
    if (!computed && options.etag == EtagMode::Md5) return;
    auto algorithm = DigestAlgorithm::Crc64Nvme;
    std::optional<DeclaredChecksum> declared;
    if (!read_declared_checksum(x.request, declared) && declared) algorithm = declared->algorithm;
    if (Bucket* bucket = world.find_bucket(x.request.bucket());
        bucket && x.operation == Operation::UploadPart) {
        auto upload = bucket->uploads.find(x.upload_id);
        bool known = upload != bucket->uploads.end() && upload->second.algorithm;
        algorithm = known ? *upload->second.algorithm : DigestAlgorithm::Crc64Nvme;
    }
    plan.digests.push_back(algorithm);
}

Refusal body_refusal(const Error& error) {
    if (error.kind() == ErrorKind::Full) return {"EntityTooLarge", "", ""};
    if (error.kind() == ErrorKind::Corrupt) return {"SignatureDoesNotMatch", error.cause(), ""};
    return {"IncompleteBody", error.cause(), ""};
}

// What a request gets whose client is no more.
std::shared_ptr<const Rule> not_admitted() {
    static const auto kRule = std::make_shared<const Rule>(
        Rule{.name = "not admitted", .effects = {.code = "InternalError", .cut_reply_at = 0}});
    return kRule;
}

}  // namespace

std::string request_id(const Exchange& x) {
    return fmt::format("{:016X}", x.number);
}

void answer_refusal(Exchange& x, const Refusal& refusal) {
    ErrorRow row = error_row(refusal.code);
    Response& response = x.response;
    response.start(row.status);
    response.add("Content-Type", "application/xml");
    response.head_only = x.request.method() == "HEAD";
    XmlWriter xml(response.text);
    xml.declaration();
    xml.open("Error");
    xml.element("Code", refusal.code);
    xml.element("Message", refusal.message.empty() ? row.message : std::string_view(refusal.message));
    xml.raw(refusal.details);
    if (!x.request.bucket().empty()) xml.element("BucketName", std::string_view(x.request.bucket()));
    if (!x.request.key().empty()) xml.element("Key", std::string_view(x.request.key()));
    xml.element("Resource", x.request.path());
    xml.element("RequestId", std::string_view(request_id(x)));
    xml.element("HostId", "s3double");
    xml.close("Error");
    // The answer to HEAD has no body at all, and no length that a body would have.
    if (response.head_only) response.text.clear();
}

Service::Service(const Options& options) : options_(options), verifier_(options.credentials) {
    audit_.keep_records(options.audit);
}

std::int64_t Service::now_ns() const {
    return system_clock().unix_time_ns() + options_.clock_offset_s * 1'000'000'000;
}

const std::string& Service::date() {
    std::int64_t now = now_ns();
    if (now / 1'000'000'000 != date_second_) {
        date_second_ = now / 1'000'000'000;
        date_ = format_http_date(now);
    }
    return date_;
}

void Service::set_rules(std::vector<Rule> rules) {
    for (const Rule& rule : rules) world_.keep_history = world_.keep_history || rule.effects.stale;
    rules_.replace_all(std::move(rules));
}

void Service::begin(Exchange& x) {
    x.number = ++last_request_;
    x.part = 0;
    x.rule.reset();
    x.refusal.reset();
    x.body_error.reset();
    x.bytes = 0;
    x.etag_before.clear(), x.etag_after.clear(), x.version_id.clear(), x.upload_id.clear();
    x.deletions.clear();
    if (auto split = x.request.split_target(options_.domain); !split)
        x.refusal = Refusal{"InvalidArgument", split.error().cause(), ""};
    x.operation = operation_of(x.request);
    if (auto number = parse_number(x.request.parameter("partNumber").value_or(""));
        number && *number <= 100'000)
        x.part = static_cast<int>(*number);
    x.upload_id = x.request.parameter("uploadId").value_or("");
    if (!rules_.empty()) {
        std::string_view prefix = x.request.parameter("prefix").value_or("");
        std::string_view key = x.request.key().empty() ? prefix : std::string_view(x.request.key());
        x.rule = rules_.due({x.operation, x.request.bucket(), key, x.part, x.request});
    }
    if (!x.refusal) x.refusal = authenticate(x);
    plan_body(x);
}

std::optional<Refusal> Service::authenticate(Exchange& x) {
    x.authenticated = Authenticated();
    if (x.operation == Operation::Double) return std::nullopt;
    bool is_signed = x.request.header("authorization") || x.request.has_parameter("X-Amz-Signature");
    if (!options_.auth || (options_.anonymous && !is_signed)) {
        // Framing must be known even where nobody checks the signature.
        std::string_view payload = x.request.header_or_empty("x-amz-content-sha256");
        if (payload.starts_with("STREAMING-"))
            x.authenticated.payload = PayloadHash::StreamingUnsignedTrailer;
        return std::nullopt;
    }
    Bucket* bucket = world_.find_bucket(x.request.bucket());
    bool any_region = x.operation == Operation::GetBucketLocation || x.operation == Operation::ListBuckets;
    std::string_view region = any_region ? std::string_view() : bucket ? bucket->region : options_.region;
    return verifier_.verify(x.request, region, now_ns(), x.authenticated);
}

void Service::plan_body(Exchange& x) {
    BodyReceiver::Plan plan;
    plan.keep = false;
    plan.size_bytes_max = ~std::uint64_t{0};
    const HandlerRow* row = handler_of(x.operation);
    bool wanted =
        !x.refusal && (x.operation == Operation::Double || (row && row->takes != HandlerRow::Takes::Nothing));
    if (wanted) {
        bool bytes = row && row->takes == HandlerRow::Takes::Bytes;
        if (bytes && !x.request.content_length() && !x.request.chunked())
            x.refusal = Refusal{"MissingContentLength", "", ""};
        bool streamed = x.authenticated.payload == PayloadHash::StreamingUnsignedTrailer ||
                        x.authenticated.payload == PayloadHash::StreamingSigned;
        plan.keep = !bytes || !options_.discard;
        plan.size_bytes_max = bytes ? options_.put_bytes_max : kXmlBytesMax;
        plan.aws_chunked = streamed;
        plan.size_bytes = x.request.content_length();
        if (streamed)
            plan.size_bytes = parse_number(x.request.header_or_empty("x-amz-decoded-content-length"));
        plan.signing = x.authenticated.chunks;
        plan.flip_at = x.effects().flip_request_at;
        if (auto refusal = digests_to_check(x, options_, plan.digests)) x.refusal = std::move(refusal);
        if (bytes && options_.etag == EtagMode::Md5) plan.digests.push_back(DigestAlgorithm::Md5);
        if (bytes) plan_stored_checksum(world_, options_, x, plan);
    }
    x.receiver.start(std::move(plan));
}

void Service::refuse_head(Exchange& x, const Error& error) {
    x.number = ++last_request_;
    x.response.start(400);
    x.response.add("Content-Type", "application/xml");
    x.response.text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>BadRequest</Code><Message>";
    append_xml_escaped(x.response.text, error.cause());
    x.response.text += "</Message></Error>";
    x.response.close = true;
    add_common_headers(x);
}

std::optional<Refusal> Service::check_body(Exchange& x) {
    if (x.refusal) return x.refusal;
    if (x.body_error) return body_refusal(*x.body_error);
    if (x.request.key().size() > kKeyBytesMax)
        return Refusal{"KeyTooLongError", "", "<MaxSizeAllowed>1024</MaxSizeAllowed>"};
    if (options_.checksums == ChecksumMode::Off && says_checksum(x.request))
        return Refusal{"NotImplemented", "", ""};
    return check_integrity(x, options_);
}

void Service::act_first(Exchange& x) {
    const Effects& effects = x.effects();
    Bucket* bucket = world_.find_bucket(x.request.bucket());
    if (!bucket || (!effects.first_put && !effects.first_delete)) return;
    if (effects.first_delete) world_.remove(*bucket, x.request.key(), now_ns());
    if (!effects.first_put) return;
    auto version = std::make_shared<ObjectVersion>();
    version->body = std::make_shared<const Body>(Body::of(*effects.first_put));
    version->etag = digest_of(DigestAlgorithm::Md5, *version->body).hex();
    version->checksum = StoredChecksum{digest_of(DigestAlgorithm::Crc64Nvme, *version->body), 0};
    version->modified_ns = now_ns();
    world_.put(*bucket, x.request.key(), std::move(version));
}

void Service::act(Exchange& x) {
    const HandlerRow* row = handler_of(x.operation);
    Bucket* bucket = world_.find_bucket(x.request.bucket());
    bool needs_bucket = x.operation != Operation::ListBuckets && x.operation != Operation::CreateBucket;
    std::optional<Refusal> refusal = check_body(x);
    if (!refusal && !row) refusal = Refusal{"NotImplemented", "", ""};
    if (!refusal && needs_bucket && !bucket) refusal = Refusal{"NoSuchBucket", "", ""};
    if (!refusal && bucket && bucket->synthetic && changes_objects(x.operation))
        refusal = Refusal{"AccessDenied", "A synthetic bucket cannot be written.", ""};
    if (!refusal) {
        act_first(x);
        Call call{world_, options_, x, now_ns(), bucket};
        refusal = row->handler(call);
    }
    if (refusal) answer_refusal(x, *refusal);
    record(x, x.response.status(), refusal ? refusal->code : "");
}

void Service::answer_by_rule(Exchange& x) {
    const Effects& effects = x.effects();
    if (effects.body) {
        x.response.start(effects.status ? effects.status : 200);
        x.response.text = *effects.body;
        if (!effects.content_type.empty()) x.response.add("Content-Type", effects.content_type);
        return;
    }
    answer_refusal(x,
                   {effects.code.empty() ? std::string_view("InternalError") : std::string_view(effects.code),
                    effects.message, ""});
    if (effects.status) x.response.set_status(effects.status);
}

void Service::finish(Exchange& x) {
    if (auto done = x.receiver.finish(); !done && !x.body_error && !x.refusal)
        x.body_error = std::move(done.error());
    if (x.operation == Operation::Double) {
        answer_double_page(*this, x);
        return add_common_headers(x);
    }
    if (options_.admits && !options_.admits(x.operation)) x.rule = not_admitted();
    const Effects& effects = x.effects();
    bool replaced = effects.status != 0 || !effects.code.empty() || effects.body;
    if (!replaced || effects.after_act) act(x);
    if (replaced) {
        answer_by_rule(x);
        if (!effects.after_act) record(x, x.response.status(), effects.code);
    }
    add_common_headers(x);
    if (x.rule) tamper_with(x);
    if (options_.latency_ms > x.response.shape.delay_ms) x.response.shape.delay_ms = options_.latency_ms;
}

void Service::add_common_headers(Exchange& x) {
    char digits[17];
    std::uint64_t rest = x.number;
    for (int i = 15; i >= 0; --i, rest >>= 4) digits[i] = "0123456789ABCDEF"[rest & 15];
    x.response.add("x-amz-request-id", {digits, 16});
    x.response.add("x-amz-id-2", "s3double");
    x.response.add("Date", date());
    x.response.add("Server", "AmazonS3");
    if (x.request.header("x-amz-request-payer")) x.response.add("x-amz-request-charged", "requester");
}

void Service::record(Exchange& x, int status, std::string_view code) {
    if (!audit_.keeps_records()) return audit_.count(x.operation, status, x.bytes);
    AuditRecord record;
    record.time_ns = now_ns();
    record.operation = x.operation;
    record.bucket = x.request.bucket();
    record.key = x.request.key();
    if (record.key.empty()) record.key = x.request.parameter("prefix").value_or("");
    record.upload_id = x.upload_id;
    record.part = x.part;
    record.status = status;
    record.code = code;
    record.bytes = x.bytes;
    record.etag_before = x.etag_before;
    record.etag_after = x.etag_after;
    record.version_id = x.version_id;
    record.access_key = x.authenticated.access_key;
    record.request_id = request_id(x);
    if (x.rule) record.rule = x.rule->name;
    if (options_.audit_headers) {
        record.query = x.request.query();
        for (const HeaderView& header : x.request.headers()) {
            if (header.name != "authorization") record.headers.emplace_back(header.name, header.value);
        }
    }
    if (x.deletions.empty()) return audit_.add(std::move(record));
    for (const Exchange::DeletedKey& deleted : x.deletions) {
        record.key = deleted.key;
        record.etag_before = deleted.etag_before;
        record.code = deleted.code;
        audit_.add(record);
    }
}

}  // namespace godwit::s3double
