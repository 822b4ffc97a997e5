#include "engine/ordered_listing.h"

#include <fmt/format.h>

namespace godwit::engine {

using runtime::Context, runtime::Task;

Task<Result<store::Page>> OrderedListing::next(Context& context) {
    Result<store::Page> page = co_await listing_->next(context);
    if (!page) co_return std::move(page.error()).with_scope(scope_);
    for (Error& error : page->unreadable) error = std::move(error).with_scope(scope_);
    for (const model::Entry& entry : page->entries) {
        if (entry.key.bytes() <= last_key_) {
            model::Key root;
            co_return Error(ErrorKind::Corrupt, "list", store_.uri(root),
                            fmt::format("key \"{}\" came after \"{}\"", entry.key.bytes(), last_key_))
                .with_code("ListingOutOfOrder")
                .with_scope(scope_);
        }
        last_key_ = entry.key.bytes();
    }
    co_return page;
}

}  // namespace godwit::engine
