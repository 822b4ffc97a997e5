// RangeEnd: who may bring the end of a range forward while it is merged.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"

namespace godwit::engine {

// Pages of listings have come.
struct PagesCame {
    // Every key up to this one is planned, and none behind it. Lives during the call.
    std::string_view planned;
    // How long the merge had nothing to do but to wait for each of them.
    Duration waited_for_source{}, waited_for_destination{};
};

class RangeEnd {
  public:
    virtual ~RangeEnd() = default;
    // The new `before` of the range: behind `planned`, and not behind the old one. Absent: it stays. What is
    // behind it is somebody else's from this moment on.
    virtual runtime::Task<Result<std::optional<std::string>>> pages_came(const PagesCame& came) = 0;
};

}  // namespace godwit::engine
