#include "engine/shards.h"

#include <fmt/format.h>

#include "engine/approval.h"

namespace godwit::engine {

using ledger::ListingCommit;
using ledger::Shard;

namespace {

// What could not be listed is remembered up to this many; the rest is the same news.
constexpr std::size_t kUnreadableMax = 1000;
// Rows of the ledger that an execution spends on shards. A page of a thousand keys costs as much as one.
constexpr std::uint64_t kShardsMax = 4096;

}  // namespace

Shards::Shards(Context& new_work, store::Store& source, store::Store& destination, ledger::Journal& journal,
               const ExecutionOptions& options, Progress& progress, std::function<void()> committed)
    : context_(new_work),
      source_(source),
      destination_(destination),
      journal_(journal),
      options_(options),
      progress_(progress),
      committed_(std::move(committed)),
      tags_(source, destination, options),
      cutting_{source,
               destination,
               journal,
               options,
               [this] { return is_room(); },
               [this](Shard shard) { add(std::move(shard)); }},
      running_(context_.loop()) {}

Task<Result<void>> Shards::list() {
    GODWIT_CO_TRY(std::vector<Shard> shards, co_await journal_.shards());
    carried_on_ = !shards.empty();
    if (shards.empty()) {
        std::vector<model::KeyRange> everything(1);
        GODWIT_CO_TRY_VOID(co_await journal_.add_shards(std::move(everything)));
        GODWIT_CO_TRY(shards, co_await journal_.shards());
    }
    shards_ = shards.size();
    for (Shard& shard : shards) {
        if (!shard.complete) waiting_.push_back(std::move(shard));
    }
    begin_waiting();
    co_await running_.wait();
    if (failure_) co_return std::move(*failure_);
    co_return {};
}

// An approved plan is read in key order, and a listing that is walked has its own ways to be fast.
bool Shards::may_cut() const {
    return !options_.approved && !source_.capabilities().hierarchical &&
           !destination_.capabilities().hierarchical;
}

bool Shards::is_room() const {
    return running_.running() + waiting_.size() < options_.listings_max && shards_ < kShardsMax && !failure_;
}

void Shards::add(Shard shard) {
    ++shards_;
    waiting_.push_back(std::move(shard));
    begin_waiting();
}

void Shards::begin_waiting() {
    std::size_t at_once = options_.approved ? 1 : std::max(options_.listings_max, 1u);
    while (!waiting_.empty() && !failure_ && running_.running() < at_once) {
        Shard next = std::move(waiting_.front());
        waiting_.pop_front();
        running_.spawn(run(std::move(next)));
    }
}

Task<void> Shards::run(Shard shard) {
    Result<void> listed = co_await list_shard(shard);
    if (!listed && !failure_) {
        failure_.emplace(std::move(listed.error()));
        context_.cancel(failure_->clone());
    }
    // This one still counts as running: so one more may begin than there will be.
    if (!waiting_.empty() && !failure_) {
        Shard next = std::move(waiting_.front());
        waiting_.pop_front();
        running_.spawn(run(std::move(next)));
    }
}

Task<Result<void>> Shards::list_shard(const Shard& shard) {
    model::KeyRange rest = shard.range;
    if (!shard.cursor.empty()) rest.after = shard.cursor;
    auto unread = std::make_shared<model::KeyRange>(rest);
    FinderInput input{source_, destination_, options_, progress_, rest, index_of(unread), &tags_};
    input.skip_index = [unread](const model::Key& key) {
        unread->after = std::max(unread->after, just_before(key));
    };
    if (!may_cut()) co_return co_await find_in(input, shard.id);
    ShardCutter cutter(context_, cutting_, shard);
    input.end = &cutter;
    Result<void> found = co_await find_in(input, shard.id);
    co_await cutter.end();
    co_return std::move(found);
}

Task<Result<void>> Shards::find_in(FinderInput& input, std::int64_t shard) {
    std::optional<Approval> approval;
    if (options_.approved) {
        GODWIT_CO_TRY(auto entries, options_.approved->entries(input.range));
        approval.emplace(std::move(entries));
    }
    FoundSink sink = [this, shard, &approval](FoundPage page) -> Task<Result<void>> {
        return commit(shard, std::move(page), approval);
    };
    Result<void> found = co_await find(context_, input, sink);
    if (approval) plan_not_needed_ += approval->not_needed();
    co_return std::move(found);
}

Task<Result<void>> Shards::commit(std::int64_t shard, FoundPage page, std::optional<Approval>& approval) {
    if (approval) GODWIT_CO_TRY_VOID(approval->admit(page));
    ListingCommit commit;
    commit.shard = shard;
    commit.cursor = std::move(page.cursor);
    commit.complete = page.complete;
    commit.ordinary = std::move(page.objects);
    commit.directories = std::move(page.directories);
    commit.hard_links = std::move(page.hard_links);
    commit.deletes = std::move(page.deletes);
    commit.directory_deletes = std::move(page.directory_deletes);
    commit.destination_objects = page.destination_objects;
    commit.unchanged = page.unchanged;
    commit.adopted = std::move(page.adopted);
    for (auto* errors : {&page.unreadable_source, &page.unreadable_destination}) {
        for (Error& error : *errors) {
            commit.unreadable.push_back(fmt::format("{}: {}", to_string(error.scope()), error.message()));
            if (unreadable_.size() < kUnreadableMax) unreadable_.push_back(std::move(error));
        }
    }
    GODWIT_CO_TRY_VOID(co_await journal_.commit_listing(std::move(commit)));
    committed_();
    co_return {};
}

// The index as a stream: each page asks for what follows the last key of the one before.
IndexStream Shards::index_of(std::shared_ptr<model::KeyRange> unread) {
    bool wanted = options_.policy.use_index;
    return IndexStream([this, unread, wanted]() -> Task<Result<IndexStream::Page>> {
        IndexStream::Page page;
        page.last = true;
        if (!wanted) co_return std::move(page);
        GODWIT_CO_TRY(page.rows, co_await journal_.index_page(*unread));
        page.last = page.rows.empty();
        if (!page.rows.empty()) unread->after = page.rows.back().key.bytes();
        co_return std::move(page);
    });
}

}  // namespace godwit::engine
