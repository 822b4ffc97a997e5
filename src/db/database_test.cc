// One suite for every database behind the port.
#include "db/database.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "db/migrations.h"
#include "db/testing/databases.h"

namespace godwit::db {
namespace {

using testing::failed_with;
using testing::succeeded;

constexpr std::array<Migration, 2> kMigrations{{
    {1, "CREATE TABLE things (id INTEGER PRIMARY KEY, number INTEGER, raw BLOB, words TEXT) STRICT",
     "CREATE TABLE things (id BIGINT PRIMARY KEY, number BIGINT, raw BYTEA, words TEXT)"},
    {2,
     "CREATE TABLE work (id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, state INTEGER NOT NULL, lease_owner "
     "TEXT, "
     "lease_epoch INTEGER NOT NULL DEFAULT 0, lease_expires_ns INTEGER NOT NULL DEFAULT 0) STRICT;"
     "CREATE INDEX open_work ON work (lane, id) WHERE state < 3",
     "CREATE TABLE work (id BIGINT PRIMARY KEY, lane BIGINT NOT NULL, state BIGINT NOT NULL, lease_owner "
     "TEXT, "
     "lease_epoch BIGINT NOT NULL DEFAULT 0, lease_expires_ns BIGINT NOT NULL DEFAULT 0);"
     "CREATE INDEX open_work ON work (lane, id) WHERE state < 3"},
}};
constexpr Schema kSchema{"things", kMigrations};

class Databases : public ::testing::TestWithParam<Dialect> {
  protected:
    void SetUp() override {
        database_ = testing::make_database(GetParam(), directory_);
        if (!database_) GTEST_SKIP() << testing::kNoPostgres;
        connection_ = connect();
        ASSERT_TRUE(succeeded(migrate(*connection_, kSchema)));
    }
    std::unique_ptr<Connection> connect(Access access = Access::Write) {
        auto connection = database_->connect(access);
        EXPECT_TRUE(succeeded(connection));
        return connection ? *std::move(connection) : nullptr;
    }
    std::unique_ptr<Statement> prepare(std::string_view sql) { return prepare(*connection_, sql); }
    static std::unique_ptr<Statement> prepare(Connection& connection, std::string_view sql) {
        auto statement = connection.prepare(sql);
        EXPECT_TRUE(succeeded(statement));
        return statement ? *std::move(statement) : nullptr;
    }
    Result<void> insert_thing(std::int64_t id, std::int64_t number = 0) {
        auto insert = prepare("INSERT INTO things (id, number) VALUES (?1, ?2)");
        return insert->run({Value::integer(id), Value::integer(number)});
    }
    std::int64_t count_things() {
        auto count = prepare("SELECT count(*) FROM things");
        return *count->first({}) ? count->integer(0) : -1;
    }
    // Ids from 1; each in the lane that `lanes` says.
    void add_work(std::initializer_list<int> lanes) {
        auto insert = prepare("INSERT INTO work (id, lane, state) VALUES (?1, ?2, 1)");
        std::int64_t id = 0;
        for (int lane : lanes)
            ASSERT_TRUE(succeeded(insert->run({Value::integer(++id), Value::integer(lane)})));
    }

    testing::TemporaryDirectory directory_;
    std::unique_ptr<Database> database_;
    std::unique_ptr<Connection> connection_;
};

INSTANTIATE_TEST_SUITE_P(All, Databases, ::testing::Values(Dialect::Sqlite, Dialect::Postgres),
                         [](const auto& test) { return testing::dialect_name(test.param); });

TEST_P(Databases, give_back_every_kind_of_value) {
    std::string bytes("\0\x01\xff\xfe?1'\"", 8);
    auto insert = prepare("INSERT INTO things (id, number, raw, words) VALUES (?1, ?2, ?3, ?4)");
    constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
    ASSERT_TRUE(succeeded(insert->run(
        {Value::integer(1), Value::integer(kLowest), Value::bytes(bytes), Value::text("Grüße")})));
    ASSERT_TRUE(
        succeeded(insert->run({Value::integer(2), Value::null(), Value::bytes(""), Value::text("")})));
    ASSERT_TRUE(
        succeeded(insert->run({Value::integer(3), Value::integer(-1), Value::null(), Value::null()})));

    auto select = prepare("SELECT number, raw, words FROM things ORDER BY id");
    ASSERT_TRUE(*select->step());
    EXPECT_EQ(select->column_count(), 3);
    EXPECT_EQ(select->integer(0), kLowest);
    EXPECT_EQ(select->bytes(1), bytes);
    EXPECT_EQ(select->text(2), "Grüße");
    ASSERT_TRUE(*select->step());
    EXPECT_TRUE(select->is_null(0));
    EXPECT_FALSE(select->is_null(1)) << "empty is not null";
    EXPECT_EQ(select->bytes(1), "");
    EXPECT_FALSE(select->is_null(2));
    ASSERT_TRUE(*select->step());
    EXPECT_EQ(select->integer(0), -1);
    EXPECT_TRUE(select->is_null(1));
    EXPECT_TRUE(select->is_null(2));
    EXPECT_FALSE(*select->step());
}

TEST_P(Databases, number_parameters_as_written_not_by_appearance) {
    auto select = prepare("SELECT CAST(?2 AS BIGINT), CAST(?1 AS BIGINT), CAST(?2 AS BIGINT)");
    ASSERT_TRUE(*select->first({Value::integer(10), Value::integer(20)}));
    EXPECT_EQ(select->integer(0), 20);
    EXPECT_EQ(select->integer(1), 10);
    EXPECT_EQ(select->integer(2), 20);
}

TEST_P(Databases, order_keys_as_unsigned_bytes) {
    auto insert = prepare("INSERT INTO things (id, raw) VALUES (?1, ?2)");
    std::int64_t id = 0;
    for (std::string_view key : {std::string_view("b"), std::string_view("a/"), std::string_view("a"),
                                 std::string_view("\xff"), std::string_view("a\0", 2), std::string_view("B")})
        ASSERT_TRUE(succeeded(insert->run({Value::integer(++id), Value::bytes(key)})));
    std::string order;
    auto select = prepare("SELECT id FROM things ORDER BY raw");
    while (*select->step()) order += std::to_string(select->integer(0));
    EXPECT_EQ(order, "635214");
}

TEST_P(Databases, accept_a_value_after_a_null_in_the_same_place) {
    auto update = prepare("UPDATE things SET number = ?1, raw = ?2 WHERE id = ?3");
    ASSERT_TRUE(succeeded(insert_thing(1)));
    ASSERT_TRUE(succeeded(update->run({Value::null(), Value::null(), Value::integer(1)})));
    ASSERT_TRUE(succeeded(update->run({Value::integer(7), Value::bytes("x"), Value::integer(1)})));
    EXPECT_EQ(update->changes(), 1);
    ASSERT_TRUE(succeeded(update->run({Value::integer(7), Value::bytes("x"), Value::integer(2)})));
    EXPECT_EQ(update->changes(), 0);
}

TEST_P(Databases, roll_back_what_was_not_committed) {
    {
        auto transaction = Transaction::begin(*connection_, Access::Write);
        ASSERT_TRUE(succeeded(transaction));
        ASSERT_TRUE(succeeded(insert_thing(1)));
        EXPECT_TRUE(connection_->in_transaction());
    }
    EXPECT_FALSE(connection_->in_transaction());
    EXPECT_EQ(count_things(), 0);
    auto transaction = Transaction::begin(*connection_, Access::Write);
    ASSERT_TRUE(succeeded(insert_thing(1)));
    ASSERT_TRUE(succeeded(transaction->commit()));
    EXPECT_EQ(count_things(), 1);
}

TEST_P(Databases, tell_a_second_row_of_the_same_key_as_exists) {
    ASSERT_TRUE(succeeded(insert_thing(1)));
    EXPECT_TRUE(failed_with(insert_thing(1), ErrorKind::Exists));
    EXPECT_TRUE(succeeded(insert_thing(2))) << "the connection can go on";
}

TEST_P(Databases, undo_one_savepoint_and_keep_the_rest) {
    auto transaction = Transaction::begin(*connection_, Access::Write);
    ASSERT_TRUE(succeeded(insert_thing(1)));
    ASSERT_TRUE(succeeded(connection_->execute("SAVEPOINT job")));
    ASSERT_TRUE(succeeded(insert_thing(2)));
    EXPECT_TRUE(failed_with(insert_thing(1), ErrorKind::Exists));
    ASSERT_TRUE(succeeded(connection_->execute("ROLLBACK TO SAVEPOINT job")));
    ASSERT_TRUE(succeeded(connection_->execute("RELEASE SAVEPOINT job")));
    ASSERT_TRUE(succeeded(insert_thing(3)));
    ASSERT_TRUE(succeeded(transaction->commit()));
    EXPECT_EQ(count_things(), 2);
}

TEST_P(Databases, refuse_to_write_through_a_read_connection) {
    auto reader = connect(Access::Read);
    auto insert = prepare(*reader, "INSERT INTO things (id) VALUES (?1)");
    EXPECT_TRUE(failed_with(insert->run({Value::integer(1)}), ErrorKind::Denied));
}

TEST_P(Databases, show_a_read_transaction_one_moment) {
    auto reader = connect(Access::Read);
    auto count = prepare(*reader, "SELECT count(*) FROM things");
    auto seen = [&] {
        std::int64_t things = *count->first({}) ? count->integer(0) : -1;
        count->reset();
        return things;
    };
    auto transaction = Transaction::begin(*reader, Access::Read);
    EXPECT_EQ(seen(), 0);
    ASSERT_TRUE(succeeded(insert_thing(1)));
    EXPECT_EQ(seen(), 0);
    ASSERT_TRUE(succeeded(transaction->commit()));
    EXPECT_EQ(seen(), 1);
}

TEST_P(Databases, append_in_bulk) {
    static constexpr std::array<std::string_view, 4> kColumns{"id", "number", "raw", "words"};
    auto append = connection_->bulk_append("things", kColumns);
    ASSERT_TRUE(succeeded(append));
    std::string long_bytes(100'000, '\xee');
    for (int round = 0; round < 2; ++round) {
        auto transaction = Transaction::begin(*connection_, Access::Write);
        for (std::int64_t id = 1; id <= 1'000; ++id) {
            std::array row{Value::integer(round * 1'000 + id), Value::integer(-id),
                           id == 500 ? Value::bytes(long_bytes) : Value::bytes("k"),
                           id % 2 ? Value::null() : Value::text("even")};
            ASSERT_TRUE(succeeded((*append)->append(row)));
        }
        ASSERT_TRUE(succeeded((*append)->finish()));
        ASSERT_TRUE(succeeded(transaction->commit()));
    }
    auto check = prepare(
        "SELECT count(*), CAST(sum(number) AS BIGINT), count(words), "
        "CAST(sum(length(raw)) AS BIGINT) FROM things");
    ASSERT_TRUE(*check->first({}));
    EXPECT_EQ(check->integer(0), 2'000);
    EXPECT_EQ(check->integer(1), -1'001'000);
    EXPECT_EQ(check->integer(2), 1'000);
    EXPECT_EQ(check->integer(3), 2 * (999 + 100'000));
}

TEST_P(Databases, refuse_a_bulk_row_that_exists) {
    static constexpr std::array<std::string_view, 1> kColumns{"id"};
    auto append = connection_->bulk_append("things", kColumns);
    ASSERT_TRUE(succeeded(insert_thing(1)));
    auto transaction = Transaction::begin(*connection_, Access::Write);
    std::array row{Value::integer(1)};
    Result<void> outcome = (*append)->append(row);
    if (outcome) outcome = (*append)->finish();
    EXPECT_TRUE(failed_with(outcome, ErrorKind::Exists));
}

TEST_P(Databases, lease_in_order_and_once) {
    add_work({0, 0, 0, 0, 0});
    auto lease = [&](std::int64_t count, std::int64_t now_ns) {
        auto transaction = Transaction::begin(*connection_, Access::Write);
        auto leased = connection_->lease({.table = "work",
                                          .count_max = count,
                                          .owner = "me",
                                          .now_ns = now_ns,
                                          .expires_ns = now_ns + 100});
        EXPECT_TRUE(succeeded(leased));
        EXPECT_TRUE(succeeded(transaction->commit()));
        std::string text;
        for (const Leased& row : *leased)
            text += std::to_string(row.id) + "@" + std::to_string(row.epoch) + " ";
        return text;
    };
    EXPECT_EQ(lease(2, 1'000), "1@1 2@1 ");
    EXPECT_EQ(lease(2, 1'050), "3@1 4@1 ");
    EXPECT_EQ(lease(9, 1'099), "5@1 ");
    EXPECT_EQ(lease(9, 1'099), "");
    EXPECT_EQ(lease(9, 1'100), "1@2 2@2 ") << "expired ones come again, in a new epoch";
    ASSERT_TRUE(succeeded(prepare("UPDATE work SET state = 3 WHERE id < 5")->run({})));
    EXPECT_EQ(lease(9, 9'999), "5@2 ") << "done ones never";
}

TEST_P(Databases, lease_from_one_lane_in_the_order_asked_for) {
    add_work({7, 8, 7, 8});
    auto transaction = Transaction::begin(*connection_, Access::Write);
    auto lease = [&](std::int64_t lane, std::string_view order) {
        auto leased = connection_->lease(
            {.table = "work", .lane = lane, .order = order, .owner = "me", .now_ns = 1, .expires_ns = 100});
        EXPECT_TRUE(succeeded(leased));
        return leased && leased->size() == 1 ? leased->front().id : -1;
    };
    EXPECT_EQ(lease(8, "id"), 2);
    EXPECT_EQ(lease(7, "id DESC"), 3);
    EXPECT_EQ(lease(7, "id DESC"), 1);
    EXPECT_EQ(lease(7, "id DESC"), -1);
    EXPECT_EQ(lease(9, "id"), -1);
    ASSERT_TRUE(succeeded(transaction->commit()));
}

TEST_P(Databases, pass_over_rows_that_another_is_leasing) {
    if (GetParam() == Dialect::Sqlite) GTEST_SKIP() << "SQLite has a single writer";
    add_work({0, 0, 0, 0});
    auto other = connect();
    auto mine = Transaction::begin(*connection_, Access::Write);
    auto theirs = Transaction::begin(*other, Access::Write);
    auto first =
        connection_->lease({.table = "work", .count_max = 2, .owner = "a", .now_ns = 1, .expires_ns = 9});
    auto second = other->lease({.table = "work", .count_max = 9, .owner = "b", .now_ns = 1, .expires_ns = 9});
    ASSERT_TRUE(succeeded(first) && succeeded(second));
    ASSERT_EQ(first->size(), 2u);
    ASSERT_EQ(second->size(), 2u);
    EXPECT_EQ((*second)[0].id, 3);
    ASSERT_TRUE(succeeded(theirs->commit()) && succeeded(mine->commit()));
}

TEST_P(Databases, tell_the_time) {
    auto now = connection_->now();
    ASSERT_TRUE(succeeded(now));
    EXPECT_NEAR(static_cast<double>(*now), static_cast<double>(system_clock().unix_time_ns()), 60e9);
}

TEST_P(Databases, wake_listeners_after_the_commit_only) {
    auto listener = database_->listen("news");
    auto other = database_->listen("else");
    ASSERT_TRUE(succeeded(listener) && succeeded(other));
    auto transaction = Transaction::begin(*connection_, Access::Write);
    ASSERT_TRUE(succeeded(connection_->notify("news")));
    EXPECT_FALSE(*(*listener)->wait(std::chrono::milliseconds(20)));
    ASSERT_TRUE(succeeded(transaction->commit()));
    EXPECT_TRUE(*(*listener)->wait(std::chrono::seconds(10)));
    EXPECT_FALSE(*(*listener)->wait(std::chrono::milliseconds(0))) << "heard once";
    EXPECT_FALSE(*(*other)->wait(std::chrono::milliseconds(0)));
}

TEST_P(Databases, wake_no_listener_for_what_was_rolled_back) {
    auto listener = database_->listen("news");
    {
        auto transaction = Transaction::begin(*connection_, Access::Write);
        ASSERT_TRUE(succeeded(connection_->notify("news")));
    }
    EXPECT_FALSE(*(*listener)->wait(std::chrono::milliseconds(20)));
    std::thread sender([&] { EXPECT_TRUE(succeeded(connection_->notify("news"))); });
    EXPECT_TRUE(*(*listener)->wait(std::chrono::seconds(10)));
    sender.join();
}

TEST_P(Databases, H81_migrate_once_and_go_on_where_it_stopped) {
    ASSERT_TRUE(succeeded(insert_thing(1)));
    ASSERT_TRUE(succeeded(migrate(*connection_, kSchema))) << "nothing is made twice";
    std::vector<Migration> more(kMigrations.begin(), kMigrations.end());
    more.push_back({3, "ALTER TABLE things ADD COLUMN colour TEXT; nonsense",
                    "ALTER TABLE things ADD COLUMN colour TEXT; nonsense"});
    EXPECT_TRUE(failed_with(migrate(*connection_, Schema{"things", more}), ErrorKind::Invalid));
    EXPECT_TRUE(succeeded(require_migrated(*connection_, kSchema))) << "the failed step left nothing";
    more[2] = {3, "ALTER TABLE things ADD COLUMN colour TEXT", "ALTER TABLE things ADD COLUMN colour TEXT"};
    EXPECT_TRUE(succeeded(migrate(*connection_, Schema{"things", more})));
    EXPECT_EQ(count_things(), 1);
}

TEST_P(Databases, H81_refuse_a_newer_schema_and_another_one) {
    Schema older{"things", std::span(kMigrations).first(1)};
    for (const Result<void>& outcome :
         {migrate(*connection_, older), require_migrated(*connection_, older)}) {
        ASSERT_TRUE(failed_with(outcome, ErrorKind::Unsupported));
        EXPECT_NE(outcome.error().cause().find("newer version"), std::string::npos)
            << outcome.error().message();
    }
    Schema other{"others", kMigrations};
    EXPECT_TRUE(failed_with(migrate(*connection_, other), ErrorKind::Corrupt));
    EXPECT_TRUE(failed_with(require_migrated(*connection_, other), ErrorKind::Corrupt));
}

TEST_P(Databases, ask_for_a_migration_before_an_old_schema_is_read) {
    std::vector<Migration> more(kMigrations.begin(), kMigrations.end());
    more.push_back({3, "SELECT 1", "SELECT 1"});
    EXPECT_TRUE(failed_with(require_migrated(*connection_, Schema{"things", more}), ErrorKind::Unsupported));
    more.back().for_writers = true;
    EXPECT_TRUE(succeeded(require_migrated(*connection_, Schema{"things", more})));
}

}  // namespace
}  // namespace godwit::db
