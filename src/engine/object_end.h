// What became of one object in one transfer: the ledger row in the making.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "model/evidence.h"
#include "model/outcome.h"

namespace godwit::engine {

struct ObjectEnd {
    model::Outcome outcome = model::Outcome::Failed;
    std::uint64_t bytes = 0;  // content bytes that were stored
    model::Evidence evidence;
    // Why it failed, was deferred or skipped.
    Scope scope = Scope::None;
    std::optional<Error> error;
    // Both sides are now known to be equal: the index takes the pair in.
    bool index = false;

    static ObjectEnd failed(Scope scope, Error error);
};

}  // namespace godwit::engine
