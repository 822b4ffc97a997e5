// What one execution is asked to do, apart from its two ends.
#pragma once

#include <cstdint>
#include <memory>

#include "base/digest.h"
#include "model/evidence.h"
#include "model/plan.h"
#include "model/selection.h"

namespace godwit::engine {

struct ExecutionOptions {
    model::PlanPolicy policy;
    // Which objects the run is about, at both ends. Null: all.
    std::shared_ptr<const model::Selection> selection;
    DigestAlgorithm digest = DigestAlgorithm::Crc64Nvme;
    // False is verify_mode NONE: outcomes are COPIED, without evidence.
    bool verify = true;
    // Demand a read-back even where the store attests.
    bool read_back = false;
    bool carry_tags = true;
    // A source that changes while it is read: true stores it all the same, without evidence.
    bool publish_changed = false;

    // Bytes of object content held in memory at once, over all transfers.
    std::uint64_t memory_bytes_max = 64ull << 20;
    // Parts up to this size are held whole; of larger ones a piece of this size at a time.
    std::uint64_t piece_bytes_max = 8ull << 20;
    // Requests (or file operations) in flight: where to begin, and the bound.
    std::uint32_t concurrency_start = 64;
    std::uint32_t concurrency_max = 1024;
    // 0: no limit.
    std::uint64_t bytes_per_second = 0;
    // Whole tries at one object when the stored bytes turn out wrong.
    int object_attempts_max = 3;
    // How often an object that changed while it was read is tried again at the end of the run.
    std::uint32_t deferrals_max = 3;
};

}  // namespace godwit::engine
