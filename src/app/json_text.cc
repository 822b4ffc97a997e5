#include "app/json_text.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/encoding.h"
#include "base/error.h"
#include "base/time_format.h"

namespace godwit::app {

void set_bytes(boost::json::object& object, std::string_view name, std::string_view bytes) {
    std::string text = printable(bytes);
    if (text != bytes) object[std::string(name) + "_base64"] = base64_encode(bytes_of(bytes));
    object[name] = text;
}

void set_time(boost::json::object& object, std::string_view name, std::int64_t unix_ns) {
    if (unix_ns == 0) {
        object[name] = nullptr;
    } else {
        object[name] = format_rfc3339(unix_ns, TimePrecision::Milliseconds);
    }
}

boost::json::object json_event(std::string_view type, std::int64_t unix_ns) {
    boost::json::object event;
    event["v"] = 1;
    set_time(event, "ts", unix_ns);
    event["type"] = type;
    return event;
}

namespace {

// Boost.JSON would write 27 seconds as 2.7E1, which is right and nobody can read.
void write(const boost::json::value& value, std::string& out);

void write(const boost::json::object& object, std::string& out) {
    out += '{';
    for (const auto& member : object) {
        if (&member != object.begin()) out += ',';
        out += boost::json::serialize(member.key()) + ':';
        write(member.value(), out);
    }
    out += '}';
}

void write(const boost::json::array& array, std::string& out) {
    out += '[';
    for (const auto& value : array) {
        if (&value != array.begin()) out += ',';
        write(value, out);
    }
    out += ']';
}

void write(const boost::json::value& value, std::string& out) {
    if (const auto* object = value.if_object()) {
        write(*object, out);
    } else if (const auto* array = value.if_array()) {
        write(*array, out);
    } else if (const auto* number = value.if_double()) {
        out += fmt::format("{}", *number);
    } else {
        out += boost::json::serialize(value);
    }
}

}  // namespace

std::string json_text(const boost::json::object& object) {
    std::string text;
    write(object, text);
    return text;
}

std::string json_line(const boost::json::object& object) {
    return json_text(object) + "\n";
}

}  // namespace godwit::app
