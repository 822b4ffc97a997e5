// A Store that lists only what a list asks for: each key by asking for it, each prefix by listing it; what
// else the place holds costs nothing. How a run copies just what a manifest names, or what failed before.
//
// Everything but list() is the other store's. A key that is not there is listed as missing if the list names
// its line, else not at all.
#pragma once

#include <memory>

#include "model/key_list.h"
#include "store/store.h"

namespace godwit::store {

std::unique_ptr<Store> make_listed_store(std::unique_ptr<Store> inner,
                                         std::shared_ptr<const model::KeyList> list, Role role);

}  // namespace godwit::store
