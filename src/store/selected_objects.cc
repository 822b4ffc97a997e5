#include "store/selected_objects.h"

#include <algorithm>

#include "runtime/group.h"

namespace godwit::store {
namespace {

using Keys = std::shared_ptr<const std::vector<Key>>;

// So many are asked for at once; they make one page.
constexpr std::size_t kKeysPerPageMax = 256;

class SelectedListing final : public Listing {
  public:
    SelectedListing(Store& inner, Keys keys, ListedKeys listed)
        : inner_(inner), keys_(std::move(keys)), listed_(std::move(listed)) {
        auto behind = std::ranges::upper_bound(*keys_, listed_.range.after, {}, &Key::bytes);
        auto first = std::lower_bound(behind, keys_->end(), Key(listed_.prefix));
        next_ = static_cast<std::size_t>(first - keys_->begin());
    }

    Task<Result<Page>> next(Context& context) override {
        std::size_t end = next_;
        while (end < keys_->size() && end - next_ < kKeysPerPageMax &&
               listed_.contains((*keys_)[end].bytes()))
            ++end;
        std::vector<Found> found(end - next_);
        runtime::TaskGroup asking(context.loop());
        for (std::size_t i = 0; i < found.size(); ++i)
            asking.spawn(ask(context, (*keys_)[next_ + i], found[i]));
        co_await asking.wait();
        Page page;
        page.last = end == next_ || end == keys_->size();
        next_ = end;
        for (Found& one : found) {
            if (one.entry) page.entries.push_back(std::move(*one.entry));
            if (!one.error) continue;
            bool one_objects_trouble =
                one.error->kind() == ErrorKind::Denied || one.error->kind() == ErrorKind::Unsupported;
            if (!one_objects_trouble) co_return std::move(*one.error);
            page.unreadable.push_back(std::move(*one.error));
        }
        co_return std::move(page);
    }

  private:
    struct Found {
        std::optional<Entry> entry;
        std::optional<Error> error;
    };

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
    Keys keys_;
    ListedKeys listed_;
    std::size_t next_ = 0;
};

class SelectedStore final : public Store {
  public:
    SelectedStore(std::unique_ptr<Store> inner, Keys keys)
        : inner_(std::move(inner)), keys_(std::move(keys)) {}

    std::unique_ptr<Listing> list(ListedKeys keys) override {
        return std::make_unique<SelectedListing>(*inner_, keys_, std::move(keys));
    }
    // By the keys asked for, there or not.
    Task<Result<bool>> holds_any(Context&, const ListedKeys& keys) override {
        auto next = std::ranges::upper_bound(*keys_, keys.range.after, {}, &Key::bytes);
        next = std::lower_bound(next, keys_->end(), Key(keys.prefix));
        co_return next != keys_->end() && keys.contains(next->bytes());
    }
    Task<Result<Receipt>> copy_from(Context& context, Store& source, const CopyRequest& request) override {
        auto* selected = dynamic_cast<SelectedStore*>(&source);
        return inner_->copy_from(context, selected ? *selected->inner_ : source, request);
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
    Keys keys_;
};

}  // namespace

std::unique_ptr<Store> make_selected_store(std::unique_ptr<Store> inner, Keys keys) {
    return std::make_unique<SelectedStore>(std::move(inner), std::move(keys));
}

}  // namespace godwit::store
