#include "app/task_report.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace godwit::app {
namespace {

Values values(std::initializer_list<std::pair<const char*, const char*>> given) {
    Values values;
    for (const auto& [name, value] : given) values.set(name, value);
    return values;
}

TEST(TaskReport, options_are_datasync_s) {
    RunRecord record = run_record("/a", "/b", values({}));
    EXPECT_EQ(boost::json::serialize(datasync_options(record)),
              R"({"VerifyMode":"ONLY_FILES_TRANSFERRED","OverwriteMode":"ALWAYS","TransferMode":"CHANGED",)"
              R"("PreserveDeletedFiles":"PRESERVE","Mtime":"PRESERVE","Uid":"INT_VALUE","Gid":"INT_VALUE",)"
              R"("PosixPermissions":"PRESERVE","ObjectTags":"PRESERVE"})");
    record = run_record("/a", "/b",
                        values({{"verify", "off"}, {"delete", "true"}, {"no-preserve-owner", "true"}}));
    boost::json::object options = datasync_options(record);
    EXPECT_EQ(options.at("VerifyMode"), "NONE");
    EXPECT_EQ(options.at("PreserveDeletedFiles"), "REMOVE");
    EXPECT_EQ(options.at("Uid"), "NONE");
}

TEST(TaskReport, is_asked_for_with_a_location_and_levels) {
    auto request = report_request(values({{"report", "s3://audit/godwit"},
                                          {"report-level", "SUCCESSES_AND_ERRORS"},
                                          {"report-override", "SKIPPED=ERRORS_ONLY,DELETED=ERRORS_ONLY"},
                                          {"destination-profile", "audit"}}));
    ASSERT_TRUE(request) << request.error().message();
    ASSERT_TRUE(*request);
    const report::Options& options = (*request)->options;
    EXPECT_EQ(options.level_of(report::Kind::Transferred), report::Level::SuccessesAndErrors);
    EXPECT_EQ(options.level_of(report::Kind::Skipped), report::Level::ErrorsOnly);
    EXPECT_EQ(options.text(),
              "STANDARD TRANSFERRED=SUCCESSES_AND_ERRORS VERIFIED=SUCCESSES_AND_ERRORS SKIPPED=ERRORS_ONLY "
              "DELETED=ERRORS_ONLY");
    EXPECT_EQ((*request)->end.profile, "audit");
    auto none = report_request(values({}));
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
}

TEST(TaskReport, is_of_no_consequence_for_carrying_a_run_on) {
    RunRecord plain = run_record("/a", "/b", values({}));
    RunRecord told = run_record("/a", "/b", values({{"report", "/r"}, {"report-type", "SUMMARY_ONLY"}}));
    EXPECT_EQ(plain.plan(), told.plan());
    EXPECT_EQ(plain.options, told.options);
}

}  // namespace
}  // namespace godwit::app
