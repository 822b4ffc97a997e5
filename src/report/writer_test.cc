#include "report/writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>

#include "db/testing/databases.h"
#include "ledger/execution_ledger.h"
#include "ledger/testing/samples.h"
#include "report/names.h"
#include "report/shard.h"
#include "runtime/io_loop.h"
#include "store/memory_store.h"

namespace godwit::report {
namespace {

using db::testing::succeeded;
using ledger::BatchKind;
using ledger::ExecutionLedger;
using ledger::ListingCommit;
using ledger::ObjectRecord;
using ledger::testing::sample_key;
using ledger::testing::sample_record;
using model::Outcome;

constexpr std::string_view kTask = "task-0123456789abcdef0", kExecution = "exec-0123456789abcdef0";

// An execution with a ledger of its own, and a place in memory for its reports.
class ReportWriter : public testing::Test {
  protected:
    void SetUp() override {
        auto index = ledger::Index::open(directory_ / "index.db");
        ASSERT_TRUE(succeeded(index));
        index_ = *std::move(index);
        auto opened = ExecutionLedger::create({.path = path(),
                                               .loop = loop_,
                                               .index = *index_,
                                               .commit = {.group_wait_max = std::chrono::milliseconds(0)}},
                                              {.id = std::string(kExecution), .task = std::string(kTask)});
        ASSERT_TRUE(succeeded(opened));
        ledger_ = *std::move(opened);
        ASSERT_TRUE(succeeded(wait(ledger_->add_shards(std::vector<model::KeyRange>(1)))));
        place_.observer = watch;
        subject_.execution.id = kExecution;
        subject_.execution.task = kTask;
        subject_.execution.status = model::ExecutionStatus::Clean;
        subject_.execution.created_unix_ns = 1'763'000'000'000'000'000;
        subject_.execution.ended_unix_ns = 1'763'000'012'345'678'901;
        subject_.source_uri = "/srv/data";
        subject_.destination_uri = "s3://backup/data";
        subject_.options["VerifyMode"] = "ONLY_FILES_TRANSFERRED";
    }
    // Nothing but the report's own files is ever replaced, and nothing removed.
    static void watch(const store::Change& change) {
        bool own = change.name.contains(fmt::format("-Reports/{}/{}/{}.", kTask, kExecution, kExecution));
        EXPECT_TRUE(!change.is_loss() || (own && change.kind == store::ChangeKind::Replaced)) << change.name;
    }
    std::string path() const { return directory_ / "execution.db"; }
    template <class T>
    T wait(Task<T> work) {
        return loop_.block_on(std::move(work));
    }

    void record(std::vector<ObjectRecord> records, std::uint64_t unchanged = 0) {
        ListingCommit commit;
        commit.shard = 1;
        commit.unchanged.add(Outcome::Unchanged, unchanged, unchanged * 100);
        for (const ObjectRecord& row : records) {
            commit.ordinary.emplace_back();
            commit.ordinary.back().key = row.key;
        }
        ASSERT_TRUE(succeeded(wait(ledger_->commit_listing(std::move(commit)))));
        auto batch = wait(ledger_->lease_batch(BatchKind::Ordinary));
        ASSERT_TRUE(batch && *batch);
        for (std::uint32_t item = 0; item < records.size(); ++item) {
            ObjectRecord& row = records[item];
            row.batch = (*batch)->id;
            row.item = item;
            row.lease_epoch = (*batch)->lease_epoch;
            ASSERT_TRUE(succeeded(wait(ledger_->record(std::move(row)))));
        }
    }
    static ObjectRecord row(std::uint64_t number, Outcome outcome, std::string reason = {}) {
        ObjectRecord record = sample_record(0, 0, number);
        record.outcome = outcome;
        record.reason = std::move(reason);
        record.index = false;
        return record;
    }
    static ObjectRecord failed(std::uint64_t number, const std::string& code) {
        ObjectRecord record = row(number, Outcome::Failed);
        record.evidence = {};
        record.bytes = 0;
        record.scope = Scope::Source;
        record.error_kind = "denied";
        record.error_code = code;
        record.error_message = "open " + record.key.bytes() + ": no";
        return record;
    }
    // One of each outcome that matters here.
    void record_some() {
        record({row(1, Outcome::Verified), failed(2, "EACCES"), row(3, Outcome::Skipped, "not_overwritten"),
                row(4, Outcome::Skipped, "archived"), row(5, Outcome::Deleted, "not_at_source"),
                failed(6, "Mismatch")},
               10);
    }

    std::unique_ptr<store::Store> store(store::MemoryStoreOptions options = {}) {
        auto made = store::make_memory_store(place_, options);
        auto attached = wait(made->attach(context_, store::Role::Destination));
        EXPECT_TRUE(succeeded(attached));
        return made;
    }
    Result<Written> write(const Options& options, store::Store& to) {
        auto reader = ledger::LedgerReader::open(path());
        EXPECT_TRUE(succeeded(reader));
        return wait(write_report(context_, to, **reader, subject_, options));
    }
    Result<Written> write(const Options& options) {
        auto to = store();
        return write(options, *to);
    }
    std::string text(const std::string& key) const {
        const auto& bytes = place_.objects.at(key).bytes;
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    // Every file by key. Directories of the memory store are no objects.
    std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> found;
        for (const auto& [key, object] : place_.objects) found[key] = text(key);
        return found;
    }
    // All items of a kind, over all of its files.
    std::vector<boost::json::object> items(const std::string& word, const char* member) const {
        std::vector<boost::json::object> found;
        for (const auto& [key, content] : files()) {
            if (!key.contains(".files-" + word + "-v1-")) continue;
            boost::json::object file = boost::json::parse(content).as_object();
            EXPECT_EQ(file.at("TaskExecutionId").as_string(), kExecution);
            for (const auto& item : file.at(member).as_array()) found.push_back(item.as_object());
        }
        return found;
    }

    db::testing::TemporaryDirectory directory_;
    runtime::IoLoop loop_;
    runtime::Context context_{loop_};
    std::unique_ptr<ledger::Index> index_;
    std::unique_ptr<ExecutionLedger> ledger_;
    store::MemoryPlace place_;
    Subject subject_;
};

Options everything() {
    return {.level = Level::SuccessesAndErrors};
}

TEST_F(ReportWriter, errors_alone_are_told_unless_all_is_asked_for) {
    record_some();
    auto written = write({});
    ASSERT_TRUE(succeeded(written));
    EXPECT_EQ(items("transferred", "Transferred").size(), 2u);
    EXPECT_EQ(items("verified", "Verified").size(), 1u);
    EXPECT_EQ(items("skipped", "Skipped").size(), 1u);
    EXPECT_TRUE(items("deleted", "Deleted").empty());
    EXPECT_EQ(written->items(), 4u);
    EXPECT_EQ(written->files(), 4u);
    EXPECT_EQ(files().size(), 4u);
}

TEST_F(ReportWriter, all_that_has_a_row_is_told_when_asked_for) {
    record_some();
    ASSERT_TRUE(succeeded(write(everything())));
    EXPECT_EQ(items("transferred", "Transferred").size(), 3u);
    EXPECT_EQ(items("verified", "Verified").size(), 2u);
    EXPECT_EQ(items("skipped", "Skipped").size(), 2u);
    EXPECT_EQ(items("deleted", "Deleted").size(), 1u);
}

TEST_F(ReportWriter, a_list_may_have_a_level_of_its_own) {
    record_some();
    Options options = everything();
    options.overrides[static_cast<std::size_t>(Kind::Skipped)] = Level::ErrorsOnly;
    ASSERT_TRUE(succeeded(write(options)));
    EXPECT_EQ(items("transferred", "Transferred").size(), 3u);
    EXPECT_EQ(items("skipped", "Skipped").size(), 1u);
}

TEST_F(ReportWriter, the_summary_is_this) {
    record_some();
    auto written = write(everything());
    ASSERT_TRUE(succeeded(written));
    EXPECT_EQ(
        text(written->summary_key),
        R"({"TaskExecutionId":"exec-0123456789abcdef0","TaskId":"task-0123456789abcdef0","TaskMode":"BASIC",)"
        R"("OverallStatus":"SUCCESS","Status":"CLEAN","StartTime":"2025-11-13T02:13:20.000000000Z",)"
        R"("EndTime":"2025-11-13T02:13:32.345678901Z","TotalTime":12345,)"
        R"("SourceLocation":{"LocationType":"POSIX","LocationUri":"/srv/data"},)"
        R"("DestinationLocation":{"LocationType":"S3","LocationUri":"s3://backup/data"},)"
        R"("Options":{"VerifyMode":"ONLY_FILES_TRANSFERRED"},)"
        R"("Result":{"FilesTransferred":1,"FilesVerified":1,"FilesSkipped":12,"FilesDeleted":1,)"
        R"("FilesFailed":{"Prepare":0,"Transfer":2,"Verify":1,"Delete":0},)"
        R"("BytesWritten":4096,"BytesTransferred":4096,"BytesCompressed":4096,)"
        R"("PrepareDuration":0,"PrepareStatus":"SUCCESS","TransferDuration":0,"TransferStatus":"ERROR",)"
        R"("VerifyDuration":0,"VerifyStatus":"ERROR"},)"
        R"("Outcomes":{"verified":1,"copied":0,"metadata":0,"unchanged":10,"skipped":2,"gone":0,)"
        R"("deferred":0,"unrepresentable":0,"conflict":0,"deleted":1,"failed":2,"kept":0,"not_deleted":0},)"
        R"("NotListed":[],"Report":{"OutputType":"STANDARD",)"
        R"("TRANSFERRED":{"ReportLevel":"SUCCESSES_AND_ERRORS","Files":1,"Items":3},)"
        R"("VERIFIED":{"ReportLevel":"SUCCESSES_AND_ERRORS","Files":1,"Items":2},)"
        R"("SKIPPED":{"ReportLevel":"SUCCESSES_AND_ERRORS","Files":1,"Items":2},)"
        R"("DELETED":{"ReportLevel":"SUCCESSES_AND_ERRORS","Files":1,"Items":1}}})"
        "\n");
}

TEST_F(ReportWriter, an_execution_that_did_not_end_well_is_an_error) {
    subject_.execution.status = model::ExecutionStatus::Transferring;
    subject_.execution.ended_unix_ns.reset();
    auto written = write({.summary_only = true});
    ASSERT_TRUE(succeeded(written));
    boost::json::object summary = boost::json::parse(text(written->summary_key)).as_object();
    EXPECT_EQ(summary.at("OverallStatus"), "ERROR");
    EXPECT_EQ(summary.at("Status"), "INTERRUPTED");
    EXPECT_FALSE(summary.contains("EndTime"));
    EXPECT_EQ(summary.at("Result").at("ErrorCode"), "INTERRUPTED");
    EXPECT_EQ(summary.at("Result").at("TransferStatus"), "ERROR");
    EXPECT_EQ(written->files(), 1u);
}

TEST_F(ReportWriter, the_same_report_again_is_the_same_bytes_under_the_same_names) {
    record_some();
    ASSERT_TRUE(succeeded(write(everything())));
    auto first = files();
    ASSERT_TRUE(succeeded(write(everything())));
    EXPECT_EQ(files(), first);
}

TEST_F(ReportWriter, an_execution_that_was_carried_on_replaces_what_had_been_told) {
    record_some();
    ASSERT_TRUE(succeeded(write(everything())));
    record({row(11, Outcome::Verified)});
    ASSERT_TRUE(succeeded(write(everything())));
    EXPECT_EQ(items("transferred", "Transferred").size(), 4u);
    EXPECT_EQ(files().size(), 5u);
}

TEST_F(ReportWriter, two_reports_of_one_execution_are_never_mixed) {
    record_some();
    ASSERT_TRUE(succeeded(write({})));
    auto first = files();
    auto second = write(everything());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), "ReportExists");
    EXPECT_FALSE(write({.summary_only = true}));
    EXPECT_EQ(files(), first);
}

TEST_F(ReportWriter, other_objects_at_the_place_are_left_alone) {
    record_some();
    place_.write("Detailed-Reports/notes.txt", "mine");
    place_.write(detailed_folder(kTask, kExecution) + "notes.txt", "mine too");
    ASSERT_TRUE(succeeded(write({})));
    EXPECT_EQ(text("Detailed-Reports/notes.txt"), "mine");
    EXPECT_EQ(text(detailed_folder(kTask, kExecution) + "notes.txt"), "mine too");
}

// Small files in place of DataSync's 5 MB: the store takes no larger ones.
TEST_F(ReportWriter, L113_lists_are_cut_and_nothing_is_lost_or_told_twice) {
    constexpr std::uint64_t kRows = 300, kFileBytesMax = 4000;
    std::vector<ObjectRecord> rows;
    for (std::uint64_t i = 0; i < kRows; ++i) rows.push_back(row(i, Outcome::Verified));
    record(std::move(rows));
    auto to = store({.put_bytes_max = kFileBytesMax});
    auto written = write(everything(), *to);
    ASSERT_TRUE(succeeded(written));
    const KindTotal& total = written->totals[static_cast<std::size_t>(Kind::Transferred)];
    EXPECT_EQ(total.items, kRows);
    EXPECT_GT(total.files, 10u);
    std::set<std::string> told;
    for (const boost::json::object& item : items("transferred", "Transferred"))
        EXPECT_TRUE(told.insert(std::string(item.at("RelativePath").as_string())).second);
    EXPECT_EQ(told.size(), kRows);
    for (const auto& [key, content] : files()) EXPECT_LE(content.size(), kFileBytesMax) << key;
}

TEST_F(ReportWriter, a_report_that_was_cut_short_anywhere_is_finished_by_the_next) {
    record_some();
    ASSERT_TRUE(succeeded(write(everything())));
    const auto whole = files();
    for (std::size_t kept = 0; kept <= whole.size(); ++kept) {
        place_.objects.clear();
        std::size_t left = kept;
        for (const auto& [key, content] : whole) {
            if (left-- == 0) break;
            place_.write(key, content.substr(0, left == 0 ? content.size() / 2 : content.size()));
        }
        ASSERT_TRUE(succeeded(write(everything())));
        EXPECT_EQ(files(), whole) << kept;
    }
}

TEST_F(ReportWriter, where_the_store_vouches_for_nothing_it_is_read_again) {
    record_some();
    place_.observer = [this](const store::Change& change) {
        bool list = change.name.contains(".files-verified-");
        if (list && change.kind == store::ChangeKind::Written) place_.flip_byte(change.name, 5);
    };
    auto silent = store({.attests = false});
    auto written = write(everything(), *silent);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), "Mismatch");
    for (const auto& [key, content] : files()) EXPECT_FALSE(key.starts_with("Summary-Reports/")) << key;
}

TEST(Shard, has_room_for_at_least_one_item_and_counts_its_own_end) {
    Shard shard(Kind::Skipped, "exec-1");
    EXPECT_TRUE(shard.fits("{}", 1));
    shard.add("{\"a\":1}");
    std::size_t bytes =
        std::string("{\"TaskExecutionId\":\"exec-1\",\"Skipped\":[\n{\"a\":1},\n{}\n]}\n").size();
    EXPECT_TRUE(shard.fits("{}", bytes));
    EXPECT_FALSE(shard.fits("{}", bytes - 1));
    shard.add("{}");
    EXPECT_EQ(shard.take().size(), bytes);
    EXPECT_TRUE(shard.empty());
}

}  // namespace
}  // namespace godwit::report
