#include "app/trace_command.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/json_text.h"
#include "app/location.h"
#include "app/quantity.h"
#include "app/run_options.h"
#include "app/run_record.h"
#include "app/state_access.h"
#include "base/time_format.h"

namespace godwit::app {
namespace {

using ledger::ExecutionInfo;
using ledger::StateDirectory;
using ledger::TaskInfo;

// All that is known of one object in one task.
struct Trace {
    TaskInfo task;
    std::string key;
    // The object at either end.
    std::string source, destination;
    // The task's ends are what was asked for: a task of a single object, or the root of a tree.
    bool is_root = false;
    std::optional<model::IndexRow> proof;
    struct Step {
        std::string execution;
        ledger::ObjectRecord record;
    };
    std::vector<Step> steps;  // oldest first
};

// The object as the tasks' ends are written: absolute, links above it followed, not it itself.
std::string object_text(const Location& location) {
    if (location.is_s3()) {
        std::string text = location.display();
        return text + (location.ends_in_slash && !text.ends_with('/') ? "/" : "");
    }
    std::filesystem::path path = absolute_location(location.path);
    std::error_code error;
    std::filesystem::path parent = std::filesystem::weakly_canonical(path.parent_path(), error);
    if (error) parent = path.parent_path();
    return (parent / path.filename()).string() + (location.ends_in_slash ? "/" : "");
}

std::string below(const std::string& root, const std::string& key) {
    return root + (root.ends_with('/') ? "" : "/") + key;
}

// The object in a task of a tree, or in that of a single object, which goes by its name at the
// destination. Absent when the task cannot have met it.
std::optional<Trace> trace_of(const TaskInfo& task, const std::string& object) {
    Trace trace;
    trace.task = task;
    auto key = key_below(task.destination.uri, object);
    if (!key) key = key_below(task.source.uri, object);
    if (key) {
        trace.key = *key;
        trace.source = below(task.source.uri, *key);
        trace.destination = below(task.destination.uri, *key);
        return trace;
    }
    if (object != task.source.uri && object != task.destination.uri) return {};
    trace.source = task.source.uri;
    trace.destination = task.destination.uri;
    trace.key = trace.destination.substr(trace.destination.rfind('/') + 1);
    trace.is_root = true;
    return trace;
}

Result<std::optional<Trace>> trace_in(const StateDirectory& state, const TaskInfo& task,
                                      const std::string& object, Terminal& terminal) {
    std::optional<Trace> found = trace_of(task, object);
    if (!found) return std::optional<Trace>();
    Trace trace = std::move(*found);
    model::Key key(trace.key);
    if (auto index = state.read_index(task.id)) {
        GODWIT_TRY(std::uint64_t objects, (*index)->count());
        if (trace.is_root && objects > 1) return std::optional<Trace>();
        GODWIT_TRY(trace.proof, (*index)->find(key));
    }
    GODWIT_TRY(std::vector<ExecutionInfo> executions, state.executions(task.id));
    for (const ExecutionInfo& execution : executions) {
        if (execution.pruned_unix_ns) continue;
        auto reader = state.read_ledger(execution);
        if (!reader) {
            // Not found: it was entered, and ended before it had a ledger.
            if (reader.error().kind() != ErrorKind::NotFound)
                terminal.warn("warning: left out: " + reader.error().message());
            continue;
        }
        GODWIT_TRY(std::vector<ledger::OutcomeRow> rows, (*reader)->rows_of(key));
        for (ledger::OutcomeRow& row : rows) trace.steps.push_back({execution.id, std::move(row.record)});
    }
    if (!trace.proof && trace.steps.empty()) return std::optional<Trace>();
    return std::optional<Trace>(std::move(trace));
}

bool is_safe(const Trace& trace) {
    return trace.proof && trace.proof->level > model::EvidenceLevel::None;
}

std::string proof_words(const model::IndexRow& proof) {
    switch (proof.level) {
        case model::EvidenceLevel::None:
            return "taken for equal by its metadata; its bytes were never compared";
        case model::EvidenceLevel::ServerCopy:
            return "copied inside the store";
        case model::EvidenceLevel::Attested:
            return "the store checked the bytes against the checksum that travelled with them";
        case model::EvidenceLevel::ReadBackCached:
            return "the stored bytes were read again, perhaps from a cache, and were equal";
        case model::EvidenceLevel::ReadBack:
            return "the stored bytes were read again and were equal";
    }
    return "";
}

std::string verdict_text(const Trace& trace) {
    std::string text = fmt::format("{} -> {}\n", printable(trace.source), printable(trace.destination));
    if (!trace.proof) return text + "  NOT SAFE: no execution has brought it over.\n";
    const model::IndexRow& proof = *trace.proof;
    text += fmt::format("  {}: {}\n", is_safe(trace) ? "SAFE" : "NOT PROVED", proof_words(proof));
    text += fmt::format("  {} ({} bytes){}\n", iec_bytes(proof.source.size_bytes),
                        with_thousands(proof.source.size_bytes),
                        proof.digest ? ", " + proof.digest->display() + " at both ends" : "");
    if (proof.unix_ns != 0) {
        text += fmt::format("  proved {} by {}\n", format_rfc3339(proof.unix_ns, TimePrecision::Seconds),
                            proof.execution);
    }
    text += "  This tells of the versions that were copied; `godwit verify` looks at what is there now.\n";
    return text;
}

Cell digest_cell(const std::optional<Digest>& digest) {
    return digest ? text_cell(digest->display()) : empty_cell();
}

void add_proof(Rows& rows, const Trace& trace) {
    const model::IndexRow& proof = *trace.proof;
    rows.add({name_cell(trace.key), text_cell("proof"), time_cell(proof.unix_ns), text_cell(proof.execution),
              empty_cell(), text_cell(to_string(proof.level)), size_cell(proof.source.size_bytes),
              digest_cell(proof.digest), digest_cell(proof.digest), text_cell(trace.source),
              text_cell(trace.destination), empty_cell()});
}

void add_step(Rows& rows, const Trace& trace, const Trace::Step& step) {
    const ledger::ObjectRecord& record = step.record;
    rows.add({name_cell(trace.key), text_cell("outcome"), time_cell(record.ended_unix_ns),
              text_cell(step.execution), text_cell(to_string(record.outcome)),
              text_cell(to_string(record.evidence.level)), size_cell(record.bytes),
              digest_cell(record.evidence.source_digest), digest_cell(record.evidence.destination_digest),
              text_cell(trace.source), text_cell(trace.destination), text_cell(record.error_message)});
}

// Where a program reads the table, the prose does not stand in its way.
void tell_verdict(std::string text, Terminal& terminal) {
    if (terminal.out_is_terminal()) return terminal.out(text);
    if (text.ends_with('\n')) text.pop_back();
    terminal.say(text);
}

void write_traces(const std::vector<Trace>& traces, OutputFormat output, Terminal& terminal) {
    if (output == OutputFormat::Table) {
        for (const Trace& trace : traces) tell_verdict(verdict_text(trace), terminal);
    }
    Rows rows(terminal, output, "trace",
              {{"key"},
               {"event"},
               {"at"},
               {"execution"},
               {"outcome"},
               {"level"},
               {"bytes", true},
               {"source_digest"},
               {"destination_digest"},
               {"source"},
               {"destination"},
               {"message"}});
    for (const Trace& trace : traces) {
        if (trace.proof) add_proof(rows, trace);
        for (const Trace::Step& step : trace.steps) add_step(rows, trace, step);
    }
    rows.finish();
}

}  // namespace

std::optional<std::string> key_below(const std::string& root, const std::string& object) {
    std::string prefix = root.ends_with('/') ? root : root + "/";
    if (!object.starts_with(prefix) || object.size() == prefix.size()) return {};
    return object.substr(prefix.size());
}

Result<ExitCode> run_ledger_trace(const Invocation& invocation, Session& session) {
    GODWIT_TRY(Location location, parse_location("URI", invocation.words[0]));
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    GODWIT_TRY(std::vector<TaskInfo> tasks, state.tasks());
    std::string object = object_text(location);
    std::vector<Trace> traces;
    bool safe = true;
    for (const TaskInfo& task : tasks) {
        GODWIT_TRY(std::optional<Trace> trace, trace_in(state, task, object, session.terminal));
        if (!trace) continue;
        safe = safe && is_safe(*trace);
        traces.push_back(std::move(*trace));
    }
    if (traces.empty()) {
        return Error(ErrorKind::NotFound, "trace", location.text,
                     "no execution has met an object of this name, at either end");
    }
    write_traces(traces, output_of(invocation.values), session.terminal);
    return safe ? ExitCode::Clean : ExitCode::NotClean;
}

}  // namespace godwit::app
