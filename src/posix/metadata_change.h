// Attributes of an object that keeps its bytes.
#pragma once

#include "posix/replacement.h"

namespace godwit::posix {

// Blocking, on a pool thread. Sets them on the object that is `expected` (for directories: on the
// directory that is there) and makes them durable. Fails with Changed, or NotFound.
Result<Published> change_metadata(const ChangeTools& tools, const KeyPath& path,
                                  const store::PutRequest& request, const model::Identity& expected);

}  // namespace godwit::posix
