#include "app/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "app/testing_terminal.h"

namespace godwit::app {
namespace {

TEST(Terminal, results_and_talk_never_mix) {
    Heard heard;
    heard.terminal.out("result\n");
    heard.terminal.say("talk");
    heard.terminal.warn("warning");
    EXPECT_TRUE(heard.terminal.finish());
    EXPECT_EQ(heard.out, "result\n");
    EXPECT_EQ(heard.err, "talk\nwarning\n");
}

TEST(Terminal, F62_talk_cannot_drive_a_terminal) {
    Heard heard;
    heard.terminal.say("a name: \x1b[2J\r\n  and more");
    EXPECT_EQ(heard.err, "a name: \\x1b[2J\\x0d\n  and more\n");
}

TEST(Terminal, quiet_keeps_warnings) {
    Heard heard;
    heard.terminal.configure({.quiet = true});
    heard.terminal.say("talk");
    heard.terminal.warn("warning");
    EXPECT_EQ(heard.err, "warning\n");
}

TEST(Terminal, a_progress_line_is_for_people_only) {
    Heard program;
    program.terminal.progress("50%");
    EXPECT_EQ(program.err, "");
    Heard person(true);
    person.terminal.progress("50%");
    person.terminal.out("result\n");
    EXPECT_EQ(person.err, "\r50%\x1b[K\r\x1b[K");
}

TEST(Terminal, a_program_gets_no_escape_codes) {
    Heard heard;
    EXPECT_EQ(heard.terminal.styled_out(Style::Bad, "x"), "x");
}

TEST(Terminal, colour_follows_the_conventions) {
    int nowhere = ::open("/dev/null", O_WRONLY);
    std::map<std::string, std::string> variables;
    Environment environment = [&](const std::string& name) -> std::optional<std::string> {
        auto found = variables.find(name);
        if (found == variables.end()) return {};
        return found->second;
    };
    EXPECT_FALSE(stream_on(nowhere, environment).colour);
    variables["CLICOLOR_FORCE"] = "1";
    EXPECT_TRUE(stream_on(nowhere, environment).colour);
    variables["NO_COLOR"] = "1";
    EXPECT_FALSE(stream_on(nowhere, environment).colour);
    ::close(nowhere);
}

TEST(Terminal, results_that_cannot_be_written_are_an_error) {
    Stream full{.write = [](std::string_view) { return ENOSPC; }};
    Terminal terminal(full, full);
    terminal.out("result");
    Result<void> finished = terminal.finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code(), "ENOSPC");
}

TEST(Terminal, a_reader_who_has_gone_away_is_no_error) {
    Stream gone{.write = [](std::string_view) { return EPIPE; }};
    Terminal terminal(gone, gone);
    terminal.out("result");
    EXPECT_TRUE(terminal.finish());
    EXPECT_TRUE(terminal.out_is_gone());
}

}  // namespace
}  // namespace godwit::app
