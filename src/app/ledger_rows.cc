#include "app/ledger_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/command_table.h"
#include "app/exit_code.h"
#include "app/quantity.h"
#include "app/suggestion.h"
#include "app/summary.h"
#include "model/evidence.h"

namespace godwit::app {
namespace {

using ledger::ObjectRecord;

Cell digest_cell(const std::optional<Digest>& digest) {
    return digest ? text_cell(digest->display()) : empty_cell();
}

struct LedgerColumn {
    Column column;
    Cell (*cell)(const ObjectRecord& record, std::string_view execution);
};

constexpr std::array<LedgerColumn, 14> kColumns{{
    {{"key"}, [](const ObjectRecord& row, std::string_view) { return name_cell(row.key.bytes()); }},
    {{"outcome"},
     [](const ObjectRecord& row, std::string_view) { return text_cell(to_string(row.outcome)); }},
    {{"reason"}, [](const ObjectRecord& row, std::string_view) { return text_cell(row.reason); }},
    {{"bytes", true}, [](const ObjectRecord& row, std::string_view) { return size_cell(row.bytes); }},
    {{"level"},
     [](const ObjectRecord& row, std::string_view) { return text_cell(to_string(row.evidence.level)); }},
    {{"source_digest"},
     [](const ObjectRecord& row, std::string_view) { return digest_cell(row.evidence.source_digest); }},
    {{"destination_digest"},
     [](const ObjectRecord& row, std::string_view) { return digest_cell(row.evidence.destination_digest); }},
    {{"scope"}, [](const ObjectRecord& row, std::string_view) { return text_cell(to_string(row.scope)); }},
    {{"code"},
     [](const ObjectRecord& row, std::string_view) {
         return text_cell(row.error_code.empty() ? row.error_kind : row.error_code);
     }},
    {{"message"}, [](const ObjectRecord& row, std::string_view) { return text_cell(row.error_message); }},
    {{"attempts", true}, [](const ObjectRecord& row, std::string_view) { return number_cell(row.attempts); }},
    {{"started"}, [](const ObjectRecord& row, std::string_view) { return time_cell(row.started_unix_ns); }},
    {{"ended"}, [](const ObjectRecord& row, std::string_view) { return time_cell(row.ended_unix_ns); }},
    {{"execution"}, [](const ObjectRecord&, std::string_view execution) { return text_cell(execution); }},
}};

std::vector<std::string> column_names() {
    std::vector<std::string> names;
    for (const LedgerColumn& column : kColumns) names.emplace_back(column.column.name);
    return names;
}

Error unknown(const std::string& what, const std::string& word, const std::vector<std::string>& known) {
    auto close = nearest(word, known);
    std::string hint = close ? fmt::format("; did you mean `{}`?", *close) : "";
    return usage_error(word, fmt::format("is no {}; there are: {}{}", what, fmt::join(known, ", "), hint));
}

// Each value of a list, by the function that knows the names.
template <class T>
Result<std::vector<T>> parse_list(const std::string& what, std::string_view list,
                                  std::optional<T> (*from)(std::string_view),
                                  const std::vector<std::string>& known) {
    std::vector<T> values;
    for (std::string_view word : split_words(list, ',')) {
        std::optional<T> value = from(word);
        if (!value) return unknown(what, std::string(word), known);
        values.push_back(*value);
    }
    return values;
}

std::vector<std::string> outcome_names() {
    std::vector<std::string> names;
    for (std::size_t i = 1; i < model::kOutcomeCount; ++i)
        names.emplace_back(to_string(static_cast<model::Outcome>(i)));
    return names;
}

std::vector<std::string> level_names() {
    std::vector<std::string> names;
    for (int i = 0; i <= 4; ++i) names.emplace_back(to_string(static_cast<model::EvidenceLevel>(i)));
    return names;
}

Result<void> take_word(const std::string& word, LedgerFilter& filter) {
    std::size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (value.empty())
        return usage_error(word, "a filter is NAME=VALUE; `godwit ledger query -h` names them");
    if (name == "execution") {
        filter.execution = value;
    } else if (name == "task") {
        filter.task = value;
    } else if (name == "outcome" || name == "state") {
        GODWIT_TRY(filter.outcomes, parse_list("outcome", value, &model::outcome_from, outcome_names()));
    } else if (name == "level") {
        GODWIT_TRY(filter.levels, parse_list("level", value, &model::evidence_level_from, level_names()));
    } else if (name == "code") {
        for (std::string_view code : split_words(value, ',')) filter.codes.emplace_back(code);
    } else if (name == "path") {
        filter.path = value;
    } else if (name == "since") {
        filter.since = parse_duration(value);
        if (!filter.since) return usage_error(word, "is no length of time; write 30s, 15m, 12h, 7d or 2w");
    } else {
        return unknown("filter", name, {"execution", "task", "outcome", "level", "code", "path", "since"});
    }
    return {};
}

template <class T>
bool is_wanted(const std::vector<T>& wanted, const T& value) {
    return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

}  // namespace

LedgerColumns LedgerColumns::all() {
    LedgerColumns columns;
    for (std::size_t i = 0; i < kColumns.size(); ++i) columns.chosen_.push_back(i);
    return columns;
}

Result<LedgerColumns> LedgerColumns::from(const std::string& list) {
    LedgerColumns columns;
    for (std::string_view word : split_words(list, ',')) {
        auto named = [](const LedgerColumn& column) { return column.column.name; };
        auto found = std::ranges::find(kColumns, word, named);
        if (found == kColumns.end()) return unknown("column", std::string(word), column_names());
        columns.chosen_.push_back(static_cast<std::size_t>(found - kColumns.begin()));
    }
    if (columns.chosen_.empty()) return usage_error("--columns", "names no column");
    return columns;
}

std::vector<Column> LedgerColumns::columns() const {
    std::vector<Column> columns;
    for (std::size_t number : chosen_) columns.push_back(kColumns[number].column);
    return columns;
}

std::vector<Cell> LedgerColumns::cells(const ObjectRecord& record, std::string_view execution) const {
    std::vector<Cell> cells;
    for (std::size_t number : chosen_) cells.push_back(kColumns[number].cell(record, execution));
    return cells;
}

ledger::RowFilter LedgerFilter::row_filter(std::int64_t now_unix_ns) const {
    ledger::RowFilter filter;
    filter.outcomes = outcomes;
    if (since) filter.since_unix_ns = now_unix_ns - since->count();
    if (!path.empty()) filter.path = model::KeyPattern::glob(path);
    return filter;
}

bool LedgerFilter::matches(const ObjectRecord& record) const {
    return is_wanted(levels, record.evidence.level) &&
           (codes.empty() || is_wanted(codes, record.error_code) || is_wanted(codes, record.error_kind));
}

Result<LedgerFilter> parse_ledger_filter(const std::vector<std::string>& words) {
    LedgerFilter filter;
    for (const std::string& argument : words) {
        // One argument may hold several words: 'outcome=failed since=7d'.
        for (std::string_view word : split_words(argument, ' ')) {
            if (!word.empty()) GODWIT_TRY_VOID(take_word(std::string(word), filter));
        }
    }
    return filter;
}

}  // namespace godwit::app
