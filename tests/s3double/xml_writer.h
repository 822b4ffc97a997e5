// Writes the XML of S3's answers into one string, without a tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace godwit::s3double {

// Appends `text` with markup characters as entities and control characters as character
// references, as S3 writes keys.
void append_xml_escaped(std::string& out, std::string_view text);

class XmlWriter {
  public:
    explicit XmlWriter(std::string& out) : out_(out) {}

    void declaration() { out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"; }
    // The root of an answer, in S3's namespace.
    void open_root(std::string_view name);
    void open(std::string_view name) { out_.append("<").append(name).append(">"); }
    void close(std::string_view name) { out_.append("</").append(name).append(">"); }
    // Escaped.
    void element(std::string_view name, std::string_view text);
    void element(std::string_view name, std::uint64_t number);
    void element(std::string_view name, bool value) { raw_element(name, value ? "true" : "false"); }
    void element(std::string_view name, const char* text) { element(name, std::string_view(text)); }
    // As it is: `text` needs no escaping.
    void raw_element(std::string_view name, std::string_view text);
    // An ETag in its quotes.
    void etag(std::string_view tag);
    void raw(std::string_view text) { out_ += text; }

  private:
    std::string& out_;
};

}  // namespace godwit::s3double
