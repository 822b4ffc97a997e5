// What to do about an error: one line, by its code (or kind), never by its message.
#pragma once

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

}  // namespace godwit::app
