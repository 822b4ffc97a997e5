// `copy`: what is asked for, and the record of it that lets the same be run again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/arguments.h"
#include "app/ends.h"
#include "app/estimate.h"
#include "app/exit_code.h"
#include "app/limit_settings.h"
#include "app/list_options.h"
#include "app/plan_file.h"
#include "app/run_options.h"
#include "app/session.h"
#include "app/task_report.h"
#include "engine/options.h"
#include "ledger/key_file.h"

namespace godwit::app {

struct CopyArguments {
    EndsRequest ends;
    engine::ExecutionOptions options;
    VerifyMode verify = VerifyMode::Transferred;
    OutputFormat output = OutputFormat::Table;
    std::string data_directory;  // absolute
    bool dry_run = false;
    // Where a dry run writes its plan; empty: nowhere.
    std::string plan_to;
    std::optional<PriceTable> prices;
    // The plan to be carried out, and nothing else; null: there is none.
    std::shared_ptr<const PlanFile> plan;
    LimitSettings limits;
    // The same as it stands in control.db.
    std::string limits_text;
    // Where what a mirror removes is copied to, in a directory of each execution's own.
    std::optional<Location> backup;
    bool sparse = false;
    bool reflink = false;
    // The task report that is written at the end.
    std::optional<ReportRequest> report;
    // What the ledger keeps of this command: see run_record.h.
    std::string record;
    // SRC, DST and how they are reached, for the next command line.
    std::string verify_arguments;
    // The list that is to be read before the run; absent: there is none, or it is read already.
    std::optional<ListRequest> list_request;
    // What the run is about alone; null: everything, unless there is a list to be read.
    std::shared_ptr<const ledger::KeyFile> list;
    // The list is kept with the execution, so that a retry has it.
    bool keeps_list = false;
};

// Ages are counted back from `now_unix_ns`. Fails with a usage error.
Result<CopyArguments> copy_arguments(const Invocation& invocation, const Session& session,
                                     std::int64_t now_unix_ns);

Result<ExitCode> run_copy(const CopyArguments& arguments, Session& session);
Result<ExitCode> run_copy_command(const Invocation& invocation, Session& session);

}  // namespace godwit::app
