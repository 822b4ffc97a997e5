// The Journal port: what an execution remembers, as the engine sees it. ExecutionLedger (SQL) is
// the real one.
//
// Durable means: it survives a power cut from the moment that the task returns success. All calls on
// the engine's loop; each resumes there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/evidence.h"
#include "model/key.h"
#include "model/outcome.h"
#include "model/plan.h"
#include "runtime/task.h"

namespace godwit::ledger {

using runtime::Task;

struct Shard {
    std::int64_t id = 0;
    model::KeyRange range;
    // Everything up to and including this key is in committed batches. Empty: nothing yet.
    std::string cursor;
    bool complete = false;
};

// Stored: never renumber.
enum class BatchKind : std::uint8_t {
    Ordinary = 1,
    Directories = 2,  // leased when no ordinary batch is left, in descending key order
    Retry = 3,        // deferred objects, leased when nothing else is left
    // Names of files that have several: all of one file, side by side, in one batch (of at most 65,535
    // names, what is beyond goes into others). Leased when the listing is complete and no object is left that
    // may be put aside.
    HardLinks = 4,
    // What only the destination has, of a run that mirrors; leased when every shard is complete and all else
    // has its end.
    Deletes = 5,
    DirectoryDeletes = 6,  // directories of a file system, after what lies in them: in descending key order
};

// A batch as leased: its objects without those that have their end already.
struct Batch {
    std::int64_t id = 0;
    BatchKind kind = BatchKind::Ordinary;
    std::int64_t lease_epoch = 0;
    // It was leased before, by somebody who did not finish it.
    bool leased_before = false;
    struct Item {
        std::uint32_t number = 0;  // within the batch, for the record
        model::PlannedObject object;
    };
    std::vector<Item> items;
};

// What a stretch of listing found, committed as one transaction with the shard's cursor.
struct ListingCommit {
    std::int64_t shard = 0;
    std::string cursor;
    bool complete = false;
    std::vector<model::PlannedObject> ordinary;
    std::vector<model::PlannedObject> directories;
    // Names of files that have several (PlannedObject::hard_link), to be brought together in HardLinks
    // batches. Of one file's UNCHANGED names those that are one file at the destination, too, are counted
    // now, and the first of them comes into the batch only if other names of the file do.
    std::vector<model::PlannedObject> hard_links;
    // What only the destination has, where the run mirrors, and the directories of a file system among it.
    std::vector<model::PlannedObject> deletes, directory_deletes;
    // So many objects of the destination were listed.
    std::uint64_t destination_objects = 0;
    model::Counts unchanged;
    std::vector<model::IndexRow> adopted;
    // Parts that could not be listed, as ledger rows of scope source or destination.
    std::vector<std::string> unreadable;
};

// One object's end: a ledger row, and, where `index` is set, an index row.
struct ObjectRecord {
    std::int64_t batch = 0;
    std::uint32_t item = 0;
    std::int64_t lease_epoch = 0;
    model::Key key;
    model::ObjectType type = model::ObjectType::File;
    model::Outcome outcome = model::Outcome::Failed;
    std::string reason;  // of a skip: the SkipReason's name
    std::uint64_t bytes = 0;
    model::Evidence evidence;
    Scope scope = Scope::None;
    std::string error_kind, error_code, error_message;  // empty without an error
    std::uint32_t attempts = 1;
    std::int64_t started_unix_ns = 0;
    std::int64_t ended_unix_ns = 0;
    bool index = false;
    // Others begin only after this end: its row does not wait for company. Not stored.
    bool is_awaited = false;
};

// What the listings of a run that mirrors have found.
struct Extras {
    std::uint64_t objects = 0;              // that only the destination has, those with an end too
    std::uint64_t destination_objects = 0;  // all that the destination has
    std::uint64_t incomplete_shards = 0;
    std::uint64_t unlisted_parts = 0;
};

struct Upload {
    model::Key key;
    std::int64_t intent_unix_ns = 0;
    std::string checkpoint;  // empty: begun or not, nobody knows
    model::Identity source;
};

class Journal {
  public:
    virtual ~Journal() = default;

    // The shards of this execution, oldest first; none before add_shards().
    virtual Task<Result<std::vector<Shard>>> shards() = 0;
    virtual Task<Result<void>> add_shards(std::vector<model::KeyRange> ranges) = 0;
    // Cuts the range of a shard in two: it keeps the keys up to and including `last_key`, and a new shard
    // gets what follows. Durable as one. Fails with Changed when the shard is complete, its cursor is beyond
    // `last_key`, or nothing of its range would be.
    virtual Task<Result<Shard>> split_shard(std::int64_t shard, std::string last_key) = 0;
    // Fails with Changed for a shard that is complete, or when the cursor is not in its range.
    virtual Task<Result<void>> commit_listing(ListingCommit commit) = 0;

    // The next batch of that kind that nobody works on; absent when there is none now.
    virtual Task<Result<std::optional<Batch>>> lease_batch(BatchKind kind) = 0;
    // Records one object's end; durable when it returns. Many calls at once share a commit.
    virtual Task<Result<void>> record(ObjectRecord record) = 0;
    // The same for several of one batch: all of them or none.
    virtual Task<Result<void>> record_together(std::vector<ObjectRecord> records) = 0;
    // Ends the item in its batch without an end of the object: it goes into a Retry batch.
    virtual Task<Result<void>> defer(std::int64_t batch, std::uint32_t item, model::PlannedObject object) = 0;
    // Ends the item in its batch without an end of the object, which has told of the file that it is a name
    // of (PlannedObject::hard_link): it goes into a HardLinks batch. Before the first of these is leased.
    virtual Task<Result<void>> put_aside(std::int64_t batch, std::uint32_t item,
                                         model::PlannedObject object) = 0;
    // Every item has been recorded, deferred or put aside.
    virtual Task<Result<void>> finish_batch(std::int64_t batch, std::int64_t lease_epoch) = 0;

    // Batches that are not finished, leased or not. None is left when an execution has ended.
    virtual Task<Result<std::uint64_t>> open_batches() = 0;

    virtual Task<Result<Extras>> extras() = 0;
    // Ends all objects of Deletes and DirectoryDeletes batches that have no end: they are counted as KEPT,
    // "withheld", and get no rows. Nobody works on such a batch, leased or not.
    virtual Task<Result<void>> withhold_deletes() = 0;

    virtual Task<Result<std::vector<Upload>>> uploads() = 0;
    virtual Task<Result<void>> put_upload(Upload upload) = 0;
    virtual Task<Result<void>> remove_upload(model::Key key) = 0;

    virtual Task<Result<void>> set_status(model::ExecutionStatus status) = 0;
    // Derived from the rows and the committed counts of unchanged objects.
    virtual Task<Result<model::Counts>> counts() = 0;

    // A page of the task's index: rows with keys in `range`, at most 1,024, in key order; fewer only
    // at the end.
    virtual Task<Result<std::vector<model::IndexRow>>> index_page(model::KeyRange range) = 0;
};

}  // namespace godwit::ledger
