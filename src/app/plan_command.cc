#include "app/plan_command.h"

#include "app/copy_command.h"
#include "app/plan_file.h"
#include "app/run_record.h"

namespace godwit::app {

Result<ExitCode> run_plan(const Invocation& invocation, Session& session) {
    GODWIT_TRY(CopyArguments arguments, copy_arguments(invocation, session, session.clock.unix_time_ns()));
    auto path = invocation.values.text("to");
    if (!path || path->empty()) return usage_error("--to", "is missing: the file that the plan goes to");
    arguments.plan_to = *path;
    arguments.dry_run = true;
    return run_copy(arguments, session);
}

Result<ExitCode> run_apply(const Invocation& invocation, Session& session) {
    GODWIT_TRY(std::shared_ptr<const PlanFile> plan, PlanFile::open(invocation.words[0]));
    GODWIT_TRY(Invocation copy, recorded_invocation(plan->head().record, invocation.values));
    GODWIT_TRY(CopyArguments arguments, copy_arguments(copy, session, plan->head().made_unix_ns));
    // An interrupted run is carried on by the same plan only.
    GODWIT_TRY(RunRecord record, run_record_from(arguments.record));
    record.selection = "plan " + plan->sha256();
    arguments.record = to_text(record);
    arguments.options.approved = plan;
    arguments.plan = std::move(plan);
    return run_copy(arguments, session);
}

}  // namespace godwit::app
