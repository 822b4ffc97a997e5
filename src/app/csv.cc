#include "app/csv.h"

#include "base/error.h"

namespace godwit::app {
namespace {

bool looks_like_formula(std::string_view value) {
    return !value.empty() && std::string_view("=+-@\t\r").contains(value.front());
}

std::string quoted(std::string_view value) {
    std::string out = "\"";
    for (char c : value) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

}  // namespace

std::string csv_field(std::string_view value, bool is_text) {
    if (!is_text) return std::string(value);
    std::string text = looks_like_formula(value) ? "'" + printable(value) : printable(value);
    bool plain = text.find_first_of(",\" ") == std::string::npos;
    return plain ? text : quoted(text);
}

std::string csv_line(std::span<const std::string> fields) {
    std::string line;
    for (const std::string& field : fields) {
        if (&field != fields.data()) line += ',';
        line += field;
    }
    return line + "\r\n";
}

}  // namespace godwit::app
