// Rows as CSV (RFC 4180), safe to open in a spreadsheet: a text that a program would take for a
// formula gets an apostrophe in front, and control characters are written as \xNN, so that a hostile
// object name can neither run nor forge a row.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace godwit::app {

// One field: escaped and quoted where it must be. `is_text` false: a number or time of our own making,
// which may begin with '-'.
std::string csv_field(std::string_view value, bool is_text);
// Fields joined by ',' and ended by "\r\n".
std::string csv_line(std::span<const std::string> fields);

}  // namespace godwit::app
