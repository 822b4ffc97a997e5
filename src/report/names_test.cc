#include "report/names.h"

#include <gtest/gtest.h>

namespace godwit::report {
namespace {

constexpr std::string_view kExecution = "exec-0123456789abcdef0";

TEST(Names, are_datasync_s_and_the_same_for_the_same_report) {
    Options options;
    std::string name = detailed_name(kExecution, Kind::Transferred, 1, options);
    EXPECT_TRUE(name.starts_with("exec-0123456789abcdef0.files-transferred-v1-00001-")) << name;
    EXPECT_TRUE(name.ends_with(".json")) << name;
    EXPECT_EQ(name.size(),
              std::string("exec-0123456789abcdef0.files-transferred-v1-00001-.json").size() + 17);
    EXPECT_EQ(name, detailed_name(kExecution, Kind::Transferred, 1, options));
    EXPECT_NE(name, detailed_name(kExecution, Kind::Transferred, 2, options));
    EXPECT_EQ(detailed_folder("task-1", "exec-2"), "Detailed-Reports/task-1/exec-2/");
    EXPECT_EQ(summary_folder("task-1", "exec-2"), "Summary-Reports/task-1/exec-2/");
}

TEST(Names, of_a_list_depend_on_its_own_level_alone) {
    Options errors, all{.level = Level::SuccessesAndErrors}, mixed;
    mixed.overrides[static_cast<std::size_t>(Kind::Deleted)] = Level::SuccessesAndErrors;
    auto name = [](Kind kind, const Options& options) { return detailed_name(kExecution, kind, 1, options); };
    EXPECT_NE(name(Kind::Deleted, errors), name(Kind::Deleted, all));
    EXPECT_EQ(name(Kind::Deleted, mixed), name(Kind::Deleted, all));
    EXPECT_EQ(name(Kind::Skipped, mixed), name(Kind::Skipped, errors));
    EXPECT_NE(summary_name(kExecution, mixed), summary_name(kExecution, errors));
}

TEST(Names, of_another_report_of_the_execution_are_known) {
    Options errors, all{.level = Level::SuccessesAndErrors}, summary{.summary_only = true};
    std::string list = detailed_name(kExecution, Kind::Verified, 12'345'678, errors);
    EXPECT_FALSE(is_of_another_report(list, kExecution, errors));
    EXPECT_TRUE(is_of_another_report(list, kExecution, all));
    EXPECT_TRUE(is_of_another_report(list, kExecution, summary));
    EXPECT_FALSE(is_of_another_report(summary_name(kExecution, errors), kExecution, errors));
    EXPECT_TRUE(is_of_another_report(summary_name(kExecution, errors), kExecution, summary));
    EXPECT_FALSE(is_of_another_report(list, "exec-f0123456789abcdef", all));
    for (const char* strange : {"", "notes.txt", "exec-0123456789abcdef0.files-verified-v1-",
                                "exec-0123456789abcdef0.files-verified-v1-x.json",
                                "exec-0123456789abcdef0.files-verified-v1-1-2.json",
                                "exec-0123456789abcdef0.files-renamed-v1-00001-0123456789abcdef0.json"})
        EXPECT_FALSE(is_of_another_report(strange, kExecution, all)) << strange;
}

}  // namespace
}  // namespace godwit::report
