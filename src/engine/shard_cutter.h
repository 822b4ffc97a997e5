// ShardCutter: cuts the range of a shard in two while it is being listed, when its listings are slow.
//
// Where to cut is looked for beside the listing. The cut itself is made between two pages, by the listing's
// own task: first the ledger has the new shard, then the listing has its new end. So whatever instant the
// process is killed at, each key is in the range of exactly one shard.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/options.h"
#include "engine/range_cut.h"
#include "engine/range_end.h"
#include "ledger/journal.h"
#include "runtime/context.h"
#include "runtime/group.h"
#include "store/store.h"

namespace godwit::engine {

using runtime::Context;
using runtime::Task;

// What the cutters of one execution share. Outlives them.
struct Cutting {
    store::Store& source;
    store::Store& destination;
    ledger::Journal& journal;
    const ExecutionOptions& options;
    // May another listing begin now? Asked before each search and each cut.
    std::function<bool()> is_room;
    // A new shard, durable.
    std::function<void(ledger::Shard)> made;
};

class ShardCutter final : public RangeEnd {
  public:
    // `context` outlives it; end() must have been awaited before destruction.
    ShardCutter(Context& context, Cutting& cutting, const ledger::Shard& shard)
        : cutting_(cutting),
          shard_(shard.id),
          before_(shard.range.before),
          context_(context),
          search_(context.loop()) {}

    Task<Result<std::optional<std::string>>> pages_came(const PagesCame& came) override;
    // Ends the search that may still run.
    Task<void> end();

  private:
    // Pages that must have come to tell whether they come slowly. After a search in vain, twice as many.
    static constexpr std::uint32_t kRoundsMin = 3, kRoundsMax = 1024;

    bool is_left(std::string_view planned) const;
    void count(const PagesCame& came);
    bool is_slow() const;
    void begin_search(std::string_view planned);
    Task<void> look_for_cut(model::KeyRange rest, store::Store& store);
    Task<Result<bool>> holds_any(store::Store& store, const model::KeyRange& range);
    Task<Result<std::optional<std::string>>> cut();

    Cutting& cutting_;
    const std::int64_t shard_;
    std::string before_;
    Context context_;
    runtime::TaskGroup search_;
    std::optional<std::string> cut_;  // found, and not made yet
    // Since the last search.
    std::uint32_t rounds_ = 0;
    Duration waited_for_source_{}, waited_for_destination_{};
    // Before the next one.
    std::uint32_t rounds_min_ = kRoundsMin;
};

}  // namespace godwit::engine
