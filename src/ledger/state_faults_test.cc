// H77 for the whole state: any call that SQLite makes of the file system, or of the allocator, fails, while a
// task is made and locked and an execution begun, filled, ended and entered.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "db/sqlite.h"
#include "db/sqlite_errors.h"
#include "db/testing/databases.h"
#include "db/testing/faulty_files.h"
#include "ledger/locked_task.h"
#include "ledger/testing/listing_worker.h"
#include "runtime/io_loop.h"

namespace godwit::ledger {
namespace {

using db::testing::succeeded;

const End kSource{"posix:/a", "dev 1", "/a"};
const End kDestination{"s3:b", "eu", "s3://b"};
// Who records alone is not kept waiting for company.
constexpr db::GroupCommitOptions kAtOnce{.group_wait_max = std::chrono::milliseconds(0)};
constexpr testing::Workload kWorkload{.objects = 24, .objects_per_page = 8, .unchanged_per_page = 1};

using Numbers = std::set<std::uint64_t>;

class StateFaults : public ::testing::Test {
  protected:
    void sweep(bool all) {
        db::testing::sweep_file_faults(all, [&](const db::testing::FileFault& fault) {
            Numbers told, refused;
            Result<void> lived = live(told, refused);
            if (!lived) expect_right_error(lived.error(), fault);
            if (!db::testing::faulty.fired()) EXPECT_TRUE(succeeded(lived));
            db::testing::faulty.heal();
            expect_nothing_lost_nor_invented(told, refused);
            expect_can_be_carried_on(told);
            std::filesystem::remove_all(path());
        });
    }

  private:
    std::string path() const { return directory_ / "state"; }

    // One life of the program: carries on what it finds, begins an execution where none ended yet.
    Result<void> live(Numbers& told, Numbers& refused) {
        GODWIT_TRY(StateDirectory state, StateDirectory::open({.path = path()}, db::Access::Write));
        GODWIT_TRY(FoundTask found, state.find_or_create_task(kSource, kDestination));
        GODWIT_TRY(std::unique_ptr<LockedTask> task, LockedTask::lock(state, found.task));
        runtime::IoLoop loop;
        GODWIT_TRY(std::unique_ptr<ExecutionLedger> ledger, task->resume(loop, kAtOnce));
        if (!ledger) {
            GODWIT_TRY(bool ended, has_ended(state));
            if (ended) return {};
            GODWIT_TRY(ledger, task->begin(loop, {.options = "{}", .staging_token = "t", .commit = kAtOnce}));
        }
        auto note = [&](std::uint64_t number, const Result<void>& recorded) {
            (recorded ? told : refused).insert(number);
        };
        testing::ListingWorker worker(loop, *ledger, kWorkload, note);
        GODWIT_TRY_VOID(loop.block_on(worker.run()));
        GODWIT_TRY(ExecutionLedger::Closing closing, task->close(std::move(ledger)));
        if (closing.index_behind) return closing.index_behind->clone();
        return {};
    }

    static Result<bool> has_ended(const StateDirectory& state) {
        GODWIT_TRY(std::vector<ExecutionInfo> executions, state.executions());
        return !executions.empty() && executions.back().status == model::ExecutionStatus::Clean;
    }

    void expect_right_error(const Error& error, const db::testing::FileFault& fault) const {
        EXPECT_TRUE(db::testing::may_look_otherwise(fault, error) ||
                    error.kind() == db::sqlite_kind(fault.code))
            << error.message();
        EXPECT_NE(error.message().find(path()), std::string::npos) << error.message();
        EXPECT_FALSE(error.code().empty()) << error.message();
    }

    // Every file that readers can open is intact, and the ledger has what was said to be in it, and nothing
    // that nobody tried to write.
    void expect_nothing_lost_nor_invented(const Numbers& told, const Numbers& refused) const {
        Numbers rows = recorded();
        for (std::uint64_t number : told) EXPECT_TRUE(rows.contains(number)) << number << " is lost";
        for (std::uint64_t number : rows)
            EXPECT_TRUE(told.contains(number) || refused.contains(number)) << number << " is invented";
    }

    Numbers recorded() const {
        Numbers rows;
        auto state = StateDirectory::open({.path = path()}, db::Access::Read);
        if (!state) return rows;
        auto executions = state->executions();
        EXPECT_TRUE(succeeded(executions));
        for (std::size_t i = 0; executions && i < executions->size(); ++i) {
            auto reader = state->read_ledger((*executions)[i]);
            if (reader) add_rows(**reader, rows);
        }
        return rows;
    }

    static void add_rows(LedgerReader& reader, Numbers& rows) {
        RowScan scan(reader, {});
        for (auto page = scan.next(); page && !page->empty(); page = scan.next()) {
            for (const OutcomeRow& row : *page) {
                auto number = static_cast<std::uint64_t>(row.record.evidence.source.mtime_ns -
                                                         testing::sample_identity(0).mtime_ns);
                EXPECT_EQ(row.record.key.bytes(), testing::sample_key(number));
                EXPECT_TRUE(rows.insert(number).second) << number << " was recorded twice";
            }
        }
    }

    void expect_can_be_carried_on(const Numbers& told) {
        Numbers rest, refused;
        ASSERT_TRUE(succeeded(live(rest, refused)));
        for (std::uint64_t number : rest) EXPECT_FALSE(told.contains(number)) << number << " was done again";
        EXPECT_EQ(recorded().size(), kWorkload.objects);
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) {
            if (entry.path().extension() != ".db") continue;
            Result<void> intact = db::check_sqlite_integrity(entry.path());
            // A ledger whose making failed is left as it is, and another one begun.
            EXPECT_TRUE(intact || intact.error().kind() == ErrorKind::NotFound) << intact.error().message();
        }
        auto state = StateDirectory::open({.path = path()}, db::Access::Read);
        ASSERT_TRUE(succeeded(state));
        auto executions = state->executions();
        ASSERT_TRUE(executions && !executions->empty());
        const ExecutionInfo& last = executions->back();
        EXPECT_EQ(last.status, model::ExecutionStatus::Clean);
        EXPECT_EQ(last.counts.copied(), kWorkload.objects);
        auto index = state->read_index(last.task);
        ASSERT_TRUE(succeeded(index));
        EXPECT_EQ(*(*index)->count(), kWorkload.objects);
    }

    db::testing::TemporaryDirectory directory_;
};

TEST_F(StateFaults, H77_any_call_that_fails_costs_nothing_that_was_recorded_and_the_next_run_carries_on) {
    sweep(false);
}

// Every single call: `./dev test --all`.
TEST_F(StateFaults, DISABLED_H77_every_call_that_fails) {
    sweep(true);
}

}  // namespace
}  // namespace godwit::ledger
