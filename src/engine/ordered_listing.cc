#include "engine/ordered_listing.h"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::engine {

using runtime::Context, runtime::Task;

OrderedListing::OrderedListing(store::Store& store, model::KeyRange range, const model::Selection* selection,
                               Scope scope)
    : store_(store), range_(std::move(range)), selection_(selection), scope_(scope), prefixes_(1) {
    if (selection_) prefixes_ = selection_->prefixes();
    std::erase_if(prefixes_, [&](const std::string& prefix) { return !range_.meets(prefix); });
    std::ranges::reverse(prefixes_);
    begin_next();
}

// False when there is no more.
bool OrderedListing::begin_next() {
    listing_.reset();
    if (prefixes_.empty()) return false;
    listing_ = store_.list({range_, std::move(prefixes_.back())});
    prefixes_.pop_back();
    return true;
}

Task<Result<store::Page>> OrderedListing::next(Context& context) {
    if (!listing_) {
        store::Page nothing;
        nothing.last = true;
        co_return std::move(nothing);
    }
    Result<store::Page> page = co_await listing_->next(context);
    if (!page) co_return std::move(page.error()).with_scope(scope_);
    for (Error& error : page->unreadable) error = std::move(error).with_scope(scope_);
    GODWIT_CO_TRY_VOID(check_order(*page));
    leave_out(*page);
    if (page->last) page->last = !begin_next();
    co_return page;
}

Result<void> OrderedListing::check_order(const store::Page& page) {
    for (const model::Entry& entry : page.entries) {
        if (entry.key.bytes() <= last_key_) {
            model::Key root;
            return Error(ErrorKind::Corrupt, "list", store_.uri(root),
                         fmt::format("key \"{}\" came after \"{}\"", entry.key.bytes(), last_key_))
                .with_code("ListingOutOfOrder")
                .with_scope(scope_);
        }
        last_key_ = entry.key.bytes();
    }
    return {};
}

void OrderedListing::leave_out(store::Page& page) const {
    if (!selection_) return;
    std::erase_if(page.entries,
                  [&](const model::Entry& entry) { return !selection_->selects_key(entry.key.bytes()); });
}

}  // namespace godwit::engine
