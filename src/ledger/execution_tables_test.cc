// The tables of an execution on both databases: what the engine never sees but relies on.
#include "ledger/execution_tables.h"

#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "ledger/schema.h"
#include "ledger/testing/samples.h"

namespace godwit::ledger {
namespace {

using db::testing::failed_with;
using db::testing::succeeded;
using model::Outcome;
using testing::sample_object;
using testing::sample_record;

class Tables : public ::testing::TestWithParam<db::Dialect> {
  protected:
    void SetUp() override {
        database_ = db::testing::make_database(GetParam(), directory_);
        if (!database_) GTEST_SKIP() << db::testing::kNoPostgres;
        auto connection = database_->connect(db::Access::Write);
        ASSERT_TRUE(succeeded(connection));
        connection_ = *std::move(connection);
        ASSERT_TRUE(succeeded(db::migrate(*connection_, kExecutionSchema)));
        open();
        ASSERT_TRUE(succeeded(commit([&] { return tables_->add_shards({{}}); })));
    }
    // As another process would find them.
    void open() {
        tables_ = std::make_unique<ExecutionTables>(*connection_);
        ASSERT_TRUE(succeeded(tables_->load()));
    }
    // One transaction, as the group writer runs it.
    template <class F>
    auto commit(F change) -> decltype(change()) {
        auto transaction = db::Transaction::begin(*connection_, db::Access::Write);
        EXPECT_TRUE(succeeded(transaction));
        tables_->begun();
        auto result = change();
        if (!result) return result;
        EXPECT_TRUE(succeeded(tables_->before_commit(*connection_)));
        EXPECT_TRUE(succeeded(transaction->commit()));
        tables_->committed();
        return result;
    }
    // One that is rolled back after all.
    template <class F>
    void roll_back(F change) {
        auto transaction = db::Transaction::begin(*connection_, db::Access::Write);
        tables_->begun();
        EXPECT_TRUE(succeeded(change()));
    }
    Result<void> list(std::uint64_t first, std::uint64_t count) {
        ListingCommit found;
        found.shard = 1;
        found.cursor = testing::sample_key(first + count);
        for (std::uint64_t i = 0; i < count; ++i) found.ordinary.push_back(sample_object(first + i));
        auto batches = encode_batches(BatchKind::Ordinary, found.ordinary);
        return commit([&] { return tables_->commit_listing(found, batches); });
    }
    std::optional<Batch> lease(std::int64_t now_ns = 0) {
        auto batch = commit([&] {
            return tables_->lease(BatchKind::Ordinary,
                                  {.owner = "me", .now_ns = now_ns, .expires_ns = now_ns + 100});
        });
        EXPECT_TRUE(succeeded(batch));
        return batch ? *std::move(batch) : std::nullopt;
    }
    Result<std::int64_t> insert(const ObjectRecord& record) {
        return tables_->record(record, pack(record.evidence));
    }
    Result<std::int64_t> record(const ObjectRecord& record) {
        return commit([&] { return insert(record); });
    }
    std::vector<OutcomeRow> rows() {
        std::vector<OutcomeRow> found;
        EXPECT_TRUE(succeeded(for_each_row(tables_->statements(), Sql::OutcomePage,
                                           {db::Value::integer(0), db::Value::integer(100)},
                                           [&](db::Statement& statement) -> Result<void> {
                                               GODWIT_TRY(OutcomeRow row, read_outcome(statement, "test"));
                                               found.push_back(std::move(row));
                                               return {};
                                           })));
        return found;
    }

    db::testing::TemporaryDirectory directory_;
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<db::Connection> connection_;
    std::unique_ptr<ExecutionTables> tables_;
};

INSTANTIATE_TEST_SUITE_P(All, Tables, ::testing::Values(db::Dialect::Sqlite, db::Dialect::Postgres),
                         [](const auto& test) { return db::testing::dialect_name(test.param); });

TEST_P(Tables, give_back_a_row_with_all_that_it_says) {
    ASSERT_TRUE(succeeded(list(0, 2)));
    ASSERT_TRUE(lease());
    ObjectRecord full = sample_record(1, 0, 7);
    full.key = model::Key(std::string("\0\xff\n?1'", 6));
    full.outcome = Outcome::Failed;
    full.type = model::ObjectType::Symlink;
    full.evidence.destination_digest = Digest::of_crc64(99);
    full.scope = Scope::Destination;
    full.error_kind = "denied";
    full.error_code = "AccessDenied";
    full.error_message = "put s3://b/\xc3\xa4: it is forbidden";
    full.attempts = 5;
    full.index = false;
    ObjectRecord plain = sample_record(1, 1, 8);
    plain.reason = "archived";
    ASSERT_TRUE(succeeded(record(full)));
    ASSERT_TRUE(succeeded(record(plain)));
    auto found = rows();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_LT(found[0].seq, found[1].seq);
    const ObjectRecord& back = found[0].record;
    EXPECT_EQ(back.batch, 1);
    EXPECT_EQ(back.item, 0u);
    EXPECT_EQ(back.key, full.key);
    EXPECT_EQ(back.type, full.type);
    EXPECT_EQ(back.outcome, full.outcome);
    EXPECT_EQ(back.bytes, full.bytes);
    EXPECT_EQ(back.evidence.level, full.evidence.level);
    EXPECT_EQ(back.evidence.source, full.evidence.source);
    EXPECT_EQ(back.evidence.destination, full.evidence.destination);
    EXPECT_EQ(back.evidence.source_digest, full.evidence.source_digest);
    EXPECT_EQ(back.evidence.destination_digest, full.evidence.destination_digest);
    EXPECT_EQ(back.scope, full.scope);
    EXPECT_EQ(back.error_kind, full.error_kind);
    EXPECT_EQ(back.error_code, full.error_code);
    EXPECT_EQ(back.error_message, full.error_message);
    EXPECT_EQ(back.attempts, full.attempts);
    EXPECT_EQ(back.started_unix_ns, full.started_unix_ns);
    EXPECT_EQ(back.ended_unix_ns, full.ended_unix_ns);
    EXPECT_FALSE(back.index);
    EXPECT_EQ(found[1].record.reason, "archived");
    EXPECT_EQ(found[1].record.scope, Scope::None);
    EXPECT_EQ(found[1].record.error_kind, "");
    EXPECT_TRUE(found[1].record.index);
}

TEST_P(Tables, keep_messages_of_any_bytes_readable) {
    ASSERT_TRUE(succeeded(list(0, 1)));
    ASSERT_TRUE(lease());
    ObjectRecord bad = sample_record(1, 0, 0);
    bad.error_kind = "invalid";
    bad.error_code = "\xff";
    bad.error_message = std::string("\0\x1b[2J\xc3", 6);
    ASSERT_TRUE(succeeded(record(bad)));
    EXPECT_EQ(rows()[0].record.error_code, "\\xff");
    EXPECT_EQ(rows()[0].record.error_message, "\\x00\\x1b[2J\\xc3");
}

// I9: a commit checks the lease's epoch in its own transaction.
TEST_P(Tables, refuse_what_is_recorded_under_a_lost_lease) {
    ASSERT_TRUE(succeeded(list(0, 2)));
    Batch mine = *lease(0);
    ASSERT_TRUE(succeeded(record(sample_record(1, 0, 0))));
    Batch theirs = *lease(100);
    EXPECT_EQ(theirs.id, mine.id);
    EXPECT_EQ(theirs.items.size(), 1u);
    auto late = record(sample_record(1, 1, 1));
    ASSERT_TRUE(failed_with(late, ErrorKind::Changed));
    EXPECT_EQ(late.error().code(), "LeaseLost");
    EXPECT_TRUE(
        failed_with(commit([&] { return tables_->finish(1, mine.lease_epoch); }), ErrorKind::Changed));
    EXPECT_TRUE(
        failed_with(commit([&] { return tables_->renew(1, mine.lease_epoch, 900); }), ErrorKind::Changed));
    ObjectRecord right = sample_record(1, 1, 1);
    right.lease_epoch = theirs.lease_epoch;
    EXPECT_TRUE(succeeded(record(right)));
    EXPECT_TRUE(succeeded(commit([&] { return tables_->finish(1, theirs.lease_epoch); })));
    EXPECT_EQ(rows().size(), 2u);
}

TEST_P(Tables, lengthen_a_lease) {
    ASSERT_TRUE(succeeded(list(0, 1)));
    Batch batch = *lease(0);
    ASSERT_TRUE(succeeded(commit([&] { return tables_->renew(1, batch.lease_epoch, 500); })));
    EXPECT_FALSE(lease(499));
    EXPECT_TRUE(lease(500));
}

// I8: each object ends once.
TEST_P(Tables, refuse_a_second_end_of_an_item_also_after_a_restart) {
    ASSERT_TRUE(succeeded(list(0, 2)));
    ASSERT_TRUE(lease());
    ASSERT_TRUE(succeeded(record(sample_record(1, 0, 0))));
    EXPECT_TRUE(failed_with(record(sample_record(1, 0, 0)), ErrorKind::Exists));
    EXPECT_TRUE(
        failed_with(commit([&] { return tables_->defer(1, 0, sample_object(0)); }), ErrorKind::Exists));
    EXPECT_TRUE(failed_with(record(sample_record(1, 2, 0)), ErrorKind::Invalid)) << "there are two items";
    open();
    EXPECT_TRUE(failed_with(record(sample_record(1, 0, 0)), ErrorKind::Exists));
    EXPECT_TRUE(succeeded(record(sample_record(1, 1, 1))));
    EXPECT_EQ(rows().size(), 2u);
}

TEST_P(Tables, forget_what_was_rolled_back) {
    ASSERT_TRUE(succeeded(list(0, 2)));
    ASSERT_TRUE(lease());
    ASSERT_TRUE(succeeded(record(sample_record(1, 0, 0))));
    roll_back([&] { return insert(sample_record(1, 1, 1)); });
    EXPECT_EQ(rows().size(), 1u);
    EXPECT_TRUE(failed_with(commit([&] { return tables_->finish(1, 1); }), ErrorKind::Invalid))
        << "item 1 has no end yet";
    EXPECT_TRUE(succeeded(record(sample_record(1, 1, 1))));
    EXPECT_TRUE(succeeded(commit([&] { return tables_->finish(1, 1); })));
    EXPECT_EQ(tables_->counts()->copied(), 2u);
    EXPECT_TRUE(succeeded(verify_counters(tables_->statements())));
}

TEST_P(Tables, A8_gather_names_again_when_that_was_rolled_back) {
    ListingCommit found;
    found.shard = 1;
    for (std::uint64_t i = 0; i < 3; ++i) {
        found.hard_links.push_back(sample_object(i));
        found.hard_links.back().hard_link = model::HardLink{.device = 1, .inode = i / 2, .names = 2};
    }
    found.hard_links.front().action = model::PlanAction::Skip;
    found.hard_links.front().reason = model::SkipReason::Unchanged;
    ASSERT_TRUE(succeeded(commit([&] { return tables_->commit_listing(found, {}); })));
    LeaseTerms terms{.owner = "me", .now_ns = 1, .expires_ns = 2};
    roll_back([&] { return tables_->lease(BatchKind::HardLinks, terms); });
    auto batch = commit([&] { return tables_->lease(BatchKind::HardLinks, terms); });
    ASSERT_TRUE(succeeded(batch) && *batch);
    EXPECT_EQ((*batch)->items.size(), 3u);
    EXPECT_EQ(tables_->counts()->listed(), 0u);
}

TEST_P(Tables, hand_the_index_only_what_was_committed) {
    ASSERT_TRUE(succeeded(list(0, 4)));
    ASSERT_TRUE(lease());
    roll_back([&] { return insert(sample_record(1, 0, 0)); });
    ObjectRecord failed = sample_record(1, 1, 1);
    failed.outcome = Outcome::Failed;
    failed.index = false;
    ObjectRecord deleted = sample_record(1, 2, 2);
    deleted.outcome = Outcome::Deleted;
    ASSERT_TRUE(succeeded(commit([&]() -> Result<void> {
        GODWIT_TRY_VOID(insert(failed));
        GODWIT_TRY_VOID(insert(deleted));
        GODWIT_TRY_VOID(insert(sample_record(1, 3, 3)));
        return {};
    })));
    IndexChanges changes = tables_->take_index_changes();
    ASSERT_EQ(changes.size(), 2u);
    EXPECT_EQ(changes[0].effect, IndexEffect::Remove);
    EXPECT_EQ(changes[0].key, testing::sample_key(2));
    EXPECT_EQ(changes[1].effect, IndexEffect::Put);
    EXPECT_EQ(changes[1].evidence, pack(sample_record(1, 3, 3).evidence));
}

TEST_P(Tables, notice_counters_that_disagree_with_the_rows) {
    ASSERT_TRUE(succeeded(list(0, 2)));
    ASSERT_TRUE(lease());
    ASSERT_TRUE(succeeded(record(sample_record(1, 0, 0))));
    EXPECT_TRUE(succeeded(verify_counters(tables_->statements())));
    ASSERT_TRUE(succeeded(connection_->execute("UPDATE counts SET objects = objects + 1 WHERE origin = 2")));
    auto wrong = verify_counters(tables_->statements());
    ASSERT_TRUE(failed_with(wrong, ErrorKind::Corrupt));
    EXPECT_NE(wrong.error().cause().find("2 verified"), std::string::npos) << wrong.error().message();
    ASSERT_TRUE(succeeded(connection_->execute("DELETE FROM counts")));
    EXPECT_TRUE(failed_with(verify_counters(tables_->statements()), ErrorKind::Corrupt));
}

TEST_P(Tables, refuse_to_advance_a_complete_shard) {
    ListingCommit last;
    last.shard = 1;
    last.complete = true;
    ASSERT_TRUE(succeeded(commit([&] { return tables_->commit_listing(last, {}); })));
    EXPECT_TRUE(failed_with(list(0, 1), ErrorKind::Changed));
    last.shard = 2;
    EXPECT_TRUE(failed_with(commit([&] { return tables_->commit_listing(last, {}); }), ErrorKind::Changed));
    EXPECT_EQ(*tables_->open_batches(), 0u) << "nothing of a refused commit stays";
}

TEST_P(Tables, cut_long_lists_into_batches) {
    ASSERT_TRUE(succeeded(list(0, 2500)));
    std::string sizes;
    while (std::optional<Batch> batch = lease()) sizes += std::to_string(batch->items.size()) + " ";
    EXPECT_EQ(sizes, "1024 1024 452 ");
}

TEST_P(Tables, keep_what_could_not_be_listed) {
    ListingCommit found;
    found.shard = 1;
    found.unreadable = {"list /a\n: Permission denied", "list /b: Permission denied"};
    ASSERT_TRUE(succeeded(commit([&] { return tables_->commit_listing(found, {}); })));
    EXPECT_EQ(*tables_->unlisted(10),
              (std::vector<std::string>{"list /a\\x0a: Permission denied", "list /b: Permission denied"}));
    EXPECT_EQ(tables_->unlisted(1)->size(), 1u);
}

TEST_P(Tables, free_the_space_of_a_finished_batch) {
    ASSERT_TRUE(succeeded(list(0, 1)));
    ASSERT_TRUE(lease());
    ASSERT_TRUE(succeeded(record(sample_record(1, 0, 0))));
    ASSERT_TRUE(succeeded(commit([&] { return tables_->finish(1, 1); })));
    auto size = connection_->prepare("SELECT CAST(length(items) AS BIGINT) FROM batches");
    ASSERT_TRUE(*(*size)->first({}));
    EXPECT_EQ((*size)->integer(0), 0);
}

TEST_P(Tables, tell_what_the_execution_is) {
    EXPECT_TRUE(failed_with(tables_->head(), ErrorKind::NotFound));
    ExecutionHead head{.id = "exec-1",
                       .task = "task-1",
                       .options = "{\"a\":1}",
                       .staging_token = "t",
                       .status = model::ExecutionStatus::Queued,
                       .created_unix_ns = 7};
    ASSERT_TRUE(succeeded(commit([&] { return tables_->insert_head(head); })));
    ASSERT_TRUE(
        succeeded(commit([&] { return tables_->set_status(model::ExecutionStatus::Transferring, 8); })));
    auto found = tables_->head();
    ASSERT_TRUE(succeeded(found));
    EXPECT_EQ(found->options, head.options);
    EXPECT_EQ(found->status, model::ExecutionStatus::Transferring);
    EXPECT_FALSE(found->ended_unix_ns);
    ASSERT_TRUE(succeeded(commit([&] { return tables_->set_status(model::ExecutionStatus::Clean, 9); })));
    EXPECT_EQ(tables_->head()->ended_unix_ns, 9);
}

}  // namespace
}  // namespace godwit::ledger
