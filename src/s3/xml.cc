#include "s3/xml.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"
#include "base/time_format.h"
#include "s3/checksum_headers.h"
#include "s3/list_scan.h"
#include "s3/xml_document.h"

namespace godwit::s3 {

namespace {

constexpr int kPartNumberMax = 10'000;

Error corrupt(const Operation& operation, const AnswerHead& head, std::string_view problem) {
    Error error(ErrorKind::Corrupt, std::string(operation.name), std::string(operation.subject),
                fmt::format("the answer {}", problem));
    return std::move(error).with_code("MalformedAnswer").with_request_id(head.request_id);
}

ErrorBody error_body(pugi::xml_node root) {
    // STS wraps it once more: <ErrorResponse><Error>...</Error><RequestId>.
    pugi::xml_node error = root.child("Error") ? root.child("Error") : root;
    ErrorBody body;
    body.code = text_of(error, "Code");
    body.message = text_of(error, "Message");
    body.request_id = text_of(error, "RequestId");
    if (body.request_id.empty()) body.request_id = text_of(root, "RequestId");
    body.bucket = text_of(error, "BucketName");
    body.region = text_of(error, "Region");
    body.endpoint = text_of(error, "Endpoint");
    body.server_time_ns = parse_rfc3339(text_of(error, "ServerTime"));
    return body;
}

bool is_error(std::string_view root_name) {
    return root_name == "Error" || root_name == "ErrorResponse";
}

// Parses an answer whose root must be `wanted`.
Result<void> open_answer(XmlDocument& document, const Operation& operation, const AnswerHead& head,
                         std::string body, std::string_view wanted) {
    if (auto problem = document.parse(std::move(body))) return corrupt(operation, head, *problem);
    std::string_view root = document.root().name();
    if (is_error(root)) return refusal(operation, head, error_body(document.root())).error;
    if (root == wanted) return {};
    return corrupt(operation, head, fmt::format("is <{}>, not <{}>", root.substr(0, 80), wanted));
}

Result<void> check(const Reading& reading, const Operation& operation, const AnswerHead& head) {
    if (!reading.failure()) return {};
    return corrupt(operation, head, fmt::format("cannot be true: {}", *reading.failure()));
}

bool is_restored(pugi::xml_node status) {
    return text_of(status, "IsRestoreInProgress") != "true" && !text_of(status, "RestoreExpiryDate").empty();
}

// One pass over the children: asking for each by name would look at all of them each time.
ListedObject read_object(pugi::xml_node node, bool encoded, Reading& reading) {
    ListedText text;
    for (pugi::xml_node child = node.first_child(); !child.empty(); child = child.next_sibling()) {
        std::string_view name = child.name();
        if (name == "Key")
            text.key = child.child_value();
        else if (name == "Size")
            text.size = child.child_value();
        else if (name == "LastModified")
            text.modified = child.child_value();
        else if (name == "ETag")
            text.etag = child.child_value();
        else if (name == "StorageClass")
            text.storage_class = child.child_value();
        else if (name == "RestoreStatus")
            text.restored = is_restored(child);
    }
    return listed_object(text, encoded, reading);
}

UploadedPart read_part(pugi::xml_node node, Reading& reading) {
    UploadedPart part;
    part.number = reading.number("PartNumber", text_of(node, "PartNumber"), 1, kPartNumberMax);
    part.size_bytes = reading.size("Size", text_of(node, "Size"));
    part.etag = reading.required("ETag", reading.etag("ETag", text_of(node, "ETag")));
    part.checksum = read_checksum(node);
    return part;
}

PendingUpload read_upload(pugi::xml_node node, bool encoded, Reading& reading) {
    PendingUpload upload;
    upload.key = reading.name("Key", text_of(node, "Key"), encoded);
    upload.upload_id = reading.required("UploadId", text_of(node, "UploadId"));
    upload.initiated_ns = reading.time("Initiated", text_of(node, "Initiated"));
    return upload;
}

// "base64-N"; empty when no checksum of this answer is a composite.
std::string read_composite(pugi::xml_node root) {
    for (pugi::xml_node child : root.children()) {
        std::string_view name = child.name(), text = child.child_value();
        if (name.starts_with("Checksum") && name != "ChecksumType" && text.contains('-'))
            return std::string(text);
    }
    return {};
}

Result<StoredResult> parse_stored(const Operation& operation, const AnswerHead& head, std::string body,
                                  std::string_view root_name) {
    if (GODWIT_SABOTAGE(believe_200)) return StoredResult();
    XmlDocument document;
    GODWIT_TRY_VOID(open_answer(document, operation, head, std::move(body), root_name));
    pugi::xml_node root = document.root();
    Reading reading;
    StoredResult result;
    result.etag = reading.required("ETag", reading.etag("ETag", text_of(root, "ETag")));
    std::string_view modified = text_of(root, "LastModified");
    if (!modified.empty()) result.mtime_ns = reading.time("LastModified", modified);
    result.composite_checksum = read_composite(root);
    if (text_of(root, "ChecksumType") != "COMPOSITE") result.checksum = read_checksum(root);
    GODWIT_TRY_VOID(check(reading, operation, head));
    return result;
}

// Everything that is not printable ASCII is written by number, so that any text survives.
void append_escaped(std::string& out, std::string_view text) {
    for (char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\r':
                out += "&#13;";
                break;
            default:
                out += c;
        }
    }
}

}  // namespace

Result<ListPage> parse_list_page(const Operation& operation, const AnswerHead& head, std::string body) {
    if (std::optional<ListPage> page = scan_list_page(body)) return std::move(*page);
    XmlDocument document;
    GODWIT_TRY_VOID(open_answer(document, operation, head, std::move(body), "ListBucketResult"));
    pugi::xml_node root = document.root();
    // A server that ignored the wish does not say that it encoded.
    bool encoded = text_of(root, "EncodingType") == "url";
    Reading reading;
    ListPage page;
    page.encoded = encoded;
    page.objects.reserve(1000);
    for (pugi::xml_node child = root.first_child(); !child.empty(); child = child.next_sibling()) {
        std::string_view name = child.name();
        if (name == "Contents")
            page.objects.push_back(read_object(child, encoded, reading));
        else if (name == "CommonPrefixes") {
            page.common_prefixes.push_back(reading.name("Prefix", text_of(child, "Prefix"), encoded));
        }
    }
    page.truncated = reading.boolean("IsTruncated", text_of(root, "IsTruncated"));
    if (GODWIT_SABOTAGE(no_token_is_the_end) && !root.child("NextContinuationToken")) page.truncated = false;
    if (page.truncated) {
        page.next_token = reading.required("NextContinuationToken", text_of(root, "NextContinuationToken"));
    }
    GODWIT_TRY_VOID(check(reading, operation, head));
    return page;
}

Result<PartsPage> parse_parts_page(const Operation& operation, const AnswerHead& head, std::string body) {
    XmlDocument document;
    GODWIT_TRY_VOID(open_answer(document, operation, head, std::move(body), "ListPartsResult"));
    pugi::xml_node root = document.root();
    Reading reading;
    PartsPage page;
    for (pugi::xml_node node : root.children("Part")) page.parts.push_back(read_part(node, reading));
    page.truncated = reading.boolean("IsTruncated", text_of(root, "IsTruncated"));
    if (page.truncated) {
        page.next_part_number_marker =
            reading.number("NextPartNumberMarker", text_of(root, "NextPartNumberMarker"), 1, kPartNumberMax);
    }
    GODWIT_TRY_VOID(check(reading, operation, head));
    return page;
}

Result<UploadsPage> parse_uploads_page(const Operation& operation, const AnswerHead& head, std::string body) {
    XmlDocument document;
    GODWIT_TRY_VOID(open_answer(document, operation, head, std::move(body), "ListMultipartUploadsResult"));
    pugi::xml_node root = document.root();
    bool encoded = text_of(root, "EncodingType") == "url";
    Reading reading;
    UploadsPage page;
    for (pugi::xml_node node : root.children("Upload"))
        page.uploads.push_back(read_upload(node, encoded, reading));
    page.truncated = reading.boolean("IsTruncated", text_of(root, "IsTruncated"));
    if (page.truncated) {
        std::string_view marker = text_of(root, "NextKeyMarker");
        if (marker.empty()) reading.fail("NextKeyMarker", marker, "a value");
        page.next_key_marker = reading.name("NextKeyMarker", marker, encoded);
        page.next_upload_id_marker = text_of(root, "NextUploadIdMarker");
    }
    GODWIT_TRY_VOID(check(reading, operation, head));
    return page;
}

Result<std::string> parse_initiated(const Operation& operation, const AnswerHead& head, std::string body) {
    XmlDocument document;
    GODWIT_TRY_VOID(open_answer(document, operation, head, std::move(body), "InitiateMultipartUploadResult"));
    Reading reading;
    std::string upload_id = reading.required("UploadId", text_of(document.root(), "UploadId"));
    GODWIT_TRY_VOID(check(reading, operation, head));
    return upload_id;
}

Result<StoredResult> parse_completed(const Operation& operation, const AnswerHead& head, std::string body) {
    return parse_stored(operation, head, std::move(body), "CompleteMultipartUploadResult");
}

Result<StoredResult> parse_copied(const Operation& operation, const AnswerHead& head, std::string body) {
    return parse_stored(operation, head, std::move(body), "CopyObjectResult");
}

Result<StoredResult> parse_copied_part(const Operation& operation, const AnswerHead& head, std::string body) {
    return parse_stored(operation, head, std::move(body), "CopyPartResult");
}

Result<std::string> parse_location(const Operation& operation, const AnswerHead& head, std::string body) {
    XmlDocument document;
    GODWIT_TRY_VOID(open_answer(document, operation, head, std::move(body), "LocationConstraint"));
    std::string_view region = document.root().child_value();
    if (region.empty()) return std::string("us-east-1");
    if (region == "EU") return std::string("eu-west-1");
    return std::string(region);
}

Result<model::NamedValues> parse_tagging(const Operation& operation, const AnswerHead& head,
                                         std::string body) {
    XmlDocument document;
    GODWIT_TRY_VOID(open_answer(document, operation, head, std::move(body), "Tagging"));
    Reading reading;
    model::NamedValues tags;
    for (pugi::xml_node node : document.root().child("TagSet").children("Tag")) {
        tags.emplace_back(reading.required("Key", text_of(node, "Key")), std::string(text_of(node, "Value")));
    }
    GODWIT_TRY_VOID(check(reading, operation, head));
    return tags;
}

std::optional<ErrorBody> parse_error_body(std::string body) {
    XmlDocument document;
    if (document.parse(std::move(body)) || !is_error(document.root().name())) return std::nullopt;
    return error_body(document.root());
}

std::string write_tagging(const model::NamedValues& tags) {
    std::string out = R"(<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>)";
    for (const auto& [name, value] : tags) {
        out += "<Tag><Key>";
        append_escaped(out, name);
        out += "</Key><Value>";
        append_escaped(out, value);
        out += "</Value></Tag>";
    }
    return out + "</TagSet></Tagging>";
}

std::string write_complete(std::span<const CompletedPart> parts) {
    std::string out = R"(<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)";
    for (const CompletedPart& part : parts) {
        fmt::format_to(std::back_inserter(out), "<Part><PartNumber>{}</PartNumber><ETag>&quot;", part.number);
        append_escaped(out, part.etag);
        out += "&quot;</ETag>";
        if (part.checksum) {
            std::string_view element = checksum_element(part.checksum->algorithm());
            fmt::format_to(std::back_inserter(out), "<{0}>{1}</{0}>", element, part.checksum->base64());
        }
        out += "</Part>";
    }
    return out + "</CompleteMultipartUpload>";
}

}  // namespace godwit::s3
