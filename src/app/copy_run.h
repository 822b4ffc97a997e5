// One run of `copy`, from the open state directory to the summary:
//
//   state -> both ends -> their task, locked -> an execution, carried on or begun -> the engine ->
//   the ledger closed -> what became of it, from the ledger
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/copy_command.h"
#include "app/ends.h"
#include "app/loop_run.h"
#include "app/summary.h"
#include "engine/execution.h"
#include "ledger/locked_task.h"
#include "ledger/state_directory.h"

namespace godwit::app {

class CopyRun {
  public:
    // All arguments outlive the run.
    CopyRun(LoopRun& run, StoreKit& kit, std::string staging_token, const CopyArguments& arguments)
        : run_(run),
          kit_(kit),
          staging_token_(std::move(staging_token)),
          arguments_(arguments),
          terminal_(run.session().terminal),
          list_(arguments.list),
          record_(arguments.record) {}

    // Whatever could not be done is said on the terminal and in the exit code; an error means that
    // there is no execution to tell of.
    runtime::Task<Result<ExitCode>> run();

  private:
    runtime::Task<Result<ExitCode>> run_opened();
    Result<void> open_state();
    // Reads the list, if one was given, and says in the record which it is.
    runtime::Task<Result<void>> read_list();
    runtime::Task<Result<void>> open_both_ends();
    Result<void> check_plan() const;
    Result<void> lock_task();
    runtime::Task<Result<void>> open_execution();
    Result<void> keep_list() const;
    runtime::Task<Result<void>> carry_on(const ledger::ExecutionHead& head);
    runtime::Task<Result<void>> give_up(const ledger::ExecutionHead& head);
    // Staged files of an interrupted execution carry its token.
    runtime::Task<Result<void>> use_staging_token(const std::string& token);

    bool asked_for_prefixes() const { return list_ && list_->kind() == model::KeyListKind::Prefixes; }
    void announce();
    Result<LimitSettings> settle_limits();
    runtime::Task<Result<engine::ExecutionResult>> execute();
    // Where this execution's backups go. What lies there is nobody's but its own.
    runtime::Task<Result<store::Store*>> open_backup(runtime::Context& context);
    Result<RunSummary> summarise(Result<engine::ExecutionResult> result);
    Result<void> read_ledger(RunSummary& summary);
    runtime::Task<ExitCode> compare_everything(ExitCode code);
    void tell(const RunSummary& summary);
    // Where the task report goes, opened before anything is copied.
    runtime::Task<Result<void>> open_report();
    runtime::Task<ExitCode> write_report(ExitCode code);
    // Each error as a JSON line.
    void tell_errors(const RunSummary& summary, std::int64_t now_unix_ns);

    LoopRun& run_;
    StoreKit& kit_;
    std::string staging_token_;
    const CopyArguments& arguments_;
    Terminal& terminal_;

    Instant began_{};
    std::optional<ledger::StateDirectory> state_;
    Ends ends_;
    std::unique_ptr<store::Store> backup_;
    std::unique_ptr<ReportPlace> report_;
    std::unique_ptr<ledger::LockedTask> task_;
    std::unique_ptr<ledger::ExecutionLedger> ledger_;
    ledger::ExecutionInfo execution_;
    // What control.db says of the limits.
    std::string limits_text_;
    // What the run is about alone; null: everything.
    std::shared_ptr<const ledger::KeyFile> list_;
    // CopyArguments::record, with the list.
    std::string record_;
    bool resumed_ = false;
    // When the execution began, in whichever process.
    std::int64_t begun_unix_ns_ = 0;
    // An end is not the place that it was at the last copy.
    bool end_replaced_ = false;
};

}  // namespace godwit::app
