// What became of one object in one transfer: the ledger row in the making.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/evidence.h"
#include "model/outcome.h"

namespace godwit::engine {

// Did the object end without a word about what stands at the destination?
constexpr bool is_unproven(model::Outcome outcome) {
    return outcome == model::Outcome::Failed || outcome == model::Outcome::Deferred;
}

struct ObjectEnd {
    model::Outcome outcome = model::Outcome::Failed;
    std::uint64_t bytes = 0;  // content bytes that were stored
    model::Evidence evidence;
    // Why it failed, was deferred or skipped.
    Scope scope = Scope::None;
    std::optional<Error> error;
    // The index takes the pair in: both sides are now known to be equal; or, of what failed or was deferred,
    // the destination may hold bytes that nothing proves. Such a row has no evidence and names no
    // generation, so that the next run copies, whatever attributes stand there (E58).
    bool index = false;
    // None of this yet: the object is a name of a file (PlannedObject::hard_link), and goes with the others.
    bool put_aside = false;
    // Of what only the destination has: why it went or stayed.
    std::string_view reason = {};

    static ObjectEnd failed(Scope scope, Error error);
};

}  // namespace godwit::engine
