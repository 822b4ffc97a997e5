// An XML answer, parsed with limits, and typed access to its elements. Private to xml*.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace godwit::s3 {

// A parsed body. The nodes point into it, so it stays where it is made.
class XmlDocument {
  public:
    XmlDocument() = default;
    XmlDocument(const XmlDocument&) = delete;
    XmlDocument& operator=(const XmlDocument&) = delete;

    // Nothing on success; else why the body is refused ("has a DTD").
    std::optional<std::string> parse(std::string body);
    pugi::xml_node root() const { return document_.document_element(); }

  private:
    std::string body_;
    pugi::xml_document document_;
};

// The text of a child, "" when there is none.
inline std::string_view text_of(pugi::xml_node parent, const char* child) {
    return parent.child(child).child_value();
}

// Turns texts into values; remembers the first that could not be one, with the element that it stood in.
class Reading {
  public:
    // Not empty.
    std::string required(const char* element, std::string_view text);
    // At most kBelievedBytesMax.
    std::uint64_t size(const char* element, std::string_view text);
    // Without its quotes; may be empty.
    std::string etag(const char* element, std::string_view text);
    // Empty texts are `absent` where there is one.
    int number(const char* element, std::string_view text, int min, int max, std::optional<int> absent = {});
    // RFC 3339.
    std::int64_t time(const char* element, std::string_view text);
    // Empty is false.
    bool boolean(const char* element, std::string_view text);
    // Percent-decoded when `encoded` ('+' is a space, as S3 writes it).
    std::string name(const char* element, std::string_view text, bool encoded);

    void fail(const char* element, std::string_view text, std::string_view wanted);
    const std::optional<std::string>& failure() const { return failure_; }

  private:
    std::optional<std::string> failure_;
};

// '+' becomes a space, %XX a byte: what S3 means by encoding-type=url. Absent for a bad escape.
std::optional<std::string> form_decode(std::string_view text);

// The first Checksum* child that holds a digest of whole bytes.
std::optional<Digest> read_checksum(pugi::xml_node parent);

}  // namespace godwit::s3
