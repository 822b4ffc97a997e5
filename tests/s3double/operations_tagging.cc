// GetObjectTagging, PutObjectTagging, DeleteObjectTagging.
#include "s3double/attributes.h"
#include "s3double/operations.h"
#include "s3double/xml_body.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

// Versions never change, so the tagged one takes the other's place. Bytes are shared.
Outcome replace_tags(Call& call, TagList tags) {
    Outcome refusal;
    VersionPtr version = version_to_read(call, refusal);
    if (!version) return refusal;
    if (call.bucket->synthetic) return Refusal{"AccessDenied", "", ""};
    auto tagged = std::make_shared<ObjectVersion>(*version);
    tagged->attributes.tags = std::move(tags);
    for (VersionPtr& kept : call.bucket->objects.find(call.key())->second.versions)
        if (kept == version) kept = tagged;
    call.x.etag_before = call.x.etag_after = version->etag;
    return std::nullopt;
}

}  // namespace

Outcome get_object_tagging(Call& call) {
    Outcome refusal;
    VersionPtr version = version_to_read(call, refusal);
    if (!version) return refusal;
    call.response().start(200);
    call.response().add("Content-Type", "application/xml");
    XmlWriter xml(call.response().text);
    xml.open_root("Tagging");
    xml.open("TagSet");
    for (const auto& [key, value] : version->attributes.tags) {
        xml.open("Tag");
        xml.element("Key", std::string_view(key));
        xml.element("Value", std::string_view(value));
        xml.close("Tag");
    }
    xml.close("TagSet");
    xml.close("Tagging");
    return std::nullopt;
}

Outcome put_object_tagging(Call& call) {
    pugi::xml_document document;
    if (auto refusal = parse_xml_body(call, "Tagging", document)) return refusal;
    TagList tags;
    for (auto tag : document.document_element().child("TagSet").children("Tag"))
        tags.emplace_back(tag.child("Key").text().get(), tag.child("Value").text().get());
    if (auto refusal = check_tags(tags)) return refusal;
    if (auto refusal = replace_tags(call, std::move(tags))) return refusal;
    call.response().start(200);
    return std::nullopt;
}

Outcome delete_object_tagging(Call& call) {
    if (auto refusal = replace_tags(call, {})) return refusal;
    call.response().start(204);
    return std::nullopt;
}

}  // namespace godwit::s3double
