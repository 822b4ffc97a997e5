#include "ledger/memory_journal.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"

namespace godwit::ledger {

Task<Result<std::vector<Shard>>> MemoryJournal::shards() {
    co_return shards_;
}

Task<Result<void>> MemoryJournal::add_shards(std::vector<model::KeyRange> ranges) {
    for (model::KeyRange& range : ranges) {
        Shard shard;
        shard.id = static_cast<std::int64_t>(shards_.size()) + 1;
        shard.range = std::move(range);
        shards_.push_back(std::move(shard));
    }
    co_return {};
}

void MemoryJournal::add_batch(BatchKind kind, std::vector<model::PlannedObject> objects) {
    if (objects.empty()) return;
    StoredBatch batch;
    batch.kind = kind;
    batch.objects = std::move(objects);
    batches_.emplace(next_batch_++, std::move(batch));
}

namespace {

Error not_left(const Shard& shard, const std::string& key) {
    return Error(ErrorKind::Changed, "go on with", fmt::format("shard {}", shard.id),
                 fmt::format("'{}' is not among the keys that it has left", printable(key)));
}

// May the shard's cursor go there?
bool is_left(const Shard& shard, const std::string& key) {
    return !shard.complete && key >= shard.cursor && (shard.range.before.empty() || key < shard.range.before);
}

}  // namespace

Task<Result<Shard>> MemoryJournal::split_shard(std::int64_t id, std::string last_key) {
    Shard& shard = shards_.at(static_cast<std::size_t>(id - 1));
    std::string before = model::KeyRange::before_what_follows(last_key);
    bool is_end = before == shard.range.before;
    if (!is_left(shard, last_key) || is_end || last_key <= shard.range.after)
        co_return not_left(shard, last_key);
    Shard made;
    made.id = static_cast<std::int64_t>(shards_.size()) + 1;
    made.range = {std::move(last_key), std::exchange(shard.range.before, std::move(before))};
    shards_.push_back(made);
    co_return std::move(made);
}

Task<Result<void>> MemoryJournal::commit_listing(ListingCommit commit) {
    Shard& shard = shards_.at(static_cast<std::size_t>(commit.shard - 1));
    if (!is_left(shard, commit.cursor)) co_return not_left(shard, commit.cursor);
    shard.cursor = commit.cursor;
    shard.complete = commit.complete;
    add_batch(BatchKind::Ordinary, std::move(commit.ordinary));
    add_batch(BatchKind::Directories, std::move(commit.directories));
    extras_.objects += commit.deletes.size() + commit.directory_deletes.size();
    extras_.destination_objects += commit.destination_objects;
    extras_.unlisted_parts += commit.unreadable.size();
    add_batch(BatchKind::Deletes, std::move(commit.deletes));
    add_batch(BatchKind::DirectoryDeletes, std::move(commit.directory_deletes));
    unchanged_.add(commit.unchanged);
    for (model::PlannedObject& object : commit.hard_links) add_hard_link(std::move(object));
    for (model::IndexRow& row : commit.adopted) {
        std::string key = row.key.bytes();
        index_.insert_or_assign(std::move(key), std::move(row));
    }
    co_return {};
}

void MemoryJournal::add_hard_link(model::PlannedObject object) {
    HardLinkedNames& names = hard_links_[{object.hard_link->device, object.hard_link->inode}];
    bool counts =
        is_unchanged(object) && (!names.unchanged || names.unchanged->destination == object.destination);
    if (!counts) return names.others.push_back(std::move(object));
    unchanged_.add(model::Outcome::Unchanged, 1, object.source.size_bytes);
    if (!names.unchanged) names.unchanged = std::move(object);
}

// A batch for each file.
void MemoryJournal::gather_hard_links() {
    for (auto& [file, names] : hard_links_) {
        if (names.others.empty()) continue;
        if (names.unchanged) {
            unchanged_.add(model::Outcome::Unchanged, ~std::uint64_t{0},
                           0 - names.unchanged->source.size_bytes);
            names.others.insert(names.others.begin(), *std::move(names.unchanged));
        }
        add_batch(BatchKind::HardLinks, std::move(names.others));
    }
    hard_links_.clear();
}

Task<Result<std::optional<Batch>>> MemoryJournal::lease_batch(BatchKind kind) {
    if (kind == BatchKind::HardLinks) gather_hard_links();
    // Directories from the last to the first, so that children come before parents.
    bool from_the_last = kind == BatchKind::Directories || kind == BatchKind::DirectoryDeletes;
    StoredBatch* found = nullptr;
    std::int64_t id = 0;
    for (auto& [candidate, batch] : batches_) {
        if (batch.kind != kind || batch.leased) continue;
        if (found && !from_the_last) break;
        found = &batch;
        id = candidate;
    }
    if (!found) co_return std::optional<Batch>();
    Batch leased;
    leased.id = id;
    leased.kind = kind;
    leased.leased_before = found->epoch > 0;
    leased.lease_epoch = ++found->epoch;
    found->leased = true;
    for (std::uint32_t i = 0; i < found->objects.size(); ++i) {
        if (!found->done.contains(i)) leased.items.push_back({i, found->objects[i]});
    }
    co_return std::optional<Batch>(std::move(leased));
}

Task<Result<void>> MemoryJournal::record(ObjectRecord record) {
    StoredBatch& batch = batches_.at(record.batch);
    bool first = batch.done.insert(record.item).second;
    GODWIT_CHECK(first, "item {} of batch {} was recorded twice", record.item, record.batch);
    if (record.index) {
        model::IndexRow row;
        row.key = record.key;
        row.source = record.evidence.source;
        row.destination = record.evidence.destination;
        row.digest = record.evidence.source_digest;
        row.level = record.evidence.level;
        row.unix_ns = record.ended_unix_ns;
        row.xattrs = record.evidence.xattrs;
        row.hard_links = record.evidence.hard_links;
        index_.insert_or_assign(record.key.bytes(), std::move(row));
    }
    records_.push_back(std::move(record));
    co_return {};
}

Task<Result<void>> MemoryJournal::record_together(std::vector<ObjectRecord> records) {
    for (ObjectRecord& one : records) GODWIT_CO_TRY_VOID(co_await record(std::move(one)));
    co_return {};
}

Task<Result<void>> MemoryJournal::defer(std::int64_t batch, std::uint32_t item, model::PlannedObject object) {
    batches_.at(batch).done.insert(item);
    std::vector<model::PlannedObject> alone;
    alone.push_back(std::move(object));
    add_batch(BatchKind::Retry, std::move(alone));
    co_return {};
}

Task<Result<void>> MemoryJournal::put_aside(std::int64_t batch, std::uint32_t item,
                                            model::PlannedObject object) {
    batches_.at(batch).done.insert(item);
    add_hard_link(std::move(object));
    co_return {};
}

Task<Result<void>> MemoryJournal::finish_batch(std::int64_t batch, std::int64_t lease_epoch) {
    const StoredBatch& stored = batches_.at(batch);
    GODWIT_CHECK(stored.epoch == lease_epoch, "a batch was finished under a lost lease");
    GODWIT_CHECK(stored.done.size() == stored.objects.size(), "a batch was finished with open items");
    batches_.erase(batch);
    co_return {};
}

Task<Result<std::uint64_t>> MemoryJournal::open_batches() {
    std::uint64_t waiting = 0;
    for (const auto& [file, names] : hard_links_) waiting += names.others.size();
    co_return batches_.size() + waiting;
}

Task<Result<Extras>> MemoryJournal::extras() {
    Extras extras = extras_;
    for (const Shard& shard : shards_) extras.incomplete_shards += shard.complete ? 0 : 1;
    co_return extras;
}

Task<Result<void>> MemoryJournal::withhold_deletes() {
    auto is_delete = [](BatchKind kind) {
        return kind == BatchKind::Deletes || kind == BatchKind::DirectoryDeletes;
    };
    for (const auto& [id, batch] : batches_) {
        if (is_delete(batch.kind)) withheld_ += batch.objects.size() - batch.done.size();
    }
    std::erase_if(batches_, [&](const auto& each) { return is_delete(each.second.kind); });
    co_return {};
}

Task<Result<std::vector<Upload>>> MemoryJournal::uploads() {
    std::vector<Upload> uploads;
    for (const auto& [key, upload] : uploads_) uploads.push_back(upload);
    co_return std::move(uploads);
}

Task<Result<void>> MemoryJournal::put_upload(Upload upload) {
    std::string key = upload.key.bytes();
    uploads_.insert_or_assign(std::move(key), std::move(upload));
    co_return {};
}

Task<Result<void>> MemoryJournal::remove_upload(model::Key key) {
    uploads_.erase(key.bytes());
    co_return {};
}

Task<Result<void>> MemoryJournal::set_status(model::ExecutionStatus status) {
    status_ = status;
    co_return {};
}

Task<Result<model::Counts>> MemoryJournal::counts() {
    model::Counts counts = unchanged_;
    counts.add(model::Outcome::Kept, withheld_, 0);
    for (const ObjectRecord& record : records_) counts.add(record.outcome, 1, record.bytes);
    co_return counts;
}

Task<Result<std::vector<model::IndexRow>>> MemoryJournal::index_page(model::KeyRange range) {
    constexpr std::size_t kPageRowsMax = 1024;
    std::vector<model::IndexRow> rows;
    for (auto row = index_.upper_bound(range.after); row != index_.end() && rows.size() < kPageRowsMax;
         ++row) {
        if (!range.contains(row->first)) break;
        rows.push_back(row->second);
    }
    co_return std::move(rows);
}

void MemoryJournal::void_leases() {
    for (auto& [id, batch] : batches_) batch.leased = false;
}

void MemoryJournal::next_execution() {
    shards_.clear();
    batches_.clear();
    records_.clear();
    hard_links_.clear();
    extras_ = {};
    withheld_ = 0;
    unchanged_ = {};
    uploads_.clear();
    status_ = model::ExecutionStatus::Queued;
}

}  // namespace godwit::ledger
