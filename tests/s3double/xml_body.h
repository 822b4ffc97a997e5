// Reads the XML that requests carry.
#pragma once

#include <pugixml.hpp>
#include <string>

#include "s3double/operations.h"

namespace godwit::s3double {

constexpr std::uint64_t kXmlBytesMax = 8u << 20;

// Parses the request's body, whose root must be named `root`. Refuses with MalformedXML.
Outcome parse_xml_body(const Call& call, const char* root, pugi::xml_document& document);

// `tag` without the quotes that clients may or may not write around an ETag.
std::string unquoted(std::string_view tag);

}  // namespace godwit::s3double
