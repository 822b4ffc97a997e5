#include "store/listed_objects.h"

#include <algorithm>
#include <deque>

#include "runtime/group.h"

namespace godwit::store {
namespace {

using List = std::shared_ptr<const model::KeyList>;

// So many keys are asked for at once; they make one page.
constexpr std::size_t kKeysPerPageMax = 512;
// So many prefixes are listed at once, a page of each.
constexpr std::size_t kPrefixesAheadMax = 16;

// Where a listing of these keys has to begin in a list: at the last one that is not greater than this.
const std::string& begin_of(const ListedKeys& keys) {
    return std::max(keys.range.after, keys.prefix);
}

// Would the next key fare the same? A list may name what no store could hold.
bool is_of_one_object(ErrorKind kind) {
    return kind == ErrorKind::Denied || kind == ErrorKind::Unsupported || kind == ErrorKind::Invalid ||
           kind == ErrorKind::NotFound || kind == ErrorKind::Exists;
}

class KeysListing final : public Listing {
  public:
    KeysListing(Store& inner, List list, ListedKeys listed, Role role)
        : inner_(inner), list_(std::move(list)), listed_(std::move(listed)), role_(role) {}

    Task<Result<Page>> next(Context& context) override {
        GODWIT_CO_TRY(std::vector<model::ListedKey> keys, take_keys());
        std::vector<Found> found(keys.size());
        runtime::TaskGroup asking(context.loop());
        for (std::size_t i = 0; i < keys.size(); ++i) asking.spawn(ask(context, keys[i].key, found[i]));
        co_await asking.wait();
        Page page;
        page.last = keys.size() < kKeysPerPageMax;
        for (std::size_t i = 0; i < keys.size(); ++i) GODWIT_CO_TRY_VOID(add(keys[i], found[i], page));
        co_return std::move(page);
    }

  private:
    struct Found {
        std::optional<Entry> entry;
        std::optional<Error> error;
    };

    // Fewer than a page only at the end.
    Result<std::vector<model::ListedKey>> take_keys() {
        std::vector<model::ListedKey> keys;
        if (!cursor_) GODWIT_TRY_VOID(begin());
        while (const model::ListedKey* next = cursor_->current()) {
            if (keys.size() == kKeysPerPageMax || !listed_.contains(next->key.bytes())) break;
            keys.push_back(*next);
            GODWIT_TRY_VOID(cursor_->pop());
        }
        return keys;
    }

    Result<void> begin() {
        GODWIT_TRY(cursor_, list_->at(begin_of(listed_)));
        while (const model::ListedKey* next = cursor_->current()) {
            if (next->key.bytes() > listed_.range.after && next->key.bytes() >= listed_.prefix) break;
            GODWIT_TRY_VOID(cursor_->pop());
        }
        return {};
    }

    // What was found of a key, or that nothing was.
    Result<void> add(const model::ListedKey& asked_for, Found& found, Page& page) const {
        if (found.error) {
            if (!is_of_one_object(found.error->kind())) return std::move(*found.error);
            page.unreadable.push_back(std::move(*found.error));
        } else if (found.entry) {
            page.entries.push_back(std::move(*found.entry));
        } else if (role_ == Role::Source && asked_for.line > 0) {
            Entry missing;
            missing.key = asked_for.key;
            missing.missing_line = asked_for.line;
            page.entries.push_back(std::move(missing));
        }
        return {};
    }

    Task<void> ask(Context& context, const Key& key, Found& found) {
        bool with_tags = false;
        auto info = co_await inner_.stat(context, key, with_tags);
        if (!info) {
            found.error.emplace(std::move(info.error()));
        } else if (*info) {
            found.entry = std::move((*info)->entry);
            // A listing would have told them, so this one does too.
            if (inner_.capabilities().lists_posix && !found.entry->posix) {
                found.entry->posix = (*info)->metadata.posix;
            }
        }
    }

    Store& inner_;
    List list_;
    ListedKeys listed_;
    Role role_;
    std::unique_ptr<model::KeyCursor> cursor_;  // none before the first page
};

// No prefix begins with another one, so what one of them holds lies wholly before what the next one holds.
class PrefixesListing final : public Listing {
  public:
    PrefixesListing(Store& inner, List list, ListedKeys listed)
        : inner_(inner), list_(std::move(list)), listed_(std::move(listed)) {}

    Task<Result<Page>> next(Context& context) override {
        if (ahead_.empty() || !ahead_.front()->page) GODWIT_CO_TRY_VOID(co_await fill(context));
        if (ahead_.empty()) co_return Page{.entries = {}, .last = true, .unreadable = {}};
        Result<Page> page = *std::exchange(ahead_.front()->page, std::nullopt);
        if (!page) co_return std::move(page.error());
        if (page->last) ahead_.pop_front();
        page->last = false;
        co_return std::move(page);
    }

  private:
    struct Ahead {
        std::unique_ptr<Listing> listing;
        std::optional<Result<Page>> page;
    };

    Task<Result<void>> fill(Context& context) {
        // One that goes on holds up those behind it, which have their pages.
        if (ahead_.empty()) GODWIT_CO_TRY_VOID(begin_listings());
        runtime::TaskGroup listing(context.loop());
        for (const auto& one : ahead_) {
            if (!one->page) listing.spawn(list_page(context, *one));
        }
        co_await listing.wait();
        co_return {};
    }

    static Task<void> list_page(Context& context, Ahead& one) {
        one.page = co_await one.listing->next(context);
    }

    Result<void> begin_listings() {
        if (!cursor_) {
            GODWIT_TRY(cursor_, list_->at(begin_of(listed_)));
        }
        while (const model::ListedKey* next = cursor_->current()) {
            const std::string& prefix = next->key.bytes();
            bool behind = prefix > listed_.prefix && !prefix.starts_with(listed_.prefix);
            bool beyond = !listed_.range.before.empty() && prefix >= listed_.range.before;
            if (behind || beyond || ahead_.size() == kPrefixesAheadMax) break;
            if (prefix.starts_with(listed_.prefix) || listed_.prefix.starts_with(prefix))
                begin_listing(prefix);
            GODWIT_TRY_VOID(cursor_->pop());
        }
        return {};
    }

    void begin_listing(const std::string& prefix) {
        const std::string& longer = std::max(prefix, listed_.prefix);
        ahead_.push_back(std::make_unique<Ahead>());
        ahead_.back()->listing = inner_.list({listed_.range, longer});
    }

    Store& inner_;
    List list_;
    ListedKeys listed_;
    std::unique_ptr<model::KeyCursor> cursor_;  // none before the first page
    std::deque<std::unique_ptr<Ahead>> ahead_;
};

class ListedStore final : public Store {
  public:
    ListedStore(std::unique_ptr<Store> inner, List list, Role role)
        : inner_(std::move(inner)), list_(std::move(list)), role_(role) {}

    std::unique_ptr<Listing> list(ListedKeys keys) override {
        if (list_->kind() == model::KeyListKind::Prefixes)
            return std::make_unique<PrefixesListing>(*inner_, list_, std::move(keys));
        return std::make_unique<KeysListing>(*inner_, list_, std::move(keys), role_);
    }
    // By the keys asked for, there or not.
    Task<Result<bool>> holds_any(Context& context, const ListedKeys& keys) override {
        if (list_->kind() == model::KeyListKind::Prefixes) co_return co_await Store::holds_any(context, keys);
        GODWIT_CO_TRY(auto cursor, list_->at(std::max(keys.range.after, keys.prefix)));
        // It begins at the last key that is not greater.
        const model::ListedKey* first = cursor->current();
        if (first && !keys.contains(first->key.bytes())) GODWIT_CO_TRY_VOID(cursor->pop());
        first = cursor->current();
        co_return first&& keys.contains(first->key.bytes());
    }
    Task<Result<Receipt>> copy_from(Context& context, Store& source, const CopyRequest& request) override {
        auto* listed = dynamic_cast<ListedStore*>(&source);
        return inner_->copy_from(context, listed ? *listed->inner_ : source, request);
    }

    Task<Result<RootIdentity>> attach(Context& context, Role role) override {
        return inner_->attach(context, role);
    }
    const Capabilities& capabilities() const override { return inner_->capabilities(); }
    std::string uri(const Key& key) const override { return inner_->uri(key); }
    Task<Result<std::optional<ObjectInfo>>> stat(Context& context, const Key& key, bool with_tags) override {
        return inner_->stat(context, key, with_tags);
    }
    Task<Result<std::unique_ptr<Source>>> open(Context& context, const OpenRequest& request) override {
        return inner_->open(context, request);
    }
    Task<Result<Receipt>> put(Context& context, const PutRequest& request, std::span<const std::byte> bytes,
                              const Digest& digest) override {
        return inner_->put(context, request, bytes, digest);
    }
    Task<Result<std::unique_ptr<Sink>>> begin(Context& context, const PutRequest& request) override {
        return inner_->begin(context, request);
    }
    Task<Result<std::unique_ptr<Sink>>> resume(Context& context, const PutRequest& request,
                                               const std::string& checkpoint) override {
        return inner_->resume(context, request, checkpoint);
    }
    Task<Result<void>> discard(Context& context, const Key& key, const std::string& checkpoint,
                               std::int64_t intent_unix_ns) override {
        return inner_->discard(context, key, checkpoint, intent_unix_ns);
    }
    Task<Result<Linked>> link(Context& context, const LinkRequest& request) override {
        return inner_->link(context, request);
    }
    Task<Result<Receipt>> set_metadata(Context& context, const PutRequest& request,
                                       const Identity& expected) override {
        return inner_->set_metadata(context, request, expected);
    }
    Task<Result<void>> remove(Context& context, const Key& key, const Identity& expected) override {
        return inner_->remove(context, key, expected);
    }
    Task<Result<bool>> removes_exactly(Context& context) override { return inner_->removes_exactly(context); }
    Task<Result<void>> verify_root(Context& context) override { return inner_->verify_root(context); }
    bool may_be_newer(const Identity& generation, std::int64_t unix_ns) const override {
        return inner_->may_be_newer(generation, unix_ns);
    }
    Task<void> close() override { return inner_->close(); }

  private:
    std::unique_ptr<Store> inner_;
    List list_;
    Role role_;
};

}  // namespace

std::unique_ptr<Store> make_listed_store(std::unique_ptr<Store> inner, List list, Role role) {
    return std::make_unique<ListedStore>(std::move(inner), std::move(list), role);
}

}  // namespace godwit::store
