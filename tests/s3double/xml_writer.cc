#include "s3double/xml_writer.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace godwit::s3double {

namespace {

void append_special(std::string& out, char c) {
    switch (c) {
        case '&':
            out += "&amp;";
            return;
        case '<':
            out += "&lt;";
            return;
        case '>':
            out += "&gt;";
            return;
        case '"':
            out += "&quot;";
            return;
        default:
            fmt::format_to(std::back_inserter(out), "&#x{:x};", static_cast<unsigned char>(c));
            return;
    }
}

bool is_special(char c) {
    return c == '&' || c == '<' || c == '>' || c == '"' || static_cast<unsigned char>(c) < 0x20;
}

}  // namespace

void append_xml_escaped(std::string& out, std::string_view text) {
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_special(text[i])) continue;
        out.append(text.substr(done, i - done));
        append_special(out, text[i]);
        done = i + 1;
    }
    out.append(text.substr(done));
}

void XmlWriter::open_root(std::string_view name) {
    declaration();
    out_.append("<").append(name).append(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
}

void XmlWriter::element(std::string_view name, std::string_view text) {
    open(name);
    append_xml_escaped(out_, text);
    close(name);
}

void XmlWriter::element(std::string_view name, std::uint64_t number) {
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    raw_element(name, {digits, static_cast<std::size_t>(end - digits)});
}

void XmlWriter::raw_element(std::string_view name, std::string_view text) {
    open(name);
    out_ += text;
    close(name);
}

void XmlWriter::etag(std::string_view tag) {
    out_.append("<ETag>&quot;").append(tag).append("&quot;</ETag>");
}

}  // namespace godwit::s3double
