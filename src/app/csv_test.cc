#include "app/csv.h"

#include <gtest/gtest.h>

#include <vector>

namespace godwit::app {
namespace {

TEST(Csv, plain_text_stays_as_it_is) {
    EXPECT_EQ(csv_field("a/b.txt", true), "a/b.txt");
    EXPECT_EQ(csv_field("käse", true), "käse");
    EXPECT_EQ(csv_field("", true), "");
}

TEST(Csv, separators_and_quotes_are_quoted) {
    EXPECT_EQ(csv_field("a,b", true), "\"a,b\"");
    EXPECT_EQ(csv_field("say \"hi\"", true), "\"say \"\"hi\"\"\"");
}

TEST(Csv, F68_formulas_are_disarmed) {
    EXPECT_EQ(csv_field("=cmd|' /C calc'!A0", true), "\"'=cmd|' /C calc'!A0\"");
    EXPECT_EQ(csv_field("+1", true), "'+1");
    EXPECT_EQ(csv_field("-1", true), "'-1");
    EXPECT_EQ(csv_field("@SUM(A1)", true), "'@SUM(A1)");
    EXPECT_EQ(csv_field("-1", false), "-1");
}

// Catalogue J102: a name can neither forge a row nor drive a terminal.
TEST(Csv, F62_control_characters_are_escaped) {
    EXPECT_EQ(csv_field("a\nb\r\x1b[2J", true), "a\\x0ab\\x0d\\x1b[2J");
    EXPECT_EQ(csv_field("\t=1+1", true), "'\\x09=1+1");
    EXPECT_EQ(csv_field("\xff", true), "\\xff");
}

TEST(Csv, lines_end_as_the_rfc_says) {
    std::vector<std::string> fields{"a", "1", ""};
    EXPECT_EQ(csv_line(fields), "a,1,\r\n");
}

}  // namespace
}  // namespace godwit::app
