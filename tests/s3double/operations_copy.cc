// CopyObject and UploadPartCopy.
#include "base/encoding.h"
#include "base/time_format.h"
#include "s3double/attributes.h"
#include "s3double/integrity.h"
#include "s3double/operations.h"
#include "s3double/xml_body.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

constexpr std::uint64_t kCopyBytesMax = 5ull << 30;

struct CopySource {
    std::string bucket, key, version_id;
    VersionPtr version;
};

// "/bucket/key?versionId=id" or without the first slash; percent-encoded.
Outcome read_copy_source(Call& call, CopySource& out) {
    std::string_view text = call.request().header_or_empty("x-amz-copy-source");
    if (std::size_t mark = text.rfind("?versionId="); mark != std::string_view::npos) {
        out.version_id = text.substr(mark + 11);
        text = text.substr(0, mark);
    }
    if (text.starts_with('/')) text.remove_prefix(1);
    auto decoded = percent_decode(text);
    std::size_t slash = decoded ? decoded->find('/') : std::string::npos;
    if (slash == std::string::npos || slash + 1 == decoded->size())
        return Refusal{"InvalidArgument",
                       "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", ""};
    out.bucket = decoded->substr(0, slash);
    out.key = decoded->substr(slash + 1);
    Bucket* bucket = call.world.find_bucket(out.bucket);
    if (!bucket) return Refusal{"NoSuchBucket", "", ""};
    out.version = bucket->find(out.key, out.version_id);
    if (!out.version || out.version->delete_marker)
        return Refusal{out.version_id.empty() ? "NoSuchKey" : "NoSuchVersion", "", ""};
    if (is_archived(out.version->attributes)) return Refusal{"InvalidObjectState", "", ""};
    return std::nullopt;
}

Outcome check_source_conditions(const Call& call, const ObjectVersion& source) {
    if (call.x.effects().ignore_conditions) return std::nullopt;
    auto match = call.request().header("x-amz-copy-source-if-match");
    if (match && unquoted(*match) != source.etag) return Refusal{"PreconditionFailed", "", ""};
    auto none = call.request().header("x-amz-copy-source-if-none-match");
    if (none && unquoted(*none) == source.etag) return Refusal{"PreconditionFailed", "", ""};
    return std::nullopt;
}

Outcome read_copied_attributes(const Call& call, const CopySource& source, Attributes& out) {
    bool replace = equal_ignoring_case(call.request().header_or_empty("x-amz-metadata-directive"), "REPLACE");
    bool replace_tags =
        equal_ignoring_case(call.request().header_or_empty("x-amz-tagging-directive"), "REPLACE");
    bool itself = source.bucket == call.bucket->name && source.key == call.key() && source.version_id.empty();
    bool new_class = call.request().header("x-amz-storage-class").has_value();
    if (itself && !replace && !new_class && !call.request().header("x-amz-server-side-encryption"))
        return Refusal{
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing "
            "the object's metadata, storage class, website redirect location or encryption attributes.",
            ""};
    if (auto refusal = read_attributes(call.request(), out)) return refusal;
    if (!replace) out.headers = source.version->attributes.headers;
    if (!replace_tags) out.tags = source.version->attributes.tags;
    return std::nullopt;
}

std::optional<StoredChecksum> copied_checksum(const Call& call, const ObjectVersion& source) {
    if (call.options.checksums != ChecksumMode::On) return std::nullopt;
    auto asked = checksum_from_wire(call.request().header_or_empty("x-amz-checksum-algorithm"));
    bool reusable = source.checksum && source.checksum->composite_parts == 0;
    if (reusable && (!asked || *asked == source.checksum->digest.algorithm())) return source.checksum;
    auto algorithm = asked             ? *asked
                     : source.checksum ? source.checksum->digest.algorithm()
                                       : DigestAlgorithm::Crc64Nvme;
    return StoredChecksum{digest_of(algorithm, *source.body), 0};
}

void write_copy_result(Call& call, std::string_view name, std::string_view etag,
                       const std::optional<StoredChecksum>& checksum, bool with_type) {
    call.response().add("Content-Type", "application/xml");
    XmlWriter xml(call.response().text);
    xml.open_root(name);
    xml.raw_element("LastModified", format_rfc3339(call.now_ns, TimePrecision::Milliseconds));
    xml.etag(etag);
    if (checksum && with_type)
        add_checksum_elements(xml, *checksum);
    else if (checksum)
        xml.raw_element(checksum_name(checksum->digest.algorithm()).element, checksum->text());
    xml.close(name);
}

// A copy is stored in one piece, so that a source of parts gets another ETag.
std::string copied_etag(const Call& call, const ObjectVersion& source) {
    if (source.parts.empty() || call.options.etag == EtagMode::Opaque) return source.etag;
    return digest_of(DigestAlgorithm::Md5, *source.body).hex();
}

// "bytes=a-b", both given, within the source.
Outcome read_copy_range(const Call& call, const Body& source, std::uint64_t& first,
                        std::uint64_t& size_bytes) {
    first = 0, size_bytes = source.size_bytes();
    auto header = call.request().header("x-amz-copy-source-range");
    if (!header) return std::nullopt;
    std::size_t dash = header->find('-');
    Refusal bad{"InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last",
                ""};
    if (!header->starts_with("bytes=") || dash == std::string_view::npos) return bad;
    auto from = parse_number(header->substr(6, dash - 6)), to = parse_number(header->substr(dash + 1));
    if (!from || !to || *to < *from) return bad;
    if (*to >= source.size_bytes()) return Refusal{"InvalidRange", "", ""};
    first = *from, size_bytes = *to - *from + 1;
    return std::nullopt;
}

}  // namespace

Outcome copy_object(Call& call) {
    CopySource source;
    if (auto refusal = read_copy_source(call, source)) return refusal;
    if (auto refusal = check_source_conditions(call, *source.version)) return refusal;
    if (source.version->size_bytes() > kCopyBytesMax)
        return Refusal{"InvalidRequest",
                       "The specified copy source is larger than the maximum allowable size", ""};
    VersionPtr current = call.bucket->current(call.key());
    if (auto refusal = check_write_conditions(call, current.get())) return refusal;
    auto version = std::make_shared<ObjectVersion>();
    if (auto refusal = read_copied_attributes(call, source, version->attributes)) return refusal;
    version->body = std::make_shared<const Body>(lied_about(*source.version->body, call.x.effects().stored));
    version->discarded = source.version->discarded;
    version->checksum = copied_checksum(call, *source.version);
    version->etag = copied_etag(call, *source.version);

    call.response().start(200);
    if (source.version->version_id != "null")
        call.response().add("x-amz-copy-source-version-id", source.version->version_id);
    add_encryption(call.response(), version->attributes);
    write_copy_result(call, "CopyObjectResult", version->etag, version->checksum, true);
    publish(call, std::move(version));
    return std::nullopt;
}

Outcome upload_part_copy(Call& call) {
    Upload* upload = find_upload(call);
    if (!upload) return Refusal{"NoSuchUpload", "", ""};
    if (call.x.part < 1 || call.x.part > 10'000)
        return Refusal{"InvalidArgument", "Part number out of range", ""};
    CopySource source;
    if (auto refusal = read_copy_source(call, source)) return refusal;
    if (auto refusal = check_source_conditions(call, *source.version)) return refusal;
    std::uint64_t first = 0, size_bytes = 0;
    if (auto refusal = read_copy_range(call, *source.version->body, first, size_bytes)) return refusal;

    UploadedPart part;
    auto body = std::make_shared<const Body>(source.version->body->slice(first, size_bytes));
    part.md5 = digest_of(DigestAlgorithm::Md5, *body);
    part.etag = part.md5->hex();
    if (call.options.checksums == ChecksumMode::On)
        part.checksum = digest_of(upload->algorithm.value_or(DigestAlgorithm::Crc64Nvme), *body);
    part.body = std::make_shared<const Body>(lied_about(*body, call.x.effects().stored));
    part.discarded = source.version->discarded;
    part.modified_ns = call.now_ns;
    call.x.bytes = size_bytes;
    call.x.etag_after = part.etag;

    std::optional<StoredChecksum> shown;
    if (part.checksum && upload->algorithm) shown = StoredChecksum{*part.checksum, 0};
    call.response().start(200);
    write_copy_result(call, "CopyPartResult", part.etag, shown, false);
    upload->parts[call.x.part] = std::move(part);
    return std::nullopt;
}

}  // namespace godwit::s3double
