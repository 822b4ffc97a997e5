#include "app/ledger_rows.h"

#include <gtest/gtest.h>

#include "app/exit_code.h"

namespace godwit::app {
namespace {

ledger::ObjectRecord failed_record() {
    ledger::ObjectRecord record;
    record.key = model::Key("=1+1\n");
    record.outcome = model::Outcome::Failed;
    record.bytes = 5;
    record.scope = Scope::Destination;
    record.error_kind = "denied";
    record.error_code = "EACCES";
    record.error_message = "open x: no";
    return record;
}

TEST(LedgerColumns, can_be_chosen_and_ordered) {
    Result<LedgerColumns> columns = LedgerColumns::from("code,key,scope");
    ASSERT_TRUE(columns);
    std::vector<Cell> cells = columns->cells(failed_record(), "exec-1");
    ASSERT_EQ(cells.size(), 3u);
    EXPECT_EQ(cells[0].exact(), "EACCES");
    EXPECT_EQ(cells[1].exact(), "=1+1\\x0a");
    ASSERT_TRUE(cells[1].bytes());
    EXPECT_EQ(*cells[1].bytes(), "=1+1\n");
    EXPECT_EQ(cells[2].exact(), "DESTINATION");
    EXPECT_EQ(LedgerColumns::all().columns().size(), 14u);
}

TEST(LedgerColumns, an_unknown_one_names_what_there_is) {
    Result<LedgerColumns> columns = LedgerColumns::from("key,outcom");
    ASSERT_FALSE(columns);
    EXPECT_EQ(exit_code_for(columns.error()), ExitCode::Usage);
    EXPECT_NE(columns.error().cause().find("did you mean `outcome`?"), std::string::npos);
    EXPECT_FALSE(LedgerColumns::from(""));
}

TEST(LedgerFilter, all_words_must_hold) {
    Result<LedgerFilter> filter = parse_ledger_filter(
        {"execution=latest outcome=failed,deferred", "since=7d", "path=a/**", "code=EACCES,denied"});
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->execution, "latest");
    EXPECT_EQ(filter->outcomes, (std::vector{model::Outcome::Failed, model::Outcome::Deferred}));
    EXPECT_EQ(filter->since, std::chrono::hours(168));
    ledger::RowFilter rows = filter->row_filter(std::chrono::nanoseconds(std::chrono::hours(200)).count());
    EXPECT_EQ(rows.since_unix_ns, std::chrono::nanoseconds(std::chrono::hours(32)).count());
    EXPECT_TRUE(filter->matches(failed_record()));
    filter->codes = {"EIO"};
    EXPECT_FALSE(filter->matches(failed_record()));
}

TEST(LedgerFilter, levels_are_matched) {
    Result<LedgerFilter> filter = parse_ledger_filter({"level=read_back"});
    ASSERT_TRUE(filter);
    EXPECT_FALSE(filter->matches(failed_record()));
    ledger::ObjectRecord record = failed_record();
    record.evidence.level = model::EvidenceLevel::ReadBack;
    EXPECT_TRUE(filter->matches(record));
}

TEST(LedgerFilter, a_wrong_word_is_named) {
    for (const char* word :
         {"failed", "outcome=", "outcome=broken", "level=sure", "since=yesterday", "colour=red"}) {
        Result<LedgerFilter> filter = parse_ledger_filter({word});
        ASSERT_FALSE(filter) << word;
        EXPECT_EQ(exit_code_for(filter.error()), ExitCode::Usage) << word;
    }
}

}  // namespace
}  // namespace godwit::app
