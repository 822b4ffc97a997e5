#include "app/state_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/data_directory.h"
#include "app/quantity.h"
#include "app/run_options.h"
#include "app/run_record.h"
#include "app/state_access.h"
#include "ledger/state_upkeep.h"

namespace godwit::app {
namespace {

using ledger::StateDirectory;

std::uint64_t ledger_bytes(const ledger::TaskSize& task) {
    std::uint64_t bytes = 0;
    for (const ledger::LedgerSize& size : task.ledgers) bytes += size.bytes;
    return bytes;
}

Result<ledger::PrunePolicy> prune_policy(const Values& values, std::int64_t now_unix_ns) {
    ledger::PrunePolicy policy;
    if (auto age = values.duration("older-than")) policy.ended_before_unix_ns = now_unix_ns - age->count();
    policy.bytes_max = values.number("keep-bytes");
    if (!policy.ended_before_unix_ns && !policy.bytes_max) {
        return usage_error("state prune", "what is to be dropped? Give --older-than or --keep-bytes");
    }
    return policy;
}

// What a prune by `policy` would take, oldest first.
std::vector<ledger::LedgerSize> prunable(const ledger::StateSizes& sizes, const ledger::PrunePolicy& policy) {
    std::vector<ledger::LedgerSize> taken;
    std::vector<ledger::LedgerSize> rest;
    for (const ledger::TaskSize& task : sizes.tasks) {
        for (const ledger::LedgerSize& size : task.ledgers) {
            const ledger::ExecutionInfo& execution = size.execution;
            if (task.locked || size.bytes == 0 || !execution.ended_unix_ns) continue;
            bool old = policy.ended_before_unix_ns && *execution.ended_unix_ns < *policy.ended_before_unix_ns;
            (old ? taken : rest).push_back(size);
        }
    }
    if (!policy.bytes_max) return taken;
    std::uint64_t left = sizes.total_bytes;
    for (const ledger::LedgerSize& size : taken) left -= size.bytes;
    std::ranges::sort(rest, {}, [](const ledger::LedgerSize& size) { return *size.execution.ended_unix_ns; });
    for (const ledger::LedgerSize& size : rest) {
        if (left <= *policy.bytes_max) break;
        left -= size.bytes;
        taken.push_back(size);
    }
    return taken;
}

void write_executions(const std::vector<ledger::LedgerSize>& ledgers, const Values& values,
                      Terminal& terminal) {
    Rows rows(terminal, output_of(values), "execution",
              {{"execution"}, {"task"}, {"ended"}, {"bytes", true}});
    for (const ledger::LedgerSize& size : ledgers) {
        rows.add({text_cell(size.execution.id), text_cell(size.execution.task),
                  time_cell(size.execution.ended_unix_ns.value_or(0)), size_cell(size.bytes)});
    }
    rows.finish();
}

}  // namespace

Result<ExitCode> run_state_info(const Invocation& invocation, Session& session) {
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    GODWIT_TRY(ledger::StateSizes sizes, ledger::measure_state(state));
    Rows rows(session.terminal, output_of(invocation.values), "task",
              {{"task"},
               {"source"},
               {"destination"},
               {"running"},
               {"executions", true},
               {"ledger_bytes", true},
               {"index_rows", true},
               {"index_bytes", true}});
    for (const ledger::TaskSize& task : sizes.tasks) {
        rows.add({text_cell(task.task.id), text_cell(task.task.source.uri),
                  text_cell(task.task.destination.uri), flag_cell(task.locked),
                  number_cell(task.ledgers.size()), size_cell(ledger_bytes(task)),
                  number_cell(task.index_rows), size_cell(task.index_bytes)});
    }
    rows.finish();
    session.terminal.say(fmt::format("{}: {} in all", state.path(), iec_bytes(sizes.total_bytes)));
    return ExitCode::Clean;
}

Result<ExitCode> run_state_backup(const Invocation& invocation, Session& session) {
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    std::string target = absolute_location(invocation.words[0]);
    GODWIT_TRY_VOID(ledger::back_up_state(state, target));
    session.terminal.say(fmt::format("Backed up {} to {}", state.path(), target));
    return ExitCode::Clean;
}

Result<ExitCode> run_state_restore(const Invocation& invocation, Session& session) {
    GODWIT_TRY(std::string directory, data_directory(invocation.values, session.environment));
    std::string target = absolute_location(directory);
    GODWIT_TRY_VOID(ledger::restore_state(absolute_location(invocation.words[0]), target));
    session.terminal.say(fmt::format("Restored {} from {}", target, invocation.words[0]));
    return ExitCode::Clean;
}

Result<ExitCode> run_state_prune(const Invocation& invocation, Session& session) {
    GODWIT_TRY(ledger::PrunePolicy policy, prune_policy(invocation.values, session.clock.unix_time_ns()));
    if (invocation.values.flag("dry-run")) {
        GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
        GODWIT_TRY(ledger::StateSizes sizes, ledger::measure_state(state));
        write_executions(prunable(sizes, policy), invocation.values, session.terminal);
        return ExitCode::Clean;
    }
    GODWIT_TRY(StateDirectory state, open_state_to_write(invocation.values, session));
    GODWIT_TRY(ledger::Pruned pruned, ledger::prune_state(state, policy));
    std::vector<ledger::LedgerSize> gone;
    for (ledger::ExecutionInfo& execution : pruned.executions) gone.push_back({std::move(execution), 0});
    write_executions(gone, invocation.values, session.terminal);
    session.terminal.say(fmt::format("Dropped {}, {} freed; indexes and counts stay.",
                                     counted(gone.size(), "ledger", "ledgers"),
                                     iec_bytes(pruned.freed_bytes)));
    for (const std::string& task : pruned.busy_tasks) {
        session.terminal.say(fmt::format("{} is being worked on and was left alone", task));
    }
    return ExitCode::Clean;
}

}  // namespace godwit::app
