// CreateMultipartUpload, UploadPart, CompleteMultipartUpload, AbortMultipartUpload, ListParts,
// ListMultipartUploads.
#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.h"
#include "s3double/attributes.h"
#include "s3double/integrity.h"
#include "s3double/operations.h"
#include "s3double/xml_body.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

constexpr std::size_t kPartsPageMax = 1000;
constexpr std::uint64_t kObjectBytesMax = 5ull << 40;

Refusal invalid(std::string message) {
    return {"InvalidRequest", std::move(message), ""};
}

std::string_view type_name(bool full_object) {
    return full_object ? "FULL_OBJECT" : "COMPOSITE";
}

// x-amz-checksum-algorithm and x-amz-checksum-type, with S3's defaults.
Outcome read_upload_checksum(const Call& call, Upload& upload) {
    if (call.options.checksums != ChecksumMode::On) return std::nullopt;
    auto wire = call.request().header("x-amz-checksum-algorithm");
    auto type = call.request().header("x-amz-checksum-type");
    if (!wire) {
        if (type)
            return invalid(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
        upload.full_object = true;
        return std::nullopt;
    }
    upload.algorithm = checksum_from_wire(*wire);
    if (!upload.algorithm) return invalid("Checksum algorithm provided is unsupported.");
    const ChecksumName& name = checksum_name(*upload.algorithm);
    upload.full_object = type ? equal_ignoring_case(*type, "FULL_OBJECT") : name.full_object_only;
    if ((upload.full_object && name.composite_only) || (!upload.full_object && name.full_object_only))
        return invalid(fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.",
                                   type_name(upload.full_object), name.wire));
    return std::nullopt;
}

// All parts of an upload have the checksum that the upload was begun with.
Outcome check_part_algorithm(const Call& call, const Upload& upload) {
    std::optional<DeclaredChecksum> declared;
    if (call.options.checksums != ChecksumMode::On || read_declared_checksum(call.request(), declared))
        return {};
    if (!declared || !upload.algorithm || declared->algorithm == *upload.algorithm) return std::nullopt;
    return invalid(
        fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                    to_string(*upload.algorithm), to_string(declared->algorithm)));
}

// What the request names of a part.
struct NamedPart {
    std::uint64_t number = 0;
    std::string etag;
    std::optional<std::string> checksum;
};

Outcome read_named_parts(const Call& call, const Upload& upload, std::vector<NamedPart>& out) {
    pugi::xml_document document;
    if (auto refusal = parse_xml_body(call, "CompleteMultipartUpload", document)) return refusal;
    for (auto node : document.document_element().children("Part")) {
        NamedPart part;
        part.number = parse_number(node.child("PartNumber").text().get()).value_or(0);
        part.etag = unquoted(node.child("ETag").text().get());
        if (upload.algorithm) {
            auto checksum = node.child(std::string(checksum_name(*upload.algorithm).element).c_str());
            if (checksum) part.checksum = checksum.text().get();
        }
        if (!out.empty() && part.number <= out.back().number) return Refusal{"InvalidPartOrder", "", ""};
        out.push_back(std::move(part));
    }
    if (out.empty()) return Refusal{"MalformedXML", "", ""};
    return std::nullopt;
}

Outcome check_named_part(const Call& call, const Upload& upload, const NamedPart& named, bool last) {
    auto found = upload.parts.find(static_cast<int>(named.number));
    if (found == upload.parts.end() || found->second.etag != named.etag)
        return Refusal{"InvalidPart", "", fmt::format("<PartNumber>{}</PartNumber>", named.number)};
    const UploadedPart& part = found->second;
    if (named.checksum && part.checksum && *named.checksum != part.checksum->base64())
        return Refusal{"InvalidPart", "", fmt::format("<PartNumber>{}</PartNumber>", named.number)};
    if (!last && part.body->size_bytes() < call.options.part_bytes_min)
        return Refusal{"EntityTooSmall", "",
                       fmt::format("<ProposedSize>{}</ProposedSize><MinSizeAllowed>{}</MinSizeAllowed>"
                                   "<PartNumber>{}</PartNumber>",
                                   part.body->size_bytes(), call.options.part_bytes_min, named.number)};
    return std::nullopt;
}

std::string bytes_text(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.bytes().data()), digest.bytes().size()};
}

Digest digest_of_text(DigestAlgorithm algorithm, const std::string& text) {
    return godwit::digest_of(algorithm, std::as_bytes(std::span(text)));
}

// The checksum of the whole from those of its parts, by combination or as a checksum of checksums.
std::optional<StoredChecksum> joined_checksum(const Upload& upload,
                                              const std::vector<const UploadedPart*>& parts) {
    for (const UploadedPart* part : parts)
        if (!part->checksum) return std::nullopt;
    if (!upload.full_object) {
        std::string all;
        for (const UploadedPart* part : parts) all += bytes_text(*part->checksum);
        return StoredChecksum{digest_of_text(parts[0]->checksum->algorithm(), all),
                              static_cast<int>(parts.size())};
    }
    Digest whole = *parts[0]->checksum;
    for (std::size_t i = 1; i < parts.size(); ++i)
        whole = combine(whole, *parts[i]->checksum, parts[i]->body->size_bytes());
    return StoredChecksum{whole, 0};
}

std::string joined_etag(const std::vector<const UploadedPart*>& parts) {
    std::string all;
    for (const UploadedPart* part : parts) all += part->md5 ? bytes_text(*part->md5) : part->etag;
    return fmt::format("{}-{}", digest_of_text(DigestAlgorithm::Md5, all).hex(), parts.size());
}

std::shared_ptr<ObjectVersion> joined(const Upload& upload, const std::vector<NamedPart>& named) {
    std::vector<const UploadedPart*> parts;
    for (const NamedPart& part : named) parts.push_back(&upload.parts.at(static_cast<int>(part.number)));
    auto version = std::make_shared<ObjectVersion>();
    Body body;
    for (const UploadedPart* part : parts) {
        body.append(*part->body, 0, part->body->size_bytes());
        version->parts.push_back({part->body->size_bytes(), part->checksum});
        version->discarded = version->discarded || part->discarded;
    }
    version->body = std::make_shared<const Body>(std::move(body));
    version->checksum = joined_checksum(upload, parts);
    version->etag = joined_etag(parts);
    version->attributes = upload.attributes;
    return version;
}

// x-amz-checksum-*, x-amz-checksum-type and x-amz-mp-object-size of CompleteMultipartUpload.
Outcome check_promises(const Call& call, const Upload& upload, const ObjectVersion& version) {
    const Request& request = call.request();
    auto size = request.header("x-amz-mp-object-size");
    if (size && parse_number(*size) != version.size_bytes())
        return invalid(
            fmt::format("The provided 'x-amz-mp-object-size' header value {} does not match what was "
                        "computed: {}",
                        *size, version.size_bytes()));
    if (call.options.checksums != ChecksumMode::On || call.x.effects().ignore_checksums) return std::nullopt;
    auto type = request.header("x-amz-checksum-type");
    if (type && *type != type_name(upload.full_object))
        return invalid("The upload was created using a different checksum type than the complete request.");
    for (const ChecksumName& name : checksum_names()) {
        auto claimed = request.header(name.header);
        if (!claimed || !version.checksum) continue;
        if (version.checksum->digest.algorithm() != name.algorithm)
            return invalid("The upload was created using a different checksum algorithm.");
        if (*claimed != version.checksum->text() && *claimed != version.checksum->digest.base64())
            return Refusal{
                "BadDigest",
                fmt::format("The {} you specified did not match the calculated checksum.", name.wire), ""};
    }
    return std::nullopt;
}

void write_result(Call& call, const ObjectVersion& version) {
    call.response().add("Content-Type", "application/xml");
    add_encryption(call.response(), version.attributes);
    XmlWriter xml(call.response().text);
    xml.open_root("CompleteMultipartUploadResult");
    xml.element("Location", "http://" + std::string(call.request().header_or_empty("host")) + "/" +
                                call.bucket->name + "/" + call.key());
    xml.element("Bucket", std::string_view(call.bucket->name));
    xml.element("Key", std::string_view(call.key()));
    xml.etag(version.etag);
    if (version.checksum) add_checksum_elements(xml, *version.checksum);
    xml.close("CompleteMultipartUploadResult");
}

void write_part(XmlWriter& xml, int number, const UploadedPart& part) {
    xml.open("Part");
    xml.element("PartNumber", static_cast<std::uint64_t>(number));
    xml.raw_element("LastModified", format_rfc3339(part.modified_ns, TimePrecision::Milliseconds));
    xml.etag(part.etag);
    if (part.checksum)
        xml.raw_element(checksum_name(part.checksum->algorithm()).element, part.checksum->base64());
    xml.element("Size", part.body->size_bytes());
    xml.close("Part");
}

std::size_t page_size(const Request& request, std::string_view parameter) {
    auto asked = parse_number(request.parameter(parameter).value_or(""));
    return std::min<std::uint64_t>(asked.value_or(kPartsPageMax), kPartsPageMax);
}

}  // namespace

Upload* find_upload(const Call& call) {
    auto found = call.bucket->uploads.find(call.request().parameter("uploadId").value_or(""));
    if (found == call.bucket->uploads.end() || found->second.key != call.key()) return nullptr;
    return &found->second;
}

Outcome create_multipart_upload(Call& call) {
    Upload upload;
    if (auto refusal = read_attributes(call.request(), upload.attributes)) return refusal;
    if (auto refusal = read_upload_checksum(call, upload)) return refusal;
    upload.id = call.world.next_id("u");
    upload.key = call.key();
    upload.started_ns = call.now_ns;
    call.x.upload_id = upload.id;

    call.response().start(200);
    call.response().add("Content-Type", "application/xml");
    if (upload.algorithm) {
        call.response().add("x-amz-checksum-algorithm", checksum_name(*upload.algorithm).wire);
        call.response().add("x-amz-checksum-type", type_name(upload.full_object));
    }
    add_encryption(call.response(), upload.attributes);
    XmlWriter xml(call.response().text);
    xml.open_root("InitiateMultipartUploadResult");
    xml.element("Bucket", std::string_view(call.bucket->name));
    xml.element("Key", std::string_view(call.key()));
    xml.element("UploadId", std::string_view(upload.id));
    xml.close("InitiateMultipartUploadResult");
    call.bucket->uploads.emplace(upload.id, std::move(upload));
    return std::nullopt;
}

Outcome upload_part(Call& call) {
    Upload* upload = find_upload(call);
    if (!upload) return Refusal{"NoSuchUpload", "", ""};
    if (call.x.part < 1 || call.x.part > 10'000)
        return Refusal{"InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive",
                       ""};
    if (auto refusal = check_part_algorithm(call, *upload)) return refusal;
    UploadedPart part;
    part.md5 = call.x.receiver.digest(DigestAlgorithm::Md5);
    part.etag = make_etag(call.x, call.options, Attributes());
    bool computed = call.options.checksums == ChecksumMode::On && !call.x.effects().ignore_checksums;
    if (computed)
        part.checksum = call.x.receiver.digest(upload->algorithm.value_or(DigestAlgorithm::Crc64Nvme));
    part.discarded = call.options.discard;
    part.body = std::make_shared<const Body>(
        part.discarded ? Body::pattern(static_cast<std::uint64_t>(call.x.part), call.x.receiver.size_bytes())
                       : lied_about(call.x.receiver.take_body(), call.x.effects().stored));
    part.modified_ns = call.now_ns;

    call.x.bytes = part.body->size_bytes();
    call.x.etag_after = part.etag;
    call.response().start(200);
    call.response().add_quoted("ETag", part.etag);
    if (part.checksum && upload->algorithm)
        call.response().add(checksum_name(part.checksum->algorithm()).header, part.checksum->base64());
    upload->parts[call.x.part] = std::move(part);
    return std::nullopt;
}

Outcome complete_multipart_upload(Call& call) {
    Upload* upload = find_upload(call);
    if (!upload) return Refusal{"NoSuchUpload", "", ""};
    std::vector<NamedPart> named;
    if (auto refusal = read_named_parts(call, *upload, named)) return refusal;
    for (const NamedPart& part : named)
        if (auto refusal = check_named_part(call, *upload, part, &part == &named.back())) return refusal;
    auto version = joined(*upload, named);
    if (version->size_bytes() > kObjectBytesMax) return Refusal{"EntityTooLarge", "", ""};
    if (auto refusal = check_promises(call, *upload, *version)) return refusal;
    VersionPtr current = call.bucket->current(call.key());
    if (auto refusal = check_write_conditions(call, current.get())) return refusal;
    version->body = std::make_shared<const Body>(lied_about(*version->body, call.x.effects().stored));
    call.response().start(200);
    write_result(call, *version);
    publish(call, std::move(version));
    if (!call.x.effects().keep_upload) call.bucket->uploads.erase(upload->id);
    return std::nullopt;
}

Outcome abort_multipart_upload(Call& call) {
    Upload* upload = find_upload(call);
    if (!upload) return Refusal{"NoSuchUpload", "", ""};
    call.bucket->uploads.erase(upload->id);
    call.response().start(204);
    return std::nullopt;
}

Outcome list_parts(Call& call) {
    Upload* upload = find_upload(call);
    if (!upload) return Refusal{"NoSuchUpload", "", ""};
    auto marker = parse_number(call.request().parameter("part-number-marker").value_or("")).value_or(0);
    std::size_t limit = page_size(call.request(), "max-parts");
    call.response().start(200);
    call.response().add("Content-Type", "application/xml");
    XmlWriter xml(call.response().text);
    xml.open_root("ListPartsResult");
    xml.element("Bucket", std::string_view(call.bucket->name));
    xml.element("Key", std::string_view(call.key()));
    xml.element("UploadId", std::string_view(upload->id));
    xml.element("StorageClass", "STANDARD");
    xml.element("PartNumberMarker", marker);
    xml.element("MaxParts", static_cast<std::uint64_t>(limit));
    if (upload->algorithm) {
        xml.element("ChecksumAlgorithm", checksum_name(*upload->algorithm).wire);
        xml.element("ChecksumType", type_name(upload->full_object));
    }
    std::size_t count = 0;
    auto part = upload->parts.upper_bound(static_cast<int>(std::min<std::uint64_t>(marker, 10'000)));
    int last = 0;
    for (; part != upload->parts.end() && count < limit; ++part, ++count) {
        write_part(xml, part->first, part->second);
        last = part->first;
    }
    bool truncated = part != upload->parts.end();
    xml.element("IsTruncated", truncated);
    if (truncated) xml.element("NextPartNumberMarker", static_cast<std::uint64_t>(last));
    xml.close("ListPartsResult");
    return std::nullopt;
}

Outcome list_multipart_uploads(Call& call) {
    const Request& request = call.request();
    std::string_view prefix = request.parameter("prefix").value_or("");
    std::string_view key_marker = request.parameter("key-marker").value_or("");
    std::string_view id_marker = request.parameter("upload-id-marker").value_or("");
    std::size_t limit = page_size(request, "max-uploads");
    std::vector<const Upload*> uploads;
    for (const auto& [id, upload] : call.bucket->uploads) {
        bool after =
            upload.key > key_marker || (!id_marker.empty() && upload.key == key_marker && id > id_marker);
        if (upload.key.starts_with(prefix) && (key_marker.empty() || after)) uploads.push_back(&upload);
    }
    std::sort(uploads.begin(), uploads.end(), [](const Upload* a, const Upload* b) {
        return a->key != b->key ? a->key < b->key : a->id < b->id;
    });
    bool truncated = uploads.size() > limit;
    if (truncated) uploads.resize(limit);
    call.response().start(200);
    call.response().add("Content-Type", "application/xml");
    XmlWriter xml(call.response().text);
    xml.open_root("ListMultipartUploadsResult");
    xml.element("Bucket", std::string_view(call.bucket->name));
    xml.element("Prefix", prefix);
    xml.element("MaxUploads", static_cast<std::uint64_t>(limit));
    xml.element("IsTruncated", truncated);
    if (truncated && !uploads.empty()) {
        xml.element("NextKeyMarker", std::string_view(uploads.back()->key));
        xml.element("NextUploadIdMarker", std::string_view(uploads.back()->id));
    }
    for (const Upload* upload : uploads) {
        xml.open("Upload");
        xml.element("Key", std::string_view(upload->key));
        xml.element("UploadId", std::string_view(upload->id));
        xml.element("StorageClass", "STANDARD");
        xml.raw_element("Initiated", format_rfc3339(upload->started_ns, TimePrecision::Milliseconds));
        xml.close("Upload");
    }
    xml.close("ListMultipartUploadsResult");
    return std::nullopt;
}

}  // namespace godwit::s3double
