// SQLite's result codes as Errors: the one table from native code to kind.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace godwit::db {

// By extended result code (https://www.sqlite.org/rescode.html).
ErrorKind sqlite_kind(int extended_code);
// "SQLITE_FULL": the name of the primary code, or of the extended code where that says more.
std::string sqlite_code_name(int extended_code);
// `message` is sqlite3_errmsg()'s text.
Error sqlite_error(int extended_code, std::string operation, const std::string& path,
                   std::string_view message);

}  // namespace godwit::db
