#include "app/report_command.h"

#include "app/facts.h"
#include "app/loop_run.h"
#include "app/run_options.h"
#include "app/state_access.h"
#include "app/task_report.h"

namespace godwit::app {
namespace {

using ledger::ExecutionInfo;
using ledger::StateDirectory;
using runtime::Task;

// Rows would come while they are told of.
Result<void> check_ended(const ExecutionInfo& execution) {
    if (!execution.running) return {};
    return Error(ErrorKind::Busy, "report", execution.id, "it is still running; ask again when it has ended")
        .with_code("Running");
}

Result<ReportNeighbours> neighbours_of(const StateDirectory& state, const ExecutionInfo& execution) {
    ReportNeighbours neighbours;
    GODWIT_TRY(std::optional<ledger::TaskInfo> task, task_of(state, execution));
    if (!task) return neighbours;
    neighbours.source = std::move(task->source);
    neighbours.destination = std::move(task->destination);
    GODWIT_TRY(auto ledger, state.read_ledger(execution));
    GODWIT_TRY(ledger::ExecutionHead head, ledger->head());
    GODWIT_TRY(RunRecord record, run_record_from(head.options));
    neighbours.mirrors = record.options.contains("delete");
    return neighbours;
}

boost::json::object facts_of(const ExecutionInfo& execution, const report::Written& written,
                             const std::string& summary) {
    boost::json::object facts;
    facts["v"] = 1;
    facts["type"] = "report";
    facts["execution"] = execution.id;
    facts["summary"] = printable(summary);
    facts["files"] = written.files();
    facts["items"] = written.items();
    for (report::Kind kind : report::kKinds) {
        const report::KindTotal& total = written.totals[static_cast<std::size_t>(kind)];
        boost::json::object one;
        one["files"] = total.files;
        one["items"] = total.items;
        facts[to_string(kind)] = std::move(one);
    }
    return facts;
}

Task<Result<report::Written>> open_and_write(ReportPlace& place, const StateDirectory& state,
                                             const ExecutionInfo& execution) {
    GODWIT_CO_TRY(ReportNeighbours neighbours, neighbours_of(state, execution));
    GODWIT_CO_TRY_VOID(co_await place.open(neighbours));
    co_return co_await place.write(state, execution.id);
}

Task<Result<ExitCode>> write_and_tell(ReportPlace& place, const StateDirectory& state,
                                      const ExecutionInfo& execution, OutputFormat output, Session& session) {
    Result<report::Written> written = co_await open_and_write(place, state, execution);
    co_await place.close();
    if (!written) co_return std::move(written.error());
    boost::json::object facts = facts_of(execution, *written, place.uri(written->summary_key));
    write_facts(facts, output, session.terminal);
    co_return ExitCode::Clean;
}

}  // namespace

Result<ExitCode> run_report(const Invocation& invocation, Session& session) {
    GODWIT_TRY(ReportRequest request, report_to_request(invocation.values));
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    GODWIT_TRY(ExecutionInfo execution, find_execution(state, invocation.words[0]));
    GODWIT_TRY_VOID(check_ended(execution));
    LoopRun run(session);
    ReportPlace place(run, std::move(request));
    OutputFormat output = output_of(invocation.values);
    return run.run([&](LoopRun&) { return write_and_tell(place, state, execution, output, session); });
}

}  // namespace godwit::app
