// What is PostgreSQL's own: its errors, a lost server.
#include "db/postgres.h"

#include <gtest/gtest.h>

#include "db/postgres_errors.h"
#include "db/testing/databases.h"

namespace godwit::db {
namespace {

using testing::failed_with;
using testing::succeeded;

TEST(PostgresErrors, have_the_kind_that_says_what_to_do) {
    struct Row {
        const char* state;
        ErrorKind kind;
    };
    for (const Row& row : {
             Row{"23505", ErrorKind::Exists},      Row{"23502", ErrorKind::Invalid},
             Row{"53100", ErrorKind::Full},        Row{"53300", ErrorKind::Busy},
             Row{"53200", ErrorKind::Busy},        Row{"40001", ErrorKind::Busy},
             Row{"40P01", ErrorKind::Busy},        Row{"55P03", ErrorKind::Busy},
             Row{"57014", ErrorKind::Cancelled},   Row{"57P01", ErrorKind::Lost},
             Row{"57P03", ErrorKind::Busy},        Row{"08006", ErrorKind::Lost},
             Row{"28P01", ErrorKind::Denied},      Row{"42501", ErrorKind::Denied},
             Row{"25006", ErrorKind::Denied},      Row{"3D000", ErrorKind::NotFound},
             Row{"42P01", ErrorKind::NotFound},    Row{"42601", ErrorKind::Invalid},
             Row{"0A000", ErrorKind::Unsupported}, Row{"XX001", ErrorKind::Corrupt},
             Row{"58030", ErrorKind::Corrupt},     Row{"99999", ErrorKind::Invalid},
         })
        EXPECT_EQ(postgres_kind(row.state), row.kind) << row.state;
}

TEST(PostgresServer, that_is_not_there_is_lost) {
    PostgresDatabase database({.connection = "host=/nonexistent user=test password=hunter2"});
    auto connection = database.connect(Access::Read);
    ASSERT_TRUE(failed_with(connection, ErrorKind::Lost));
    EXPECT_EQ(connection.error().message().find("hunter2"), std::string::npos);
}

class Postgres : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!testing::shared_postgres()) GTEST_SKIP() << testing::kNoPostgres;
        database_ = testing::shared_postgres()->database("own");
        auto connection = database_->connect(Access::Write);
        ASSERT_TRUE(succeeded(connection));
        connection_ = *std::move(connection);
        ASSERT_TRUE(succeeded(connection_->execute(
            "DROP SCHEMA own CASCADE; CREATE SCHEMA own; CREATE TABLE t (id BIGINT PRIMARY KEY, b BYTEA)")));
    }
    std::unique_ptr<PostgresDatabase> database_;
    std::unique_ptr<Connection> connection_;
};

TEST_F(Postgres, session_that_was_ended_is_lost) {
    auto other = database_->connect(Access::Write);
    ASSERT_TRUE(succeeded((*other)->execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
        "application_name = 'godwit'")));
    auto statement = connection_->prepare("SELECT count(*) FROM t");
    EXPECT_TRUE(failed_with((*statement)->first({}), ErrorKind::Lost));
    EXPECT_TRUE(failed_with(connection_->begin(Access::Write), ErrorKind::Lost));
}

TEST_F(Postgres, commit_of_a_failed_transaction_is_no_success) {
    ASSERT_TRUE(succeeded(connection_->begin(Access::Write)));
    EXPECT_FALSE(connection_->execute("nonsense"));
    EXPECT_TRUE(failed_with(connection_->commit(), ErrorKind::Invalid));
    EXPECT_FALSE(connection_->in_transaction());
}

TEST_F(Postgres, statement_outlives_a_failed_run) {
    auto statement = connection_->prepare("INSERT INTO t (id, b) VALUES (?1, ?2)");
    ASSERT_TRUE(succeeded((*statement)->run({Value::integer(1), Value::bytes("x")})));
    EXPECT_TRUE(failed_with((*statement)->run({Value::integer(1), Value::bytes("x")}), ErrorKind::Exists));
    EXPECT_TRUE(succeeded((*statement)->run({Value::integer(2), Value::bytes("x")})));
}

TEST_F(Postgres, schemas_keep_state_apart) {
    auto elsewhere = testing::shared_postgres()->database("elsewhere");
    auto connection = elsewhere->connect(Access::Write);
    ASSERT_TRUE(succeeded(connection));
    auto statement = (*connection)->prepare("SELECT count(*) FROM t");
    EXPECT_TRUE(failed_with((*statement)->first({}), ErrorKind::NotFound));
}

}  // namespace
}  // namespace godwit::db
