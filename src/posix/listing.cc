#include "posix/listing.h"

#include <optional>

#include "runtime/channel.h"

namespace godwit::posix {
namespace {

using runtime::Context;
using runtime::Task;
using store::Page;

// What the reader and the maker of pages share; the maker may outlive a reader who has gone.
struct Pages {
    Pages(std::shared_ptr<Workshop> the_workshop, store::ListedKeys keys)
        : workshop(std::move(the_workshop)),
          walk(workshop->root, workshop->staging, std::move(keys), workshop->options.walk) {}

    std::shared_ptr<Workshop> workshop;
    Walk walk;  // the maker's, while it runs
    bool making = false;
    bool dropped = false;
    std::optional<Result<Page>> ready;
    runtime::Signal made;
};

// Makes one page. Takes the pages by value: they must last until it has ended.
Task<void> make_page(std::shared_ptr<Pages> pages) {
    auto job = [&] { return pages->walk.next_page(); };
    Result<Page> page = co_await pages->workshop->pool.run(job);
    pages->making = false;
    if (pages->dropped) co_return;
    pages->ready.emplace(std::move(page));
    pages->made.notify_all();
}

class PosixListing final : public store::Listing {
  public:
    explicit PosixListing(std::shared_ptr<Pages> pages) : pages_(std::move(pages)) {}
    ~PosixListing() override { pages_->dropped = true; }

    Task<Result<Page>> next(Context& context) override {
        GODWIT_CO_TRY_VOID(context.check());
        if (failure_) co_return failure_->clone();
        if (!pages_->ready) make_next();
        while (!pages_->ready) GODWIT_CO_TRY_VOID(co_await pages_->made.wait(context));
        Result<Page> page = *std::exchange(pages_->ready, std::nullopt);
        if (!page) {
            failure_.emplace(page.error().clone());
        } else if (!page->last) {
            make_next();
        }
        co_return std::move(page);
    }

  private:
    void make_next() {
        if (std::exchange(pages_->making, true)) return;
        pages_->workshop->background.spawn(make_page(pages_));
    }

    std::shared_ptr<Pages> pages_;
    std::optional<Error> failure_;
};

}  // namespace

std::unique_ptr<store::Listing> make_listing(std::shared_ptr<Workshop> workshop, store::ListedKeys keys) {
    return std::make_unique<PosixListing>(std::make_shared<Pages>(std::move(workshop), std::move(keys)));
}

}  // namespace godwit::posix
