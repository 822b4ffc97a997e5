// A store's listing, held to its promise: keys in byte order, each once. A merge over anything else
// would miss objects or take them for new. Of a selection only the places are listed where its keys can
// lie, and keys that it leaves out are not in the pages.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/selection.h"
#include "store/store.h"

namespace godwit::engine {

class OrderedListing {
  public:
    // `selection`: null is everything. `scope` is whose errors these are. Store and selection outlive this.
    OrderedListing(store::Store& store, model::KeyRange range, const model::Selection* selection,
                   Scope scope);

    // The next page; see Listing::next(). Fails as that, and with Corrupt (ListingOutOfOrder). Every
    // error, also of parts that could not be read, has the scope.
    runtime::Task<Result<store::Page>> next(runtime::Context& context);

  private:
    bool begin_next();
    Result<void> check_order(const store::Page& page);
    void leave_out(store::Page& page) const;

    store::Store& store_;
    model::KeyRange range_;
    const model::Selection* selection_;
    Scope scope_;
    std::vector<std::string> prefixes_;  // of the listings that are to come, the next one last
    std::unique_ptr<store::Listing> listing_;
    std::string last_key_;
};

}  // namespace godwit::engine
