// ListBuckets, CreateBucket, DeleteBucket, HeadBucket, GetBucketLocation, Get/PutBucketVersioning.
#include "base/time_format.h"
#include "s3double/operations.h"
#include "s3double/xml_body.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

// The rules of "Bucket naming rules" that do not need a list of words.
bool is_bucket_name(std::string_view name) {
    if (name.size() < 3 || name.size() > 63) return false;
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    if (name.find_first_not_of(kAllowed) != std::string_view::npos) return false;
    auto edge = [](char c) { return c != '.' && c != '-'; };
    return edge(name.front()) && edge(name.back()) && name.find("..") == std::string_view::npos;
}

XmlWriter start_xml(Call& call, std::string_view root) {
    call.response().start(200);
    call.response().add("Content-Type", "application/xml");
    XmlWriter xml(call.response().text);
    xml.open_root(root);
    return xml;
}

}  // namespace

Outcome list_buckets(Call& call) {
    XmlWriter xml = start_xml(call, "ListAllMyBucketsResult");
    xml.raw("<Owner><ID>double</ID><DisplayName>double</DisplayName></Owner>");
    xml.open("Buckets");
    for (const auto& [name, bucket] : call.world.buckets()) {
        xml.open("Bucket");
        xml.element("Name", std::string_view(name));
        xml.raw_element("CreationDate", format_rfc3339(bucket.created_ns, TimePrecision::Milliseconds));
        xml.close("Bucket");
    }
    xml.close("Buckets");
    xml.close("ListAllMyBucketsResult");
    return std::nullopt;
}

Outcome create_bucket(Call& call) {
    const std::string& name = call.request().bucket();
    if (!is_bucket_name(name)) return Refusal{"InvalidBucketName", "", ""};
    if (call.bucket) return Refusal{"BucketAlreadyOwnedByYou", "", ""};
    std::string region = call.options.region;
    if (call.x.receiver.size_bytes() > 0) {
        pugi::xml_document document;
        if (auto refusal = parse_xml_body(call, "CreateBucketConfiguration", document)) return refusal;
        std::string wanted = document.document_element().child("LocationConstraint").text().get();
        if (!wanted.empty()) region = wanted;
    }
    call.world.make_bucket(name, region, call.now_ns);
    call.response().start(200);
    call.response().add("Location", "/" + name);
    return std::nullopt;
}

Outcome delete_bucket(Call& call) {
    if (!call.bucket->objects.empty() || call.bucket->synthetic) return Refusal{"BucketNotEmpty", "", ""};
    call.world.remove_bucket(call.bucket->name);
    call.response().start(204);
    return std::nullopt;
}

Outcome head_bucket(Call& call) {
    call.response().start(200);
    call.response().add("x-amz-bucket-region", call.bucket->region);
    call.response().add("Content-Type", "application/xml");
    return std::nullopt;
}

Outcome get_bucket_location(Call& call) {
    call.response().start(200);
    call.response().add("Content-Type", "application/xml");
    XmlWriter xml(call.response().text);
    xml.open_root("LocationConstraint");
    // S3 says nothing for its oldest region.
    if (call.bucket->region != "us-east-1") xml.raw(call.bucket->region);
    xml.close("LocationConstraint");
    return std::nullopt;
}

Outcome get_bucket_versioning(Call& call) {
    XmlWriter xml = start_xml(call, "VersioningConfiguration");
    if (call.bucket->versioned) xml.element("Status", "Enabled");
    xml.close("VersioningConfiguration");
    return std::nullopt;
}

Outcome put_bucket_versioning(Call& call) {
    pugi::xml_document document;
    if (auto refusal = parse_xml_body(call, "VersioningConfiguration", document)) return refusal;
    std::string status = document.document_element().child("Status").text().get();
    if (status != "Enabled") return Refusal{"NotImplemented", "Versioning can only be enabled here.", ""};
    call.bucket->versioned = true;
    call.response().start(200);
    return std::nullopt;
}

}  // namespace godwit::s3double
