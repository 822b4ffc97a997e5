// GetObject, HeadObject, PutObject, DeleteObject, DeleteObjects, GetObjectAttributes.
#include <algorithm>

#include "base/time_format.h"
#include "s3double/attributes.h"
#include "s3double/integrity.h"
#include "s3double/operations.h"
#include "s3double/xml_body.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

constexpr std::size_t kDeletesMax = 1000;

struct ByteRange {
    std::uint64_t first, size_bytes;
};

// "bytes=a-b", "bytes=a-", "bytes=-n" of an object of `size`. Sets `out` only for a range that can be
// served; a header of any other form is no range at all (RFC 9110 section 14.2).
Outcome read_range(std::string_view header, std::uint64_t size, std::optional<ByteRange>& out) {
    constexpr std::string_view kUnit = "bytes=";
    std::size_t dash = header.find('-');
    if (!header.starts_with(kUnit) || dash == std::string_view::npos) return std::nullopt;
    std::string_view first = header.substr(kUnit.size(), dash - kUnit.size()), last = header.substr(dash + 1);
    auto from = parse_number(first), to = parse_number(last);
    if ((!first.empty() && !from) || (!last.empty() && !to) || (!from && !to)) return std::nullopt;
    Refusal unsatisfiable{"InvalidRange", "",
                          "<ActualObjectSize>" + std::to_string(size) + "</ActualObjectSize>"};
    if (!from) {
        std::uint64_t length = std::min(*to, size);
        if (length == 0) return unsatisfiable;
        out = ByteRange{size - length, length};
        return std::nullopt;
    }
    if (to && *to < *from) return std::nullopt;
    if (*from >= size) return unsatisfiable;
    std::uint64_t end = to ? std::min(*to + 1, size) : size;
    out = ByteRange{*from, end - *from};
    return std::nullopt;
}

// partNumber of GET and HEAD: the range of that part.
Outcome read_part_number(const Call& call, const ObjectVersion& version, std::optional<ByteRange>& out) {
    auto text = call.request().parameter("partNumber");
    if (!text) return std::nullopt;
    auto number = parse_number(*text);
    std::size_t parts = version.parts.empty() ? 1 : version.parts.size();
    if (!number || *number < 1 || *number > parts) return Refusal{"InvalidPart", "", ""};
    if (version.parts.empty()) {
        out = ByteRange{0, version.size_bytes()};
        return std::nullopt;
    }
    ByteRange range{0, version.parts[*number - 1].size_bytes};
    for (std::size_t i = 0; i + 1 < *number; ++i) range.first += version.parts[i].size_bytes;
    out = range;
    return std::nullopt;
}

bool tag_in_list(std::string_view list, std::string_view etag) {
    while (!list.empty()) {
        std::size_t comma = list.find(',');
        std::string_view item = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
        while (item.starts_with(' ')) item.remove_prefix(1);
        if (item == "*" || unquoted(item) == etag) return true;
    }
    return false;
}

enum class ReadCondition : std::uint8_t { Holds, Fails, NotModified };

ReadCondition check_read_conditions(const Call& call, const ObjectVersion& version) {
    const Request& request = call.request();
    if (call.x.effects().ignore_conditions) return ReadCondition::Holds;
    if (auto match = request.header("if-match"); match && !tag_in_list(*match, version.etag))
        return ReadCondition::Fails;
    std::int64_t modified_s = version.modified_ns / 1'000'000'000;
    auto time_of = [&](std::string_view name) { return parse_http_date(request.header_or_empty(name)); };
    if (auto since = time_of("if-unmodified-since"); since && modified_s > *since / 1'000'000'000)
        return ReadCondition::Fails;
    if (auto none = request.header("if-none-match"))
        return tag_in_list(*none, version.etag) ? ReadCondition::NotModified : ReadCondition::Holds;
    if (auto since = time_of("if-modified-since"); since && modified_s <= *since / 1'000'000'000)
        return ReadCondition::NotModified;
    return ReadCondition::Holds;
}

void add_identity(Response& response, const ObjectVersion& version) {
    response.add("Last-Modified", format_http_date(version.modified_ns));
    response.add_quoted("ETag", version.etag);
    if (version.version_id != "null") response.add("x-amz-version-id", version.version_id);
}

// GET and HEAD are one but for the body.
Outcome read_object(Call& call, bool with_body) {
    Outcome refusal;
    VersionPtr version = version_to_read(call, refusal);
    if (!version) return refusal;
    ReadCondition condition = check_read_conditions(call, *version);
    if (condition == ReadCondition::Fails) return Refusal{"PreconditionFailed", "", ""};
    if (with_body && is_archived(version->attributes)) return Refusal{"InvalidObjectState", "", ""};

    Response& response = call.response();
    std::uint64_t size = version->size_bytes();
    std::optional<ByteRange> range;
    if (auto bad = read_part_number(call, *version, range)) return bad;
    bool by_part = range.has_value();
    if (!by_part && !call.x.effects().ignore_range)
        if (auto bad = read_range(call.request().header_or_empty("range"), size, range)) return bad;

    response.start(condition == ReadCondition::NotModified ? 304 : range ? 206 : 200);
    add_identity(response, *version);
    if (condition == ReadCondition::NotModified) return std::nullopt;
    response.add("Accept-Ranges", "bytes");
    add_attributes(response, version->attributes);
    if (by_part)
        response.add("x-amz-mp-parts-count", std::to_string(std::max<std::size_t>(1, version->parts.size())));
    if (range)
        response.add("Content-Range", "bytes " + std::to_string(range->first) + "-" +
                                          std::to_string(range->first + range->size_bytes - 1) + "/" +
                                          std::to_string(size));
    bool wants_checksum =
        equal_ignoring_case(call.request().header_or_empty("x-amz-checksum-mode"), "ENABLED");
    if (wants_checksum && version->checksum && !range) {
        // What was let go is answered with a pattern, and the pattern's digest is then the true one.
        bool as_stored = !version->discarded || !with_body;
        add_checksum_headers(
            response, as_stored ? *version->checksum
                                : StoredChecksum{digest_of(DigestAlgorithm::Crc64Nvme, *version->body), 0});
    }
    response.body = version->body;
    response.offset = range ? range->first : 0;
    response.size_bytes = range ? range->size_bytes : size;
    response.head_only = !with_body;
    call.x.bytes = with_body ? response.size_bytes : 0;
    call.x.etag_after = call.x.etag_before = version->etag;
    return std::nullopt;
}

std::shared_ptr<const Body> stored_body(Call& call) {
    if (call.options.discard)
        return std::make_shared<const Body>(
            Body::pattern(std::hash<std::string>{}(call.key()), call.x.receiver.size_bytes()));
    return std::make_shared<const Body>(lied_about(call.x.receiver.take_body(), call.x.effects().stored));
}

// The checksum that S3 keeps: the one that came, else a CRC64NVME of its own.
std::optional<StoredChecksum> checksum_to_store(const Call& call) {
    if (call.options.checksums != ChecksumMode::On || call.x.effects().ignore_checksums) return std::nullopt;
    std::optional<DeclaredChecksum> declared;
    if (read_declared_checksum(call.request(), declared)) return std::nullopt;
    auto algorithm = declared ? declared->algorithm : DigestAlgorithm::Crc64Nvme;
    auto digest = call.x.receiver.digest(algorithm);
    if (!digest) return std::nullopt;
    return StoredChecksum{*digest, 0};
}

struct Deletion {
    std::string key, version_id, etag;
};

Outcome delete_one(Call& call, const Deletion& deletion, VersionPtr& marker) {
    VersionPtr current = call.bucket->current(deletion.key);
    if (!deletion.etag.empty() && !call.x.effects().ignore_conditions) {
        if (!current) return Refusal{"NoSuchKey", "", ""};
        if (deletion.etag != "*" && unquoted(deletion.etag) != current->etag)
            return Refusal{"PreconditionFailed", "", "<Condition>If-Match</Condition>"};
    }
    if (current) call.x.etag_before = current->etag;
    if (deletion.version_id.empty())
        marker = call.world.remove(*call.bucket, deletion.key, call.now_ns);
    else
        call.world.remove_version(*call.bucket, deletion.key, deletion.version_id);
    return std::nullopt;
}

void write_deletion(XmlWriter& xml, const Deletion& deletion, const Outcome& refusal, bool quiet) {
    if (!refusal && quiet) return;
    const char* name = refusal ? "Error" : "Deleted";
    xml.open(name);
    xml.element("Key", std::string_view(deletion.key));
    if (!deletion.version_id.empty()) xml.element("VersionId", std::string_view(deletion.version_id));
    if (refusal) {
        xml.element("Code", refusal->code);
        xml.element("Message", error_row(refusal->code).message);
    }
    xml.close(name);
}

}  // namespace

VersionPtr version_to_read(Call& call, Outcome& refusal) {
    std::string_view id = call.request().parameter("versionId").value_or("");
    VersionPtr version = call.bucket->find(call.key(), id);
    if (call.x.effects().stale) {
        auto found = call.bucket->objects.find(call.key());
        std::size_t count = found == call.bucket->objects.end() ? 0 : found->second.versions.size();
        version = count >= 2 ? found->second.versions[count - 2] : nullptr;
    }
    if (version && !version->delete_marker) return version;
    if (version)
        refusal = Refusal{"MethodNotAllowed", "", ""};
    else
        refusal = Refusal{id.empty() ? "NoSuchKey" : "NoSuchVersion", "", ""};
    return nullptr;
}

Outcome check_write_conditions(const Call& call, const ObjectVersion* current) {
    if (call.x.effects().ignore_conditions) return std::nullopt;
    auto none = call.request().header("if-none-match");
    if (none && *none != "*") return Refusal{"NotImplemented", "", "<Header>If-None-Match</Header>"};
    if (none && current) return Refusal{"PreconditionFailed", "", "<Condition>If-None-Match</Condition>"};
    auto match = call.request().header("if-match");
    if (!match) return std::nullopt;
    if (!current) return Refusal{"NoSuchKey", "", ""};
    if (tag_in_list(*match, current->etag)) return std::nullopt;
    return Refusal{"PreconditionFailed", "", "<Condition>If-Match</Condition>"};
}

void publish(Call& call, std::shared_ptr<ObjectVersion> version) {
    if (VersionPtr before = call.bucket->current(call.key())) call.x.etag_before = before->etag;
    version->modified_ns = call.now_ns;
    call.x.etag_after = version->etag;
    call.x.bytes = version->size_bytes();
    call.world.put(*call.bucket, call.key(), version);
    if (call.bucket->versioned) {
        call.x.version_id = version->version_id;
        call.response().add("x-amz-version-id", version->version_id);
    }
}

Outcome get_object(Call& call) {
    return read_object(call, true);
}
Outcome head_object(Call& call) {
    return read_object(call, false);
}

Outcome put_object(Call& call) {
    VersionPtr current = call.bucket->current(call.key());
    if (auto refusal = check_write_conditions(call, current.get())) return refusal;
    auto version = std::make_shared<ObjectVersion>();
    if (auto refusal = read_attributes(call.request(), version->attributes)) return refusal;
    version->body = stored_body(call);
    version->discarded = call.options.discard;
    version->checksum = checksum_to_store(call);
    version->etag = make_etag(call.x, call.options, version->attributes);

    Response& response = call.response();
    response.start(200);
    response.add_quoted("ETag", version->etag);
    if (version->checksum) add_checksum_headers(response, *version->checksum);
    add_encryption(response, version->attributes);
    publish(call, std::move(version));
    return std::nullopt;
}

Outcome delete_object(Call& call) {
    Deletion deletion{call.key(), std::string(call.request().parameter("versionId").value_or("")),
                      std::string(call.request().header_or_empty("if-match"))};
    VersionPtr marker;
    if (auto refusal = delete_one(call, deletion, marker)) return refusal;
    call.response().start(204);
    if (!marker) return std::nullopt;
    call.response().add("x-amz-delete-marker", "true");
    call.response().add("x-amz-version-id", marker->version_id);
    call.x.version_id = marker->version_id;
    return std::nullopt;
}

Outcome delete_objects(Call& call) {
    pugi::xml_document document;
    if (auto refusal = parse_xml_body(call, "Delete", document)) return refusal;
    auto root = document.document_element();
    bool quiet = root.child("Quiet").text().as_bool();
    std::vector<Deletion> deletions;
    for (auto object : root.children("Object"))
        deletions.push_back({object.child("Key").text().get(), object.child("VersionId").text().get(),
                             object.child("ETag").text().get()});
    if (deletions.empty() || deletions.size() > kDeletesMax) return Refusal{"MalformedXML", "", ""};
    call.response().start(200);
    call.response().add("Content-Type", "application/xml");
    XmlWriter xml(call.response().text);
    xml.open_root("DeleteResult");
    call.x.deletions.clear();
    for (const Deletion& deletion : deletions) {
        VersionPtr marker;
        call.x.etag_before.clear();
        Outcome refusal = delete_one(call, deletion, marker);
        write_deletion(xml, deletion, refusal, quiet);
        call.x.deletions.push_back(
            {deletion.key, call.x.etag_before, refusal ? std::string(refusal->code) : std::string()});
    }
    xml.close("DeleteResult");
    return std::nullopt;
}

Outcome get_object_attributes(Call& call) {
    Outcome refusal;
    VersionPtr version = version_to_read(call, refusal);
    if (!version) return refusal;
    std::string_view wanted = call.request().header_or_empty("x-amz-object-attributes");
    auto wants = [&](std::string_view name) { return wanted.find(name) != std::string_view::npos; };
    call.response().start(200);
    call.response().add("Last-Modified", format_http_date(version->modified_ns));
    XmlWriter xml(call.response().text);
    xml.open_root("GetObjectAttributesResponse");
    if (wants("ETag")) xml.element("ETag", std::string_view(version->etag));
    if (wants("Checksum") && version->checksum) {
        xml.open("Checksum");
        add_checksum_elements(xml, *version->checksum);
        xml.close("Checksum");
    }
    if (wants("ObjectParts") && !version->parts.empty()) {
        xml.open("ObjectParts");
        xml.element("TotalPartsCount", static_cast<std::uint64_t>(version->parts.size()));
        xml.close("ObjectParts");
    }
    if (wants("StorageClass"))
        xml.element("StorageClass", version->attributes.storage_class.empty()
                                        ? std::string_view("STANDARD")
                                        : std::string_view(version->attributes.storage_class));
    if (wants("ObjectSize")) xml.element("ObjectSize", version->size_bytes());
    xml.close("GetObjectAttributesResponse");
    return std::nullopt;
}

}  // namespace godwit::s3double
