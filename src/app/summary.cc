#include "app/summary.h"

#include <fmt/format.h>

#include <array>

#include "app/advice.h"
#include "app/json_text.h"
#include "app/quantity.h"
#include "app/rows.h"
#include "model/evidence.h"

namespace godwit::app {
namespace {

using model::EvidenceLevel;
using model::Outcome;

// More groups than this are for `executions errors`.
constexpr std::size_t kGroupsShownMax = 10;

std::string objects(std::uint64_t count) {
    return counted(count, "object", "objects");
}

bool reached_the_end(const RunSummary& summary) {
    return !summary.stopped_by && !summary.stopped;
}

std::string level_words(EvidenceLevel level, const std::string& attested_by) {
    switch (level) {
        case EvidenceLevel::None:
            return "without evidence";
        case EvidenceLevel::ServerCopy:
            return "copied inside the store";
        case EvidenceLevel::Attested:
            return attested_by.empty() ? "attested by the store"
                                       : fmt::format("attested by the store ({})", attested_by);
        case EvidenceLevel::ReadBackCached:
            return "read back, perhaps from a cache";
        case EvidenceLevel::ReadBack:
            return "read back from the store";
    }
    return "";
}

// Verified objects by level of evidence.
std::array<std::uint64_t, 5> verified_by_level(const std::vector<ledger::LevelSum>& levels) {
    std::array<std::uint64_t, 5> sums{};
    for (const ledger::LevelSum& sum : levels) {
        if (sum.outcome == Outcome::Verified) sums[static_cast<std::size_t>(sum.level)] += sum.objects;
    }
    return sums;
}

std::string copied_words(const RunSummary& summary) {
    const model::Counts& counts = summary.counts;
    std::uint64_t stored = counts[Outcome::Verified] + counts[Outcome::Copied];
    std::string verb = counts[Outcome::Copied] == 0 ? "Copied and verified" : "Copied";
    std::string text = fmt::format("{} {} ({}) in {}", verb, objects(stored),
                                   iec_bytes(counts.copied_bytes()), short_duration(summary.took));
    std::string evidence = evidence_text(summary.levels, summary.attested_by);
    if (!evidence.empty()) text += ": " + evidence;
    if (counts[Outcome::Copied] > 0) {
        text += fmt::format("{}{} not verified", evidence.empty() ? ": " : ", ",
                            with_thousands(counts[Outcome::Copied]));
    }
    text += ".";
    if (counts[Outcome::Metadata] > 0) {
        text += fmt::format(" Attributes alone were brought over to {}.", objects(counts[Outcome::Metadata]));
    }
    return text;
}

std::string headline(const RunSummary& summary) {
    const model::Counts& counts = summary.counts;
    std::string took = short_duration(summary.took);
    if (!reached_the_end(summary)) {
        return fmt::format("Stopped after {}: {} ({}) copied so far.", took, objects(counts.copied()),
                           iec_bytes(counts.copied_bytes()));
    }
    if (counts.listed() == 0)
        return fmt::format("Nothing to copy: {} holds no objects.", printable(summary.source));
    std::uint64_t stored = counts[Outcome::Verified] + counts[Outcome::Copied];
    if (stored > 0) return copied_words(summary);
    if (counts[Outcome::Metadata] > 0) {
        bool all = counts.failed() + counts.deferred() == 0;
        return fmt::format("Brought attributes over to {} in {}{}.", objects(counts[Outcome::Metadata]), took,
                           all ? "; no content had changed" : "");
    }
    if (counts.failed() + counts.deferred() > 0) return fmt::format("Copied nothing in {}.", took);
    if (!summary.unlisted.empty()) {
        return fmt::format("Copied nothing in {}: {} that could be listed are in place.", took,
                           objects(counts.listed()));
    }
    return fmt::format("Nothing to do: {} looked at in {}, all in place.", objects(counts.listed()), took);
}

// "(1,200 unchanged, 3 archived)"
std::string skipped_words(const RunSummary& summary) {
    std::string words;
    auto add = [&](std::uint64_t count, std::string_view word) {
        if (count > 0)
            words += fmt::format("{}{} {}", words.empty() ? "" : ", ", with_thousands(count), word);
    };
    add(summary.counts[Outcome::Unchanged], "unchanged");
    add(summary.counts[Outcome::Gone], "gone");
    for (const ledger::CountEntry& entry : summary.counters) {
        if (entry.outcome == Outcome::Skipped)
            add(entry.objects, entry.reason.empty() ? "left out" : entry.reason);
    }
    return words.empty() ? "" : fmt::format(" ({})", words);
}

// "1 newer, 2 changed"
std::string kept_words(const RunSummary& summary) {
    std::string words;
    for (const ledger::CountEntry& entry : summary.counters) {
        if (entry.outcome == Outcome::Kept && entry.objects > 0)
            words += fmt::format("{}{} {}", words.empty() ? "" : ", ", with_thousands(entry.objects),
                                 entry.reason);
    }
    return words;
}

std::string sum_line(const RunSummary& summary) {
    const model::Counts& counts = summary.counts;
    return fmt::format("Listed {} = {} copied + {} skipped{} + {} deferred + {} failed.",
                       with_thousands(counts.listed()), with_thousands(counts.copied()),
                       with_thousands(counts.skipped()), skipped_words(summary),
                       with_thousands(counts.deferred()), with_thousands(counts.failed()));
}

// "Deleted 3 objects (1.2 MiB) that only DST had. Kept 2 (1 newer, 1 changed)."; empty without a mirror.
std::string mirror_lines(const RunSummary& summary) {
    std::string text;
    const model::Counts& counts = summary.counts;
    std::string destination = printable(summary.destination);
    if (counts[Outcome::Deleted] > 0) {
        text += fmt::format("Deleted {} ({}) that only {} had.\n", objects(counts[Outcome::Deleted]),
                            iec_bytes(counts.bytes[static_cast<std::size_t>(Outcome::Deleted)]), destination);
    }
    if (summary.deletes_withheld) {
        text += fmt::format("Deleted nothing: {}.\n", printable(summary.deletes_withheld->cause()));
        std::string_view advice = advice_for(*summary.deletes_withheld);
        if (!advice.empty()) text += fmt::format("  fix: {}\n", advice);
    }
    if (summary.plan_not_needed.value_or(0) > 0) {
        text += fmt::format("Of the plan, {} needed nothing any more.\n", objects(*summary.plan_not_needed));
    }
    std::string reasons = kept_words(summary);
    if (!reasons.empty()) {
        text += fmt::format("Kept {} that only {} has: {}.\n", objects(counts[Outcome::Kept]), destination,
                            reasons);
    }
    return text;
}

std::string group_lines(const ledger::ErrorGroup& group) {
    std::string text = fmt::format(
        "  {:>7}  {:<11}  {:<18}  {}\n", with_thousands(group.count), to_string(group.scope),
        printable(group.code.empty() ? group.kind : group.code), printable(group.sample.record.key.bytes()));
    text += fmt::format("           {}\n", printable(group.sample.record.error_message));
    std::string_view advice = advice_for(group.code, group.kind);
    if (!advice.empty()) text += fmt::format("           fix: {}\n", advice);
    return text;
}

std::string failures(const RunSummary& summary, const Terminal& terminal) {
    std::string text;
    const model::Counts& counts = summary.counts;
    if (counts.failed() + counts.deferred() > 0) {
        std::string line = fmt::format("{} of {} failed, {} deferred:", with_thousands(counts.failed()),
                                       objects(counts.listed()), with_thousands(counts.deferred()));
        text += terminal.styled_out(Style::Bad, line) + "\n";
    }
    if (std::uint64_t stuck = counts[Outcome::NotDeleted]; stuck > 0) {
        std::string line = fmt::format("{} could not be deleted:", objects(stuck));
        text += terminal.styled_out(Style::Bad, line) + "\n";
    }
    for (std::size_t i = 0; i < summary.errors.size() && i < kGroupsShownMax; ++i)
        text += group_lines(summary.errors[i]);
    if (summary.errors.size() > kGroupsShownMax) {
        text += fmt::format("  ... and {} more kinds\n", summary.errors.size() - kGroupsShownMax);
    }
    if (!summary.unlisted.empty()) {
        std::string line = fmt::format("{} could not be listed, so objects may be missing:",
                                       counted(summary.unlisted.size(), "part", "parts"));
        text += terminal.styled_out(Style::Bad, line) + "\n";
    }
    for (std::size_t i = 0; i < summary.unlisted.size() && i < kGroupsShownMax; ++i) {
        text += fmt::format("  {}\n", printable(summary.unlisted[i]));
    }
    if (summary.unlisted.size() > kGroupsShownMax) {
        text += fmt::format("  ... and {} more\n", summary.unlisted.size() - kGroupsShownMax);
    }
    if (!summary.unlisted.empty()) text += fmt::format("  fix: {}\n", advice_for("NotListed", ""));
    return text;
}

std::string next_line(const RunSummary& summary) {
    if (!reached_the_end(summary)) {
        if (model::is_final(summary.status)) return fmt::format("Ledger: {}\n", summary.execution);
        return fmt::format("Ledger: {}   Carry on: the same command again\n", summary.execution);
    }
    std::string next;
    if (summary.counts.listed() == 0) {
        // Nothing to look at.
    } else if (summary.counts.failed() + summary.counts.deferred() > 0) {
        next = fmt::format("godwit executions retry {} --failed", summary.execution);
    } else if (!summary.verify_arguments.empty()) {
        next = "godwit verify " + summary.verify_arguments;
    }
    std::string ledger = "Ledger: " + summary.execution;
    return next.empty() ? ledger + "\n" : fmt::format("{}   Next: {}\n", ledger, next);
}

bool holds_mismatch(const RunSummary& summary) {
    for (const ledger::ErrorGroup& group : summary.errors) {
        if (group.code == "Mismatch") return true;
    }
    return false;
}

// A listing that failed is a safety stop, unless its reason has a code of its own.
ExitCode code_of_stop(const Error& error) {
    if (auto code = exit_code_by_code(error)) return *code;
    switch (error.kind()) {
        case ErrorKind::Denied:
        case ErrorKind::NotFound:
        case ErrorKind::Lost:
        case ErrorKind::Busy:
        case ErrorKind::Full:
        case ErrorKind::Cancelled:
            return exit_code_for(error);
        default:
            return ExitCode::SafetyStop;
    }
}

boost::json::object skipped_json(const RunSummary& summary) {
    boost::json::object reasons;
    reasons["unchanged"] = summary.counts[Outcome::Unchanged];
    reasons["gone"] = summary.counts[Outcome::Gone];
    for (const ledger::CountEntry& entry : summary.counters) {
        if (entry.outcome == Outcome::Skipped)
            reasons[entry.reason.empty() ? "other" : entry.reason] = entry.objects;
    }
    return reasons;
}

// What only the destination had.
boost::json::object kept_json(const RunSummary& summary) {
    boost::json::object reasons;
    for (const ledger::CountEntry& entry : summary.counters) {
        if (entry.outcome == Outcome::Kept) reasons[entry.reason] = entry.objects;
    }
    return reasons;
}

boost::json::object evidence_json(const RunSummary& summary) {
    boost::json::object evidence;
    auto sums = verified_by_level(summary.levels);
    for (std::size_t level = sums.size(); level-- > 0;) {
        if (sums[level] > 0) evidence[to_string(static_cast<EvidenceLevel>(level))] = sums[level];
    }
    return evidence;
}

}  // namespace

ExitCode exit_code_of(const RunSummary& summary) {
    ExitCode code = ExitCode::Clean;
    const model::Counts& counts = summary.counts;
    if (counts.failed() + counts.deferred() > 0 || !summary.unlisted.empty()) code = ExitCode::NotClean;
    if (counts[Outcome::NotDeleted] > 0) code = ExitCode::NotClean;
    if (summary.deletes_withheld) code = worse(code, ExitCode::SafetyStop);
    if (summary.source_missing) code = worse(code, ExitCode::NotFound);
    if (holds_mismatch(summary)) code = worse(code, ExitCode::NotVerified);
    if (summary.stopped) return worse(code, *summary.stopped);
    if (summary.stopped_by) return worse(code, code_of_stop(*summary.stopped_by));
    return code;
}

std::string_view algorithm_title(DigestAlgorithm algorithm) {
    switch (algorithm) {
        case DigestAlgorithm::Crc64Nvme:
            return "CRC-64/NVME";
        case DigestAlgorithm::Crc32c:
            return "CRC-32C";
        case DigestAlgorithm::Sha256:
            return "SHA-256";
        case DigestAlgorithm::Md5:
            return "MD5";
        case DigestAlgorithm::Crc32:
            return "CRC-32";
        case DigestAlgorithm::Sha1:
            return "SHA-1";
    }
    return "";
}

std::string evidence_text(const std::vector<ledger::LevelSum>& levels, const std::string& attested_by) {
    auto sums = verified_by_level(levels);
    std::string text;
    for (std::size_t level = sums.size(); level-- > 0;) {
        if (sums[level] == 0) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", with_thousands(sums[level]),
                            level_words(static_cast<EvidenceLevel>(level), attested_by));
    }
    return text;
}

std::string summary_text(const RunSummary& summary, const Terminal& terminal) {
    ExitCode code = exit_code_of(summary);
    std::string text =
        terminal.styled_out(code == ExitCode::Clean ? Style::Good : Style::Bold, headline(summary)) + "\n";
    text += sum_line(summary) + "\n" + mirror_lines(summary);
    return text + failures(summary, terminal) + next_line(summary);
}

boost::json::object error_event(const ledger::ErrorGroup& group, std::int64_t unix_ns) {
    boost::json::object event = json_event("error", unix_ns);
    event["scope"] = to_string(group.scope);
    event["code"] = printable(group.code);
    event["kind"] = group.kind;
    event["count"] = group.count;
    set_bytes(event, "key", group.sample.record.key.bytes());
    event["message"] = printable(group.sample.record.error_message);
    event["fix"] = advice_for(group.code, group.kind);
    return event;
}

boost::json::object unlisted_event(const std::string& part, std::int64_t unix_ns) {
    std::size_t colon = part.find(": ");
    std::string_view scope = std::string_view(part).substr(0, colon == std::string::npos ? 0 : colon);
    bool told = scope == to_string(Scope::Source) || scope == to_string(Scope::Destination);
    boost::json::object event = json_event("error", unix_ns);
    event["scope"] = told ? scope : "";
    event["code"] = "NotListed";
    event["kind"] = "not_listed";
    event["count"] = 1;
    event["message"] = printable(told ? std::string_view(part).substr(colon + 2) : part);
    event["fix"] = advice_for("NotListed", "");
    return event;
}

boost::json::object summary_event(const RunSummary& summary, std::int64_t unix_ns) {
    const model::Counts& counts = summary.counts;
    boost::json::object event = json_event("summary", unix_ns);
    event["execution"] = summary.execution;
    event["status"] = to_string(summary.status);
    event["resumed"] = summary.resumed;
    event["source"] = printable(summary.source);
    event["destination"] = printable(summary.destination);
    event["listed"] = counts.listed();
    event["copied"] = counts.copied();
    event["verified"] = counts[Outcome::Verified];
    event["skipped"] = counts.skipped();
    event["deferred"] = counts.deferred();
    event["failed"] = counts.failed();
    event["bytes"] = counts.copied_bytes();
    event["deleted"] = counts[Outcome::Deleted];
    event["not_deleted"] = counts[Outcome::NotDeleted];
    event["kept"] = kept_json(summary);
    if (summary.deletes_withheld) event["deletes_withheld"] = printable(summary.deletes_withheld->cause());
    event["skipped_because"] = skipped_json(summary);
    event["evidence"] = evidence_json(summary);
    if (summary.plan_not_needed) event["plan_not_needed"] = *summary.plan_not_needed;
    event["unlisted"] = summary.unlisted.size();
    event["seconds"] = static_cast<double>(summary.took / std::chrono::milliseconds(1)) / 1000;
    event["exit_code"] = static_cast<int>(exit_code_of(summary));
    return event;
}

}  // namespace godwit::app
