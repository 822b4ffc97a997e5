#include "base/log.h"

#include <gtest/gtest.h>

namespace godwit {
namespace {

TEST(LogLine, quotes_values_that_would_read_as_two) {
    EXPECT_EQ(log_line("posix: owner not kept", {{"key", "a b"}, {"code", "EPERM"}, {"empty", ""}}),
              "posix: owner not kept  key=\"a b\"  code=EPERM  empty=\"\"");
}

TEST(LogLine, F62_lets_no_value_forge_a_line_or_a_field) {
    EXPECT_EQ(log_line("e", {{"key", "x\nwarn forged"}}), "e  key=\"x\\\\x0awarn forged\"");
    EXPECT_EQ(log_line("e", {{"key", "x code=OK"}}), "e  key=\"x code=OK\"");
    EXPECT_EQ(log_line("e", {{"key", "\x1b[2J"}}), "e  key=\"\\\\x1b[2J\"");
}

TEST(Log, writes_only_what_its_level_lets_through) {
    Log log(LogLevel::Warning);
    testing::internal::CaptureStderr();
    log.write(LogLevel::Info, "posix: quiet");
    log.write(LogLevel::Warning, "posix: loud", {{"key", "k"}});
    std::string out = testing::internal::GetCapturedStderr();
    EXPECT_EQ(out.find("quiet"), std::string::npos);
    EXPECT_NE(out.find("warning posix: loud  key=k\n"), std::string::npos) << out;
    EXPECT_FALSE(Log(LogLevel::Off).enabled(LogLevel::Error));
}

TEST(LogLevel, has_the_names_that_options_use) {
    EXPECT_EQ(log_level_from("warn"), LogLevel::Warning);
    EXPECT_EQ(log_level_from("WARN"), std::nullopt);
}

}  // namespace
}  // namespace godwit
