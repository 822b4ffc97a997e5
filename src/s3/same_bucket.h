// Do two names lead to one bucket (B15)? A second endpoint, a domain of one's own and the alias of an access
// point do, and no call tells. So a tiny object is put by the one name and looked for by the other.
#pragma once

#include <string>

#include "s3/operations.h"

namespace godwit::s3 {

// Writes `key` by `written`, under which nobody else writes and which is removed again. A name by which
// nothing may be looked at counts as another bucket. Kinds: the client's; Unsupported when no plain object is
// taken.
Task<Result<bool>> is_same_bucket(Context& context, const Bucket& written, const Bucket& other,
                                  const std::string& key);

}  // namespace godwit::s3
