// Every statement of the catalogue on both databases: the same calls, the same answers.
#include "ledger/statements.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/encoding.h"
#include "db/testing/databases.h"
#include "ledger/schema.h"

namespace godwit::ledger {
namespace {

using db::Value;
using db::testing::succeeded;

Value i(std::int64_t value) {
    return Value::integer(value);
}
Value t(std::string_view value) {
    return Value::text(value);
}
Value b(std::string_view value) {
    return Value::bytes(value);
}
Value none() {
    return Value::null();
}

struct Call {
    Sql id;
    std::vector<Value> values;
};

constexpr std::int64_t kBig = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kKeyA("a\0\xff", 3), kKeyB("b");

// Of execution 1: `c` is of the second, and stays.
std::vector<Value> index_rows() {
    static constexpr std::string_view kKeys = "cdefghijklmnopqr";
    static_assert(kKeys.size() == kIndexRowsAtOnce);
    std::vector<Value> values{i(1)};
    for (std::size_t row = 0; row < kIndexRowsAtOnce; ++row) {
        values.insert(values.end(), {b(kKeys.substr(row, 1)), b(kKeys.substr(row)), i(2), i(60)});
    }
    return values;
}

// In an order in which each has something to find.
std::vector<Call> control_calls() {
    return {
        {Sql::InsertTask,
         {t("task-1"), t("posix:/a"), t("dev 1"), t("/a"), t("s3:b"), t("eu"), t("s3://b"), i(10)}},
        {Sql::InsertTask,
         {t("task-2"), t("posix:/a"), t("dev 2"), t("/a"), t("s3:b"), t("eu"), t("s3://b"), i(11)}},
        {Sql::FindTask, {t("posix:/a"), t("dev 2"), t("s3:b"), t("eu")}},
        {Sql::TasksOfEnds, {t("posix:/a"), t("s3:b")}},
        {Sql::Tasks, {}},
        {Sql::InsertExecution, {t("exec-1"), t("task-1"), i(1), i(20), t("")}},
        {Sql::InsertExecution, {t("exec-2"), t("task-1"), i(1), i(21), t("")}},
        {Sql::EndExecution, {t("exec-1"), i(6), i(30), t("why \xc3\xa4")}},
        {Sql::SetExecutionPruned, {t("exec-1"), i(40)}},
        {Sql::SetExecutionLimits, {t("exec-1"), t("{\"memory\":\"32MiB\"}")}},
        {Sql::ExecutionLimits, {t("exec-1")}},
        {Sql::Executions, {}},
        {Sql::InsertExecutionCount, {t("exec-1"), i(1), i(5), i(kBig)}},
        {Sql::ExecutionCounts, {t("exec-1")}},
        {Sql::DeleteExecutionCounts, {t("exec-2")}},
    };
}

std::vector<Call> task_calls() {
    return {
        {Sql::InsertIndexExecution, {t("exec-1")}},
        {Sql::InsertIndexExecution, {t("exec-2")}},
        {Sql::SetApplied, {i(2), i(77), i(1)}},
        {Sql::IndexExecutions, {}},
        {Sql::PutIndexRow, {i(2), b(kKeyA), b("evidence"), i(2), i(100)}},
        {Sql::PutIndexRow, {i(1), b(kKeyA), b("older"), i(2), i(900)}},
        {Sql::PutIndexRow, {i(1), b(kKeyB), b(""), i(0), i(101)}},
        {Sql::PutIndexRow, {i(1), b(kKeyB), b("again"), i(4), i(50)}},
        {Sql::PutIndexRow, {i(2), b("c"), b("x"), i(4), i(50)}},
        {Sql::PutIndexRows, index_rows()},
        {Sql::RemoveIndexRow, {b("c"), i(1)}},
        {Sql::RemoveIndexRow, {b("c"), i(2)}},
        {Sql::IndexPage, {b(""), i(10)}},
        {Sql::IndexPageBefore, {b(""), i(10), b("b")}},
        {Sql::FindIndexRow, {b(kKeyB)}},
        {Sql::CountIndexRows, {}},

        {Sql::InsertHead, {t("exec-1"), t("task-1"), t("{}"), t("token"), i(1), i(20)}},
        {Sql::SetStatus, {i(6), i(99)}},
        {Sql::Head, {}},
        {Sql::InsertShard, {i(1), b(""), b("m"), b("")}},
        {Sql::AdvanceShard, {i(1), b(kKeyA), i(0), i(3), b("")}},
        {Sql::ShardEnd, {i(1)}},
        {Sql::ShortenShard, {i(1), b("m"), b("l"), b("")}},
        {Sql::ShortenShard, {i(1), b("c"), b("b"), b("")}},
        {Sql::AdvanceShard, {i(1), b("d"), i(0), i(3), b("")}},
        {Sql::Shards, {}},
        {Sql::InsertBatch, {i(1), i(1), i(1), b(kKeyA), i(2), b("items")}},
        {Sql::InsertBatch, {i(2), none(), i(3), b(kKeyB), i(1), b("more")}},
        {Sql::BatchHead, {i(2)}},
        {Sql::CountItems, {i(1)}},
        {Sql::PutProgress, {i(1), b("\x01")}},
        {Sql::PutProgress, {i(1), b("\x03")}},
        {Sql::Progress, {i(1)}},
        {Sql::CheckLease, {i(1), i(0)}},
        {Sql::RenewLease, {i(1), i(0), i(5)}},
        {Sql::FinishBatch, {i(1), i(0), b("")}},
        {Sql::ReleaseLeases, {}},
        {Sql::CountUnfinishedBatches, {}},
        {Sql::UnfinishedBatches, {i(3), i(10)}},
        {Sql::Extras, {i(1), i(3)}},
        {Sql::WithholdBatch, {i(2), b("")}},
        {Sql::CountUnfinishedBatches, {}},
        {Sql::RemoveProgress, {i(1)}},
        {Sql::AddCount, {i(2), i(1), t(""), i(5), i(500)}},
        {Sql::AddCount, {i(2), i(1), t(""), i(1), i(7)}},
        {Sql::AddCount, {i(2), i(5), t("archived"), i(1), i(0)}},
        {Sql::Counts, {}},
        {Sql::OutcomeSizes, {i(0), i(10)}},
        {Sql::InsertDeferral, {i(1), i(0), b("object")}},
        {Sql::InsertDeferral, {i(1), i(1), b("object")}},
        {Sql::AssignDeferral, {i(1), i(1), i(2), b("")}},
        {Sql::WaitingDeferrals, {i(10)}},
        {Sql::CountWaitingDeferrals, {}},
        {Sql::InsertHardLink, {b("1"), b(""), b("unchanged")}},
        {Sql::InsertHardLink, {b("2"), b(""), b("unchanged")}},
        {Sql::InsertHardLink, {b("2"), b(kKeyA), b("object")}},
        {Sql::InsertHardLink, {b("2"), b(kKeyB), b("object")}},
        {Sql::UnchangedHardLink, {b("1"), b("")}},
        {Sql::NextHardLinkedFile, {b(""), b("")}},
        {Sql::HardLinksOfFile, {b("2"), i(2)}},
        {Sql::RemoveHardLinks, {b("2"), b(kKeyA)}},
        {Sql::CountHardLinks, {b("")}},
        {Sql::PutUpload, {b(kKeyA), i(5), b(""), b("id")}},
        {Sql::PutUpload, {b(kKeyA), i(5), b("checkpoint"), b("id")}},
        {Sql::PutUpload, {b(kKeyB), i(6), b(""), b("id")}},
        {Sql::RemoveUpload, {b(kKeyB)}},
        {Sql::Uploads, {}},
        {Sql::InsertUnlisted, {i(1), t("read /a/b: denied")}},
        {Sql::InsertUnlisted, {i(1), t("read /a/c: denied")}},
        {Sql::Unlisted, {i(10)}},
        {Sql::NewestIds, {}},
        {Sql::OutcomePage, {i(0), i(10)}},
        {Sql::OutcomesOfKey, {b(kKeyB)}},
        {Sql::IndexedOutcomes, {i(0), i(10)}},
        {Sql::OutcomeBySeq, {i(2)}},
        {Sql::ErrorGroups, {}},
        {Sql::InsertEvent, {i(1), b("CLEAN"), i(99)}},
        {Sql::InsertEvent, {i(1), b("FAILED"), i(100)}},
        {Sql::EventPage, {i(0), i(10)}},
    };
}

std::vector<Call> calls() {
    std::vector<Call> all = control_calls();
    std::ranges::move(task_calls(), std::back_inserter(all));
    return all;
}

// Three rows of outcomes, two of them with errors: what bulk_append() makes is there to be asked for.
void append_outcomes(db::Connection& connection) {
    auto outcomes = connection.bulk_append("outcomes", kOutcomeColumns);
    auto errors = connection.bulk_append("errors", kErrorColumns);
    ASSERT_TRUE(succeeded(outcomes) && succeeded(errors));
    auto transaction = db::Transaction::begin(connection, db::Access::Write);
    auto outcome = [&](std::int64_t seq, std::int64_t ended, std::string_view key, Value reason) {
        std::array row{i(seq), i(1),          i(seq), i(ended),      i(1), b(key), i(seq * 10),
                       i(2),   b("evidence"), i(1),   i(1000 * seq), i(7), i(1),   reason};
        ASSERT_TRUE(succeeded((*outcomes)->append(row)));
    };
    outcome(1, 1, kKeyA, none());
    outcome(2, 11, kKeyB, none());
    outcome(3, 11, kKeyB, t("archived"));
    ASSERT_TRUE(succeeded((*outcomes)->finish()));
    for (std::int64_t seq : {2, 3}) {
        std::array row{i(seq), i(1), t("denied"), t("EACCES"), t("open /b: Permission denied")};
        ASSERT_TRUE(succeeded((*errors)->append(row)));
    }
    ASSERT_TRUE(succeeded((*errors)->finish()));
    ASSERT_TRUE(succeeded(transaction->commit()));
}

// A column whose type both databases agree on is shown by it; SQLite knows a value's type, PostgreSQL
// the column's, and this test knows neither: bytes are shown as hex, integers by their digits.
std::string show(const db::Statement& statement, const std::set<int>& integers) {
    std::string text;
    for (int column = 0; column < statement.column_count(); ++column) {
        if (statement.is_null(column))
            text += "null";
        else if (integers.contains(column))
            text += std::to_string(statement.integer(column));
        else
            text += "'" + hex_encode(bytes_of(statement.bytes(column))) + "'";
        text += " ";
    }
    return text;
}

// Which columns of a statement's answer hold integers.
const std::map<Sql, std::set<int>>& integer_columns() {
    static const std::map<Sql, std::set<int>> kColumns{
        {Sql::FindTask, {7}},
        {Sql::TasksOfEnds, {7}},
        {Sql::Tasks, {7}},
        {Sql::Executions, {2, 3, 4, 5}},
        {Sql::ExecutionCounts, {0, 1, 2}},
        {Sql::IndexPage, {2, 3, 4}},
        {Sql::IndexPageBefore, {2, 3, 4}},
        {Sql::FindIndexRow, {2, 3, 4}},
        {Sql::CountIndexRows, {0}},
        {Sql::IndexExecutions, {0, 2, 3}},
        {Sql::Head, {4, 5, 6}},
        {Sql::Shards, {0, 4}},
        {Sql::BatchHead, {0, 1}},
        {Sql::CountItems, {0}},
        {Sql::CheckLease, {0}},
        {Sql::CountUnfinishedBatches, {0}},
        {Sql::UnfinishedBatches, {0}},
        {Sql::Extras, {0, 1, 2, 3}},
        {Sql::Counts, {0, 1, 3, 4}},
        {Sql::OutcomeSizes, {0, 1, 3, 4}},
        {Sql::WaitingDeferrals, {0, 1}},
        {Sql::CountWaitingDeferrals, {0}},
        {Sql::CountHardLinks, {0}},
        {Sql::Uploads, {1}},
        {Sql::NewestIds, {0, 1, 2}},
        {Sql::OutcomePage, {0, 1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 14, 15}},
        {Sql::OutcomesOfKey, {0, 1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 14, 15}},
        {Sql::OutcomeBySeq, {0, 1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 14, 15}},
        {Sql::IndexedOutcomes, {0, 3, 4, 5}},
        {Sql::ErrorGroups, {0, 3, 4, 5}},
        {Sql::EventPage, {0, 1, 3}},
    };
    return kColumns;
}

class Catalogue : public ::testing::Test {
  protected:
    // All answers, one line each.
    std::vector<std::string> run_all(db::Dialect dialect) {
        std::map<const db::Schema*, std::unique_ptr<Statements>> statements;
        for (const db::Schema* schema : {&kControlSchema, &kIndexSchema, &kExecutionSchema})
            statements[schema] = std::make_unique<Statements>(connect(dialect, *schema));
        append_outcomes(statements[&kExecutionSchema]->connection());
        std::vector<std::string> answers;
        for (const Call& call : calls()) {
            const SqlText& entry = sql_catalogue()[static_cast<std::size_t>(call.id)];
            std::vector<std::string> rows = run(*statements[&entry.schema], call);
            std::ranges::sort(rows);
            for (std::string& row : rows) answers.push_back(std::string(entry.name) + ": " + row);
        }
        return answers;
    }

  private:
    db::Connection& connect(db::Dialect dialect, const db::Schema& schema) {
        databases_.push_back(db::testing::make_database(dialect, directory_));
        auto connection = databases_.back()->connect(db::Access::Write);
        EXPECT_TRUE(succeeded(connection));
        connections_.push_back(*std::move(connection));
        EXPECT_TRUE(succeeded(db::migrate(*connections_.back(), schema)));
        return *connections_.back();
    }

    static std::vector<std::string> run(Statements& statements, const Call& call) {
        auto statement = statements.get(call.id);
        EXPECT_TRUE(succeeded(statement));
        if (!statement) return {statement.error().message()};
        db::ResetAtEnd reset_at_end(**statement);
        int number = 0;
        for (const Value& value : call.values) (*statement)->bind(++number, value);
        auto integers = integer_columns().find(call.id);
        std::vector<std::string> rows;
        while (true) {
            auto row = (*statement)->step();
            EXPECT_TRUE(succeeded(row));
            if (!row) return {row.error().message()};
            if (!*row) break;
            rows.push_back(
                show(**statement, integers == integer_columns().end() ? std::set<int>() : integers->second));
        }
        bool asks = statements_ask(call.id);
        EXPECT_EQ(asks, !rows.empty()) << sql_catalogue()[static_cast<std::size_t>(call.id)].name;
        if (!asks) rows.push_back(std::to_string((*statement)->changes()) + " changed");
        return rows;
    }

    static bool statements_ask(Sql id) {
        return sql_catalogue()[static_cast<std::size_t>(id)].text.starts_with("SELECT");
    }

    db::testing::TemporaryDirectory directory_;
    std::vector<std::unique_ptr<db::Database>> databases_;
    std::vector<std::unique_ptr<db::Connection>> connections_;
};

TEST(CatalogueText, each_statement_stands_in_its_place_and_is_called_here) {
    std::set<Sql> called;
    for (const Call& call : calls()) called.insert(call.id);
    for (std::size_t place = 0; place < kSqlCount; ++place) {
        const SqlText& entry = sql_catalogue()[place];
        EXPECT_EQ(static_cast<std::size_t>(entry.id), place) << entry.name;
        EXPECT_TRUE(called.contains(entry.id)) << entry.name << " is not tested";
    }
}

TEST_F(Catalogue, runs_on_sqlite) {
    std::vector<std::string> answers = run_all(db::Dialect::Sqlite);
    EXPECT_GT(answers.size(), kSqlCount);
    auto contains = [&](std::string_view answer) {
        return std::ranges::find(answers, answer) != answers.end();
    };
    EXPECT_TRUE(contains("CountIndexRows: 17 "));
    // The older execution's word did not replace the newer one's.
    EXPECT_TRUE(contains("IndexPage: '6100ff' '65766964656e6365' 2 2 100 "));
    EXPECT_TRUE(contains("IndexPage: '64' '" + hex_encode(bytes_of("defghijklmnopqr")) + "' 2 1 60 "));
    EXPECT_TRUE(contains("ErrorGroups: 1 '454143434553' '64656e696564' 2 2007 2 "));
    EXPECT_TRUE(contains("Counts: 2 1 '' 6 507 "));
}

TEST_F(Catalogue, gives_the_same_answers_on_postgresql) {
    if (!db::testing::shared_postgres()) GTEST_SKIP() << db::testing::kNoPostgres;
    std::vector<std::string> sqlite = run_all(db::Dialect::Sqlite), postgres = run_all(db::Dialect::Postgres);
    ASSERT_EQ(sqlite.size(), postgres.size());
    for (std::size_t i = 0; i < sqlite.size(); ++i) EXPECT_EQ(sqlite[i], postgres[i]);
}

}  // namespace
}  // namespace godwit::ledger
