#include "ledger/index.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "db/testing/databases.h"
#include "ledger/execution_ledger.h"
#include "ledger/replay.h"
#include "ledger/testing/samples.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

using db::testing::failed_with;
using db::testing::succeeded;
using testing::sample_key;
using testing::sample_record;

class Indexes : public ::testing::Test {
  protected:
    Indexes() { open(); }
    void open() {
        index_.reset();
        auto index = Index::open(directory_ / "index.db");
        ASSERT_TRUE(succeeded(index));
        index_ = *std::move(index);
    }
    IndexedExecution enter(const std::string& id) {
        auto execution = index_->enter(id);
        EXPECT_TRUE(succeeded(execution));
        return *execution;
    }
    static void add(IndexChanges& changes, std::uint64_t number, IndexEffect effect = IndexEffect::Put) {
        ObjectRecord record = sample_record(1, 0, number);
        changes.add({effect, record.evidence.level, record.key.bytes(), pack(record.evidence), 77});
    }
    void put(std::int64_t execution, std::uint64_t number, std::int64_t seq,
             IndexEffect effect = IndexEffect::Put) {
        IndexChanges changes;
        add(changes, number, effect);
        index_->apply(execution, std::move(changes), seq);
        ASSERT_TRUE(succeeded(index_->flush()));
    }
    std::vector<model::IndexRow> page(const model::KeyRange& range = {}) {
        auto rows = index_->page(range);
        EXPECT_TRUE(succeeded(rows));
        return rows ? *rows : std::vector<model::IndexRow>();
    }
    std::string keys() {
        std::string text;
        for (const model::IndexRow& row : page())
            text += row.key.bytes().substr(row.key.size() - 5, 1) + row.execution.back() + " ";
        return text;
    }

    db::testing::TemporaryDirectory directory_;
    std::unique_ptr<Index> index_;
};

TEST(IndexChanges, long_keys_take_the_room_of_several_rows) {
    const std::string long_key(1024, 'k'), evidence(100, 'e');
    IndexChanges usual, longest;
    for (int i = 0; i < 100; ++i) {
        usual.add({.key = "photos/2024/0001.jpg", .evidence = evidence});
        longest.add({.key = long_key, .evidence = evidence});
    }
    EXPECT_EQ(usual.rows_to_hold(), 100u);
    EXPECT_EQ(longest.rows_to_hold(), 100u * 1124 / IndexChanges::kHeldRowBytes);
}

TEST_F(Indexes, number_executions_in_their_order_and_remember_them) {
    EXPECT_EQ(enter("exec-a").number, 1);
    EXPECT_EQ(enter("exec-b").number, 2);
    EXPECT_EQ(enter("exec-a").number, 1);
    open();
    EXPECT_EQ(enter("exec-b").number, 2);
    EXPECT_EQ(enter("exec-c").number, 3);
}

TEST_F(Indexes, give_rows_in_key_order_page_by_page) {
    enter("exec-a");
    constexpr std::uint64_t kRows = kIndexPageRowsMax + 10;
    IndexChanges changes;
    for (std::uint64_t i = kRows; i > 0; --i) add(changes, i);
    index_->apply(1, std::move(changes), static_cast<std::int64_t>(kRows));
    ASSERT_TRUE(succeeded(index_->flush()));
    std::vector<model::IndexRow> first = page();
    ASSERT_EQ(first.size(), kIndexPageRowsMax);
    EXPECT_EQ(first.front().key.bytes(), sample_key(1));
    std::vector<model::IndexRow> second = page({.after = first.back().key.bytes(), .before = {}});
    ASSERT_EQ(second.size(), 10u);
    EXPECT_EQ(second.back().key.bytes(), sample_key(kRows));
    EXPECT_EQ(page({.after = sample_key(3), .before = sample_key(6)}).size(), 2u);
    EXPECT_TRUE(page({.after = sample_key(kRows), .before = {}}).empty());
}

TEST_F(Indexes, keep_the_last_of_several_changes_to_a_key) {
    enter("exec-a");
    IndexChanges changes;
    add(changes, 1);
    add(changes, 2);
    add(changes, 1, IndexEffect::Remove);
    add(changes, 2, IndexEffect::Remove);
    add(changes, 2);
    index_->apply(1, std::move(changes), 5);
    ASSERT_TRUE(succeeded(index_->flush()));
    EXPECT_EQ(keys(), "2a ");
}

TEST_F(Indexes, never_take_an_earlier_executions_word_for_a_later_ones) {
    enter("exec-a");
    enter("exec-b");
    put(2, 1, 1);
    put(1, 1, 1);
    EXPECT_EQ(keys(), "1b ");
    put(1, 1, 2, IndexEffect::Remove);
    EXPECT_EQ(keys(), "1b ");
    put(2, 1, 2, IndexEffect::Remove);
    EXPECT_EQ(keys(), "");
}

TEST_F(Indexes, remember_how_far_a_ledger_was_applied) {
    enter("exec-a");
    put(1, 1, 17);
    open();
    EXPECT_EQ(enter("exec-a").applied_seq, 17);
    EXPECT_FALSE(enter("exec-a").complete);
    ASSERT_TRUE(succeeded(index_->complete(1, 20)));
    open();
    EXPECT_EQ(enter("exec-a").applied_seq, 20);
    EXPECT_TRUE(enter("exec-a").complete);
}

TEST_F(Indexes, can_be_read_while_they_are_written) {
    enter("exec-a");
    put(1, 1, 1);
    auto reader = IndexReader::open(directory_ / "index.db");
    ASSERT_TRUE(succeeded(reader));
    put(1, 2, 2);
    EXPECT_EQ(*(*reader)->count(), 2u);
    auto row = (*reader)->find(model::Key(sample_key(2)));
    ASSERT_TRUE(row && *row);
    EXPECT_EQ((*row)->execution, "exec-a");
    EXPECT_EQ((*row)->unix_ns, 77);
    auto none = (*reader)->find(model::Key("none"));
    ASSERT_TRUE(succeeded(none));
    EXPECT_FALSE(*none);
}

TEST_F(Indexes, that_do_not_exist_are_not_found) {
    EXPECT_TRUE(failed_with(IndexReader::open(directory_ / "none.db"), ErrorKind::NotFound));
}

// An index that could not write something writes nothing more, so that its marks stay true.
TEST_F(Indexes, stop_at_the_first_change_that_cannot_be_written) {
    enter("exec-a");
    put(1, 1, 1);
    IndexChanges changes;
    add(changes, 2);
    // The database itself refuses the change.
    index_.reset();
    {
        auto connection = db::SqliteDatabase({.path = directory_ / "index.db"}).connect(db::Access::Write);
        ASSERT_TRUE(succeeded((*connection)
                                  ->execute("CREATE TRIGGER refuse BEFORE INSERT ON objects WHEN new.level = "
                                            "2 BEGIN SELECT RAISE(ABORT, 'no'); END")));
    }
    open();
    index_->apply(1, std::move(changes), 2);
    EXPECT_FALSE(index_->flush());
    IndexChanges good;
    good.add({IndexEffect::Put, model::EvidenceLevel::None, "key", pack(model::Evidence()), 1});
    index_->apply(1, std::move(good), 3);
    EXPECT_FALSE(index_->flush());
    EXPECT_FALSE(index_->complete(1, 3));
    open();
    EXPECT_EQ(enter("exec-a").applied_seq, 1);
    EXPECT_EQ(keys(), "1a ");
}

class Replays : public Indexes {
  protected:
    // An execution with `records` rows: the even ones proved something, the odd ones failed.
    void run(const std::string& id, std::uint32_t records) {
        auto ledger = ExecutionLedger::create({.path = directory_ / (id + ".db"),
                                               .loop = loop_,
                                               .index = *index_,
                                               .commit = {.group_wait_max = std::chrono::milliseconds(0)}},
                                              {.id = id, .task = "task-1"});
        ASSERT_TRUE(succeeded(ledger));
        ASSERT_TRUE(succeeded(loop_.block_on((*ledger)->add_shards(std::vector<model::KeyRange>(1)))));
        ListingCommit commit;
        commit.shard = 1;
        for (std::uint32_t i = 0; i < records; ++i) commit.ordinary.push_back(testing::sample_object(i));
        ASSERT_TRUE(succeeded(loop_.block_on((*ledger)->commit_listing(std::move(commit)))));
        ASSERT_TRUE(succeeded(loop_.block_on((*ledger)->lease_batch(BatchKind::Ordinary))));
        for (std::uint32_t i = 0; i < records; ++i) {
            ObjectRecord record = sample_record(1, i, i);
            record.index = i % 2 == 0;
            record.outcome = record.index ? model::Outcome::Verified : model::Outcome::Failed;
            ASSERT_TRUE(succeeded(loop_.block_on((*ledger)->record(std::move(record)))));
        }
        ASSERT_TRUE(succeeded((*ledger)->close()));
    }
    void lose_index() {
        index_.reset();
        for (const char* suffix : {"", "-wal", "-shm"})
            std::filesystem::remove(directory_ / (std::string("index.db") + suffix));
        open();
    }

    runtime::IoLoop loop_;
};

TEST_F(Replays, make_a_lost_index_anew) {
    run("exec-a", 5);
    EXPECT_EQ(keys(), "0a 2a 4a ");
    lose_index();
    EXPECT_EQ(keys(), "");
    auto seq = replay(directory_ / "exec-a.db", "exec-a", *index_, true);
    ASSERT_TRUE(succeeded(seq));
    EXPECT_EQ(keys(), "0a 2a 4a ");
    EXPECT_EQ(enter("exec-a").applied_seq, *seq);
    EXPECT_TRUE(enter("exec-a").complete);
}

TEST_F(Replays, go_on_behind_the_mark) {
    run("exec-a", 5);
    lose_index();
    enter("exec-a");
    put(1, 9, 3);  // as if rows up to seq 3 were in
    ASSERT_TRUE(succeeded(replay(directory_ / "exec-a.db", "exec-a", *index_, false)));
    EXPECT_EQ(keys(), "4a 9a ");
    EXPECT_FALSE(enter("exec-a").complete);
}

TEST_F(Replays, change_nothing_the_second_time) {
    run("exec-a", 5);
    ASSERT_TRUE(succeeded(replay(directory_ / "exec-a.db", "exec-a", *index_, false)));
    EXPECT_EQ(keys(), "0a 2a 4a ");
}

TEST_F(Replays, of_a_ledger_that_is_not_there_are_not_found) {
    EXPECT_TRUE(failed_with(replay(directory_ / "none.db", "exec-a", *index_, false), ErrorKind::NotFound));
}

}  // namespace
}  // namespace godwit::ledger
