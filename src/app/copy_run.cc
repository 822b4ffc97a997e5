#include "app/copy_run.h"

#include <fmt/format.h>

#include "app/advice.h"
#include "app/delete_options.h"
#include "app/json_text.h"
#include "app/list_reader.h"
#include "app/live_limits.h"
#include "app/overlap.h"
#include "app/process.h"
#include "app/progress_report.h"
#include "app/run_record.h"
#include "app/verify_command.h"
#include "engine/compare.h"
#include "engine/give_up.h"
#include "store/listed_objects.h"

namespace godwit::app {

using engine::ExecutionResult;
using runtime::Task;

namespace {

Error prefix_missing(const std::string& source, bool listed) {
    std::string_view cause =
        listed ? "no object begins with any prefix of the list" : "no object has this prefix";
    return Error(ErrorKind::NotFound, "list", source, std::string(cause)).with_scope(Scope::Source);
}

// An error that neither end has claimed is one of our own files'.
template <class T>
Result<T> in_state(Result<T> done) {
    bool ours = !done && done.error().scope() == Scope::None && done.error().kind() != ErrorKind::Cancelled;
    if (ours) done = std::move(done.error()).with_scope(Scope::State);
    return done;
}

}  // namespace

Task<Result<ExitCode>> CopyRun::run() {
    began_ = run_.loop().now();
    GODWIT_CO_TRY_VOID(in_state(open_state()));
    GODWIT_CO_TRY_VOID(co_await read_list());
    GODWIT_CO_TRY_VOID(co_await open_both_ends());
    Result<ExitCode> code = co_await run_opened();
    if (backup_) co_await backup_->close();
    if (report_) co_await report_->close();
    co_await close_ends(ends_);
    kit_.sum_up_warnings();
    co_return std::move(code);
}

Task<Result<ExitCode>> CopyRun::run_opened() {
    GODWIT_CO_TRY_VOID(check_deletes(ends_, arguments_.options));
    if (arguments_.backup) GODWIT_CO_TRY_VOID(check_backup_apart(ends_, *arguments_.backup));
    GODWIT_CO_TRY_VOID(check_plan());
    GODWIT_CO_TRY_VOID(co_await open_report());
    GODWIT_CO_TRY_VOID(in_state(lock_task()));
    GODWIT_CO_TRY_VOID(in_state(co_await open_execution()));
    announce();
    // Without a result it was our own files that ended it.
    Result<ExecutionResult> result = in_state(co_await execute());
    GODWIT_CO_TRY(RunSummary summary, summarise(std::move(result)));
    tell(summary);
    ExitCode code = exit_code_of(summary);
    bool ended = !summary.stopped_by && !summary.stopped;
    if (ended && arguments_.verify == VerifyMode::Everything) code = co_await compare_everything(code);
    if (report_) code = co_await write_report(code);
    co_return code;
}

Task<Result<void>> CopyRun::open_report() {
    if (!arguments_.report) co_return {};
    report_ = std::make_unique<ReportPlace>(run_, *arguments_.report);
    // Of a single object nothing beside it is read or deleted.
    ReportNeighbours neighbours;
    if (!ends_.single_object) {
        neighbours.source = {ends_.source_root.canonical, "", ends_.source_text};
        neighbours.destination = {ends_.destination_root.canonical, "", ends_.destination_text};
    }
    neighbours.mirrors = arguments_.options.deletes.has_value();
    co_return co_await report_->open(neighbours);
}

// What was copied stays copied, whatever becomes of its report.
Task<ExitCode> CopyRun::write_report(ExitCode code) {
    Result<report::Written> written = co_await report_->write(*state_, execution_.id);
    if (written) {
        terminal_.say(report_->text(*written));
        co_return code;
    }
    terminal_.warn(error_text(written.error()));
    terminal_.warn(fmt::format("the task report of {} is not complete: `godwit report {} --to {}` writes it",
                               execution_.id, execution_.id, shell_word(arguments_.report->to.text)));
    co_return worse(code, exit_code_for(written.error()));
}

Result<void> CopyRun::open_state() {
    ledger::StateSettings settings{
        .path = arguments_.data_directory, .clock = &run_.session().clock, .random = &run_.session().random};
    GODWIT_TRY(ledger::StateDirectory state,
               ledger::StateDirectory::open(std::move(settings), db::Access::Write));
    state_.emplace(std::move(state));
    for (const std::string& warning : state_->warnings()) terminal_.warn("warning: " + warning);
    return {};
}

// Which list it was is a part of what is done: an interrupted run is carried on with the same one only.
Task<Result<void>> CopyRun::read_list() {
    if (!arguments_.list_request) co_return {};
    GODWIT_CO_TRY(list_, co_await read_list_to_run(run_, kit_, *arguments_.list_request, state_->path()));
    GODWIT_CO_TRY(RunRecord record, run_record_from(record_));
    record.selection = "listed, sha256 " + list_->digest();
    record_ = to_text(record);
    co_return {};
}

Task<Result<void>> CopyRun::open_both_ends() {
    GODWIT_CO_TRY(ends_, co_await open_ends(run_.context(), kit_, arguments_.ends));
    if (!list_) co_return {};
    Result<void> narrowed = narrow_to_list(ends_, list_);
    if (!narrowed) co_await close_ends(ends_);
    co_return std::move(narrowed);
}

// Of a destination that was not there when the plan was made nothing is known.
Result<void> CopyRun::check_plan() const {
    if (!arguments_.plan) return {};
    const PlanHead& head = arguments_.plan->head();
    auto check = [](const std::string& planned, const std::string& found,
                    const std::string& uri) -> Result<void> {
        if (planned.empty() || planned == found) return {};
        return Error(
                   ErrorKind::Changed, "carry out a plan for", uri,
                   fmt::format("the plan is of another place: it saw '{}', and here is '{}'", planned, found))
            .with_code("RootReplaced");
    };
    GODWIT_TRY_VOID(check(head.source_canonical, ends_.source_root.canonical, ends_.source_text));
    GODWIT_TRY_VOID(check(head.source_identity, ends_.source_root.identity, ends_.source_text));
    GODWIT_TRY_VOID(
        check(head.destination_canonical, ends_.destination_root.canonical, ends_.destination_text));
    return check(head.destination_identity, ends_.destination_root.identity, ends_.destination_text);
}

Result<void> CopyRun::lock_task() {
    auto end = [](const store::RootIdentity& root, const std::string& text) {
        return ledger::End{.canonical = root.canonical, .identity = root.identity, .uri = text};
    };
    GODWIT_TRY(ledger::FoundTask found,
               state_->find_or_create_task(end(ends_.source_root, ends_.source_text),
                                           end(ends_.destination_root, ends_.destination_text)));
    end_replaced_ = found.created && found.replaced;
    if (end_replaced_) {
        terminal_.warn(
            fmt::format("warning: {} or {} is not the place that it was at the last copy (another file "
                        "system or bucket has its name): what was known of it counts for nothing",
                        ends_.source_text, ends_.destination_text));
    }
    GODWIT_TRY(task_, ledger::LockedTask::lock(*state_, found.task));
    return {};
}

Task<Result<void>> CopyRun::open_execution() {
    GODWIT_CO_TRY(std::optional<ledger::ExecutionHead> interrupted, task_->interrupted());
    if (interrupted) {
        Result<RunRecord> theirs = run_record_from(interrupted->options);
        GODWIT_CO_TRY(RunRecord ours, run_record_from(record_));
        bool same = theirs && theirs->plan() == ours.plan();
        if (same) co_return co_await carry_on(*interrupted);
        terminal_.say(
            fmt::format("{} was interrupted and had other options; a new execution begins", interrupted->id));
        GODWIT_CO_TRY_VOID(co_await give_up(*interrupted));
    }
    ledger::NewExecution execution{.options = record_, .staging_token = staging_token_};
    GODWIT_CO_TRY_VOID(co_await use_staging_token(staging_token_));
    GODWIT_CO_TRY(ledger_, task_->begin(run_.loop(), execution));
    execution_.id = ledger_->head().id;
    execution_.task = task_->task().id;
    begun_unix_ns_ = ledger_->head().created_unix_ns;
    co_return in_state(keep_list());
}

Result<void> CopyRun::keep_list() const {
    if (!list_ || !arguments_.keeps_list) return {};
    return list_->keep(state_->list_path(execution_.task, execution_.id));
}

Task<Result<void>> CopyRun::carry_on(const ledger::ExecutionHead& head) {
    GODWIT_CO_TRY_VOID(co_await use_staging_token(head.staging_token));
    GODWIT_CO_TRY(ledger_, task_->resume(run_.loop()));
    execution_.id = head.id;
    execution_.task = head.task;
    begun_unix_ns_ = head.created_unix_ns;
    resumed_ = true;
    co_return in_state(keep_list());
}

Task<Result<void>> CopyRun::give_up(const ledger::ExecutionHead& head) {
    GODWIT_CO_TRY_VOID(co_await use_staging_token(head.staging_token));
    GODWIT_CO_TRY(ledger_, task_->resume(run_.loop()));
    Result<void> released = co_await engine::give_up(run_.context(), *ledger_, *ends_.destination);
    auto closed = task_->close(std::move(ledger_), "it was interrupted and given up");
    if (!released) co_return std::move(released);
    if (!closed) co_return std::move(closed.error());
    co_return {};
}

Task<Result<void>> CopyRun::use_staging_token(const std::string& token) {
    if (token == kit_.staging_token()) co_return {};
    co_await close_ends(ends_);
    ends_ = Ends();
    kit_.set_staging_token(token);
    co_return co_await open_both_ends();
}

void CopyRun::announce() {
    if (resumed_) terminal_.say(fmt::format("Carrying on {}", execution_.id));
    if (arguments_.output != OutputFormat::JsonLines) return;
    boost::json::object event = json_event("start", run_.loop().unix_time_ns());
    event["execution"] = execution_.id;
    event["task"] = execution_.task;
    event["source"] = printable(ends_.source_text);
    event["destination"] = printable(ends_.destination_text);
    event["resumed"] = resumed_;
    terminal_.out(json_line(event));
    terminal_.flush_out();
}

// What this command says, over what was said of the execution before.
Result<LimitSettings> CopyRun::settle_limits() {
    GODWIT_TRY(std::string before, state_->limits(execution_.id));
    GODWIT_TRY(Values given, limit_values(arguments_.limits_text));
    GODWIT_TRY(limits_text_, limits_text(before, given));
    if (limits_text_ != before) {
        GODWIT_TRY_VOID(state_->change_control([this](ledger::ControlTables& tables) {
            return tables.set_limits(execution_.id, limits_text_);
        }));
    }
    GODWIT_TRY(Values values, limit_values(limits_text_));
    GODWIT_TRY(LimitSettings settings, limit_settings(values, descriptor_limit()));
    kit_.request_rate().set_per_second(settings.requests_per_second);
    return settings;
}

Task<Result<ExecutionResult>> CopyRun::execute() {
    engine::Progress progress;
    engine::ExecutionOptions options = arguments_.options;
    GODWIT_CO_TRY(LimitSettings limits, settle_limits());
    options.limits = limits.at(run_.loop().unix_time_ns());
    options.policy.destination_hierarchical = ends_.destination->capabilities().hierarchical;
    options.begun_unix_ns = begun_unix_ns_;
    if (options.deletes && end_replaced_) {
        options.deletes->refused_because =
            "it or the source is not the place that it was at the last copy; a copy without --delete makes "
            "it "
            "known";
    }
    if (options.deletes && arguments_.backup) {
        options.deletes->backup = [this](runtime::Context& context) { return open_backup(context); };
    }
    engine::Execution execution(run_.context(), *ends_.source, *ends_.destination, *ledger_, options,
                                progress);
    run_.on_drain([&execution] { execution.drain(); });
    auto apply = [&](const engine::Limits& now, std::uint64_t requests_per_second) {
        execution.set_limits(now);
        kit_.request_rate().set_per_second(requests_per_second);
    };
    LiveLimits live(run_.session(), run_.loop(), *state_, execution_.id, limits_text_, std::move(limits),
                    apply);
    ProgressReport report(run_.session(), arguments_.output, progress);
    Task<Result<ExecutionResult>> running = during(run_.loop(), live, execution.run());
    Result<ExecutionResult> result = co_await report.during(run_.loop(), std::move(running));
    run_.on_drain({});
    co_return std::move(result);
}

Task<Result<store::Store*>> CopyRun::open_backup(runtime::Context& context) {
    Location place = arguments_.backup->child(execution_.id);
    WriteOptions write = arguments_.ends.write;
    // What is kept for the day that somebody wants it back is kept as it was.
    write.attributes.keep_set_id_bits = true;
    if (prefixes_meet(place, arguments_.ends.destination)) write.source = ends_.destination.get();
    GODWIT_CO_TRY(backup_, kit_.make(place, arguments_.ends.destination_end, write));
    GODWIT_CO_TRY(store::RootIdentity root, co_await backup_->attach(context, store::Role::Destination));
    GODWIT_CO_TRY_VOID(check_backup_apart(ends_, place, root));
    co_return backup_.get();
}

// The ledger is closed whatever happened; what it says is what is told.
Result<RunSummary> CopyRun::summarise(Result<ExecutionResult> result) {
    std::string why;
    if (!result) why = result.error().message();
    if (result && result->stopped_by) why = result->stopped_by->message();
    auto closing = task_->close(std::move(ledger_), why);
    if (!result) return std::move(result.error());
    if (!closing) return std::move(closing.error());
    if (closing->index_behind) terminal_.warn("warning: " + closing->index_behind->message());
    RunSummary summary;
    summary.execution = execution_.id;
    summary.status = result->status;
    summary.resumed = resumed_;
    summary.source = ends_.source_text;
    summary.destination = ends_.destination_text;
    summary.verify_arguments = arguments_.verify_arguments;
    summary.counts = result->counts;
    summary.levels = std::move(closing->levels);
    summary.took = run_.loop().now() - began_;
    summary.stopped = run_.stopped();
    summary.stopped_by = std::move(result->stopped_by);
    summary.deletes_withheld = std::move(result->deletes_withheld);
    if (arguments_.plan) summary.plan_not_needed = result->plan_not_needed;
    bool by_state = summary.stopped_by && summary.stopped_by->code().starts_with("SQLITE_");
    if (by_state) summary.stopped_by = std::move(*summary.stopped_by).with_scope(Scope::State);
    if (auto attests = ends_.destination->capabilities().attests)
        summary.attested_by = algorithm_title(*attests);
    bool nothing = summary.counts.listed() == 0 && !summary.stopped_by;
    bool asked_for_all = !list_ && !arguments_.options.selection && !arguments_.plan;
    summary.source_missing = nothing && ((ends_.source_is_prefix && asked_for_all) || asked_for_prefixes());
    GODWIT_TRY_VOID(read_ledger(summary));
    return summary;
}

Result<void> CopyRun::read_ledger(RunSummary& summary) {
    GODWIT_TRY(auto reader, state_->read_ledger(execution_));
    GODWIT_TRY(summary.counters, reader->counters());
    GODWIT_TRY(summary.errors, reader->error_groups());
    GODWIT_TRY(summary.unlisted, reader->unlisted(RunSummary::kUnlistedMax));
    // What vanished at the source is counted as skipped, and no failure.
    std::erase_if(summary.errors, [](const ledger::ErrorGroup& group) {
        return group.sample.record.outcome == model::Outcome::Gone;
    });
    return {};
}

void CopyRun::tell_errors(const RunSummary& summary, std::int64_t now_unix_ns) {
    if (summary.stopped_by) terminal_.out(json_line(error_event(*summary.stopped_by, now_unix_ns)));
    if (summary.source_missing)
        terminal_.out(
            json_line(error_event(prefix_missing(summary.source, asked_for_prefixes()), now_unix_ns)));
    for (const ledger::ErrorGroup& group : summary.errors)
        terminal_.out(json_line(error_event(group, now_unix_ns)));
    for (const std::string& part : summary.unlisted)
        terminal_.out(json_line(unlisted_event(part, now_unix_ns)));
}

void CopyRun::tell(const RunSummary& summary) {
    std::int64_t now = run_.loop().unix_time_ns();
    switch (arguments_.output) {
        case OutputFormat::JsonLines:
            tell_errors(summary, now);
            [[fallthrough]];
        case OutputFormat::Json:
            terminal_.out(json_line(summary_event(summary, now)));
            break;
        case OutputFormat::Name:
            terminal_.out(summary.execution + "\n");
            break;
        case OutputFormat::Table:
        case OutputFormat::Csv:
            terminal_.out(summary_text(summary, terminal_));
            break;
    }
    terminal_.flush_out();
    bool told = summary.stopped_by && summary.stopped_by->kind() == ErrorKind::Cancelled && summary.stopped;
    if (summary.stopped_by && !told) terminal_.warn(error_text(*summary.stopped_by));
    if (summary.source_missing) {
        terminal_.warn(error_text(prefix_missing(summary.source, asked_for_prefixes())));
    }
}

// verify_mode POINT_IN_TIME_CONSISTENT: the whole of both ends, by the digests that stores keep, else
// of the bytes.
Task<ExitCode> CopyRun::compare_everything(ExitCode code) {
    Instant began = run_.loop().now();
    engine::Progress progress;
    engine::ExecutionOptions options = arguments_.options;
    options.policy.compare = model::CompareMode::Checksum;
    engine::ComparedSink sink = [this](engine::Compared compared) {
        if (compared.difference == engine::Difference::Added) return;
        std::string what = compared.error ? compared.error->message() : compared.detail;
        terminal_.warn(
            fmt::format("{}: {} {}", to_string(compared.difference), printable(compared.key.bytes()), what));
    };
    ProgressReport report(run_.session(), arguments_.output, progress);
    Task<Result<engine::CompareResult>> comparison =
        engine::compare(run_.context(), *ends_.source, *ends_.destination, options, progress, sink);
    Result<engine::CompareResult> result = co_await report.during(run_.loop(), std::move(comparison));
    if (!result) {
        terminal_.warn(error_text(result.error()));
        co_return worse(code, exit_code_for(result.error()));
    }
    terminal_.say(comparison_text(*result, "checksum", run_.loop().now() - began));
    if (result->content > 0) code = worse(code, ExitCode::NotVerified);
    bool incomplete = result->removed + result->metadata + result->unreadable > 0 ||
                      !result->unlisted_source.empty() || !result->unlisted_destination.empty();
    co_return incomplete ? worse(code, ExitCode::NotClean) : code;
}

}  // namespace godwit::app
