// Numbers that a person watching wants, updated as things happen; the ledger's counts are the truth.
// Written by the loop's thread, read by any.
#pragma once

#include <atomic>
#include <cstdint>

namespace godwit::engine {

struct Progress {
    std::atomic<std::uint64_t> listed_objects = 0;
    std::atomic<std::uint64_t> listed_bytes = 0;
    std::atomic<bool> listing_done = false;
    std::atomic<std::uint64_t> planned_objects = 0;  // to copy or to look at
    std::atomic<std::uint64_t> planned_bytes = 0;
    std::atomic<std::uint64_t> done_objects = 0;  // planned objects that have their end
    std::atomic<std::uint64_t> verified_objects = 0;
    std::atomic<std::uint64_t> failed_objects = 0;
    std::atomic<std::uint64_t> deferred_objects = 0;
    std::atomic<std::uint64_t> skipped_objects = 0;
    // Moves within one large object too.
    std::atomic<std::uint64_t> moved_bytes = 0;
    std::atomic<std::uint64_t> retries = 0;
};

}  // namespace godwit::engine
