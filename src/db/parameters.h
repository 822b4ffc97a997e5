// Parameters of the shared statements: written ?1, ?2, ... as SQLite reads them. PostgreSQL wants
// $1; SQLite would take that for a *name* and number it by its first appearance, so the port's form
// is '?' and this rewrites it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace godwit::db {

// `sql` with each ?N outside of quotes and comments written as $N. Fails with Invalid for a '?'
// without a number from 1 to 99, and for text that ends inside quotes or a comment.
Result<std::string> postgres_parameters(std::string_view sql);

}  // namespace godwit::db
