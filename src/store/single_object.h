// A Store that shows one object of another store, under a key that may differ from the one it has
// there: how a single file or object is copied to a new name by an engine that knows only locations.
//
// Everything else of the other store is out of sight and out of reach.
#pragma once

#include <memory>

#include "store/store.h"

namespace godwit::store {

// `shown` is the key by which callers name the object, `stored` the one that it has in `inner`. The
// root identity is that of `inner`, its canonical form extended by `stored`. Source::info() of an
// opened object tells the stored key.
std::unique_ptr<Store> make_single_object_store(std::unique_ptr<Store> inner, Key shown, Key stored);

}  // namespace godwit::store
