// A Store that lists only some keys of another store: by asking for each, not by listing all. How a
// run copies just what failed before.
//
// Everything but list() is the other store's. An object that is not there (any more) is not listed.
#pragma once

#include <memory>
#include <vector>

#include "store/store.h"

namespace godwit::store {

// `keys` in byte order, each once; shared by both ends of a run.
std::unique_ptr<Store> make_selected_store(std::unique_ptr<Store> inner,
                                           std::shared_ptr<const std::vector<Key>> keys);

}  // namespace godwit::store
