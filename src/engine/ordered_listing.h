// A store's listing, held to its promise: keys in byte order, each once. A merge over anything else
// would miss objects or take them for new.
#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace godwit::engine {

class OrderedListing {
  public:
    // `scope` is whose errors these are; the store outlives this.
    OrderedListing(store::Store& store, model::KeyRange range, Scope scope)
        : store_(store), listing_(store.list(std::move(range))), scope_(scope) {}

    // The next page; see Listing::next(). Fails as that, and with Corrupt (ListingOutOfOrder). Every
    // error, also of parts that could not be read, has the scope.
    runtime::Task<Result<store::Page>> next(runtime::Context& context);

  private:
    store::Store& store_;
    std::unique_ptr<store::Listing> listing_;
    Scope scope_;
    std::string last_key_;
};

}  // namespace godwit::engine
