// The finder: merges source listing, destination listing and index of one shard, all streamed in key
// order, plans each key and hands out what was found in pages, each with the cursor up to which the
// shard is done. Memory is one page a stream, whatever the number of objects.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/content_tags.h"
#include "engine/options.h"
#include "engine/page_stream.h"
#include "engine/progress.h"
#include "engine/range_end.h"
#include "engine/transfer.h"
#include "model/outcome.h"
#include "model/plan.h"
#include "store/store.h"

namespace godwit::engine {

// A stretch of a shard's merge, to be committed as one.
struct FoundPage {
    // All keys up to and including this one are in this page or an earlier one.
    std::string cursor;
    bool complete = false;  // the shard has ended
    std::vector<model::PlannedObject> objects;
    // Directories of a hierarchical destination: their attributes come after their contents.
    std::vector<model::PlannedObject> directories;
    // Where hard links are kept: names of files that have several, UNCHANGED ones too.
    std::vector<model::PlannedObject> hard_links;
    // Where the run mirrors: what only the destination has, and the directories of a file system among it.
    std::vector<model::PlannedObject> deletes, directory_deletes;
    // So many objects of the destination are in this stretch; counted where the run mirrors.
    std::uint64_t destination_objects = 0;
    // UNCHANGED objects, which get no row of their own.
    model::Counts unchanged;
    // Equal by comparison and new to the index.
    std::vector<model::IndexRow> adopted;
    // Parts of the source that could not be listed: the execution cannot be clean.
    std::vector<Error> unreadable_source;
    std::vector<Error> unreadable_destination;
};

using FoundSink = std::function<Task<Result<void>>(FoundPage)>;
using IndexStream = PageStream<model::IndexRow>;
using EntryStream = PageStream<model::Entry>;

struct FinderInput {
    store::Store& source;
    store::Store& destination;
    const ExecutionOptions& options;
    Progress& progress;
    model::KeyRange range;
    // The index of exactly this range.
    IndexStream index;
    // What tags prove. Null: nothing.
    ContentTags* tags = nullptr;
    // Null: the range stays as it is.
    RangeEnd* end = nullptr;
    // Says that its rows before this key are not needed any more: where both ends hold little of what the
    // index knows, as with a list, most of it need not be read. Empty: it is read whole.
    std::function<void(const model::Key&)> skip_index = {};
};

// What sorts before `key`, which is not empty, with next to nothing between the two.
std::string just_before(const model::Key& key);

// Bounds of one FoundPage (DESIGN: batch).
inline constexpr std::size_t kFoundObjectsMax = 1024;
inline constexpr std::uint64_t kFoundBytesMax = 1ull << 30;
inline constexpr std::uint64_t kFoundUnchangedMax = 65536;
// A page is handed out when it is that old and further pages of listings have come.
inline constexpr Duration kFoundAgeMax = std::chrono::seconds(1);

// Runs one shard to its end. `sink` is awaited for each page, which is the back-pressure. Fails with
// Corrupt when a listing is not in order, or with what a listing failed with; pages handed out before
// stay valid.
Task<Result<void>> find(Context& context, FinderInput& input, const FoundSink& sink);

}  // namespace godwit::engine
