// JSON as Godwit writes it: one object a line, `"v":1` first, fields only ever added.
//
// Names of objects are bytes and JSON is Unicode. A name that is not UTF-8, or holds what printable()
// would escape, is written as printable() shows it, with its exact bytes beside it in base64.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace godwit::app {

// Adds "name": text and, when printable() had to change it, "name_base64".
void set_bytes(boost::json::object& object, std::string_view name, std::string_view bytes);
// RFC 3339 with milliseconds; null for 0.
void set_time(boost::json::object& object, std::string_view name, std::int64_t unix_ns);

// {"v":1,"ts":...,"type":type}: the head of every line of a stream.
boost::json::object json_event(std::string_view type, std::int64_t unix_ns);
// The object on one line; numbers as people write them.
std::string json_text(const boost::json::object& object);
// The same with its line end.
std::string json_line(const boost::json::object& object);

}  // namespace godwit::app
