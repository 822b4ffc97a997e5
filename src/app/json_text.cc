#include "app/json_text.h"

#include <boost/json/serialize.hpp>

#include "base/encoding.h"
#include "base/error.h"
#include "base/time_format.h"

namespace godwit::app {

void set_bytes(boost::json::object& object, std::string_view name, std::string_view bytes) {
    std::string text = printable(bytes);
    if (text != bytes) object[std::string(name) + "_base64"] = base64_encode(bytes_of(bytes));
    object[name] = std::move(text);
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

std::string json_line(const boost::json::object& object) {
    return boost::json::serialize(object) + "\n";
}

}  // namespace godwit::app
