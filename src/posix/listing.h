// A walk as a store::Listing: pages are made in the pool, one ahead of the reader.
#pragma once

#include <memory>

#include "posix/workshop.h"
#include "store/store.h"

namespace godwit::posix {

std::unique_ptr<store::Listing> make_listing(std::shared_ptr<Workshop> workshop, store::ListedKeys keys);

}  // namespace godwit::posix
