#include "app/dispatch.h"

#include <algorithm>
#include <array>

#include "app/about_commands.h"
#include "app/advice.h"
#include "app/copy_command.h"
#include "app/doctor_command.h"
#include "app/execution_commands.h"
#include "app/json_text.h"
#include "app/ledger_commands.h"
#include "app/location_commands.h"
#include "app/manifest_command.h"
#include "app/plan_command.h"
#include "app/report_command.h"
#include "app/run_options.h"
#include "app/state_commands.h"
#include "app/trace_command.h"
#include "app/verify_command.h"
#include "base/check.h"

namespace godwit::app {
namespace {

using RunCommand = Result<ExitCode> (*)(const Invocation&, Session&);

struct Row {
    std::string_view command;
    RunCommand run;
};

constexpr std::array kRows{
    Row{"copy", run_copy_command},
    Row{"plan", run_plan},
    Row{"apply", run_apply},
    Row{"verify", run_verify},
    Row{"ls", run_list},
    Row{"stat", run_stat},
    Row{"manifest check", run_manifest_check},
    Row{"manifest build", run_manifest_build},
    Row{"executions list", run_executions_list},
    Row{"executions describe", run_executions_describe},
    Row{"executions errors", run_executions_errors},
    Row{"executions limit", run_executions_limit},
    Row{"executions retry", run_executions_retry},
    Row{"report", run_report},
    Row{"ledger query", run_ledger_query},
    Row{"ledger trace", run_ledger_trace},
    Row{"ledger stats", run_ledger_stats},
    Row{"ledger export", run_ledger_export},
    Row{"state info", run_state_info},
    Row{"state backup", run_state_backup},
    Row{"state restore", run_state_restore},
    Row{"state prune", run_state_prune},
    Row{"doctor", run_doctor},
    Row{"version", run_version},
    Row{"help", run_help},
    Row{"completion", run_completion},
    Row{"man", run_man},
};

void configure(Terminal& terminal, const Values& values) {
    TerminalOptions options;
    options.quiet = values.flag("quiet");
    options.progress = !values.flag("no-progress");
    options.verbosity = values.times("verbose");
    terminal.configure(options);
}

Result<ExitCode> parse_and_run(std::span<const std::string> arguments, Session& session) {
    GODWIT_TRY(Invocation invocation, parse_arguments(arguments, session.environment));
    if (invocation.help_wanted) {
        show_help(invocation, session.terminal);
        return ExitCode::Clean;
    }
    configure(session.terminal, invocation.values);
    Result<ExitCode> code = dispatch(invocation, session);
    OutputFormat output = output_of(invocation.values);
    bool programs_read = output == OutputFormat::Json || output == OutputFormat::JsonLines;
    if (!code && programs_read) {
        session.terminal.out(json_line(error_event(code.error(), session.clock.unix_time_ns())));
    }
    return code;
}

}  // namespace

bool is_dispatched(std::string_view command) {
    return std::ranges::find(kRows, command, &Row::command) != kRows.end();
}

Result<ExitCode> dispatch(const Invocation& invocation, Session& session) {
    for (const Row& row : kRows) {
        if (row.command == invocation.command->name) return row.run(invocation, session);
    }
    GODWIT_CHECK(false, "`{}` stands in the table of commands and is run by nobody",
                 invocation.command->name);
}

ExitCode run_program(std::span<const std::string> arguments, Session& session) {
    Result<ExitCode> code = parse_and_run(arguments, session);
    if (!code) {
        session.terminal.warn(error_text(code.error()));
        code = exit_code_for(code.error());
    }
    Result<void> written = session.terminal.finish();
    if (!written) {
        session.terminal.warn(error_text(written.error()));
        return worse(*code, ExitCode::NotClean);
    }
    return *code;
}

}  // namespace godwit::app
