// Compares two locations without writing to either: a merge of both listings, and, as far as asked
// for, a look at each object that both have. Memory is one page a listing and the comparisons under
// way, whatever the number of objects.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/options.h"
#include "engine/progress.h"
#include "engine/transfer.h"
#include "model/plan.h"
#include "store/store.h"

namespace godwit::engine {

enum class Difference : std::uint8_t {
    Removed,     // only the source has it
    Added,       // only the destination has it
    Content,     // both have it, with other bytes, or as another type of object
    Metadata,    // the bytes are, as far as was looked, the same; times or attributes are not
    Unreadable,  // it could not be compared
};
// "removed", "added", "content", "metadata", "unreadable".
std::string_view to_string(Difference difference);

struct Compared {
    model::Key key;
    Difference difference = Difference::Content;
    std::uint64_t source_bytes = 0, destination_bytes = 0;  // 0 where it is missing
    std::string detail;          // what differs, both values; empty when one is missing
    std::optional<Error> error;  // of an Unreadable one
};

struct CompareResult {
    std::uint64_t equal = 0, removed = 0, added = 0, content = 0, metadata = 0, unreadable = 0;
    std::uint64_t equal_bytes = 0;
    // Of a sample: so many objects were in it, and were looked at as was asked.
    std::uint64_t sampled = 0;
    // Devices, sockets and FIFOs that only the source has: nothing copies them, so they differ in nothing.
    std::uint64_t special = 0;
    // Parts that could not be listed: objects may be missing from all the numbers above.
    std::vector<Error> unlisted_source, unlisted_destination;

    std::uint64_t different() const { return content + metadata; }
    bool same() const {
        return removed + added + different() + unreadable == 0 && unlisted_source.empty() &&
               unlisted_destination.empty();
    }
};

// Called on the loop for each object that is not equal, in no order; must not wait.
using ComparedSink = std::function<void(Compared)>;

// `options.policy.compare` says how: Metadata (type, size, mtime and attributes, as far as both sides
// know them), Size, Checksum (digests that both stores keep; else of the bytes) or Bytes (read at both
// ends and compared by digest). With options.sample that holds for the sample; the rest is compared as the
// listings tell it, without a request. Fails with what a listing failed with, with Corrupt when one is not in
// order, or Cancelled. All arguments outlive the task.
Task<Result<CompareResult>> compare(Context& context, store::Store& source, store::Store& destination,
                                    const ExecutionOptions& options, Progress& progress,
                                    const ComparedSink& sink);

}  // namespace godwit::engine
