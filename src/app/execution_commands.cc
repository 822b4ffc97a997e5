#include "app/execution_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/advice.h"
#include "app/copy_command.h"
#include "app/facts.h"
#include "app/json_text.h"
#include "app/limit_settings.h"
#include "app/process.h"
#include "app/run_options.h"
#include "app/run_record.h"
#include "app/state_access.h"
#include "app/summary.h"
#include "ledger/key_sort.h"

namespace godwit::app {
namespace {

using ledger::ExecutionInfo;
using ledger::LedgerReader;
using ledger::StateDirectory;
using ledger::TaskInfo;

// 0 is "all".
std::uint64_t limit_of(const Values& values) {
    std::uint64_t limit = values.number("limit").value_or(0);
    return limit == 0 ? ~std::uint64_t{0} : limit;
}

std::string end_text(const std::vector<TaskInfo>& tasks, const std::string& id, ledger::End TaskInfo::* end) {
    auto task = std::ranges::find(tasks, id, &TaskInfo::id);
    return task == tasks.end() ? "" : ((*task).*end).uri;
}

Duration took(const ExecutionInfo& execution, std::int64_t now_unix_ns) {
    return Duration(execution.ended_unix_ns.value_or(now_unix_ns) - execution.created_unix_ns);
}

// ---- describe

boost::json::object describe_json(const ExecutionInfo& execution, const std::optional<TaskInfo>& task,
                                  std::int64_t now_unix_ns) {
    boost::json::object facts;
    facts["v"] = 1;
    facts["type"] = "execution";
    facts["execution"] = execution.id;
    facts["status"] = status_word(execution);
    facts["running"] = execution.running;
    facts["task"] = execution.task;
    if (task) {
        facts["source"] = printable(task->source.uri);
        facts["destination"] = printable(task->destination.uri);
    }
    set_time(facts, "started", execution.created_unix_ns);
    set_time(facts, "ended", execution.ended_unix_ns.value_or(0));
    facts["seconds"] =
        static_cast<double>(took(execution, now_unix_ns) / std::chrono::milliseconds(1)) / 1000;
    facts["listed"] = execution.counts.listed();
    facts["copied"] = execution.counts.copied();
    facts["skipped"] = execution.counts.skipped();
    facts["deferred"] = execution.counts.deferred();
    facts["failed"] = execution.counts.failed();
    facts["bytes"] = execution.counts.copied_bytes();
    if (!execution.error.empty()) facts["error"] = printable(execution.error);
    if (execution.pruned_unix_ns) set_time(facts, "ledger_pruned", *execution.pruned_unix_ns);
    return facts;
}

// What was asked for; what was not has its default.
boost::json::object limits_json(const Values& values) {
    boost::json::object limits;
    for (const std::string& name : values.names()) limits[name] = values.text(name).value_or("");
    return limits;
}

Result<void> add_ledger_facts(LedgerReader& reader, boost::json::object& facts) {
    GODWIT_TRY(std::vector<ledger::LevelSum> levels, reader.levels());
    boost::json::object evidence;
    for (const ledger::LevelSum& sum : levels) {
        if (sum.outcome == model::Outcome::Verified) evidence[to_string(sum.level)] = sum.objects;
    }
    if (!evidence.empty()) facts["evidence"] = std::move(evidence);
    GODWIT_TRY(ledger::ExecutionHead head, reader.head());
    Result<RunRecord> record = run_record_from(head.options);
    if (!record) return {};
    boost::json::object options;
    for (const auto& [name, values] : record->options) {
        bool once = values.size() == 1;
        options[name] = once ? boost::json::value(values.front())
                             : boost::json::value(boost::json::array(values.begin(), values.end()));
    }
    facts["options"] = std::move(options);
    if (!record->selection.empty()) facts["selection"] = record->selection;
    return {};
}

// ---- retry

bool needs_retry(model::Outcome outcome) {
    using model::Outcome;
    return outcome == Outcome::Failed || outcome == Outcome::Deferred || outcome == Outcome::Conflict ||
           outcome == Outcome::Unrepresentable;
}

using KeyList = std::shared_ptr<const ledger::KeyFile>;

// The list that the execution was given. One that was not kept cannot be had again: what stands where it came
// from may be another one by now.
Result<KeyList> kept_list(const StateDirectory& state, const ExecutionInfo& execution) {
    Result<KeyList> list = ledger::KeyFile::open(state.list_path(execution.task, execution.id));
    if (list || list.error().kind() != ErrorKind::NotFound) return list;
    return Error(ErrorKind::NotFound, "retry", execution.id,
                 "its list of objects was not kept (the run ended before that, or the state comes from a "
                 "backup); "
                 "copy again with --manifest or --prefixes")
        .with_code("ListNotKept");
}

// Keys that did not get there, each once, in order. What `list`, which may be null, asks for has to be there.
Result<KeyList> keys_to_retry(const StateDirectory& state, const ExecutionInfo& execution,
                              const KeyList& list) {
    GODWIT_TRY(auto reader, state.read_ledger(execution));
    ledger::KeySorter sorter(state.path());
    std::int64_t seq = 0;
    for (;;) {
        GODWIT_TRY(std::vector<ledger::OutcomeRow> rows, reader->rows(seq));
        if (rows.empty()) break;
        seq = rows.back().seq;
        for (const ledger::OutcomeRow& row : rows) {
            if (needs_retry(row.record.outcome)) GODWIT_TRY_VOID(sorter.add(row.record.key.bytes(), 0));
        }
    }
    GODWIT_TRY(ledger::KeyFileWriter writer,
               ledger::KeyFileWriter::create(state.path(), model::KeyListKind::Keys));
    std::string last;
    auto add = [&](std::string_view key, std::uint64_t line) -> Result<void> {
        if (key == last) return {};
        last = key;
        if (list && list->kind() == model::KeyListKind::Keys) {
            GODWIT_TRY(auto listed, list->find(key));
            if (listed) line = listed->line;
        }
        return writer.add(key, line);
    };
    GODWIT_TRY_VOID(sorter.finish(add));
    return writer.finish();
}

}  // namespace

Result<ExitCode> run_executions_list(const Invocation& invocation, Session& session) {
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    GODWIT_TRY(std::vector<TaskInfo> tasks, state.tasks());
    GODWIT_TRY(std::vector<ExecutionInfo> executions, state.executions());
    std::ranges::reverse(executions);
    std::uint64_t limit = limit_of(invocation.values);
    std::int64_t now = session.clock.unix_time_ns();
    Rows rows(session.terminal, output_of(invocation.values), "execution",
              {{"execution"},
               {"status"},
               {"started"},
               {"seconds", true},
               {"listed", true},
               {"copied", true},
               {"failed", true},
               {"deferred", true},
               {"bytes", true},
               {"source"},
               {"destination"}});
    for (const ExecutionInfo& execution : executions) {
        if (rows.count() == limit) break;
        rows.add({text_cell(execution.id), text_cell(status_word(execution)),
                  time_cell(execution.created_unix_ns), duration_cell(took(execution, now)),
                  number_cell(execution.counts.listed()), number_cell(execution.counts.copied()),
                  number_cell(execution.counts.failed()), number_cell(execution.counts.deferred()),
                  size_cell(execution.counts.copied_bytes()),
                  text_cell(end_text(tasks, execution.task, &TaskInfo::source)),
                  text_cell(end_text(tasks, execution.task, &TaskInfo::destination))});
    }
    rows.finish();
    return ExitCode::Clean;
}

Result<ExitCode> run_executions_describe(const Invocation& invocation, Session& session) {
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    GODWIT_TRY(ExecutionInfo execution, find_execution(state, invocation.words[0]));
    GODWIT_TRY(std::optional<TaskInfo> task, task_of(state, execution));
    boost::json::object facts = describe_json(execution, task, session.clock.unix_time_ns());
    GODWIT_TRY(std::string limits, state.limits(execution.id));
    GODWIT_TRY(Values limit, limit_values(limits));
    if (!limits.empty()) facts["limits"] = limits_json(limit);
    if (!execution.pruned_unix_ns) {
        auto reader = state.read_ledger(execution);
        if (!reader && !never_began(reader.error())) return std::move(reader.error());
        if (reader) GODWIT_TRY_VOID(add_ledger_facts(**reader, facts));
    }
    write_facts(facts, output_of(invocation.values), session.terminal);
    return ExitCode::Clean;
}

Result<ExitCode> run_executions_errors(const Invocation& invocation, Session& session) {
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    GODWIT_TRY(ExecutionInfo execution, find_execution(state, invocation.words[0]));
    GODWIT_TRY(auto reader, state.read_ledger(execution));
    GODWIT_TRY(std::vector<ledger::ErrorGroup> groups, reader->error_groups());
    GODWIT_TRY(std::vector<std::string> unlisted, reader->unlisted(RunSummary::kUnlistedMax));
    std::uint64_t limit = limit_of(invocation.values);
    Rows rows(
        session.terminal, output_of(invocation.values), "error",
        {{"count", true}, {"scope"}, {"code"}, {"outcome"}, {"first"}, {"sample"}, {"message"}, {"fix"}});
    for (const ledger::ErrorGroup& group : groups) {
        if (rows.count() == limit) break;
        const ledger::ObjectRecord& sample = group.sample.record;
        rows.add({number_cell(group.count), text_cell(to_string(group.scope)),
                  text_cell(group.code.empty() ? group.kind : group.code),
                  text_cell(to_string(sample.outcome)), time_cell(group.first_unix_ns),
                  name_cell(sample.key.bytes()), text_cell(sample.error_message),
                  text_cell(advice_for(group.code, group.kind))});
    }
    rows.finish();
    for (const std::string& message : unlisted) session.terminal.warn("not listed: " + printable(message));
    return ExitCode::Clean;
}

Result<ExitCode> run_executions_limit(const Invocation& invocation, Session& session) {
    GODWIT_TRY_VOID(limit_settings(invocation.values, descriptor_limit()));
    GODWIT_TRY(std::string given, limits_text("", invocation.values));
    GODWIT_TRY(StateDirectory state, given.empty() ? open_state_to_read(invocation.values, session)
                                                   : open_state_to_write(invocation.values, session));
    GODWIT_TRY(ExecutionInfo execution, find_execution(state, invocation.words[0]));
    GODWIT_TRY(std::string limits, state.limits(execution.id));
    if (!given.empty()) {
        if (model::is_final(execution.status))
            return usage_error(execution.id, fmt::format("has ended ({}): there is nothing left to limit",
                                                         status_word(execution)));
        GODWIT_TRY_VOID(state.change_control([&](ledger::ControlTables& tables) -> Result<void> {
            GODWIT_TRY(std::string now, tables.limits(execution.id));
            GODWIT_TRY(limits, limits_text(now, invocation.values));
            return tables.set_limits(execution.id, limits);
        }));
    }
    boost::json::object facts;
    facts["v"] = 1;
    facts["type"] = "limits";
    facts["execution"] = execution.id;
    facts["status"] = status_word(execution);
    GODWIT_TRY(Values values, limit_values(limits));
    facts["limits"] = limits_json(values);
    write_facts(facts, output_of(invocation.values), session.terminal);
    return ExitCode::Clean;
}

Result<ExitCode> run_executions_retry(const Invocation& invocation, Session& session) {
    CopyArguments arguments;
    {
        GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
        GODWIT_TRY(ExecutionInfo execution, find_execution(state, invocation.words[0]));
        GODWIT_TRY(auto reader, state.read_ledger(execution));
        GODWIT_TRY(ledger::ExecutionHead head, reader->head());
        GODWIT_TRY(Invocation copy, recorded_invocation(head.options, invocation.values));
        GODWIT_TRY(arguments, copy_arguments(copy, session, session.clock.unix_time_ns()));
        GODWIT_TRY(RunRecord record, run_record_from(arguments.record));
        if (arguments.list_request) {
            arguments.list_request.reset();
            GODWIT_TRY(arguments.list, kept_list(state, execution));
            record.selection = "listed, sha256 " + arguments.list->digest();
        }
        if (invocation.values.flag("failed")) {
            GODWIT_TRY(arguments.list, keys_to_retry(state, execution, arguments.list));
            record.selection = "failed of " + execution.id;
            arguments.options.deletes.reset();
        }
        arguments.record = to_text(record);
    }
    if (arguments.list && arguments.list->count() == 0) {
        session.terminal.say("Nothing failed and nothing was deferred: there is nothing to retry.");
        return ExitCode::Clean;
    }
    return run_copy(arguments, session);
}

}  // namespace godwit::app
