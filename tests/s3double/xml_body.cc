#include "s3double/xml_body.h"

#include <cstring>

namespace godwit::s3double {

Outcome parse_xml_body(const Call& call, const char* root, pugi::xml_document& document) {
    std::string text = call.x.receiver.take_body().text();
    auto result = document.load_buffer(text.data(), text.size(), pugi::parse_default);
    if (result && std::strcmp(document.document_element().name(), root) == 0) return std::nullopt;
    return Refusal{"MalformedXML", "", ""};
}

std::string unquoted(std::string_view tag) {
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) tag = tag.substr(1, tag.size() - 2);
    return std::string(tag);
}

}  // namespace godwit::s3double
