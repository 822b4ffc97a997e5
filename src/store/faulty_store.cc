#include "store/faulty_store.h"

#include <utility>

#include "base/check.h"

namespace godwit::store {

namespace {

// Runs `operation` unless the plan says otherwise.
template <class T>
Task<Result<T>> guarded(FaultPlan& plan, std::string_view name, Task<Result<T>> operation) {
    FaultPlan::Verdict verdict = plan.next(name);
    if (verdict.before) co_return plan.error(name);
    Result<T> result = co_await std::move(operation);
    if (verdict.after && result) co_return plan.error(name);
    co_return std::move(result);
}

class FaultyListing final : public Listing {
  public:
    FaultyListing(std::unique_ptr<Listing> inner, FaultPlan& plan) : inner_(std::move(inner)), plan_(plan) {}
    Task<Result<Page>> next(Context& context) override {
        return guarded(plan_, "list", inner_->next(context));
    }

  private:
    std::unique_ptr<Listing> inner_;
    FaultPlan& plan_;
};

class FaultySource final : public Source {
  public:
    FaultySource(std::unique_ptr<Source> inner, FaultPlan& plan) : inner_(std::move(inner)), plan_(plan) {}
    const ObjectInfo& info() const override { return inner_->info(); }
    std::optional<Part> take_whole() override { return inner_->take_whole(); }
    Task<Result<Digest>> read(Context& context, std::uint64_t offset, std::span<std::byte> out) override {
        return guarded(plan_, "read", inner_->read(context, offset, out));
    }
    Task<Result<void>> verify_unchanged(Context& context) override {
        return guarded(plan_, "verify_unchanged", inner_->verify_unchanged(context));
    }
    EvidenceLevel read_level() const override { return inner_->read_level(); }

  private:
    std::unique_ptr<Source> inner_;
    FaultPlan& plan_;
};

class FaultySink final : public Sink {
  public:
    FaultySink(std::unique_ptr<Sink> inner, FaultPlan& plan) : inner_(std::move(inner)), plan_(plan) {}
    std::uint64_t part_size_bytes() const override { return inner_->part_size_bytes(); }
    std::string checkpoint() const override { return inner_->checkpoint(); }
    Task<Result<void>> write(Context& context, std::uint64_t offset, std::span<const std::byte> bytes,
                             const Digest& digest) override {
        return guarded(plan_, "write", inner_->write(context, offset, bytes, digest));
    }
    Task<Result<Digest>> write_streamed(Context& context, std::uint64_t offset, PartBytes& part) override {
        return guarded(plan_, "write", inner_->write_streamed(context, offset, part));
    }
    Task<Result<Receipt>> commit(Context& context, const Digest& source) override {
        return guarded(plan_, "commit", inner_->commit(context, source));
    }

  private:
    std::unique_ptr<Sink> inner_;
    FaultPlan& plan_;
};

class FaultyStore final : public Store {
  public:
    FaultyStore(std::unique_ptr<Store> inner, FaultPlan& plan) : inner_(std::move(inner)), plan_(plan) {}

    Task<Result<RootIdentity>> attach(Context& context, Role role) override {
        return guarded(plan_, "attach", inner_->attach(context, role));
    }
    Task<Result<void>> verify_root(Context& context) override {
        return guarded(plan_, "verify_root", inner_->verify_root(context));
    }
    Task<Result<bool>> removes_exactly(Context& context) override {
        return guarded(plan_, "removes_exactly", inner_->removes_exactly(context));
    }
    bool may_be_newer(const Identity& generation, std::int64_t unix_ns) const override {
        return inner_->may_be_newer(generation, unix_ns);
    }
    const Capabilities& capabilities() const override { return inner_->capabilities(); }
    std::string uri(const Key& key) const override { return inner_->uri(key); }
    std::unique_ptr<Listing> list(ListedKeys keys) override {
        return std::make_unique<FaultyListing>(inner_->list(std::move(keys)), plan_);
    }
    Task<Result<std::optional<ObjectInfo>>> stat(Context& context, const Key& key, bool with_tags) override {
        return guarded(plan_, "stat", inner_->stat(context, key, with_tags));
    }
    Task<Result<std::unique_ptr<Source>>> open(Context& context, const OpenRequest& request) override {
        auto opening = guarded(plan_, "open", inner_->open(context, request));
        GODWIT_CO_TRY(std::unique_ptr<Source> source, co_await std::move(opening));
        co_return std::make_unique<FaultySource>(std::move(source), plan_);
    }
    Task<Result<Receipt>> put(Context& context, const PutRequest& request, std::span<const std::byte> bytes,
                              const Digest& digest) override {
        return guarded(plan_, "put", inner_->put(context, request, bytes, digest));
    }
    Task<Result<std::unique_ptr<Sink>>> begin(Context& context, const PutRequest& request) override {
        auto beginning = guarded(plan_, "begin", inner_->begin(context, request));
        GODWIT_CO_TRY(std::unique_ptr<Sink> sink, co_await std::move(beginning));
        co_return std::make_unique<FaultySink>(std::move(sink), plan_);
    }
    Task<Result<std::unique_ptr<Sink>>> resume(Context& context, const PutRequest& request,
                                               const std::string& checkpoint) override {
        auto resuming = guarded(plan_, "resume", inner_->resume(context, request, checkpoint));
        GODWIT_CO_TRY(std::unique_ptr<Sink> sink, co_await std::move(resuming));
        co_return std::make_unique<FaultySink>(std::move(sink), plan_);
    }
    Task<Result<void>> discard(Context& context, const Key& key, const std::string& checkpoint,
                               std::int64_t intent_unix_ns) override {
        return guarded(plan_, "discard", inner_->discard(context, key, checkpoint, intent_unix_ns));
    }
    Task<Result<Receipt>> copy_from(Context& context, Store& source, const CopyRequest& request) override {
        auto* faulty = dynamic_cast<FaultyStore*>(&source);
        Store& origin = faulty ? *faulty->inner_ : source;
        return guarded(plan_, "copy_from", inner_->copy_from(context, origin, request));
    }
    Task<Result<Linked>> link(Context& context, const LinkRequest& request) override {
        return guarded(plan_, "link", inner_->link(context, request));
    }
    Task<Result<Receipt>> set_metadata(Context& context, const PutRequest& request,
                                       const Identity& expected) override {
        return guarded(plan_, "set_metadata", inner_->set_metadata(context, request, expected));
    }
    Task<Result<void>> remove(Context& context, const Key& key, const Identity& expected) override {
        return guarded(plan_, "remove", inner_->remove(context, key, expected));
    }
    Task<void> close() override { return inner_->close(); }

  private:
    std::unique_ptr<Store> inner_;
    FaultPlan& plan_;
};

}  // namespace

FaultPlan::Verdict FaultPlan::next(std::string_view operation) {
    names_.emplace_back(operation);
    std::uint64_t count = names_.size();
    bool due = fault_.nth != 0 && (count == fault_.nth || (fault_.from_then_on && count > fault_.nth));
    fired_ = fired_ || due;
    return {due && fault_.moment == FaultMoment::Before, due && fault_.moment == FaultMoment::After};
}

Error FaultPlan::error(std::string_view operation) const {
    return Error(fault_.kind, std::string(operation), "faulty store", "a fault that the test asked for")
        .with_code("InjectedFault");
}

std::unique_ptr<Store> make_faulty_store(std::unique_ptr<Store> inner, FaultPlan& plan) {
    return std::make_unique<FaultyStore>(std::move(inner), plan);
}

}  // namespace godwit::store
