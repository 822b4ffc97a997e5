// What one execution is asked to do, apart from its two ends.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/digest.h"
#include "model/evidence.h"
#include "model/plan.h"
#include "model/sample.h"
#include "model/selection.h"
#include "store/store.h"

namespace godwit::engine {

// What a run that mirrors may remove at the destination (engine/deletes.h).
struct DeleteOptions {
    // More candidates than this, or than so many of a hundred objects that the destination has, and none
    // goes.
    std::uint64_t objects_max = std::numeric_limits<std::uint64_t>::max();
    std::uint32_t percent_max = 50;
    // Also when objects could not be copied.
    bool despite_failures = false;
    // Also where the store cannot remove exactly what was listed (Store::removes_exactly).
    bool inexact = false;
    // Gives the place that what goes is copied to first (engine/backup.h), attached as a destination; it
    // outlives the run. Called once, when something is to go. Empty: nothing is copied.
    std::function<runtime::Task<Result<store::Store*>>(runtime::Context&)> backup = {};
    // Why nothing may be deleted whatever is found.
    std::optional<std::string> refused_because = {};
};

class ApprovedPlan;

// How much a run takes at once, of machine and network. May change while it runs (Execution::set_limits).
struct Limits {
    // Bytes of object content held in memory at once, over all transfers.
    std::uint64_t memory_bytes_max = 64ull << 20;
    // Requests (or file operations) in flight, at least 1.
    std::uint32_t concurrency_max = 1024;
    // Content moved; 0: no limit.
    std::uint64_t bytes_per_second = 0;

    friend bool operator==(const Limits&, const Limits&) = default;
};

struct ExecutionOptions {
    model::PlanPolicy policy;
    // What may be done (engine/approval.h). Null: whatever is found.
    std::shared_ptr<const ApprovedPlan> approved;
    // Absent: nothing is deleted.
    std::optional<DeleteOptions> deletes;
    // When the execution began, carried on or not: what came to the destination later is not deleted.
    std::int64_t begun_unix_ns = 0;
    // Which objects the run is about, at both ends. Null: all.
    std::shared_ptr<const model::Selection> selection;
    // Of a comparison: which objects are looked at, beyond the listings. Absent: all.
    std::optional<model::Sample> sample;
    DigestAlgorithm digest = DigestAlgorithm::Crc64Nvme;
    // False is verify_mode NONE: outcomes are COPIED, without evidence.
    bool verify = true;
    // Demand a read-back even where the store attests.
    bool read_back = false;
    bool carry_tags = true;
    // A source that changes while it is read: true stores it all the same, without evidence.
    bool publish_changed = false;

    Limits limits;
    // An object that is left as it is gets a row of the ledger, too, in place of being counted alone. Names
    // of files that have several are counted all the same.
    bool record_unchanged = false;

    // Parts up to this size are held whole; of larger ones a piece of this size at a time.
    std::uint64_t piece_bytes_max = 8ull << 20;
    // Requests (or file operations) in flight to begin with; no more than the limit.
    std::uint32_t concurrency_start = 64;
    // Whole tries at one object when the stored bytes turn out wrong.
    int object_attempts_max = 3;
    // Listings of each end at once: one that is slow is cut into ranges of keys (engine/shards.h).
    std::uint32_t listings_max = 16;
    // It is slow when each page is waited for this long, on average.
    Duration slow_page_min = std::chrono::milliseconds(20);
    // How often an object that changed while it was read is tried again at the end of the run.
    std::uint32_t deferrals_max = 3;
};

}  // namespace godwit::engine
