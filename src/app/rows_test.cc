#include "app/rows.h"

#include <gtest/gtest.h>

#include "app/testing_terminal.h"

namespace godwit::app {
namespace {

constexpr std::int64_t kSomeTime = 1'795'298'417'042'000'000;  // 2026-11-21T22:00:17.042Z

void write_two_rows(Heard& heard, OutputFormat format) {
    Rows rows(heard.terminal, format, "object", {{"key"}, {"bytes", true}, {"ended"}});
    rows.add({name_cell("a/b"), size_cell(3ull << 30), time_cell(kSomeTime)});
    rows.add({name_cell("x\ny\xff"), size_cell(0), time_cell(0)});
    rows.finish();
    heard.terminal.flush_out();
}

std::string written(OutputFormat format, bool terminal = false) {
    Heard heard(terminal);
    write_two_rows(heard, format);
    EXPECT_EQ(heard.err, "");
    return heard.out;
}

TEST(Rows, people_get_aligned_columns_and_short_numbers) {
    EXPECT_EQ(written(OutputFormat::Table, true),
              "KEY           BYTES  ENDED\n"
              "a/b         3.0 GiB  2026-11-21 22:00:17Z\n"
              "x\\x0ay\\xff      0 B\n");
}

TEST(Rows, programs_get_tabs_and_exact_values) {
    EXPECT_EQ(written(OutputFormat::Table),
              "key\tbytes\tended\n"
              "a/b\t3221225472\t2026-11-21T22:00:17.042Z\n"
              "x\\x0ay\\xff\t0\t\n");
}

TEST(Rows, csv_has_a_header) {
    EXPECT_EQ(written(OutputFormat::Csv),
              "key,bytes,ended\r\n"
              "a/b,3221225472,2026-11-21T22:00:17.042Z\r\n"
              "x\\x0ay\\xff,0,\r\n");
}

TEST(Rows, json_lines_carry_exact_bytes) {
    EXPECT_EQ(written(OutputFormat::JsonLines),
              "{\"v\":1,\"type\":\"object\",\"key\":\"a/"
              "b\",\"bytes\":3221225472,\"ended\":\"2026-11-21T22:00:17.042Z\"}\n"
              "{\"v\":1,\"type\":\"object\",\"key_base64\":\"eAp5/"
              "w==\",\"key\":\"x\\\\x0ay\\\\xff\",\"bytes\":0,\"ended\":null}\n");
}

TEST(Rows, json_is_one_value) {
    std::string json = written(OutputFormat::Json);
    EXPECT_TRUE(json.starts_with("[\n{\"v\":1,"));
    EXPECT_TRUE(json.ends_with("}\n]\n"));
    Heard heard;
    Rows none(heard.terminal, OutputFormat::Json, "object", {{"key"}});
    none.finish();
    heard.terminal.flush_out();
    EXPECT_EQ(heard.out, "[]\n");
}

TEST(Rows, names_alone) {
    EXPECT_EQ(written(OutputFormat::Name), "a/b\nx\\x0ay\\xff\n");
}

TEST(Rows, an_empty_list_still_names_its_columns_for_programs) {
    Heard heard;
    Rows rows(heard.terminal, OutputFormat::Table, "object", {{"key"}, {"bytes"}});
    rows.finish();
    heard.terminal.flush_out();
    EXPECT_EQ(heard.out, "key\tbytes\n");
}

TEST(Rows, memory_does_not_grow_with_the_number_of_rows) {
    Heard heard(true);
    Rows rows(heard.terminal, OutputFormat::Table, "object", {{"key"}});
    for (int i = 0; i < 501; ++i) rows.add({text_cell("k")});
    EXPECT_GT(heard.out.size(), 900u);  // the first block is out before finish()
    rows.finish();
    EXPECT_EQ(rows.count(), 501u);
}

}  // namespace
}  // namespace godwit::app
