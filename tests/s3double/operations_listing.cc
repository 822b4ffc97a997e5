// ListObjects, ListObjectsV2, ListObjectVersions.
#include <algorithm>

#include "base/encoding.h"
#include "base/time_format.h"
#include "s3double/listing.h"
#include "s3double/operations.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

constexpr std::uint64_t kKeysMax = 1000;
constexpr std::size_t kBytesPerEntry = 320;

// What stands around the entries; V1 and V2 differ in how they name where to go on.
struct Frame {
    PageRequest page;
    bool url_encoded = false;
    bool fetch_owner = false;
    std::string start_after, token;  // as they came
};

// encoding-type=url: a form encoding, so a space becomes '+'.
std::string url_encoded(std::string_view text) {
    std::string out = percent_encode(text, Keep::UnreservedSlash);
    for (std::size_t at = out.find("%20"); at != std::string::npos; at = out.find("%20", at + 1))
        out.replace(at, 3, "+");
    return out;
}

std::string shown(const Frame& frame, std::string_view text) {
    return frame.url_encoded ? url_encoded(text) : std::string(text);
}

Outcome read_frame(const Call& call, Frame& frame) {
    const Request& request = call.request();
    auto text = [&](std::string_view name) { return std::string(request.parameter(name).value_or("")); };
    frame.page.prefix = text("prefix");
    frame.page.delimiter = text("delimiter");
    frame.page.stale = call.x.effects().stale;
    frame.fetch_owner = text("fetch-owner") == "true";
    std::string encoding = text("encoding-type");
    if (!encoding.empty() && encoding != "url")
        return Refusal{"InvalidArgument", "Invalid Encoding Method specified in Request", ""};
    frame.url_encoded = !encoding.empty();
    if (auto limit = request.parameter("max-keys"); limit && !limit->empty()) {
        auto number = parse_number(*limit);
        if (!number)
            return Refusal{"InvalidArgument", "Provided max-keys not an integer or within integer range", ""};
        frame.page.entries_max = std::min(*number, kKeysMax);
    }
    return std::nullopt;
}

void write_entry(XmlWriter& xml, const Frame& frame, const PageEntry& entry, const ListLie& lie) {
    if (entry.is_prefix) {
        xml.open("CommonPrefixes");
        xml.element("Prefix", std::string_view(shown(frame, entry.key)));
        xml.close("CommonPrefixes");
        return;
    }
    xml.open("Contents");
    xml.element("Key", std::string_view(shown(frame, entry.key)));
    if (!lie.last_modified.empty())
        xml.element("LastModified", std::string_view(lie.last_modified));
    else
        xml.raw_element("LastModified", format_rfc3339(entry.modified_ns, TimePrecision::Milliseconds));
    xml.etag(lie.etag.empty() ? entry.etag : lie.etag);
    if (!entry.checksum_algorithm.empty()) {
        xml.raw_element("ChecksumAlgorithm", entry.checksum_algorithm);
        xml.raw_element("ChecksumType", entry.checksum_type);
    }
    if (!lie.size.empty())
        xml.element("Size", std::string_view(lie.size));
    else
        xml.element("Size", entry.size_bytes);
    if (frame.fetch_owner) xml.raw("<Owner><ID>double</ID><DisplayName>double</DisplayName></Owner>");
    xml.raw_element("StorageClass", entry.storage_class);
    xml.close("Contents");
}

void bend_entries(std::vector<PageEntry>& entries, const ListLie& lie) {
    if (lie.repeat && !entries.empty()) entries.insert(entries.begin(), entries.front());
    if (lie.omit && !entries.empty()) entries.erase(entries.begin());
    if (lie.reverse) std::reverse(entries.begin(), entries.end());
    if (lie.empty) entries.clear();
    if (lie.foreign_key.empty()) return;
    PageEntry foreign;
    foreign.key = lie.foreign_key;
    foreign.etag = "d41d8cd98f00b204e9800998ecf8427e";
    entries.insert(entries.begin(), std::move(foreign));
}

// The page as a rule bends it, and the token that says where to go on: absent on the last page.
struct BentPage {
    ListPage page;
    bool truncated = false;
    std::optional<std::string> next;
};

BentPage make_page(const Call& call, const Frame& frame) {
    const ListLie& lie = call.x.effects().list;
    PageRequest wanted = frame.page;
    if (lie.replay) wanted.after.clear();
    BentPage bent{list_page(*call.bucket, wanted), false, std::nullopt};
    bent.truncated = bent.page.truncated;
    if (bent.truncated) bent.next = bent.page.next;
    bend_entries(bent.page.entries, lie);
    if (lie.cut_short) bent.truncated = false, bent.next.reset();
    if (lie.endless_token || lie.endless_without_token) {
        bent.truncated = true;
        bent.next = lie.endless_token;
        if (bent.next == "=") bent.next = frame.page.after;
    }
    return bent;
}

// Tokens are opaque to clients: the key in hexadecimal, marked.
std::string make_token(std::string_view key) {
    return "1" + hex_encode(bytes_of(key));
}

std::optional<std::string> read_token(std::string_view token) {
    if (!token.starts_with('1')) return std::nullopt;
    auto bytes = hex_decode(token.substr(1));
    if (!bytes) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

XmlWriter start_list(Call& call, std::string_view root, const Frame& frame, std::size_t entries) {
    call.response().start(200);
    call.response().add("Content-Type", "application/xml");
    call.response().text.reserve(512 + entries * kBytesPerEntry);
    XmlWriter xml(call.response().text);
    xml.open_root(root);
    xml.element("Name", std::string_view(call.bucket->name));
    xml.element("Prefix", std::string_view(shown(frame, frame.page.prefix)));
    if (!frame.page.delimiter.empty())
        xml.element("Delimiter", std::string_view(shown(frame, frame.page.delimiter)));
    xml.element("MaxKeys", static_cast<std::uint64_t>(frame.page.entries_max));
    if (frame.url_encoded) xml.element("EncodingType", "url");
    return xml;
}

void write_version(XmlWriter& xml, const Frame& frame, const std::string& key, const ObjectVersion& version,
                   bool latest) {
    const char* name = version.delete_marker ? "DeleteMarker" : "Version";
    xml.open(name);
    xml.element("Key", std::string_view(shown(frame, key)));
    xml.element("VersionId", std::string_view(version.version_id));
    xml.element("IsLatest", latest);
    xml.raw_element("LastModified", format_rfc3339(version.modified_ns, TimePrecision::Milliseconds));
    if (!version.delete_marker) {
        xml.etag(version.etag);
        xml.element("Size", version.size_bytes());
        xml.element("StorageClass", "STANDARD");
    }
    xml.close(name);
}

}  // namespace

Outcome list_objects_v2(Call& call) {
    Frame frame;
    if (auto refusal = read_frame(call, frame)) return refusal;
    frame.start_after = call.request().parameter("start-after").value_or("");
    frame.token = call.request().parameter("continuation-token").value_or("");
    frame.page.after = frame.start_after;
    if (call.request().has_parameter("continuation-token")) {
        auto after = read_token(frame.token);
        if (!after) return Refusal{"InvalidArgument", "The continuation token provided is incorrect", ""};
        frame.page.after = *after;
    }
    BentPage bent = make_page(call, frame);
    XmlWriter xml = start_list(call, "ListBucketResult", frame, bent.page.entries.size());
    if (!frame.start_after.empty())
        xml.element("StartAfter", std::string_view(shown(frame, frame.start_after)));
    if (!frame.token.empty()) xml.element("ContinuationToken", std::string_view(frame.token));
    xml.element("KeyCount", static_cast<std::uint64_t>(bent.page.entries.size()));
    xml.element("IsTruncated", bent.truncated);
    if (bent.next)
        xml.element("NextContinuationToken",
                    std::string_view(bent.next->empty() ? "" : make_token(*bent.next)));
    for (const PageEntry& entry : bent.page.entries) write_entry(xml, frame, entry, call.x.effects().list);
    xml.close("ListBucketResult");
    return std::nullopt;
}

Outcome list_objects(Call& call) {
    Frame frame;
    if (auto refusal = read_frame(call, frame)) return refusal;
    frame.page.after = call.request().parameter("marker").value_or("");
    BentPage bent = make_page(call, frame);
    XmlWriter xml = start_list(call, "ListBucketResult", frame, bent.page.entries.size());
    xml.element("Marker", std::string_view(shown(frame, frame.page.after)));
    xml.element("IsTruncated", bent.truncated);
    // S3 names the next marker only where a client could not see it: with a delimiter.
    if (bent.next && !frame.page.delimiter.empty())
        xml.element("NextMarker", std::string_view(shown(frame, *bent.next)));
    for (const PageEntry& entry : bent.page.entries) write_entry(xml, frame, entry, call.x.effects().list);
    xml.close("ListBucketResult");
    return std::nullopt;
}

Outcome list_object_versions(Call& call) {
    Frame frame;
    if (auto refusal = read_frame(call, frame)) return refusal;
    if (!frame.page.delimiter.empty()) return Refusal{"NotImplemented", "", ""};
    frame.page.after = call.request().parameter("key-marker").value_or("");
    XmlWriter xml = start_list(call, "ListVersionsResult", frame, 0);
    std::size_t count = 0;
    std::string last;
    auto at = call.bucket->objects.upper_bound(frame.page.after);
    // A key's versions stay on one page.
    for (; at != call.bucket->objects.end() && count < frame.page.entries_max; ++at) {
        if (!at->first.starts_with(frame.page.prefix)) continue;
        const auto& versions = at->second.versions;
        for (auto version = versions.rbegin(); version != versions.rend(); ++version, ++count)
            write_version(xml, frame, at->first, **version, version == versions.rbegin());
        last = at->first;
    }
    bool truncated = at != call.bucket->objects.end();
    xml.element("IsTruncated", truncated);
    if (truncated) xml.element("NextKeyMarker", std::string_view(shown(frame, last)));
    xml.close("ListVersionsResult");
    return std::nullopt;
}

}  // namespace godwit::s3double
