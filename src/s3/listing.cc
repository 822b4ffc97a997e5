#include "s3/listing.h"

#include <fmt/format.h>

#include "base/sabotage.h"
#include "runtime/channel.h"
#include "s3/metadata_headers.h"

namespace godwit::s3 {

PageCheck::PageCheck(std::string subject, std::string prefix, store::ListedKeys keys)
    : subject_(std::move(subject)), prefix_(std::move(prefix)), keys_(std::move(keys)) {
    request_.prefix = prefix_ + keys_.prefix;
    if (!keys_.range.after.empty()) request_.start_after = prefix_ + keys_.range.after;
    last_key_ = request_.start_after;
}

Error PageCheck::corrupt(std::string cause) const {
    return Error(ErrorKind::Corrupt, "list", subject_, std::move(cause)).with_code("ImpossibleListing");
}

// Servers that do not encode keys write U+FFFD for what XML cannot hold; the true key is lost then.
bool PageCheck::is_spoilt(const ListPage& page, const std::string& key) const {
    return !page.encoded && key.contains("\xef\xbf\xbd");
}

Result<void> PageCheck::check_key(const std::string& key) const {
    if (!key.starts_with(request_.prefix))
        return corrupt(fmt::format("'{}' is outside the prefix", printable(key)));
    if (key > last_key_ || GODWIT_SABOTAGE(accept_unsorted_keys)) return {};
    return corrupt(fmt::format("'{}' follows '{}'", printable(key), printable(last_key_)));
}

Result<void> PageCheck::go_forward(ListPage& page, bool empty) {
    if (page.next_token == request_.token && !GODWIT_SABOTAGE(accept_repeated_token)) {
        return corrupt(fmt::format("the continuation token '{}' repeats itself", printable(page.next_token)));
    }
    empty_pages_ = empty ? empty_pages_ + 1 : 0;
    if (empty_pages_ > kEmptyPagesMax) return corrupt(fmt::format("{} pages without a key", empty_pages_));
    request_.token = std::move(page.next_token);
    request_.start_after.clear();
    return {};
}

Result<store::Page> PageCheck::take(ListPage page) {
    store::Page out;
    out.entries.reserve(page.objects.size());
    out.last = !page.truncated;
    bool empty = page.objects.empty();
    for (ListedObject& object : page.objects) {
        // The marker of the prefix itself stands first, before any key of the range.
        bool is_root = object.key == prefix_ && !prefix_.empty();
        if (is_root && last_key_.empty()) {
            last_key_ = std::move(object.key);
            continue;
        }
        if (is_spoilt(page, object.key)) {
            out.unreadable.push_back(
                corrupt(fmt::format("the server spoils the key '{}'", printable(object.key))));
            continue;
        }
        GODWIT_TRY_VOID(check_key(object.key));
        std::string relative = object.key.substr(prefix_.size());
        if (!keys_.range.before.empty() && relative >= keys_.range.before) {
            out.last = true;
            break;
        }
        last_key_ = std::move(object.key);
        if (!own_.empty() && last_key_.starts_with(own_)) continue;
        model::Entry& entry = out.entries.emplace_back();
        entry.key = model::Key(std::move(relative));
        if (entry.key.is_directory()) entry.type = model::ObjectType::Directory;
        entry.identity = {object.size_bytes, object.mtime_ns, std::move(object.etag)};
        entry.archived = is_archive_class(object.storage_class) && !object.restored;
    }
    if (!out.last) GODWIT_TRY_VOID(go_forward(page, empty));
    return out;
}

namespace {

// What a read-ahead and its listing share; it outlives whichever of them ends first.
struct ReadAhead {
    ReadAhead(Bucket from, const std::string& prefix, store::ListedKeys keys, std::string own_keys,
              std::shared_ptr<ListingsInFlight> all)
        : bucket(std::move(from)),
          check(bucket.client->uri(prefix), prefix, std::move(keys)),
          in_flight(std::move(all)),
          context(in_flight->context) {
        check.leave_out(std::move(own_keys));
    }

    Bucket bucket;
    PageCheck check;
    std::shared_ptr<ListingsInFlight> in_flight;
    Context context;
    std::optional<Result<store::Page>> page;
    bool running = false;
    runtime::Signal arrived;
};

Task<Result<store::Page>> fetch(ReadAhead& ahead) {
    ListRequest request = ahead.check.next_request();
    GODWIT_CO_TRY(ListPage page, co_await list_objects(ahead.context, ahead.bucket, request));
    co_return ahead.check.take(std::move(page));
}

Task<void> read_ahead(std::shared_ptr<ReadAhead> ahead) {
    Result<store::Page> page = co_await fetch(*ahead);
    ahead->page.emplace(std::move(page));
    ahead->running = false;
    ahead->arrived.notify_all();
    std::shared_ptr<ListingsInFlight> all = ahead->in_flight;
    ahead.reset();
    if (--all->running == 0) all->ended.notify_all();
}

class S3Listing final : public store::Listing {
  public:
    explicit S3Listing(std::shared_ptr<ReadAhead> ahead) : ahead_(std::move(ahead)) {}
    ~S3Listing() override {
        ahead_->context.cancel(
            Error(ErrorKind::Cancelled, "list", "", "the listing was dropped").with_code("Cancelled"));
    }

    Task<Result<store::Page>> next(Context& context) override {
        GODWIT_CO_TRY_VOID(context.check());
        GODWIT_CHECK(!ended_, "a listing was asked for more after its end");
        if (!ahead_->page) start();
        while (!ahead_->page) GODWIT_CO_TRY_VOID(co_await ahead_->arrived.wait(context));
        Result<store::Page> page = std::move(*ahead_->page);
        ahead_->page.reset();
        ended_ = !page || page->last;
        if (!ended_) start();
        co_return std::move(page);
    }

  private:
    void start() {
        if (ahead_->running) return;
        ahead_->running = true;
        ++ahead_->in_flight->running;
        ahead_->context.loop().spawn(read_ahead(ahead_));
    }

    std::shared_ptr<ReadAhead> ahead_;
    bool ended_ = false;
};

}  // namespace

std::unique_ptr<store::Listing> make_listing(Bucket bucket, const std::string& prefix, store::ListedKeys keys,
                                             std::string own_keys,
                                             std::shared_ptr<ListingsInFlight> in_flight) {
    return std::make_unique<S3Listing>(std::make_shared<ReadAhead>(
        std::move(bucket), prefix, std::move(keys), std::move(own_keys), std::move(in_flight)));
}

}  // namespace godwit::s3
