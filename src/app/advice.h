// What to do about an error: one line, by its code (or kind), never by its message.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace godwit::app {

// Empty when there is nothing better to say than the error itself.
std::string_view advice_for(std::string_view code, std::string_view kind);
std::string_view advice_for(const Error& error);

// "error: operation subject: cause (CODE)" and, below it, "  fix: ...". Usage errors leave out what
// only programs need.
std::string error_text(const Error& error);
// The same for programs: a line of a JSON stream.
boost::json::object error_event(const Error& error, std::int64_t unix_ns);

}  // namespace godwit::app
