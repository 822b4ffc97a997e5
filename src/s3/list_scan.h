// A page of a listing, read without building a document. Private to xml*.cc.
//
// A million keys are a thousand pages that all look alike. What looks as servers write it is taken as it
// stands; at the first thing that does not (an attribute, a comment, an entity outside of an ETag, an element
// with elements that nobody knows) the scan gives up, and the parser with all its limits has the page. So
// there is nothing that only this reads, and nothing that it reads in another way (xml_test.cc,
// tests/fuzz/xml_lists.cc).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "s3/xml.h"

namespace godwit::s3 {

class Reading;

// <Contents>, as text.
struct ListedText {
    std::string_view key, size, modified, etag, storage_class;
    bool restored = false;
};
ListedObject listed_object(const ListedText& text, bool encoded, Reading& reading);

// Absent: let the parser have it. Views are into `body`, and only while it is scanned.
std::optional<ListPage> scan_list_page(std::string_view body);

}  // namespace godwit::s3
