#include "app/dispatch.h"

#include <gtest/gtest.h>

#include "app/command_table.h"
#include "app/testing_terminal.h"

namespace godwit::app {
namespace {

TEST(Dispatch, every_command_of_the_table_is_run_by_somebody) {
    for (const Command& command : commands()) EXPECT_TRUE(is_dispatched(command.name)) << command.name;
    EXPECT_FALSE(is_dispatched("frobnicate"));
}

TEST(Dispatch, an_error_is_said_and_is_the_exit_code) {
    Heard heard;
    std::vector<std::string> arguments{"stat", "/there/is/nothing/here"};
    EXPECT_EQ(run_program(arguments, heard.session), ExitCode::NotFound);
    EXPECT_EQ(heard.out, "");
    EXPECT_EQ(heard.err,
              "error: open /there/is/nothing/here: No such file or directory (ENOENT)\n"
              "  fix: check the spelling, and that the file system is mounted\n");
}

TEST(Dispatch, results_that_cannot_be_written_are_a_failure) {
    Heard heard;
    Stream full{.write = [](std::string_view) { return ENOSPC; }};
    Stream err{.write = [&](std::string_view text) {
        heard.err += text;
        return 0;
    }};
    Terminal terminal(full, err);
    Session session{terminal, heard.environment, system_clock(), system_random()};
    std::vector<std::string> arguments{"version"};
    EXPECT_EQ(run_program(arguments, session), ExitCode::NotClean);
    EXPECT_NE(heard.err.find("standard output"), std::string::npos);
}

}  // namespace
}  // namespace godwit::app
