#include "engine/shard_cutter.h"

#include <algorithm>

#include "model/selection.h"

namespace godwit::engine {

Task<Result<std::optional<std::string>>> ShardCutter::pages_came(const PagesCame& came) {
    count(came);
    if (cut_ && !is_left(came.planned)) cut_.reset();
    if (cut_ && cutting_.is_room()) co_return co_await cut();
    if (search_.running() == 0 && !cut_ && is_slow() && cutting_.is_room()) begin_search(came.planned);
    co_return std::nullopt;
}

// Is there something of the range on both sides of the cut that was found?
bool ShardCutter::is_left(std::string_view planned) const {
    bool is_end = !before_.empty() && model::KeyRange::before_what_follows(*cut_) >= before_;
    return *cut_ >= planned && !is_end;
}

void ShardCutter::count(const PagesCame& came) {
    ++rounds_;
    waited_for_source_ += came.waited_for_source;
    waited_for_destination_ += came.waited_for_destination;
}

bool ShardCutter::is_slow() const {
    return rounds_ >= rounds_min_ &&
           waited_for_source_ + waited_for_destination_ >= rounds_ * cutting_.options.slow_page_min;
}

void ShardCutter::begin_search(std::string_view planned) {
    store::Store& slower =
        waited_for_source_ >= waited_for_destination_ ? cutting_.source : cutting_.destination;
    rounds_ = 0;
    waited_for_source_ = waited_for_destination_ = {};
    rounds_min_ = std::min(2 * rounds_min_, kRoundsMax);
    search_.spawn(look_for_cut({std::string(planned), before_}, slower));
}

// Without an answer the listing goes on as it is: if it can, which it finds out itself.
Task<void> ShardCutter::look_for_cut(model::KeyRange rest, store::Store& store) {
    HoldsAny ask = [this, &store](const model::KeyRange& range) { return holds_any(store, range); };
    auto found = co_await find_cut(context_.loop(), rest, ask);
    if (found) cut_ = *std::move(found);
}

Task<Result<bool>> ShardCutter::holds_any(store::Store& store, const model::KeyRange& range) {
    std::vector<std::string> prefixes(1);
    if (cutting_.options.selection) prefixes = cutting_.options.selection->prefixes();
    for (std::string& prefix : prefixes) {
        if (!range.meets(prefix)) continue;
        store::ListedKeys keys(range, std::move(prefix));
        GODWIT_CO_TRY(bool found, co_await store.holds_any(context_, keys));
        if (found) co_return true;
    }
    co_return false;
}

Task<Result<std::optional<std::string>>> ShardCutter::cut() {
    std::string last_key = *std::exchange(cut_, std::nullopt);
    GODWIT_CO_TRY(ledger::Shard rest, co_await cutting_.journal.split_shard(shard_, last_key));
    before_ = model::KeyRange::before_what_follows(std::move(last_key));
    rounds_min_ = kRoundsMin;
    rounds_ = 0;
    waited_for_source_ = waited_for_destination_ = {};
    cutting_.made(std::move(rest));
    co_return std::optional(before_);
}

Task<void> ShardCutter::end() {
    context_.cancel(Error(ErrorKind::Cancelled, "list", "", "the listing has ended"));
    co_await search_.wait();
}

}  // namespace godwit::engine
