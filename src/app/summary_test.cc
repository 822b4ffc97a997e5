#include "app/summary.h"

#include <gtest/gtest.h>

#include "app/json_text.h"
#include "app/testing_terminal.h"
#include "runtime/context.h"

namespace godwit::app {
namespace {

using model::EvidenceLevel;
using model::Outcome;

RunSummary clean_run() {
    RunSummary summary;
    summary.execution = "exec-0f3c";
    summary.status = model::ExecutionStatus::Clean;
    summary.source = "/home/u/photos";
    summary.destination = "s3://backup/photos";
    summary.verify_arguments = "./photos s3://backup/photos";
    summary.counts.add(Outcome::Verified, 1204, 3ull << 30);
    summary.levels.push_back({Outcome::Verified, EvidenceLevel::Attested, 1204, 3ull << 30});
    summary.attested_by = "CRC-64/NVME";
    summary.took = std::chrono::seconds(27);
    return summary;
}

ledger::ErrorGroup group(std::uint64_t count, Scope scope, std::string code, std::string kind,
                         std::string key, std::string message) {
    ledger::ErrorGroup group;
    group.scope = scope;
    group.code = std::move(code);
    group.kind = std::move(kind);
    group.count = count;
    group.sample.record.key = model::Key(std::move(key));
    group.sample.record.error_message = std::move(message);
    return group;
}

std::string text_of(const RunSummary& summary) {
    Heard heard;
    return summary_text(summary, heard.terminal);
}

TEST(Summary, a_clean_run_says_what_proves_it) {
    EXPECT_EQ(
        text_of(clean_run()),
        "Copied and verified 1,204 objects (3.0 GiB) in 27 s: 1,204 attested by the store (CRC-64/NVME).\n"
        "Listed 1,204 = 1,204 copied + 0 skipped + 0 deferred + 0 failed.\n"
        "Ledger: exec-0f3c   Next: godwit verify ./photos s3://backup/photos\n");
    EXPECT_EQ(exit_code_of(clean_run()), ExitCode::Clean);
}

TEST(Summary, levels_of_evidence_are_told_apart) {
    RunSummary summary = clean_run();
    summary.levels = {{Outcome::Verified, EvidenceLevel::Attested, 1000, 1},
                      {Outcome::Verified, EvidenceLevel::ReadBack, 200, 1},
                      {Outcome::Verified, EvidenceLevel::ServerCopy, 4, 1}};
    EXPECT_EQ(
        evidence_text(summary.levels, "CRC-64/NVME"),
        "200 read back from the store, 1,000 attested by the store (CRC-64/NVME), 4 copied inside the store");
}

TEST(Summary, a_second_run_has_nothing_to_do) {
    RunSummary summary = clean_run();
    summary.counts = {};
    summary.counts.add(Outcome::Unchanged, 1204, 3ull << 30);
    summary.levels.clear();
    summary.took = std::chrono::milliseconds(600);
    EXPECT_EQ(text_of(summary),
              "Nothing to do: 1,204 objects looked at in 0.6 s, all in place.\n"
              "Listed 1,204 = 0 copied + 1,204 skipped (1,204 unchanged) + 0 deferred + 0 failed.\n"
              "Ledger: exec-0f3c   Next: godwit verify ./photos s3://backup/photos\n");
}

TEST(Summary, failures_are_grouped_with_a_sample_and_a_cure) {
    RunSummary summary = clean_run();
    summary.status = model::ExecutionStatus::Incomplete;
    summary.counts.add(Outcome::Failed, 2, 10);
    summary.counts.add(Outcome::Deferred, 1, 10);
    summary.counts.add(Outcome::Skipped, 3, 10);
    summary.counters.push_back({ledger::CountOrigin::Rows, Outcome::Skipped, "archived", 3, 10});
    summary.errors.push_back(
        group(2, Scope::Source, "EACCES", "denied", "hr/a\nb.xls", "open /d/hr/a: Permission denied"));
    summary.errors.push_back(group(1, Scope::Source, "", "changed", "log/live", "read /d/log/live: changed"));
    EXPECT_EQ(
        text_of(summary),
        "Copied and verified 1,204 objects (3.0 GiB) in 27 s: 1,204 attested by the store (CRC-64/NVME).\n"
        "Listed 1,210 = 1,204 copied + 3 skipped (3 archived) + 1 deferred + 2 failed.\n"
        "2 of 1,210 objects failed, 1 deferred:\n"
        "        2  SOURCE       EACCES              hr/a\\x0ab.xls\n"
        "           open /d/hr/a: Permission denied\n"
        "           fix: run as a user or group that may; or give the program CAP_DAC_READ_SEARCH to read, "
        "CAP_DAC_OVERRIDE to write\n"
        "        1  SOURCE       changed             log/live\n"
        "           read /d/log/live: changed\n"
        "           fix: it changed while it was read: run again when it is quiet, or --on-change publish\n"
        "Ledger: exec-0f3c   Next: godwit executions retry exec-0f3c --failed\n");
    EXPECT_EQ(exit_code_of(summary), ExitCode::NotClean);
}

TEST(Summary, the_sum_is_right_in_json_too) {
    RunSummary summary = clean_run();
    summary.counts.add(Outcome::Metadata, 5, 0);
    summary.counts.add(Outcome::Gone, 7, 0);
    summary.counts.add(Outcome::Conflict, 1, 0);
    boost::json::object event = summary_event(summary, 1);
    auto number = [&](std::string_view name) { return event.at(name).to_number<std::uint64_t>(); };
    EXPECT_EQ(number("listed"), number("copied") + number("skipped") + number("deferred") + number("failed"));
    EXPECT_EQ(number("listed"), 1217u);
    EXPECT_EQ(event.at("seconds").to_number<double>(), 27);
    EXPECT_NE(json_text(event).find("\"seconds\":27,"), std::string::npos);
    EXPECT_EQ(event.at("evidence").at("attested").to_number<int>(), 1204);
}

TEST(Summary, a_stopped_run_can_be_carried_on) {
    RunSummary summary = clean_run();
    summary.status = model::ExecutionStatus::Transferring;
    summary.stopped = ExitCode::Interrupted;
    summary.stopped_by.emplace(runtime::stop_requested());
    EXPECT_EQ(text_of(summary),
              "Stopped after 27 s: 1,204 objects (3.0 GiB) copied so far.\n"
              "Listed 1,204 = 1,204 copied + 0 skipped + 0 deferred + 0 failed.\n"
              "Ledger: exec-0f3c   Carry on: the same command again\n");
    EXPECT_EQ(exit_code_of(summary), ExitCode::Interrupted);
}

TEST(Summary, exit_codes_tell_the_worst) {
    RunSummary mismatch = clean_run();
    mismatch.counts.add(Outcome::Failed, 1, 0);
    mismatch.errors.push_back(group(1, Scope::Transfer, "Mismatch", "corrupt", "x", "differ"));
    EXPECT_EQ(exit_code_of(mismatch), ExitCode::NotVerified);
    RunSummary unlisted = clean_run();
    unlisted.unlisted.push_back("read /d/locked: Permission denied");
    EXPECT_EQ(exit_code_of(unlisted), ExitCode::NotClean);
    RunSummary missing = clean_run();
    missing.counts = {};
    missing.source_missing = true;
    EXPECT_EQ(exit_code_of(missing), ExitCode::NotFound);
    RunSummary listing = clean_run();
    listing.stopped_by.emplace(ErrorKind::Corrupt, "list", "s3://b", "not in order");
    EXPECT_EQ(exit_code_of(listing), ExitCode::SafetyStop);
    RunSummary full = clean_run();
    full.stopped_by.emplace(ErrorKind::Full, "write", "/d", "no space");
    EXPECT_EQ(exit_code_of(full), ExitCode::NotClean);
}

TEST(Summary, without_verification_says_so) {
    RunSummary summary = clean_run();
    summary.counts = {};
    summary.counts.add(Outcome::Copied, 3, 10);
    summary.levels = {{Outcome::Copied, EvidenceLevel::None, 3, 10}};
    EXPECT_TRUE(text_of(summary).starts_with("Copied 3 objects (10 B) in 27 s: 3 not verified.\n"));
}

TEST(Summary, a_mirror_says_what_went_and_what_stayed) {
    RunSummary summary = clean_run();
    summary.counts.add(Outcome::Deleted, 3, 2048);
    summary.counts.add(Outcome::Kept, 2, 0);
    summary.counters.push_back({ledger::CountOrigin::Rows, Outcome::Kept, "newer", 2, 0});
    std::string text = text_of(summary);
    EXPECT_TRUE(
        text.contains("Deleted 3 objects (2.0 KiB) that only s3://backup/photos had.\n"
                      "Kept 2 objects that only s3://backup/photos has: 2 newer.\n"))
        << text;
    EXPECT_TRUE(text.contains("Listed 1,204 = 1,204 copied")) << "they are no objects of the source";
    EXPECT_EQ(exit_code_of(summary), ExitCode::Clean);
    summary.counts.add(Outcome::NotDeleted, 1, 0);
    EXPECT_EQ(exit_code_of(summary), ExitCode::NotClean);
    EXPECT_TRUE(text_of(summary).contains("1 object could not be deleted:"));
}

TEST(Summary, deletes_that_were_withheld_say_why_and_what_to_do) {
    RunSummary summary = clean_run();
    summary.counts.add(Outcome::Kept, 70, 0);
    summary.counters.push_back({ledger::CountOrigin::Listing, Outcome::Kept, "withheld", 70, 0});
    summary.deletes_withheld = Error(ErrorKind::Unsupported, "delete from", "s3://backup",
                                     "70 of 100 objects would go; allowed are 50%")
                                   .with_code("TooManyDeletes");
    std::string text = text_of(summary);
    EXPECT_TRUE(text.contains("Deleted nothing: 70 of 100 objects would go; allowed are 50%.\n  fix: "))
        << text;
    EXPECT_TRUE(text.contains("70 withheld")) << text;
    EXPECT_EQ(exit_code_of(summary), ExitCode::SafetyStop);
}

}  // namespace
}  // namespace godwit::app
