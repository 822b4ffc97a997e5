// What is expected here is what botocore's configloader made of the same text, unless a comment says
// otherwise.
#include <gtest/gtest.h>

#include "s3/aws_config.h"

namespace godwit::s3 {
namespace {

ConfigFile parse(std::string_view text) {
    auto parsed = parse_config_file(text, "config");
    EXPECT_TRUE(parsed) << parsed.error().message();
    return parsed ? *parsed : ConfigFile();
}

std::string problem(std::string_view text) {
    auto parsed = parse_config_file(text, "config");
    return parsed ? "parsed" : parsed.error().message();
}

using Values = ConfigSection::Values;

TEST(ConfigFile, comments_are_whole_lines_only) {
    ConfigFile file =
        parse("# c\n; c\n[default]\n# inside\nregion = eu-west-1 # kept\n   ; indented comment\nKEY=v\n");
    EXPECT_EQ(file["default"].values, (Values{{"region", "eu-west-1 # kept"}, {"key", "v"}}));
}

TEST(ConfigFile, names_end_at_the_first_equals_sign_or_colon) {
    ConfigFile file = parse("[default]\nregion: eu-west-1\nurl = http://h:1/a=b\nempty =\n");
    EXPECT_EQ(file["default"].values,
              (Values{{"region", "eu-west-1"}, {"url", "http://h:1/a=b"}, {"empty", ""}}));
}

TEST(ConfigFile, deeper_lines_continue_a_value) {
    EXPECT_EQ(parse("[default]\na = one\n  two\n\n  three\nb = x\n")["default"].values,
              (Values{{"a", "one\ntwo\n\nthree"}, {"b", "x"}}));
    EXPECT_EQ(parse("[default]\n\tregion = eu\n\tkey = v\n\t\tmore\n")["default"].values,
              (Values{{"region", "eu"}, {"key", "v\nmore"}}));
}

TEST(ConfigFile, an_empty_value_with_lines_below_is_a_group) {
    ConfigFile file = parse(
        "[profile a]\ns3 =\n  addressing_style = path\n  Mixed_Case = V\n    deeper = 1\n# comment\n\n  "
        "after = 2\n"
        "region = r\n");
    EXPECT_EQ(file["profile a"].values, (Values{{"region", "r"}}));
    EXPECT_EQ(file["profile a"].groups["s3"],
              (Values{{"addressing_style", "path"}, {"Mixed_Case", "V"}, {"deeper", "1"}, {"after", "2"}}));
    EXPECT_EQ(file["profile a"].find("s3", "after"), "2");
    EXPECT_EQ(file["profile a"].find("s3", "nothing"), std::nullopt);
    EXPECT_EQ(file["profile a"].find("other", "after"), std::nullopt);
}

TEST(ConfigFile, lines_may_end_in_crlf) {
    ConfigFile file = parse("[default]\r\nregion = eu\r\ns3 =\r\n  a = b\r\n");
    EXPECT_EQ(file["default"].find("region"), "eu");
    EXPECT_EQ(file["default"].find("s3", "a"), "b");
}

TEST(ConfigFile, DEFAULT_in_capitals_gives_what_others_lack) {
    ConfigFile file =
        parse("[DEFAULT]\nregion = all\noutput = json\n[profile a]\nregion = own\n[profile b]\n");
    EXPECT_EQ(file["profile a"].values, (Values{{"region", "own"}, {"output", "json"}}));
    EXPECT_EQ(file["profile b"].values, (Values{{"region", "all"}, {"output", "json"}}));
    EXPECT_EQ(file.size(), 2u);
}

TEST(ConfigFile, text_after_a_sections_bracket_is_passed_over) {
    EXPECT_EQ(parse("[default] # tail\nregion = a\n")["default"].find("region"), "a");
    EXPECT_EQ(parse("[profile x]y\nregion=b\n")["profile x"].find("region"), "b");
}

// botocore refuses a byte order mark; people's editors write it, and there is only one thing it can mean.
TEST(ConfigFile, a_byte_order_mark_is_passed_over) {
    EXPECT_EQ(parse("\xEF\xBB\xBF[default]\nregion=r\n")["default"].find("region"), "r");
}

TEST(ConfigFile, what_botocore_refuses_is_refused_with_its_line) {
    EXPECT_EQ(problem("[default]\na=1\n[default]\nb=2\n"), "read config:3: section [default] stands twice");
    EXPECT_EQ(problem("[default]\na=1\nA=2\n"), "read config:3: setting a stands twice in its section");
    EXPECT_EQ(problem("a=1\n[default]\n"),
              "read config:1: a setting before the first section; write [default] above it");
    EXPECT_EQ(problem("[default]\n\njustaword\n"), "read config:3: no setting; write name = value");
    EXPECT_EQ(problem("[default]\n= v\n"), "read config:2: no setting; write name = value");
    EXPECT_EQ(problem("[]\na=1\n"), "read config:1: a section needs its ']', like [default]");
    EXPECT_EQ(problem("[default\na=1\n"), "read config:1: a section needs its ']', like [default]");
    EXPECT_EQ(problem("[default]\ns3 =\n  nothing here\n"),
              "read config: 'nothing here' under s3 is no setting; write name = value");
}

TEST(ConfigFile, nothing_is_an_empty_file) {
    EXPECT_TRUE(parse("").empty());
    EXPECT_TRUE(parse("\n \n# only\n").empty());
}

}  // namespace
}  // namespace godwit::s3
