// S3Listing: a range of keys under a prefix, page by page, with one page of read-ahead.
//
// A listing decides what is copied and, in mirror runs, what is deleted; so a page is believed only
// when it can be true: keys inside prefix and range, strictly ascending over all pages, tokens that
// go forward (E46, E47). One page that is not so ends the listing with Corrupt. A key that the server
// has spoilt (F63) is reported as unreadable, which makes the listing incomplete.
#pragma once

#include <memory>
#include <string>

#include "runtime/channel.h"
#include "s3/operations.h"
#include "store/store.h"

namespace godwit::s3 {

// The checks on pages. Pure.
class PageCheck {
  public:
    // Consecutive pages without a single key, as versioned buckets full of delete markers give them.
    static constexpr int kEmptyPagesMax = 1000;

    // `prefix` is empty or ends in '/'; `subject` names the listing in errors.
    PageCheck(std::string subject, std::string prefix, store::ListedKeys keys);

    // Keys that begin so are our own probe's, and no objects.
    void leave_out(std::string beginning) { own_ = std::move(beginning); }
    // The entries of `page`, keys relative to the prefix. Fails with Corrupt.
    Result<store::Page> take(ListPage page);
    // Where the next page goes on; only after a page that was not the last.
    const ListRequest& next_request() const { return request_; }

  private:
    bool is_spoilt(const ListPage& page, const std::string& key) const;
    Result<void> check_key(const std::string& key) const;
    Result<void> go_forward(ListPage& page, bool empty);
    Error corrupt(std::string cause) const;

    std::string subject_;
    std::string prefix_;
    store::ListedKeys keys_;
    ListRequest request_;
    std::string last_key_;
    std::string own_;
    int empty_pages_ = 0;
};

// Counts the read-aheads that still run, so that a store can wait for them before it goes.
struct ListingsInFlight {
    explicit ListingsInFlight(runtime::Loop& loop) : context(loop) {}
    Context context;  // cancelled when the store closes
    runtime::Signal ended;
    std::size_t running = 0;
};

// `own_keys`: what PageCheck::leave_out() is told.
std::unique_ptr<store::Listing> make_listing(Bucket bucket, const std::string& prefix, store::ListedKeys keys,
                                             std::string own_keys,
                                             std::shared_ptr<ListingsInFlight> in_flight);

}  // namespace godwit::s3
