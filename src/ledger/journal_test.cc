// One suite for every Journal: the one in memory, which the engine's tests run on, and the one that
// lasts. What holds for both is what the engine may rely on.
#include "ledger/journal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "db/testing/databases.h"
#include "ledger/execution_ledger.h"
#include "ledger/memory_journal.h"
#include "ledger/testing/samples.h"
#include "runtime/group.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

using db::testing::failed_with;
using db::testing::succeeded;
using model::Outcome;
using testing::sample_key;
using testing::sample_object;
using testing::sample_record;

// A Journal that can be interrupted: the next one carries on what it holds.
class Kept {
  public:
    virtual ~Kept() = default;
    virtual Journal& journal() = 0;
    virtual void interrupt() = 0;
};

class KeptInMemory final : public Kept {
  public:
    Journal& journal() override { return journal_; }
    void interrupt() override { journal_.void_leases(); }

  private:
    MemoryJournal journal_;
};

class KeptOnDisk final : public Kept {
  public:
    explicit KeptOnDisk(runtime::Loop& loop) : loop_(loop) {
        auto index = Index::open(directory_ / "index.db");
        GODWIT_CHECK(index, "{}", index.error().message());
        index_ = *std::move(index);
        open(ExecutionLedger::create(settings(), {.id = "exec-1", .task = "task-1"}));
    }
    Journal& journal() override { return *ledger_; }
    void interrupt() override {
        ledger_.reset();
        open(ExecutionLedger::open(settings()));
    }

  private:
    ExecutionLedgerSettings settings() {
        return {.path = directory_ / "exec-1.db",
                .loop = loop_,
                .index = *index_,
                .commit = {.group_wait_max = std::chrono::milliseconds(1)}};
    }
    void open(Result<std::unique_ptr<ExecutionLedger>> ledger) {
        GODWIT_CHECK(ledger, "{}", ledger.error().message());
        ledger_ = *std::move(ledger);
    }

    runtime::Loop& loop_;
    db::testing::TemporaryDirectory directory_;
    std::unique_ptr<Index> index_;
    std::unique_ptr<ExecutionLedger> ledger_;
};

enum class Where { Memory, Disk };

class Journals : public ::testing::TestWithParam<Where> {
  protected:
    Journals() {
        if (GetParam() == Where::Memory)
            kept_ = std::make_unique<KeptInMemory>();
        else
            kept_ = std::make_unique<KeptOnDisk>(loop_);
        EXPECT_TRUE(succeeded(wait(journal().add_shards(std::vector<model::KeyRange>(1)))));
    }

    Journal& journal() { return kept_->journal(); }
    template <class T>
    T wait(Task<T> task) {
        return loop_.block_on(std::move(task));
    }
    static std::vector<model::PlannedObject> objects(std::uint64_t first, std::uint64_t count) {
        std::vector<model::PlannedObject> made;
        for (std::uint64_t i = 0; i < count; ++i) made.push_back(sample_object(first + i));
        return made;
    }
    void list(std::uint64_t first, std::uint64_t count, BatchKind kind = BatchKind::Ordinary) {
        ListingCommit commit;
        commit.shard = 1;
        commit.cursor = sample_key(first + count);
        (kind == BatchKind::Directories ? commit.directories : commit.ordinary) = objects(first, count);
        ASSERT_TRUE(succeeded(wait(journal().commit_listing(std::move(commit)))));
    }
    void list_deletes(std::uint64_t first, std::uint64_t count, std::uint64_t directories = 0) {
        ListingCommit commit;
        commit.shard = 1;
        commit.cursor = sample_key(first + count + directories);
        commit.deletes = objects(first, count);
        commit.directory_deletes = objects(first + count, directories);
        commit.destination_objects = 2 * (count + directories);
        ASSERT_TRUE(succeeded(wait(journal().commit_listing(std::move(commit)))));
    }
    void list_hard_links(std::vector<model::PlannedObject> names) {
        ListingCommit commit;
        commit.shard = 1;
        commit.cursor = names.back().key.bytes();
        commit.hard_links = std::move(names);
        ASSERT_TRUE(succeeded(wait(journal().commit_listing(std::move(commit)))));
    }
    std::optional<Batch> lease(BatchKind kind = BatchKind::Ordinary) {
        auto batch = wait(journal().lease_batch(kind));
        EXPECT_TRUE(succeeded(batch));
        return batch ? *std::move(batch) : std::nullopt;
    }
    Result<void> record(const Batch& batch, std::uint32_t item, std::uint64_t number,
                        Outcome outcome = Outcome::Verified) {
        ObjectRecord row = sample_record(batch.id, item, number);
        row.lease_epoch = batch.lease_epoch;
        row.outcome = outcome;
        row.index = outcome == Outcome::Verified;
        return wait(journal().record(std::move(row)));
    }
    Result<void> finish(const Batch& batch) {
        return wait(journal().finish_batch(batch.id, batch.lease_epoch));
    }
    std::uint64_t open_batches() {
        auto open = wait(journal().open_batches());
        EXPECT_TRUE(succeeded(open));
        return *open;
    }
    static std::string numbers(const Batch& batch) {
        std::string text;
        for (const Batch::Item& item : batch.items) text += std::to_string(item.number) + " ";
        return text;
    }

    runtime::IoLoop loop_;
    std::unique_ptr<Kept> kept_;
};

INSTANTIATE_TEST_SUITE_P(All, Journals, ::testing::Values(Where::Memory, Where::Disk),
                         [](const auto& test) { return test.param == Where::Memory ? "Memory" : "Disk"; });

TEST_P(Journals, keep_shards_with_their_cursor) {
    list(0, 2);
    auto shards = wait(journal().shards());
    ASSERT_TRUE(succeeded(shards));
    ASSERT_EQ(shards->size(), 1u);
    EXPECT_EQ((*shards)[0].cursor, sample_key(2));
    EXPECT_FALSE((*shards)[0].complete);
    ListingCommit last;
    last.shard = 1;
    last.cursor = sample_key(9);
    last.complete = true;
    ASSERT_TRUE(succeeded(wait(journal().commit_listing(std::move(last)))));
    kept_->interrupt();
    shards = wait(journal().shards());
    EXPECT_TRUE((*shards)[0].complete);
    EXPECT_EQ((*shards)[0].cursor, sample_key(9));
}

// I8: each key is in the range of exactly one shard, after a crash too.
TEST_P(Journals, split_a_shard_in_two_that_part_its_range) {
    list(0, 2);
    std::string cut = sample_key(10), end = model::KeyRange::before_what_follows(cut);
    auto made = wait(journal().split_shard(1, cut));
    ASSERT_TRUE(succeeded(made));
    kept_->interrupt();
    auto shards = wait(journal().shards());
    ASSERT_EQ(shards->size(), 2u);
    const Shard &first = shards->front(), &second = shards->back();
    EXPECT_EQ(first.range.after + "," + first.range.before, "," + end);
    EXPECT_EQ(first.cursor, sample_key(2)) << "what is listed stays listed";
    EXPECT_EQ(second.range.after + "," + second.range.before, cut + ",");
    EXPECT_EQ(second.cursor, "");
    EXPECT_FALSE(second.complete);
    EXPECT_EQ(made->id, second.id);
    EXPECT_EQ(wait(journal().extras())->incomplete_shards, 2u);

    made = wait(journal().split_shard(1, sample_key(5)));
    ASSERT_TRUE(succeeded(made));
    EXPECT_EQ(made->range.before, end) << "it ends where the one that it was cut from ended";
}

TEST_P(Journals, refuse_a_cut_that_is_not_in_what_a_shard_has_left) {
    list(0, 5);
    ASSERT_TRUE(succeeded(wait(journal().split_shard(1, sample_key(10)))));
    for (std::uint64_t cut : {0u, 4u, 10u, 11u, 20u})
        EXPECT_TRUE(failed_with(wait(journal().split_shard(1, sample_key(cut))), ErrorKind::Changed)) << cut;
    EXPECT_TRUE(failed_with(wait(journal().split_shard(2, sample_key(10))), ErrorKind::Changed));
    ListingCommit beyond;
    beyond.shard = 1;
    beyond.cursor = sample_key(11);
    EXPECT_TRUE(failed_with(wait(journal().commit_listing(std::move(beyond))), ErrorKind::Changed));
    ListingCommit last;
    last.shard = 1;
    last.cursor = sample_key(10);
    last.complete = true;
    ASSERT_TRUE(succeeded(wait(journal().commit_listing(std::move(last)))));
    EXPECT_TRUE(failed_with(wait(journal().split_shard(1, sample_key(10))), ErrorKind::Changed));
    EXPECT_EQ(wait(journal().shards())->size(), 2u);
}

TEST_P(Journals, sum_up_what_only_the_destination_has) {
    list_deletes(0, 1500, 3);
    kept_->interrupt();
    list_deletes(1503, 10);
    auto extras = wait(journal().extras());
    ASSERT_TRUE(succeeded(extras));
    EXPECT_EQ(extras->objects, 1513u);
    EXPECT_EQ(extras->destination_objects, 3026u);
    EXPECT_EQ(extras->incomplete_shards, 1u);
    EXPECT_EQ(extras->unlisted_parts, 0u);
    ListingCommit last;
    last.shard = 1;
    last.cursor = sample_key(2000);
    last.complete = true;
    last.unreadable = {"SOURCE: a part"};
    ASSERT_TRUE(succeeded(wait(journal().commit_listing(std::move(last)))));
    kept_->interrupt();
    extras = wait(journal().extras());
    EXPECT_EQ(extras->incomplete_shards, 0u);
    EXPECT_EQ(extras->unlisted_parts, 1u);
}

TEST_P(Journals, B19_a_batch_of_deletes_is_leased_again_without_those_that_have_their_end) {
    list_deletes(0, 5);
    EXPECT_FALSE(lease());
    auto batch = lease(BatchKind::Deletes);
    ASSERT_TRUE(batch);
    ASSERT_TRUE(succeeded(record(*batch, 1, 1, Outcome::Deleted)));
    kept_->interrupt();
    batch = lease(BatchKind::Deletes);
    ASSERT_TRUE(batch);
    EXPECT_TRUE(batch->leased_before);
    EXPECT_EQ(batch->items.size(), 4u);
    EXPECT_EQ(wait(journal().counts())->objects[static_cast<std::size_t>(Outcome::Deleted)], 1u);
}

TEST_P(Journals, directories_to_be_deleted_come_in_descending_order) {
    list_deletes(0, 0, 2000);
    std::string last = "\xff";
    while (auto batch = lease(BatchKind::DirectoryDeletes)) {
        EXPECT_LT(batch->items.back().object.key.bytes(), last);
        last = batch->items.front().object.key.bytes();
        for (const Batch::Item& item : batch->items)
            ASSERT_TRUE(succeeded(record(*batch, item.number, item.number, Outcome::Deleted)));
        ASSERT_TRUE(succeeded(finish(*batch)));
    }
    EXPECT_EQ(open_batches(), 0u);
}

TEST_P(Journals, deletes_that_are_withheld_are_counted_and_open_no_more) {
    list_deletes(0, 1500, 3);
    auto batch = lease(BatchKind::Deletes);
    ASSERT_TRUE(batch);
    ASSERT_TRUE(succeeded(record(*batch, 0, 0, Outcome::Deleted)));
    kept_->interrupt();
    list(2000, 4);
    ASSERT_TRUE(succeeded(wait(journal().withhold_deletes())));
    EXPECT_EQ(open_batches(), 1u);
    EXPECT_FALSE(lease(BatchKind::Deletes));
    EXPECT_FALSE(lease(BatchKind::DirectoryDeletes));
    kept_->interrupt();
    auto counts = wait(journal().counts());
    EXPECT_EQ((*counts)[Outcome::Deleted], 1u);
    EXPECT_EQ((*counts)[Outcome::Kept], 1502u);
    EXPECT_EQ(counts->listed(), 0u);
    ASSERT_TRUE(succeeded(wait(journal().withhold_deletes())));
    EXPECT_EQ((*wait(journal().counts()))[Outcome::Kept], 1502u);
}

// A name of file `inode`; `destination` tells where it stands.
model::PlannedObject hard_link(std::uint64_t number, std::uint64_t inode, std::string destination = "",
                               bool unchanged = false) {
    model::PlannedObject object = sample_object(number);
    object.hard_link = model::HardLink{.device = 1, .inode = inode, .names = 9};
    object.destination.reset();
    if (!destination.empty()) object.destination = model::Identity{.tag = std::move(destination)};
    if (unchanged) {
        object.action = model::PlanAction::Skip;
        object.reason = model::SkipReason::Unchanged;
    }
    return object;
}

std::vector<std::string> keys(const Batch& batch) {
    std::vector<std::string> found;
    for (const Batch::Item& item : batch.items) found.push_back(item.object.key.bytes());
    return found;
}

TEST_P(Journals, A8_bring_the_names_of_one_file_together) {
    list_hard_links({hard_link(0, 7), hard_link(1, 8), hard_link(2, 7)});
    kept_->interrupt();
    list_hard_links({hard_link(3, 8), hard_link(4, 7)});
    EXPECT_GT(open_batches(), 0u);
    std::map<std::uint64_t, std::vector<std::string>> files;
    while (std::optional<Batch> batch = lease(BatchKind::HardLinks)) {
        EXPECT_EQ(batch->kind, BatchKind::HardLinks);
        for (const Batch::Item& item : batch->items) {
            files[item.object.hard_link->inode].push_back(item.object.key.bytes());
            ASSERT_TRUE(succeeded(record(*batch, item.number, item.number)));
        }
        ASSERT_TRUE(succeeded(finish(*batch)));
    }
    EXPECT_EQ(files[7], (std::vector{sample_key(0), sample_key(2), sample_key(4)}));
    EXPECT_EQ(files[8], (std::vector{sample_key(1), sample_key(3)}));
    EXPECT_EQ(open_batches(), 0u);
}

TEST_P(Journals, A8_bring_objects_together_that_were_put_aside) {
    list(0, 4);
    std::optional<Batch> batch = lease();
    ASSERT_TRUE(batch);
    auto put_aside = [&](std::uint32_t item, std::uint64_t inode) {
        model::PlannedObject object = batch->items[item].object;
        object.hard_link = hard_link(item, inode).hard_link;
        object.source_digest = Digest::of_crc64(item);
        return wait(journal().put_aside(batch->id, batch->items[item].number, std::move(object)));
    };
    ASSERT_TRUE(succeeded(put_aside(0, 7)));
    ASSERT_TRUE(succeeded(put_aside(1, 8)));
    // Killed here, the objects that were put aside do not come again.
    kept_->interrupt();
    batch = lease();
    ASSERT_TRUE(batch);
    EXPECT_EQ(keys(*batch), (std::vector{sample_key(2), sample_key(3)}));
    ASSERT_TRUE(succeeded(put_aside(0, 7)));
    ASSERT_TRUE(succeeded(record(*batch, batch->items[1].number, 3)));
    ASSERT_TRUE(succeeded(finish(*batch)));
    EXPECT_GT(open_batches(), 0u);
    std::map<std::uint64_t, std::vector<std::string>> files;
    while (std::optional<Batch> names = lease(BatchKind::HardLinks)) {
        for (const Batch::Item& item : names->items) {
            files[item.object.hard_link->inode].push_back(item.object.key.bytes());
            EXPECT_TRUE(item.object.source_digest);
            ASSERT_TRUE(succeeded(record(*names, item.number, item.number)));
        }
        ASSERT_TRUE(succeeded(finish(*names)));
    }
    EXPECT_EQ(files[7], (std::vector{sample_key(0), sample_key(2)}));
    EXPECT_EQ(files[8], (std::vector{sample_key(1)}));
    EXPECT_EQ(open_batches(), 0u);
    EXPECT_EQ(wait(journal().counts())->listed(), 4u);
}

TEST_P(Journals, A8_count_unchanged_names_that_nothing_is_to_be_done_about) {
    list_hard_links({hard_link(0, 7, "x", true), hard_link(1, 7, "x", true), hard_link(2, 8, "y", true)});
    EXPECT_EQ(open_batches(), 0u);
    EXPECT_FALSE(lease(BatchKind::HardLinks));
    EXPECT_EQ((*wait(journal().counts()))[Outcome::Unchanged], 3u);
}

TEST_P(Journals, A8_add_the_first_unchanged_name_to_others_and_count_it_once) {
    list_hard_links({hard_link(0, 7), hard_link(1, 7, "x", true), hard_link(2, 7, "x", true)});
    EXPECT_EQ((*wait(journal().counts()))[Outcome::Unchanged], 2u);
    kept_->interrupt();
    std::optional<Batch> batch = lease(BatchKind::HardLinks);
    ASSERT_TRUE(batch);
    EXPECT_EQ(keys(*batch), (std::vector{sample_key(1), sample_key(0)}));
    ASSERT_TRUE(succeeded(record(*batch, 0, 1, Outcome::Unchanged)));
    ASSERT_TRUE(succeeded(record(*batch, 1, 0)));
    ASSERT_TRUE(succeeded(finish(*batch)));
    EXPECT_EQ((*wait(journal().counts()))[Outcome::Unchanged], 2u);
    EXPECT_EQ(wait(journal().counts())->listed(), 3u);
}

TEST_P(Journals, A8_take_unchanged_names_of_two_files_at_the_destination_for_something_to_do) {
    list_hard_links({hard_link(0, 7, "x", true), hard_link(1, 7, "another", true)});
    std::optional<Batch> batch = lease(BatchKind::HardLinks);
    ASSERT_TRUE(batch);
    EXPECT_EQ(keys(*batch), (std::vector{sample_key(0), sample_key(1)}));
    EXPECT_EQ(wait(journal().counts())->listed(), 0u);
}

TEST_P(Journals, A8_record_the_names_of_one_file_together) {
    list_hard_links({hard_link(0, 7), hard_link(1, 7)});
    std::optional<Batch> batch = lease(BatchKind::HardLinks);
    ASSERT_TRUE(batch);
    std::vector<ObjectRecord> rows;
    for (std::uint32_t item : {0u, 1u}) {
        rows.push_back(sample_record(batch->id, item, item));
        rows.back().lease_epoch = batch->lease_epoch;
        rows.back().evidence.hard_links = model::HardLinks::Kept;
        rows.back().index = true;
    }
    ASSERT_TRUE(succeeded(wait(journal().record_together(std::move(rows)))));
    ASSERT_TRUE(succeeded(finish(*batch)));
    kept_->interrupt();
    auto page = wait(journal().index_page({}));
    ASSERT_TRUE(succeeded(page));
    ASSERT_EQ(page->size(), 2u);
    for (const model::IndexRow& row : *page) EXPECT_EQ(row.hard_links, model::HardLinks::Kept);
}

TEST_P(Journals, lease_each_batch_once_and_whole) {
    list(0, 3);
    list(3, 2);
    std::optional<Batch> first = lease(), second = lease();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(numbers(*first), "0 1 2 ");
    EXPECT_EQ(numbers(*second), "0 1 ");
    EXPECT_EQ(first->items[2].object.key, sample_object(2).key);
    EXPECT_EQ(first->items[2].object.source, sample_object(2).source);
    EXPECT_FALSE(first->leased_before);
    EXPECT_FALSE(lease());
    EXPECT_FALSE(lease(BatchKind::Directories));
    EXPECT_EQ(open_batches(), 2u);
}

TEST_P(Journals, lease_directories_from_the_last_key_to_the_first) {
    list(0, 1, BatchKind::Directories);
    list(1, 1, BatchKind::Directories);
    std::optional<Batch> batch = lease(BatchKind::Directories);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->items[0].object.key.bytes(), sample_key(1));
    EXPECT_EQ(lease(BatchKind::Directories)->items[0].object.key.bytes(), sample_key(0));
}

TEST_P(Journals, count_ends_and_unchanged_objects) {
    ListingCommit commit;
    commit.shard = 1;
    commit.cursor = sample_key(3);
    commit.ordinary = objects(0, 3);
    commit.unchanged.add(Outcome::Unchanged, 1000, 1'000'000);
    ASSERT_TRUE(succeeded(wait(journal().commit_listing(std::move(commit)))));
    Batch batch = *lease();
    ASSERT_TRUE(succeeded(record(batch, 0, 0)));
    ASSERT_TRUE(succeeded(record(batch, 1, 1, Outcome::Failed)));
    ASSERT_TRUE(succeeded(record(batch, 2, 2, Outcome::Gone)));
    ASSERT_TRUE(succeeded(finish(batch)));
    auto counts = wait(journal().counts());
    ASSERT_TRUE(succeeded(counts));
    EXPECT_EQ(counts->listed(), 1003u);
    EXPECT_EQ((*counts)[Outcome::Unchanged], 1000u);
    EXPECT_EQ(counts->bytes[static_cast<std::size_t>(Outcome::Unchanged)], 1'000'000u);
    EXPECT_EQ(counts->copied(), 1u);
    EXPECT_EQ(counts->failed(), 1u);
    EXPECT_EQ(open_batches(), 0u);
}

TEST_P(Journals, give_an_interrupted_batch_again_without_what_has_its_end) {
    list(0, 20);
    Batch batch = *lease();
    ASSERT_TRUE(succeeded(record(batch, 3, 3)));
    ASSERT_TRUE(succeeded(record(batch, 17, 17)));
    kept_->interrupt();
    Batch again = *lease();
    EXPECT_EQ(again.id, batch.id);
    EXPECT_TRUE(again.leased_before);
    EXPECT_GT(again.lease_epoch, batch.lease_epoch);
    EXPECT_EQ(numbers(again), "0 1 2 4 5 6 7 8 9 10 11 12 13 14 15 16 18 19 ");
    for (const Batch::Item& item : again.items)
        ASSERT_TRUE(succeeded(record(again, item.number, item.number)));
    ASSERT_TRUE(succeeded(finish(again)));
    EXPECT_EQ(wait(journal().counts())->copied(), 20u);
}

TEST_P(Journals, bring_deferred_objects_back_in_retry_batches) {
    list(0, 3);
    Batch batch = *lease();
    ASSERT_TRUE(succeeded(record(batch, 0, 0)));
    for (std::uint32_t item : {1u, 2u}) {
        model::PlannedObject object = batch.items[item].object;
        object.deferrals = 1;
        ASSERT_TRUE(succeeded(wait(journal().defer(batch.id, item, std::move(object)))));
    }
    ASSERT_TRUE(succeeded(finish(batch))) << "deferred items need no end here";
    EXPECT_GT(open_batches(), 0u);
    kept_->interrupt();
    std::uint64_t back = 0;
    while (std::optional<Batch> retry = lease(BatchKind::Retry)) {
        EXPECT_EQ(retry->kind, BatchKind::Retry);
        for (const Batch::Item& item : retry->items) {
            EXPECT_EQ(item.object.deferrals, 1u);
            ASSERT_TRUE(succeeded(record(*retry, item.number, 1 + back++)));
        }
        ASSERT_TRUE(succeeded(finish(*retry)));
    }
    EXPECT_EQ(back, 2u);
    EXPECT_EQ(open_batches(), 0u);
    EXPECT_EQ(wait(journal().counts())->copied(), 3u);
}

TEST_P(Journals, defer_an_object_again_and_again) {
    list(0, 1);
    Batch batch = *lease();
    for (std::uint32_t deferrals = 1; deferrals <= 3; ++deferrals) {
        model::PlannedObject object = batch.items[0].object;
        EXPECT_EQ(object.deferrals, deferrals - 1);
        object.deferrals = deferrals;
        ASSERT_TRUE(succeeded(wait(journal().defer(batch.id, 0, std::move(object)))));
        ASSERT_TRUE(succeeded(finish(batch)));
        std::optional<Batch> next = lease(BatchKind::Retry);
        ASSERT_TRUE(next);
        batch = *std::move(next);
    }
    ASSERT_TRUE(succeeded(record(batch, 0, 0, Outcome::Deferred)));
    ASSERT_TRUE(succeeded(finish(batch)));
    EXPECT_EQ(wait(journal().counts())->deferred(), 1u);
    EXPECT_EQ(open_batches(), 0u);
}

TEST_P(Journals, remember_uploads_until_they_are_removed) {
    Upload upload;
    upload.key = model::Key(std::string("a\0\xff", 3));
    upload.intent_unix_ns = 5;
    upload.source = testing::sample_identity(1);
    ASSERT_TRUE(succeeded(wait(journal().put_upload(upload))));
    upload.checkpoint = std::string("\0opaque", 7);
    ASSERT_TRUE(succeeded(wait(journal().put_upload(upload))));
    kept_->interrupt();
    auto uploads = wait(journal().uploads());
    ASSERT_TRUE(succeeded(uploads));
    ASSERT_EQ(uploads->size(), 1u);
    EXPECT_EQ((*uploads)[0].key, upload.key);
    EXPECT_EQ((*uploads)[0].intent_unix_ns, 5);
    EXPECT_EQ((*uploads)[0].checkpoint, upload.checkpoint);
    EXPECT_EQ((*uploads)[0].source, upload.source);
    ASSERT_TRUE(succeeded(wait(journal().remove_upload(upload.key))));
    EXPECT_TRUE(wait(journal().uploads())->empty());
}

TEST_P(Journals, know_recorded_and_adopted_objects_in_the_index) {
    ListingCommit commit;
    commit.shard = 1;
    commit.cursor = sample_key(9);
    commit.ordinary = objects(0, 2);
    model::IndexRow adopted;
    adopted.key = model::Key(sample_key(5));
    adopted.source = testing::sample_identity(5);
    adopted.destination = testing::sample_identity(6);
    commit.adopted.push_back(adopted);
    ASSERT_TRUE(succeeded(wait(journal().commit_listing(std::move(commit)))));
    Batch batch = *lease();
    ASSERT_TRUE(succeeded(record(batch, 0, 0)));
    ASSERT_TRUE(succeeded(record(batch, 1, 1, Outcome::Failed)));
    kept_->interrupt();
    auto page = wait(journal().index_page({}));
    ASSERT_TRUE(succeeded(page));
    ASSERT_EQ(page->size(), 2u);
    EXPECT_EQ((*page)[0].key.bytes(), sample_key(0));
    EXPECT_EQ((*page)[0].source, sample_record(1, 0, 0).evidence.source);
    EXPECT_EQ((*page)[0].destination, sample_record(1, 0, 0).evidence.destination);
    EXPECT_EQ((*page)[0].digest, sample_record(1, 0, 0).evidence.source_digest);
    EXPECT_EQ((*page)[0].level, model::EvidenceLevel::Attested);
    EXPECT_EQ((*page)[1].key.bytes(), sample_key(5));
    EXPECT_EQ((*page)[1].destination, adopted.destination);
    EXPECT_FALSE((*page)[1].digest);
    auto part = wait(journal().index_page({.after = sample_key(0), .before = sample_key(5)}));
    EXPECT_TRUE(part->empty());
}

TEST_P(Journals, serve_many_at_once) {
    constexpr std::uint32_t kItems = 1000;
    list(0, kItems);
    Batch batch = *lease();
    std::vector<bool> done(kItems);
    auto record_one = [](Journal& journal, ObjectRecord row, std::vector<bool>& ended) -> Task<void> {
        std::uint32_t item = row.item;
        Result<void> recorded = co_await journal.record(std::move(row));
        ended[item] = recorded.has_value();
    };
    auto record_all = [&](runtime::Loop& loop) -> Task<bool> {
        runtime::TaskGroup group(loop);
        for (std::uint32_t item = 0; item < kItems; ++item) {
            ObjectRecord row = sample_record(batch.id, item, item);
            row.lease_epoch = batch.lease_epoch;
            group.spawn(record_one(journal(), std::move(row), done));
        }
        co_await group.wait();
        co_return true;
    };
    loop_.block_on(record_all(loop_));
    EXPECT_EQ(std::count(done.begin(), done.end(), true), kItems);
    ASSERT_TRUE(succeeded(finish(batch)));
    EXPECT_EQ(wait(journal().counts())->copied(), kItems);
}

Task<void> record_item(Journal& journal, const Batch& batch, std::uint32_t item, std::string& refused) {
    ObjectRecord row = sample_record(batch.id, item, item);
    row.lease_epoch = batch.lease_epoch;
    Result<void> recorded = co_await journal.record(std::move(row));
    if (!recorded) refused += std::to_string(item) + " ";
}

// Rows share a commit, not their fate; and what is counted is what is kept.
TEST(ExecutionLedgerRows, a_row_that_is_refused_takes_no_other_with_it) {
    runtime::IoLoop loop;
    KeptOnDisk kept(loop);
    auto all = [&]() -> Task<std::string> {
        Journal& journal = kept.journal();
        std::string refused;
        std::vector<model::KeyRange> everything(1);
        EXPECT_TRUE(succeeded(co_await journal.add_shards(std::move(everything))));
        ListingCommit commit;
        commit.shard = 1;
        for (std::uint32_t i = 0; i < 10; ++i) commit.ordinary.push_back(sample_object(i));
        EXPECT_TRUE(succeeded(co_await journal.commit_listing(std::move(commit))));
        auto batch = co_await journal.lease_batch(BatchKind::Ordinary);
        const Batch& leased = **batch;
        co_await record_item(journal, leased, 5, refused);
        runtime::TaskGroup group(loop);
        for (std::uint32_t i = 0; i < 10; ++i) group.spawn(record_item(journal, leased, i, refused));
        co_await group.wait();
        auto counts = co_await journal.counts();
        EXPECT_EQ(counts->copied(), 10u);
        co_return refused;
    };
    EXPECT_EQ(loop.block_on(all()), "5 ");
}

}  // namespace
}  // namespace godwit::ledger
