// BodySource: a request's body that is too large to be held. It is read while it is sent, a piece at a
// time, so that of a body of gigabytes only one piece is ever in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "runtime/context.h"
#include "runtime/task.h"

namespace godwit::net {

class BodySource {
  public:
    virtual ~BodySource() = default;

    // Never changes: it stands in Content-Length.
    virtual std::uint64_t size_bytes() const = 0;

    // The bytes from `offset_bytes` (less than the size) on: at least one, and none beyond the size.
    // They live until the next call. Asked for in order; from 0 again when the request is sent again.
    // An error ends the exchange as it stands, and the connection with it.
    virtual runtime::Task<Result<std::span<const std::byte>>> next(runtime::Context& context,
                                                                   std::uint64_t offset_bytes) = 0;
};

}  // namespace godwit::net
