// What became of one object in one transfer: the ledger row in the making.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "model/evidence.h"
#include "model/outcome.h"

namespace godwit::engine {

// Where an error belongs: errors are grouped and shown by it. Stored: never renumber.
enum class Scope : std::uint8_t { None = 0, Source = 1, Destination = 2, Transfer = 3 };

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
