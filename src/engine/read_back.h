// Reads a stored object again, to know what is really there.
#pragma once

#include "base/digest.h"
#include "engine/transfer.h"

namespace godwit::engine {

struct ReadBack {
    Digest digest;
    model::EvidenceLevel level;  // ReadBack or ReadBackCached
};

// The digest of the generation `expected` of `key`. `from_medium` passes every cache that can be
// passed. Memory and request permits are taken here. Fails with Changed or NotFound when another
// generation, or nothing, is there.
Task<Result<ReadBack>> read_back(Context& context, TransferContext& shared, store::Store& store,
                                 const model::Key& key, model::ObjectType type,
                                 const model::Identity& expected, bool from_medium);

}  // namespace godwit::engine
