// PostgreSQL's SQLSTATE codes as Errors: the one table from native code to kind.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace godwit::db {

// By SQLSTATE (PostgreSQL documentation, appendix A): the code itself, else its class of two
// characters, else Invalid.
ErrorKind postgres_kind(std::string_view sqlstate);

}  // namespace godwit::db
