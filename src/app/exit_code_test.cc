#include "app/exit_code.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace godwit::app {
namespace {

Error error_of(ErrorKind kind, std::string code = "") {
    Error error(kind, "do", "it", "cause");
    return code.empty() ? std::move(error) : std::move(error).with_code(std::move(code));
}

TEST(ExitCode, follows_the_kind) {
    EXPECT_EQ(exit_code_for(error_of(ErrorKind::Denied)), ExitCode::Denied);
    EXPECT_EQ(exit_code_for(error_of(ErrorKind::NotFound)), ExitCode::NotFound);
    EXPECT_EQ(exit_code_for(error_of(ErrorKind::Lost)), ExitCode::Unreachable);
    EXPECT_EQ(exit_code_for(error_of(ErrorKind::Invalid)), ExitCode::BadConfig);
    EXPECT_EQ(exit_code_for(error_of(ErrorKind::Full)), ExitCode::NotClean);
}

TEST(ExitCode, a_code_says_more_than_the_kind) {
    EXPECT_EQ(exit_code_for(usage_error("--x", "no such option")), ExitCode::Usage);
    EXPECT_EQ(exit_code_for(error_of(ErrorKind::Invalid, "EndsOverlap")), ExitCode::Usage);
    EXPECT_EQ(exit_code_for(error_of(ErrorKind::Busy, "Locked")), ExitCode::SafetyStop);
    EXPECT_EQ(exit_code_for(error_of(ErrorKind::Corrupt, "Mismatch")), ExitCode::NotVerified);
    EXPECT_EQ(exit_code_for(errno_error(ENOTDIR, "open", "/x")), ExitCode::Usage);
}

TEST(ExitCode, the_worse_of_two_wins_both_ways) {
    EXPECT_EQ(worse(ExitCode::Clean, ExitCode::NotClean), ExitCode::NotClean);
    EXPECT_EQ(worse(ExitCode::NotVerified, ExitCode::NotClean), ExitCode::NotVerified);
    EXPECT_EQ(worse(ExitCode::NotVerified, ExitCode::Interrupted), ExitCode::Interrupted);
    for (const ExitCodeRow& a : exit_codes()) {
        for (const ExitCodeRow& b : exit_codes()) EXPECT_EQ(worse(a.code, b.code), worse(b.code, a.code));
    }
}

TEST(ExitCode, the_table_is_complete_and_in_order) {
    int before = -1;
    for (const ExitCodeRow& row : exit_codes()) {
        EXPECT_GT(static_cast<int>(row.code), before);
        EXPECT_FALSE(row.meaning.empty());
        before = static_cast<int>(row.code);
    }
}

}  // namespace
}  // namespace godwit::app
