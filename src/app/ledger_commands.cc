#include "app/ledger_commands.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "app/advice.h"
#include "app/ledger_rows.h"
#include "app/new_file.h"
#include "app/run_options.h"
#include "app/state_access.h"
#include "app/summary.h"

namespace godwit::app {
namespace {

using ledger::ExecutionInfo;
using ledger::LedgerReader;
using ledger::StateDirectory;

// Executions that a filter or name asks for, newest first; those without a ledger are left out.
Result<std::vector<ExecutionInfo>> wanted_executions(const StateDirectory& state, const std::string& name,
                                                     const std::string& task) {
    std::vector<ExecutionInfo> wanted;
    if (!name.empty()) {
        GODWIT_TRY(ExecutionInfo execution, find_execution(state, name));
        wanted.push_back(std::move(execution));
        return wanted;
    }
    GODWIT_TRY(wanted, state.executions());
    std::ranges::reverse(wanted);
    std::erase_if(wanted, [&](const ExecutionInfo& execution) {
        return execution.pruned_unix_ns || !execution.task.starts_with(task);
    });
    return wanted;
}

Result<LedgerColumns> columns_of(const Values& values) {
    auto list = values.text("columns");
    if (!list) return LedgerColumns::all();
    return LedgerColumns::from(*list);
}

// Writes matching rows of one ledger until `rows` has `limit`.
Result<void> write_matches(LedgerReader& reader, const std::string& execution, const LedgerFilter& filter,
                           std::int64_t now_unix_ns, const LedgerColumns& columns, std::uint64_t limit,
                           Rows& rows) {
    ledger::RowScan scan(reader, filter.row_filter(now_unix_ns));
    for (;;) {
        GODWIT_TRY(std::vector<ledger::OutcomeRow> page, scan.next());
        if (page.empty()) return {};
        for (const ledger::OutcomeRow& row : page) {
            if (!filter.matches(row.record)) continue;
            if (rows.count() == limit) return {};
            rows.add(columns.cells(row.record, execution));
        }
    }
}

// ---- stats

struct StatKey {
    model::Outcome outcome;
    model::EvidenceLevel level;
    std::string reason;
    friend auto operator<=>(const StatKey&, const StatKey&) = default;
};
struct StatSum {
    std::uint64_t objects = 0, bytes = 0;
};
using Stats = std::map<StatKey, StatSum>;

bool has_evidence(model::Outcome outcome) {
    return outcome == model::Outcome::Verified || outcome == model::Outcome::Copied;
}

void add(Stats& stats, StatKey key, std::uint64_t objects, std::uint64_t bytes) {
    StatSum& sum = stats[std::move(key)];
    sum.objects += objects;
    sum.bytes += bytes;
}

Result<void> add_stats(LedgerReader& reader, Stats& stats) {
    GODWIT_TRY(std::vector<ledger::LevelSum> levels, reader.levels());
    for (const ledger::LevelSum& sum : levels) {
        if (has_evidence(sum.outcome)) add(stats, {sum.outcome, sum.level, ""}, sum.objects, sum.bytes);
    }
    GODWIT_TRY(std::vector<ledger::CountEntry> counters, reader.counters());
    for (const ledger::CountEntry& entry : counters) {
        if (has_evidence(entry.outcome)) continue;
        add(stats, {entry.outcome, model::EvidenceLevel::None, entry.reason}, entry.objects, entry.bytes);
    }
    return {};
}

// ---- export

Result<void> write_export(LedgerReader& reader, const std::string& execution, const Values& values,
                          Terminal& terminal) {
    GODWIT_TRY(LedgerColumns columns, columns_of(values));
    Rows rows(terminal, output_of(values), "object", columns.columns());
    GODWIT_TRY_VOID(write_matches(reader, execution, {}, 0, columns, ~std::uint64_t{0}, rows));
    rows.finish();
    return terminal.finish();
}

}  // namespace

Result<ExitCode> run_ledger_query(const Invocation& invocation, Session& session) {
    GODWIT_TRY(LedgerFilter filter, parse_ledger_filter(invocation.words));
    GODWIT_TRY(LedgerColumns columns, columns_of(invocation.values));
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    GODWIT_TRY(auto executions, wanted_executions(state, filter.execution, filter.task));
    std::uint64_t given = invocation.values.number("limit").value_or(0);
    std::uint64_t limit = given == 0 ? ~std::uint64_t{0} : given;
    Rows rows(session.terminal, output_of(invocation.values), "object", columns.columns());
    for (const ExecutionInfo& execution : executions) {
        if (rows.count() == limit) break;
        auto reader = state.read_ledger(execution);
        if (!reader && never_began(reader.error())) continue;
        if (!reader) return std::move(reader.error());
        GODWIT_TRY_VOID(write_matches(**reader, execution.id, filter, session.clock.unix_time_ns(), columns,
                                      limit, rows));
    }
    rows.finish();
    if (rows.count() == limit) {
        session.terminal.say(fmt::format("{} rows shown; there may be more (--limit)", limit));
    }
    bool empty = rows.count() == 0 && invocation.values.flag("fail-if-empty");
    return empty ? ExitCode::Empty : ExitCode::Clean;
}

Result<ExitCode> run_ledger_stats(const Invocation& invocation, Session& session) {
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    std::string name = invocation.words.empty() ? "" : invocation.words[0];
    GODWIT_TRY(auto executions, wanted_executions(state, name, ""));
    Stats stats;
    for (const ExecutionInfo& execution : executions) {
        auto reader = state.read_ledger(execution);
        if (!reader && never_began(reader.error())) continue;
        if (!reader) return std::move(reader.error());
        GODWIT_TRY_VOID(add_stats(**reader, stats));
    }
    Rows rows(session.terminal, output_of(invocation.values), "stat",
              {{"outcome"}, {"level"}, {"reason"}, {"objects", true}, {"bytes", true}});
    for (const auto& [key, sum] : stats) {
        rows.add({text_cell(to_string(key.outcome)),
                  has_evidence(key.outcome) ? text_cell(to_string(key.level)) : empty_cell(),
                  text_cell(key.reason), number_cell(sum.objects), size_cell(sum.bytes)});
    }
    rows.finish();
    return ExitCode::Clean;
}

Result<ExitCode> run_ledger_export(const Invocation& invocation, Session& session) {
    GODWIT_TRY(StateDirectory state, open_state_to_read(invocation.values, session));
    GODWIT_TRY(ExecutionInfo execution, find_execution(state, invocation.words[0]));
    GODWIT_TRY(auto reader, state.read_ledger(execution));
    auto path = invocation.values.text("file");
    if (!path) {
        GODWIT_TRY_VOID(write_export(*reader, execution.id, invocation.values, session.terminal));
        return ExitCode::Clean;
    }
    GODWIT_TRY(NewFile file, NewFile::create(*path));
    Terminal to_file(file.stream(session.environment), Stream{[](std::string_view) { return 0; }});
    GODWIT_TRY_VOID(write_export(*reader, execution.id, invocation.values, to_file));
    GODWIT_TRY_VOID(file.finish());
    return ExitCode::Clean;
}

}  // namespace godwit::app
