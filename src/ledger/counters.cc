#include "ledger/counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace godwit::ledger {

using db::Value;
using model::Outcome;

namespace {

std::int64_t signed_of(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}
std::uint64_t unsigned_of(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

Result<Outcome> outcome_of(std::int64_t value) {
    if (value < static_cast<std::int64_t>(model::kFirstOutcome) ||
        value > static_cast<std::int64_t>(model::kLastOutcome)) {
        return Error(ErrorKind::Corrupt, "read", "the counters",
                     fmt::format("there is no outcome {}; restore a backup", value));
    }
    return static_cast<Outcome>(value);
}

const CountEntry* find_same(const std::vector<CountEntry>& entries, const CountEntry& wanted) {
    auto found = std::ranges::find_if(entries, [&](const CountEntry& entry) {
        return entry.origin == wanted.origin && entry.outcome == wanted.outcome &&
               entry.reason == wanted.reason;
    });
    return found == entries.end() ? nullptr : &*found;
}

Error mismatch(const CountEntry& entry, const CountEntry& other) {
    return Error(
        ErrorKind::Corrupt, "check", "the counters",
        fmt::format("{} {} objects with {} bytes were counted, but the rows say {} with {}", entry.objects,
                    model::to_string(entry.outcome), entry.bytes, other.objects, other.bytes));
}

void add_to(std::vector<LevelSum>& sums, const OutcomeSize& row) {
    auto same = std::ranges::find_if(
        sums, [&](const LevelSum& sum) { return sum.outcome == row.outcome && sum.level == row.level; });
    if (same == sums.end()) same = sums.insert(sums.end(), {row.outcome, row.level, 0, 0});
    ++same->objects;
    same->bytes += row.bytes;
}

std::vector<LevelSum> in_order(std::vector<LevelSum> sums) {
    std::ranges::sort(sums, [](const LevelSum& a, const LevelSum& b) {
        return std::tie(a.outcome, b.level) < std::tie(b.outcome, a.level);
    });
    return sums;
}

Result<void> compare(std::vector<CountEntry> counted, const std::vector<CountEntry>& rows) {
    std::erase_if(counted, [](const CountEntry& entry) { return entry.origin == CountOrigin::Listing; });
    for (const CountEntry& entry : counted) {
        const CountEntry* same = find_same(rows, entry);
        if (!same || same->objects != entry.objects || same->bytes != entry.bytes)
            return mismatch(entry, same ? *same : CountEntry());
    }
    for (const CountEntry& entry : rows) {
        if (!find_same(counted, entry))
            return mismatch({CountOrigin::Rows, entry.outcome, entry.reason, 0, 0}, entry);
    }
    return {};
}

}  // namespace

// In pages, and to be added up by the caller: a GROUP BY would sort all rows.
Result<void> for_each_outcome_size(Statements& statements,
                                   const std::function<void(const OutcomeSize&)>& take) {
    constexpr std::int64_t kPageRows = 65'536;
    std::int64_t seq = 0;
    for (std::int64_t read = kPageRows; read == kPageRows;) {
        read = 0;
        auto take_row = [&](db::Statement& row) -> Result<void> {
            seq = row.integer(0);
            ++read;
            GODWIT_TRY(Outcome outcome, outcome_of(row.integer(1)));
            auto level = static_cast<model::EvidenceLevel>(row.integer(4));
            take({outcome, row.text(2), unsigned_of(row.integer(3)), level});
            return {};
        };
        GODWIT_TRY_VOID(for_each_row(statements, Sql::OutcomeSizes,
                                     {Value::integer(seq), Value::integer(kPageRows)}, take_row));
    }
    return {};
}

void Counters::add(CountOrigin origin, Outcome outcome, std::string_view reason, std::uint64_t objects,
                   std::uint64_t bytes) {
    for (CountEntry& entry : entries_) {
        if (entry.origin == origin && entry.outcome == outcome && entry.reason == reason) {
            entry.objects += objects;
            entry.bytes += bytes;
            return;
        }
    }
    entries_.push_back({origin, outcome, std::string(reason), objects, bytes});
}

Result<void> Counters::write(Statements& statements) const {
    for (const CountEntry& entry : entries_) {
        GODWIT_TRY_VOID(statements.run(
            Sql::AddCount,
            {Value::integer(static_cast<std::int64_t>(entry.origin)),
             Value::integer(static_cast<std::int64_t>(entry.outcome)), Value::text(entry.reason),
             Value::integer(signed_of(entry.objects)), Value::integer(signed_of(entry.bytes))}));
    }
    return {};
}

Result<std::vector<CountEntry>> read_counters(Statements& statements) {
    std::vector<CountEntry> entries;
    GODWIT_TRY_VOID(for_each_row(statements, Sql::Counts, {}, [&](db::Statement& row) -> Result<void> {
        GODWIT_TRY(Outcome outcome, outcome_of(row.integer(1)));
        entries.push_back({static_cast<CountOrigin>(row.integer(0)), outcome, std::string(row.text(2)),
                           unsigned_of(row.integer(3)), unsigned_of(row.integer(4))});
        return {};
    }));
    return entries;
}

model::Counts sum_of(const std::vector<CountEntry>& entries) {
    model::Counts counts;
    for (const CountEntry& entry : entries) counts.add(entry.outcome, entry.objects, entry.bytes);
    return counts;
}

Result<std::vector<LevelSum>> level_sums(Statements& statements) {
    std::vector<LevelSum> sums;
    auto add = [&](const OutcomeSize& row) { add_to(sums, row); };
    GODWIT_TRY_VOID(for_each_outcome_size(statements, add));
    return in_order(std::move(sums));
}

Result<std::vector<LevelSum>> verify_counters(Statements& statements) {
    GODWIT_TRY(std::vector<CountEntry> counted, read_counters(statements));
    Counters recounted;
    std::vector<LevelSum> sums;
    auto add = [&](const OutcomeSize& row) {
        recounted.add(CountOrigin::Rows, row.outcome, row.reason, 1, row.bytes);
        add_to(sums, row);
    };
    GODWIT_TRY_VOID(for_each_outcome_size(statements, add));
    GODWIT_TRY_VOID(compare(std::move(counted), recounted.entries()));
    return in_order(std::move(sums));
}

}  // namespace godwit::ledger
