#include "s3/credentials_process.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace godwit::s3 {
namespace {

struct Outcome {
    std::string output;
    std::string code;
    std::string message;
    ErrorKind kind{};
};

Outcome run(const std::string& command, ProcessLimits limits = ProcessLimits()) {
    runtime::IoLoop loop;
    runtime::Context context(loop);
    Result<std::string> result = loop.block_on(run_process(context, loop, command, limits));
    if (result) return {.output = *result, .code = {}, .message = {}};
    return {.output = {},
            .code = result.error().code(),
            .message = result.error().message(),
            .kind = result.error().kind()};
}

TEST(RunProcess, gives_what_the_program_writes) {
    EXPECT_EQ(run("/bin/echo one 'two  three'").output, "one two  three\n");
    EXPECT_EQ(run("sh -c 'printf abc'").output, "abc");
}

TEST(RunProcess, is_no_shell) {
    EXPECT_EQ(run("echo $HOME `id` ; x").output, "$HOME `id` ; x\n");
}

TEST(RunProcess, reads_output_that_comes_in_pieces_and_after_a_while) {
    EXPECT_EQ(run("sh -c 'printf a; sleep 0.05; printf b'").output, "ab");
    Outcome much = run("head -c 50000 /dev/zero");
    EXPECT_EQ(much.output.size(), 50000u);
}

TEST(RunProcess, starts_with_an_empty_input_and_dies_of_a_broken_pipe_as_programs_do) {
    EXPECT_EQ(run("cat").output, "");
    // The product ignores SIGPIPE; what it starts must not inherit that.
    auto before = std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(run("sh -c 'kill -PIPE $$'").message, "run credential_process sh: signal 13 ended it");
    std::signal(SIGPIPE, before);
}

TEST(RunProcess, says_why_it_failed) {
    EXPECT_EQ(run("sh -c 'exit 3'").message, "run credential_process sh: it ended with exit status 3");
    EXPECT_EQ(run("sh -c 'kill -9 $$'").message, "run credential_process sh: signal 9 ended it");
    EXPECT_EQ(run("/nowhere/program").kind, ErrorKind::NotFound);
    EXPECT_EQ(run("/etc/passwd").kind, ErrorKind::Denied);
    EXPECT_EQ(run("").kind, ErrorKind::Invalid);
    EXPECT_EQ(run("a 'b").kind, ErrorKind::Invalid);
}

TEST(RunProcess, bounds_output_and_time) {
    EXPECT_EQ(run("head -c 70000 /dev/zero").kind, ErrorKind::Corrupt);
    EXPECT_EQ(run("cat /dev/zero").kind, ErrorKind::Corrupt);
    ProcessLimits quick{.timeout = std::chrono::milliseconds(100)};
    Outcome slow = run("sleep 60", quick);
    EXPECT_EQ(slow.kind, ErrorKind::Lost);
    // Closing the output is not the end.
    EXPECT_EQ(run("sh -c 'exec >&-; exec sleep 60'", quick).kind, ErrorKind::Lost);
}

TEST(RunProcess, leaves_nothing_open) {
    auto open_descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                             std::filesystem::directory_iterator());
    };
    run("true");
    auto before = open_descriptors();
    run("true");
    run("/nowhere/program");
    run("sleep 60", {.timeout = std::chrono::milliseconds(50)});
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace godwit::s3
