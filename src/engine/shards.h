// Shards: lists an execution to its end, range by range, several of them at once.
//
// An execution begins with one shard for all keys. A listing whose pages come slowly is cut in two
// (shard_cutter.h), and both again, so that a server that is far away is asked for many pages at a time.
// Directories are not cut: a walk is no queue of pages, and what is decided of a directory
// depends on all that lies in it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/content_tags.h"
#include "engine/finder.h"
#include "engine/shard_cutter.h"
#include "ledger/journal.h"

namespace godwit::engine {

class Approval;

class Shards {
  public:
    // `committed` is called after each commit of what was found. All arguments outlive it.
    Shards(Context& new_work, store::Store& source, store::Store& destination, ledger::Journal& journal,
           const ExecutionOptions& options, Progress& progress, std::function<void()> committed);

    // Runs every shard that is not complete to its end. Fails as the first of them that fails; the others
    // stop where they are, and can be carried on.
    Task<Result<void>> list();

    // There were shards already: another process has begun.
    bool carried_on() const { return carried_on_; }
    // Parts that could not be listed, up to a thousand: what is beyond is the same news. Taken once.
    std::vector<Error> take_unreadable() { return std::move(unreadable_); }
    // See ExecutionResult.
    std::uint64_t plan_not_needed() const { return plan_not_needed_; }

  private:
    bool may_cut() const;
    bool is_room() const;
    void add(ledger::Shard shard);
    void begin_waiting();
    Task<void> run(ledger::Shard shard);
    Task<Result<void>> list_shard(const ledger::Shard& shard);
    Task<Result<void>> find_in(FinderInput& input, std::int64_t shard);
    Task<Result<void>> commit(std::int64_t shard, FoundPage page, std::optional<Approval>& approval);
    // What of the index nobody has read yet; brought forward by who reads it, and by who needs no more of it.
    IndexStream index_of(std::shared_ptr<model::KeyRange> unread);

    Context context_;
    store::Store& source_;
    store::Store& destination_;
    ledger::Journal& journal_;
    const ExecutionOptions& options_;
    Progress& progress_;
    const std::function<void()> committed_;

    ContentTags tags_;
    Cutting cutting_;
    runtime::TaskGroup running_;
    std::deque<ledger::Shard> waiting_;
    std::uint64_t shards_ = 0;  // of the execution, complete ones too
    bool carried_on_ = false;
    std::optional<Error> failure_;
    std::vector<Error> unreadable_;
    std::uint64_t plan_not_needed_ = 0;
};

}  // namespace godwit::engine
