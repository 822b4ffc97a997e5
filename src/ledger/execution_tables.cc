#include "ledger/execution_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/sabotage.h"
#include "ledger/batch_codec.h"
#include "ledger/packed.h"

namespace godwit::ledger {

using db::Value;
using model::Outcome;

namespace {

template <class E>
Value number(E value) {
    return Value::integer(static_cast<std::int64_t>(value));
}

std::string batch_name(std::int64_t batch) {
    return fmt::format("batch {}", batch);
}

Error lease_lost(std::int64_t batch, std::int64_t epoch) {
    return Error(ErrorKind::Changed, "commit to", batch_name(batch),
                 fmt::format("the lease of epoch {} is lost: another worker has the batch now", epoch))
        .with_code("LeaseLost");
}

Result<model::PlannedObject> decode_one(std::string_view encoded) {
    GODWIT_TRY(std::vector<model::PlannedObject> objects, decode_batch(encoded, "a hard link"));
    if (objects.size() == 1) return std::move(objects.front());
    return Error(ErrorKind::Corrupt, "read", "a hard link", "it is not one object");
}

std::string pack(const model::HardLink& file) {
    Packer packer;
    packer.number(file.device);
    packer.number(file.inode);
    return packer.take();
}

// Directories come deepest first: a parent's attributes are set after its contents are there, and it goes
// after they have gone.
std::string_view lease_order(BatchKind kind) {
    bool directories = kind == BatchKind::Directories || kind == BatchKind::DirectoryDeletes;
    return directories ? "first_key DESC, id DESC" : "id";
}

}  // namespace

std::vector<EncodedBatch> encode_batches(BatchKind kind, std::span<const model::PlannedObject> objects) {
    std::vector<EncodedBatch> batches;
    while (!objects.empty()) {
        auto part = objects.first(std::min(objects.size(), kBatchItemsMax));
        batches.push_back({.kind = kind,
                           .first_key = part.front().key.bytes(),
                           .object_count = part.size(),
                           .objects = encode_batch(part)});
        objects = objects.subspan(part.size());
    }
    return batches;
}

bool ExecutionTables::OpenBatch::has_ended(std::uint32_t item) const {
    return (static_cast<unsigned char>(ended[item / 8]) >> (item % 8)) & 1;
}

void ExecutionTables::OpenBatch::set_ended(std::uint32_t item) {
    ended[item / 8] = static_cast<char>(static_cast<unsigned char>(ended[item / 8]) | (1u << (item % 8)));
    ++ended_count;
    changed = true;
}

void ExecutionTables::begun() {
    if (!GODWIT_SABOTAGE(keep_counts_of_lost_rows)) counters_.clear();
    index_changes_.clear();
    if (std::exchange(uncommitted_, false)) {
        open_batches_.clear();
        gathered_file_.clear();
    }
    for (auto& [id, batch] : open_batches_) batch.checked_epoch.reset();
}

Result<void> ExecutionTables::before_commit(db::Connection&) {
    for (auto& [id, batch] : open_batches_) {
        if (!std::exchange(batch.changed, false)) continue;
        GODWIT_TRY_VOID(statements_.run(Sql::PutProgress, {Value::integer(id), Value::bytes(batch.ended)}));
    }
    return counters_.write(statements_);
}

Result<void> ExecutionTables::load() {
    GODWIT_TRY(append_outcome_, connection_.bulk_append("outcomes", kOutcomeColumns));
    GODWIT_TRY(append_error_, connection_.bulk_append("errors", kErrorColumns));
    return for_each_row(statements_, Sql::NewestIds, {}, [&](db::Statement& row) -> Result<void> {
        newest_seq_ = row.integer(0);
        newest_batch_ = row.integer(1);
        newest_shard_ = row.integer(2);
        return {};
    });
}

Result<std::int64_t> ExecutionTables::read_number(Sql id, std::initializer_list<Value> values) {
    std::int64_t value = 0;
    GODWIT_TRY_VOID(for_each_row(statements_, id, values, [&](db::Statement& row) -> Result<void> {
        value = row.integer(0);
        return {};
    }));
    return value;
}

Result<void> ExecutionTables::insert_head(const ExecutionHead& head) {
    return statements_.run(Sql::InsertHead, {Value::text(head.id), Value::text(head.task),
                                             Value::text(head.options), Value::text(head.staging_token),
                                             number(head.status), Value::integer(head.created_unix_ns)});
}

Result<ExecutionHead> ExecutionTables::head() {
    std::optional<ExecutionHead> head;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::Head, {}, [&](db::Statement& row) -> Result<void> {
        head = ExecutionHead{.id = std::string(row.text(0)),
                             .task = std::string(row.text(1)),
                             .options = std::string(row.text(2)),
                             .staging_token = std::string(row.text(3)),
                             .status = static_cast<model::ExecutionStatus>(row.integer(4)),
                             .created_unix_ns = row.integer(5),
                             .ended_unix_ns = {}};
        if (!row.is_null(6)) head->ended_unix_ns = row.integer(6);
        return {};
    }));
    if (head && head->status >= model::ExecutionStatus::Queued &&
        head->status <= model::ExecutionStatus::Cancelled)
        return *std::move(head);
    return Error(head ? ErrorKind::Corrupt : ErrorKind::NotFound, "read", connection_.name(),
                 head ? "its status cannot be true; restore a backup" : "it holds no execution");
}

Result<void> ExecutionTables::set_status(model::ExecutionStatus status, std::int64_t now_unix_ns) {
    Value ended = model::is_final(status) ? Value::integer(now_unix_ns) : Value::null();
    GODWIT_TRY_VOID(statements_.run(Sql::SetStatus, {number(status), ended}));
    return statements_.run(Sql::InsertEvent,
                           {number(EventKind::StatusChanged), Value::bytes(model::to_string(status)),
                            Value::integer(now_unix_ns)});
}

Result<std::vector<Shard>> ExecutionTables::shards() {
    std::vector<Shard> shards;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::Shards, {}, [&](db::Statement& row) -> Result<void> {
        shards.push_back({.id = row.integer(0),
                          .range = {.after = std::string(row.bytes(1)), .before = std::string(row.bytes(2))},
                          .cursor = std::string(row.bytes(3)),
                          .complete = row.integer(4) != 0});
        return {};
    }));
    return shards;
}

Result<void> ExecutionTables::add_shards(const std::vector<model::KeyRange>& ranges) {
    for (const model::KeyRange& range : ranges) {
        GODWIT_TRY_VOID(
            statements_.run(Sql::InsertShard, {Value::integer(++newest_shard_), Value::bytes(range.after),
                                               Value::bytes(range.before), Value::bytes("")}));
    }
    return {};
}

Result<Shard> ExecutionTables::split_shard(std::int64_t shard, const std::string& last_key) {
    std::string before = model::KeyRange::before_what_follows(last_key);
    Shard made;
    made.range.after = last_key;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::ShardEnd, {Value::integer(shard)},
                                 [&](db::Statement& row) -> Result<void> {
                                     made.range.before = row.bytes(0);
                                     return {};
                                 }));
    GODWIT_TRY(db::Statement * shorten, statements_.get(Sql::ShortenShard));
    GODWIT_TRY_VOID(shorten->run(
        {Value::integer(shard), Value::bytes(before), Value::bytes(last_key), Value::bytes("")}));
    if (shorten->changes() != 1) {
        return Error(ErrorKind::Changed, "split", fmt::format("shard {}", shard),
                     fmt::format("'{}' is not among the keys that it has left", printable(last_key)));
    }
    std::vector<model::KeyRange> rest{made.range};
    GODWIT_TRY_VOID(add_shards(rest));
    made.id = newest_shard_;
    return made;
}

Result<void> ExecutionTables::insert_batch(const EncodedBatch& batch, std::optional<std::int64_t> shard) {
    return statements_.run(Sql::InsertBatch, {Value::integer(++newest_batch_), Value::integer(shard),
                                              number(batch.kind), Value::bytes(batch.first_key),
                                              number(batch.object_count), Value::bytes(batch.objects)});
}

Result<void> ExecutionTables::commit_listing(const ListingCommit& commit,
                                             const std::vector<EncodedBatch>& batches) {
    GODWIT_TRY(db::Statement * advance, statements_.get(Sql::AdvanceShard));
    GODWIT_TRY_VOID(advance->run({Value::integer(commit.shard), Value::bytes(commit.cursor),
                                  number(commit.complete ? 1 : 0), number(commit.destination_objects),
                                  Value::bytes("")}));
    if (advance->changes() != 1) {
        return Error(ErrorKind::Changed, "commit the listing of", fmt::format("shard {}", commit.shard),
                     fmt::format("it is complete already, or '{}' is not among the keys that it has left",
                                 printable(commit.cursor)));
    }
    for (const EncodedBatch& batch : batches) GODWIT_TRY_VOID(insert_batch(batch, commit.shard));
    for (const std::string& message : commit.unreadable) {
        std::string line = printable(message);
        GODWIT_TRY_VOID(
            statements_.run(Sql::InsertUnlisted, {Value::integer(commit.shard), Value::text(line)}));
    }
    model::Counts unchanged = commit.unchanged;
    for (const model::PlannedObject& object : commit.hard_links)
        GODWIT_TRY_VOID(add_hard_link(object, unchanged));
    if (!batches.empty()) GODWIT_TRY_VOID(connection_.notify("batches"));
    for (std::size_t i = 0; i < model::kOutcomeCount; ++i) {
        if (unchanged.objects[i] > 0) {
            counters_.add(CountOrigin::Listing, static_cast<Outcome>(i), "", unchanged.objects[i],
                          unchanged.bytes[i]);
        }
    }
    return {};
}

Result<std::optional<Batch>> ExecutionTables::lease(BatchKind kind, const LeaseTerms& terms) {
    if (kind == BatchKind::Retry) GODWIT_TRY_VOID(gather_deferred());
    if (kind == BatchKind::HardLinks) GODWIT_TRY_VOID(gather_hard_links());
    GODWIT_TRY(std::vector<db::Leased> leased, connection_.lease({.table = "batches",
                                                                  .lane = static_cast<std::int64_t>(kind),
                                                                  .order = lease_order(kind),
                                                                  .count_max = 1,
                                                                  .owner = terms.owner,
                                                                  .now_ns = terms.now_ns,
                                                                  .expires_ns = terms.expires_ns}));
    if (leased.empty()) return std::optional<Batch>();
    GODWIT_TRY(Batch batch, read_batch(leased.front().id));
    return std::optional<Batch>(std::move(batch));
}

// What was deferred becomes a batch when somebody asks for one, so that it holds as much as possible.
Result<void> ExecutionTables::gather_deferred() {
    struct Place {
        std::int64_t batch, item;
    };
    std::vector<Place> places;
    std::vector<model::PlannedObject> objects;
    Value limit = number(kBatchItemsMax);
    GODWIT_TRY_VOID(
        for_each_row(statements_, Sql::WaitingDeferrals, {limit}, [&](db::Statement& row) -> Result<void> {
            places.push_back({row.integer(0), row.integer(1)});
            GODWIT_TRY(auto object, decode_batch(row.bytes(2), batch_name(row.integer(0))));
            for (model::PlannedObject& one : object) objects.push_back(std::move(one));
            return {};
        }));
    if (objects.empty()) return {};
    std::ranges::sort(objects, {}, &model::PlannedObject::key);
    GODWIT_TRY_VOID(insert_batch(encode_batches(BatchKind::Retry, objects).front(), std::nullopt));
    for (const Place& place : places) {
        GODWIT_TRY_VOID(
            statements_.run(Sql::AssignDeferral, {Value::integer(place.batch), Value::integer(place.item),
                                                  Value::integer(newest_batch_), Value::bytes("")}));
    }
    return {};
}

// The first UNCHANGED name of the file, if there was one.
Result<std::optional<model::PlannedObject>> ExecutionTables::unchanged_hard_link(const std::string& file) {
    std::optional<model::PlannedObject> first;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::UnchangedHardLink, {Value::bytes(file), Value::bytes("")},
                                 [&](db::Statement& row) -> Result<void> {
                                     GODWIT_TRY(first, decode_one(row.bytes(0)));
                                     return {};
                                 }));
    return first;
}

// An UNCHANGED name is counted as long as it is one file with the first of its kind at the destination, too.
Result<void> ExecutionTables::add_hard_link(const model::PlannedObject& object, model::Counts& unchanged) {
    std::string file = pack(*object.hard_link);
    std::string_view key = object.key.bytes();
    if (is_unchanged(object)) {
        GODWIT_TRY(std::optional<model::PlannedObject> first, unchanged_hard_link(file));
        bool is_apart = first && first->destination != object.destination;
        if (!is_apart) unchanged.add(Outcome::Unchanged, 1, object.source.size_bytes);
        if (first && !is_apart) return {};
        if (!first) key = {};
    }
    return insert_hard_link(file, key, object);
}

Result<void> ExecutionTables::insert_hard_link(const std::string& file, std::string_view key,
                                               const model::PlannedObject& object) {
    std::string encoded = encode_batch(std::span(&object, 1));
    return statements_.run(Sql::InsertHardLink,
                           {Value::bytes(file), Value::bytes(key), Value::bytes(encoded)});
}

// One batch of the files that come next, as many as fit.
Result<void> ExecutionTables::gather_hard_links() {
    HardLinkedNames gathered;
    std::string file = gathered_file_;
    while (gathered.objects.size() < kBatchItemsMax) {
        bool found = false;
        GODWIT_TRY_VOID(for_each_row(statements_, Sql::NextHardLinkedFile,
                                     {Value::bytes(file), Value::bytes("")},
                                     [&](db::Statement& row) -> Result<void> {
                                         found = true;
                                         file = row.bytes(0);
                                         return {};
                                     }));
        if (!found) break;
        GODWIT_TRY(bool taken, take_names_of(file, gathered));
        if (!taken) break;
    }
    if (gathered.objects.empty()) return {};
    GODWIT_TRY_VOID(insert_batch({.kind = BatchKind::HardLinks,
                                  .first_key = gathered.objects.front().key.bytes(),
                                  .object_count = gathered.objects.size(),
                                  .objects = encode_batch(gathered.objects)},
                                 std::nullopt));
    // Nothing fails from here on. What gets its end with the others is not counted any more.
    counters_.take_back(CountOrigin::Listing, Outcome::Unchanged, gathered.counted, gathered.counted_bytes);
    gathered_file_ = std::move(file);
    uncommitted_ = true;
    return {};
}

// False when they do not fit.
Result<bool> ExecutionTables::take_names_of(const std::string& file, HardLinkedNames& gathered) {
    std::vector<model::PlannedObject> names;
    bool counted_one = false;
    std::string last_key;
    auto take = [&](db::Statement& row) -> Result<void> {
        last_key = row.bytes(0);
        counted_one |= last_key.empty();
        GODWIT_TRY(model::PlannedObject name, decode_one(row.bytes(1)));
        names.push_back(std::move(name));
        return {};
    };
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::HardLinksOfFile,
                                 {Value::bytes(file), number(kBatchObjectsMax)}, take));
    std::vector<model::PlannedObject>& objects = gathered.objects;
    if (!objects.empty() && objects.size() + names.size() > kBatchItemsMax) return false;
    if (counted_one) {
        ++gathered.counted;
        gathered.counted_bytes += names.front().source.size_bytes;
    }
    for (model::PlannedObject& name : names) objects.push_back(std::move(name));
    GODWIT_TRY_VOID(statements_.run(Sql::RemoveHardLinks, {Value::bytes(file), Value::bytes(last_key)}));
    return true;
}

Result<Batch> ExecutionTables::read_batch(std::int64_t id) {
    Batch batch;
    batch.id = id;
    std::vector<model::PlannedObject> objects;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::BatchHead, {Value::integer(id)},
                                 [&](db::Statement& row) -> Result<void> {
                                     batch.kind = static_cast<BatchKind>(row.integer(0));
                                     batch.lease_epoch = row.integer(1);
                                     GODWIT_TRY(objects, decode_batch(row.bytes(2), batch_name(id)));
                                     return {};
                                 }));
    batch.leased_before = batch.lease_epoch > 1;
    GODWIT_TRY(const OpenBatch* open, open_batch(id));
    if (objects.size() != static_cast<std::size_t>(open->item_count))
        return Error(ErrorKind::Corrupt, "read", batch_name(id),
                     "it does not hold as many objects as it says");
    for (std::uint32_t item = 0; item < objects.size(); ++item) {
        if (!open->has_ended(item)) batch.items.push_back({item, std::move(objects[item])});
    }
    return batch;
}

// From memory, or as the database has it.
Result<ExecutionTables::OpenBatch*> ExecutionTables::open_batch(std::int64_t id) {
    auto found = open_batches_.find(id);
    if (found != open_batches_.end()) return &found->second;
    OpenBatch batch;
    GODWIT_TRY(batch.item_count, read_number(Sql::CountItems, {Value::integer(id)}));
    batch.ended.assign(static_cast<std::size_t>(batch.item_count + 7) / 8, '\0');
    GODWIT_TRY_VOID(for_each_row(
        statements_, Sql::Progress, {Value::integer(id)}, [&](db::Statement& row) -> Result<void> {
            if (row.bytes(0).size() != batch.ended.size())
                return Error(ErrorKind::Corrupt, "read", batch_name(id), "its progress cannot be true");
            batch.ended = row.bytes(0);
            for (char bits : batch.ended)
                batch.ended_count += std::popcount(static_cast<unsigned char>(bits));
            return {};
        }));
    return &open_batches_.emplace(id, std::move(batch)).first->second;
}

// The same, if the lease is held: asked once in each transaction.
Result<ExecutionTables::OpenBatch*> ExecutionTables::open_leased(std::int64_t id, std::int64_t epoch) {
    GODWIT_TRY(OpenBatch * batch, open_batch(id));
    if (batch->checked_epoch == epoch) return batch;
    GODWIT_TRY(std::int64_t held, read_number(Sql::CheckLease, {Value::integer(id), Value::integer(epoch)}));
    if (held != 1 && !GODWIT_SABOTAGE(skip_epoch_check)) return lease_lost(id, epoch);
    batch->checked_epoch = epoch;
    return batch;
}

Result<void> ExecutionTables::check_item(const OpenBatch& batch, std::int64_t id, std::uint32_t item) const {
    if (item >= batch.item_count)
        return Error(ErrorKind::Invalid, "record", batch_name(id), fmt::format("it has no item {}", item));
    if (batch.has_ended(item) && !GODWIT_SABOTAGE(end_an_item_twice))
        return Error(ErrorKind::Exists, "record", batch_name(id),
                     fmt::format("item {} has its end already", item));
    return {};
}

Result<std::uint64_t> ExecutionTables::open_batches() {
    GODWIT_TRY(std::int64_t open, read_number(Sql::CountUnfinishedBatches, {}));
    GODWIT_TRY(std::int64_t waiting, read_number(Sql::CountWaitingDeferrals, {}));
    GODWIT_TRY(std::int64_t linked, read_number(Sql::CountHardLinks, {Value::bytes("")}));
    return static_cast<std::uint64_t>(open + waiting + linked);
}

Result<Extras> ExecutionTables::extras() {
    Extras extras;
    auto take = [&](db::Statement& row) -> Result<void> {
        extras.objects = static_cast<std::uint64_t>(row.integer(0));
        extras.destination_objects = static_cast<std::uint64_t>(row.integer(1));
        extras.incomplete_shards = static_cast<std::uint64_t>(row.integer(2));
        extras.unlisted_parts = static_cast<std::uint64_t>(row.integer(3));
        return {};
    };
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::Extras,
                                 {number(BatchKind::Deletes), number(BatchKind::DirectoryDeletes)}, take));
    return extras;
}

Result<bool> ExecutionTables::withhold_some_deletes() {
    constexpr std::int64_t kBatches = 64;
    std::vector<std::int64_t> ids;
    for (BatchKind kind : {BatchKind::Deletes, BatchKind::DirectoryDeletes}) {
        auto take = [&](db::Statement& row) -> Result<void> {
            ids.push_back(row.integer(0));
            return {};
        };
        GODWIT_TRY_VOID(for_each_row(statements_, Sql::UnfinishedBatches,
                                     {number(kind), Value::integer(kBatches)}, take));
    }
    uncommitted_ |= !ids.empty();
    for (std::int64_t id : ids) {
        GODWIT_TRY(const OpenBatch* open, open_batch(id));
        std::int64_t without_end = open->item_count - open->ended_count;
        GODWIT_TRY_VOID(statements_.run(Sql::WithholdBatch, {Value::integer(id), Value::bytes("")}));
        GODWIT_TRY_VOID(statements_.run(Sql::RemoveProgress, {Value::integer(id)}));
        counters_.add(CountOrigin::Listing, Outcome::Kept, "withheld",
                      static_cast<std::uint64_t>(without_end), 0);
        open_batches_.erase(id);
    }
    return !ids.empty();
}

Result<void> ExecutionTables::renew(std::int64_t batch, std::int64_t epoch, std::int64_t expires_ns) {
    GODWIT_TRY(db::Statement * renew, statements_.get(Sql::RenewLease));
    GODWIT_TRY_VOID(renew->run({Value::integer(batch), Value::integer(epoch), Value::integer(expires_ns)}));
    if (renew->changes() != 1) return lease_lost(batch, epoch);
    return {};
}

Result<void> ExecutionTables::finish(std::int64_t batch, std::int64_t epoch) {
    GODWIT_TRY(const OpenBatch* open, open_leased(batch, epoch));
    if (std::int64_t missing = open->item_count - open->ended_count; missing != 0) {
        return Error(ErrorKind::Invalid, "finish", batch_name(batch),
                     fmt::format("{} of its objects have no end", missing));
    }
    GODWIT_TRY_VOID(
        statements_.run(Sql::FinishBatch, {Value::integer(batch), Value::integer(epoch), Value::bytes("")}));
    GODWIT_TRY_VOID(statements_.run(Sql::RemoveProgress, {Value::integer(batch)}));
    open_batches_.erase(batch);
    return {};
}

Result<std::int64_t> ExecutionTables::record(const ObjectRecord& record, std::string_view evidence) {
    GODWIT_TRY(std::int64_t seq, insert_outcome(record, evidence));
    GODWIT_TRY_VOID(note_end(record, evidence));
    return seq;
}

Result<void> ExecutionTables::record_together(const std::vector<ObjectRecord>& records) {
    for (const ObjectRecord& record : records) GODWIT_TRY_VOID(insert_outcome(record, pack(record.evidence)));
    for (const ObjectRecord& record : records) GODWIT_TRY_VOID(note_end(record, pack(record.evidence)));
    return {};
}

Result<std::int64_t> ExecutionTables::insert_outcome(const ObjectRecord& record, std::string_view evidence) {
    GODWIT_TRY(const OpenBatch* batch, open_leased(record.batch, record.lease_epoch));
    GODWIT_TRY_VOID(check_item(*batch, record.batch, record.item));
    std::int64_t seq = ++newest_seq_;
    GODWIT_TRY_VOID(append_outcome_->append(values_.outcome(seq, record, evidence)));
    GODWIT_TRY_VOID(append_outcome_->finish());
    if (!record.error_kind.empty()) {
        GODWIT_TRY_VOID(append_error_->append(values_.error(seq, record)));
        GODWIT_TRY_VOID(append_error_->finish());
    }
    return seq;
}

// What follows from a row that was inserted: in memory, so this does not fail.
Result<void> ExecutionTables::note_end(const ObjectRecord& record, std::string_view evidence) {
    GODWIT_TRY(OpenBatch * batch, open_leased(record.batch, record.lease_epoch));
    if (IndexEffect effect = index_effect(record); effect != IndexEffect::None)
        index_changes_.add(
            {effect, record.evidence.level, record.key.bytes(), evidence, record.ended_unix_ns});
    counters_.add(CountOrigin::Rows, record.outcome, record.reason, 1, record.bytes);
    batch->set_ended(record.item);
    uncommitted_ = true;
    return {};
}

Result<void> ExecutionTables::defer(std::int64_t batch, std::uint32_t item,
                                    const model::PlannedObject& object) {
    GODWIT_TRY(OpenBatch * open, open_batch(batch));
    GODWIT_TRY_VOID(check_item(*open, batch, item));
    std::string encoded = encode_batch(std::span(&object, 1));
    GODWIT_TRY_VOID(
        statements_.run(Sql::InsertDeferral, {Value::integer(batch), number(item), Value::bytes(encoded)}));
    open->set_ended(item);
    uncommitted_ = true;
    return {};
}

Result<void> ExecutionTables::put_aside(std::int64_t batch, std::uint32_t item,
                                        const model::PlannedObject& object) {
    GODWIT_TRY(OpenBatch * open, open_batch(batch));
    GODWIT_TRY_VOID(check_item(*open, batch, item));
    GODWIT_TRY_VOID(insert_hard_link(pack(*object.hard_link), object.key.bytes(), object));
    open->set_ended(item);
    uncommitted_ = true;
    return {};
}

Result<void> ExecutionTables::release_leases() {
    return statements_.run(Sql::ReleaseLeases, {});
}

Result<std::vector<Upload>> ExecutionTables::uploads() {
    std::vector<Upload> uploads;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::Uploads, {}, [&](db::Statement& row) -> Result<void> {
        std::optional<model::Identity> source = unpack_identity(row.bytes(3));
        if (!source) return Error(ErrorKind::Corrupt, "read", "an upload", "its source cannot be read");
        uploads.push_back({.key = model::Key(std::string(row.bytes(0))),
                           .intent_unix_ns = row.integer(1),
                           .checkpoint = std::string(row.bytes(2)),
                           .source = *std::move(source)});
        return {};
    }));
    return uploads;
}

Result<void> ExecutionTables::put_upload(const Upload& upload) {
    std::string source = pack(upload.source);
    return statements_.run(Sql::PutUpload,
                           {Value::bytes(upload.key.bytes()), Value::integer(upload.intent_unix_ns),
                            Value::bytes(upload.checkpoint), Value::bytes(source)});
}

Result<void> ExecutionTables::remove_upload(const model::Key& key) {
    return statements_.run(Sql::RemoveUpload, {Value::bytes(key.bytes())});
}

Result<model::Counts> ExecutionTables::counts() {
    GODWIT_TRY(std::vector<CountEntry> entries, read_counters(statements_));
    return sum_of(entries);
}

Result<std::vector<std::string>> ExecutionTables::unlisted(std::size_t count_max) {
    std::vector<std::string> messages;
    GODWIT_TRY_VOID(for_each_row(statements_, Sql::Unlisted, {number(count_max)},
                                 [&](db::Statement& row) -> Result<void> {
                                     messages.emplace_back(row.text(0));
                                     return {};
                                 }));
    return messages;
}

}  // namespace godwit::ledger
