#include "ledger/queries.h"

#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "ledger/execution_ledger.h"
#include "ledger/testing/samples.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

using db::testing::failed_with;
using db::testing::succeeded;
using model::Outcome;
using testing::sample_key;
using testing::sample_record;

class Queries : public ::testing::Test {
  protected:
    void SetUp() override {
        auto index = Index::open(directory_ / "index.db");
        ASSERT_TRUE(succeeded(index));
        index_ = *std::move(index);
        auto ledger = ExecutionLedger::create({.path = path(),
                                               .loop = loop_,
                                               .index = *index_,
                                               .commit = {.group_wait_max = std::chrono::milliseconds(0)}},
                                              {.id = "exec-1", .task = "task-1", .options = "{}"});
        ASSERT_TRUE(succeeded(ledger));
        ledger_ = *std::move(ledger);
        ASSERT_TRUE(succeeded(wait(ledger_->add_shards(std::vector<model::KeyRange>(1)))));
    }
    std::string path() const { return directory_ / "exec-1.db"; }
    template <class T>
    T wait(Task<T> work) {
        return loop_.block_on(std::move(work));
    }
    // One batch with these records; their batch, item and epoch are filled in.
    void record(std::vector<ObjectRecord> records) {
        ListingCommit commit;
        commit.shard = 1;
        commit.unchanged.add(Outcome::Unchanged, 10, 1000);
        for (const ObjectRecord& row : records) {
            commit.ordinary.emplace_back();
            commit.ordinary.back().key = row.key;
        }
        ASSERT_TRUE(succeeded(wait(ledger_->commit_listing(std::move(commit)))));
        auto batch = wait(ledger_->lease_batch(BatchKind::Ordinary));
        ASSERT_TRUE(batch && *batch);
        for (std::uint32_t item = 0; item < records.size(); ++item) {
            ObjectRecord& row = records[item];
            row.batch = (*batch)->id;
            row.item = item;
            row.lease_epoch = (*batch)->lease_epoch;
            ASSERT_TRUE(succeeded(wait(ledger_->record(std::move(row)))));
        }
    }
    static ObjectRecord failed(std::uint64_t number, Scope scope, const std::string& code) {
        ObjectRecord row = sample_record(0, 0, number);
        row.outcome = Outcome::Failed;
        row.index = false;
        row.bytes = 0;
        row.scope = scope;
        row.error_kind = "denied";
        row.error_code = code;
        row.error_message = "open " + row.key.bytes() + ": no";
        return row;
    }
    // Read while the execution is open.
    std::unique_ptr<LedgerReader> reader() {
        auto opened = LedgerReader::open(path());
        GODWIT_CHECK(opened, "{}", opened.error().message());
        return *std::move(opened);
    }
    std::vector<std::string> keys(RowFilter filter) {
        auto opened = reader();
        RowScan scan(*opened, std::move(filter));
        std::vector<std::string> found;
        for (auto rows = scan.next(); rows && !rows->empty(); rows = scan.next())
            for (const OutcomeRow& row : *rows) found.push_back(row.record.key.bytes());
        return found;
    }

    db::testing::TemporaryDirectory directory_;
    runtime::IoLoop loop_;
    std::unique_ptr<Index> index_;
    std::unique_ptr<ExecutionLedger> ledger_;
};

TEST_F(Queries, find_rows_by_outcome_time_and_path) {
    ObjectRecord skipped = sample_record(0, 0, 3);
    skipped.outcome = Outcome::Skipped;
    skipped.reason = "archived";
    record({sample_record(0, 0, 1), failed(2, Scope::Source, "EACCES"), skipped});
    EXPECT_EQ(keys({}), (std::vector{sample_key(1), sample_key(2), sample_key(3)}));
    EXPECT_EQ(keys({.outcomes = {Outcome::Failed, Outcome::Skipped}, .path = {}}),
              (std::vector{sample_key(2), sample_key(3)}));
    EXPECT_EQ(keys({.outcomes = {}, .since_unix_ns = sample_record(0, 0, 2).ended_unix_ns, .path = {}}),
              (std::vector{sample_key(2), sample_key(3)}));
    EXPECT_EQ(keys({.outcomes = {}, .since_unix_ns = 0, .path = model::KeyPattern::glob("**/*1.tif")}),
              (std::vector{sample_key(1)}));
    EXPECT_TRUE(keys({.outcomes = {Outcome::Deleted}, .path = {}}).empty());
}

TEST_F(Queries, read_past_pages_in_which_nothing_matches) {
    constexpr std::uint64_t kRows = 2 * LedgerReader::kPageRowsMax / kBatchItemsMax + 1;
    for (std::uint64_t batch = 0; batch < kRows; ++batch) {
        std::vector<ObjectRecord> records;
        for (std::uint64_t i = 0; i < kBatchItemsMax; i += 64)
            records.push_back(sample_record(0, 0, batch * 10'000 + i));
        record(std::move(records));
    }
    record({failed(77'777'777, Scope::Source, "EIO")});
    EXPECT_EQ(keys({.outcomes = {Outcome::Failed}, .path = {}}), (std::vector{sample_key(77'777'777)}));
}

TEST_F(Queries, group_errors_most_frequent_first) {
    record({failed(1, Scope::Destination, "SlowDown"), failed(2, Scope::Source, "EACCES"),
            failed(3, Scope::Destination, "SlowDown"), sample_record(0, 0, 4), failed(5, Scope::Source, "")});
    auto groups = reader()->error_groups();
    ASSERT_TRUE(succeeded(groups));
    ASSERT_EQ(groups->size(), 3u);
    EXPECT_EQ((*groups)[0].code, "SlowDown");
    EXPECT_EQ((*groups)[0].scope, Scope::Destination);
    EXPECT_EQ((*groups)[0].count, 2u);
    EXPECT_EQ((*groups)[0].first_unix_ns, sample_record(0, 0, 1).ended_unix_ns);
    EXPECT_EQ((*groups)[0].sample.record.key.bytes(), sample_key(1));
    EXPECT_EQ((*groups)[0].sample.record.error_message, "open " + sample_key(1) + ": no");
    EXPECT_EQ((*groups)[1].code, "");
    EXPECT_EQ((*groups)[2].code, "EACCES");
}

TEST_F(Queries, trace_a_key_through_all_its_rows) {
    record({failed(1, Scope::Source, "EACCES"), sample_record(0, 0, 2)});
    record({sample_record(0, 0, 1)});
    auto rows = reader()->rows_of(model::Key(sample_key(1)));
    ASSERT_TRUE(succeeded(rows));
    ASSERT_EQ(rows->size(), 2u);
    EXPECT_EQ((*rows)[0].record.outcome, Outcome::Failed);
    EXPECT_EQ((*rows)[1].record.outcome, Outcome::Verified);
    EXPECT_TRUE(reader()->rows_of(model::Key("none"))->empty());
}

TEST_F(Queries, add_up_by_reason_and_by_evidence) {
    ObjectRecord archived = sample_record(0, 0, 3);
    archived.outcome = Outcome::Skipped;
    archived.reason = "archived";
    archived.evidence.level = model::EvidenceLevel::None;
    ObjectRecord special = archived;
    special.reason = "special";
    ObjectRecord read_back = sample_record(0, 0, 5);
    read_back.evidence.level = model::EvidenceLevel::ReadBack;
    record({sample_record(0, 0, 1), sample_record(0, 0, 2), archived, special, read_back});
    auto counters = reader()->counters();
    ASSERT_TRUE(succeeded(counters));
    std::string text;
    for (const CountEntry& entry : *counters)
        text += std::string(to_string(entry.outcome)) + ":" + entry.reason + "=" +
                std::to_string(entry.objects) + " ";
    EXPECT_EQ(text, "verified:=3 unchanged:=10 skipped:archived=1 skipped:special=1 ");
    auto levels = reader()->levels();
    ASSERT_TRUE(succeeded(levels));
    ASSERT_EQ(levels->size(), 3u);
    EXPECT_EQ((*levels)[0].level, model::EvidenceLevel::ReadBack);
    EXPECT_EQ((*levels)[0].objects, 1u);
    EXPECT_EQ((*levels)[1].level, model::EvidenceLevel::Attested);
    EXPECT_EQ((*levels)[1].objects, 2u);
    EXPECT_EQ((*levels)[1].bytes, 8192u);
    EXPECT_EQ(reader()->counts()->listed(), 15u);
    EXPECT_EQ(reader()->head()->task, "task-1");
}

TEST_F(Queries, of_a_ledger_that_is_not_there_are_not_found) {
    EXPECT_TRUE(failed_with(LedgerReader::open(directory_ / "none.db"), ErrorKind::NotFound));
}

TEST_F(Queries, of_another_kind_of_file_are_refused) {
    EXPECT_TRUE(failed_with(LedgerReader::open(directory_ / "index.db"), ErrorKind::Corrupt));
}

}  // namespace
}  // namespace godwit::ledger
