#include "store/single_object.h"

#include "base/check.h"

namespace godwit::store {
namespace {

class SingleObjectStore final : public Store {
  public:
    SingleObjectStore(std::unique_ptr<Store> inner, Key shown, Key stored)
        : inner_(std::move(inner)), shown_(std::move(shown)), stored_(std::move(stored)) {}

    Task<Result<RootIdentity>> attach(Context& context, Role role) override {
        GODWIT_CO_TRY(RootIdentity root, co_await inner_->attach(context, role));
        root.canonical += "/" + stored_.bytes();
        co_return std::move(root);
    }
    const Capabilities& capabilities() const override { return inner_->capabilities(); }
    std::string uri(const Key& key) const override { return inner_->uri(key == shown_ ? stored_ : key); }

    std::unique_ptr<Listing> list(ListedKeys keys) override;
    Task<Result<std::optional<ObjectInfo>>> stat(Context& context, const Key& key, bool with_tags) override;
    Task<Result<std::unique_ptr<Source>>> open(Context& context, const OpenRequest& request) override;
    Task<Result<Receipt>> put(Context& context, const PutRequest& request, std::span<const std::byte> bytes,
                              const Digest& digest) override;
    Task<Result<std::unique_ptr<Sink>>> begin(Context& context, const PutRequest& request) override;
    Task<Result<std::unique_ptr<Sink>>> resume(Context& context, const PutRequest& request,
                                               const std::string& checkpoint) override;
    Task<Result<void>> discard(Context& context, const Key& key, const std::string& checkpoint,
                               std::int64_t intent_unix_ns) override;
    Task<Result<Receipt>> copy_from(Context& context, Store& source, const CopyRequest& request) override;
    Task<Result<Receipt>> set_metadata(Context& context, const PutRequest& request,
                                       const Identity& expected) override;
    Task<Result<void>> remove(Context& context, const Key& key, const Identity& expected) override;
    Task<Result<bool>> removes_exactly(Context& context) override { return inner_->removes_exactly(context); }
    Task<Result<void>> verify_root(Context& context) override { return inner_->verify_root(context); }
    bool may_be_newer(const Identity& generation, std::int64_t unix_ns) const override {
        return inner_->may_be_newer(generation, unix_ns);
    }
    Task<void> close() override { return inner_->close(); }

  private:
    // Only what was listed is ever named.
    template <class Request>
    Request mapped(const Request& request) const {
        GODWIT_CHECK(request.key == shown_, "\"{}\" is not the object shown", request.key.bytes());
        Request inner_request = request;
        inner_request.key = stored_;
        return inner_request;
    }

    std::unique_ptr<Store> inner_;
    Key shown_;
    Key stored_;
};

// The object itself, or nothing.
class SingleObjectListing final : public Listing {
  public:
    SingleObjectListing(SingleObjectStore& store, const Key& key, bool in_range)
        : store_(store), key_(key), in_range_(in_range) {}

    Task<Result<Page>> next(Context& context) override {
        Page page;
        page.last = true;
        if (!in_range_) co_return std::move(page);
        bool with_tags = false;
        GODWIT_CO_TRY(std::optional<ObjectInfo> info, co_await store_.stat(context, key_, with_tags));
        if (info) page.entries.push_back(std::move(info->entry));
        co_return std::move(page);
    }

  private:
    SingleObjectStore& store_;
    const Key& key_;
    bool in_range_;
};

std::unique_ptr<Listing> SingleObjectStore::list(ListedKeys keys) {
    return std::make_unique<SingleObjectListing>(*this, shown_, keys.contains(shown_.bytes()));
}

Task<Result<std::optional<ObjectInfo>>> SingleObjectStore::stat(Context& context, const Key& key,
                                                                bool with_tags) {
    std::optional<ObjectInfo> info;
    if (key != shown_) co_return std::move(info);
    GODWIT_CO_TRY(info, co_await inner_->stat(context, stored_, with_tags));
    if (!info) co_return std::move(info);
    info->entry.key = shown_;
    // A listing would have told them, so this store's listing does too.
    if (inner_->capabilities().lists_posix && !info->entry.posix) info->entry.posix = info->metadata.posix;
    co_return std::move(info);
}

Task<Result<std::unique_ptr<Source>>> SingleObjectStore::open(Context& context, const OpenRequest& request) {
    OpenRequest inner_request = mapped(request);
    co_return co_await inner_->open(context, inner_request);
}

Task<Result<Receipt>> SingleObjectStore::put(Context& context, const PutRequest& request,
                                             std::span<const std::byte> bytes, const Digest& digest) {
    PutRequest inner_request = mapped(request);
    co_return co_await inner_->put(context, inner_request, bytes, digest);
}

Task<Result<std::unique_ptr<Sink>>> SingleObjectStore::begin(Context& context, const PutRequest& request) {
    PutRequest inner_request = mapped(request);
    co_return co_await inner_->begin(context, inner_request);
}

Task<Result<std::unique_ptr<Sink>>> SingleObjectStore::resume(Context& context, const PutRequest& request,
                                                              const std::string& checkpoint) {
    PutRequest inner_request = mapped(request);
    co_return co_await inner_->resume(context, inner_request, checkpoint);
}

Task<Result<void>> SingleObjectStore::discard(Context& context, const Key& key, const std::string& checkpoint,
                                              std::int64_t intent_unix_ns) {
    GODWIT_CHECK(key == shown_, "\"{}\" is not the object shown", key.bytes());
    co_return co_await inner_->discard(context, stored_, checkpoint, intent_unix_ns);
}

Task<Result<Receipt>> SingleObjectStore::copy_from(Context& context, Store& source,
                                                   const CopyRequest& request) {
    CopyRequest inner_request = request;
    inner_request.put = mapped(request.put);
    auto* single = dynamic_cast<SingleObjectStore*>(&source);
    if (!single) co_return co_await inner_->copy_from(context, source, inner_request);
    GODWIT_CHECK(request.source_key == single->shown_, "a copy of an object that is not shown");
    inner_request.source_key = single->stored_;
    co_return co_await inner_->copy_from(context, *single->inner_, inner_request);
}

Task<Result<Receipt>> SingleObjectStore::set_metadata(Context& context, const PutRequest& request,
                                                      const Identity& expected) {
    PutRequest inner_request = mapped(request);
    co_return co_await inner_->set_metadata(context, inner_request, expected);
}

Task<Result<void>> SingleObjectStore::remove(Context& context, const Key& key, const Identity& expected) {
    GODWIT_CHECK(key == shown_, "\"{}\" is not the object shown", key.bytes());
    co_return co_await inner_->remove(context, stored_, expected);
}

}  // namespace

std::unique_ptr<Store> make_single_object_store(std::unique_ptr<Store> inner, Key shown, Key stored) {
    return std::make_unique<SingleObjectStore>(std::move(inner), std::move(shown), std::move(stored));
}

}  // namespace godwit::store
