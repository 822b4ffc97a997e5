// What became of a run, said from the ledger's counts: text for people, one JSON object for programs.
// Both always add up: listed = copied + skipped + deferred + failed (I8).
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/exit_code.h"
#include "app/terminal.h"
#include "base/clock.h"
#include "ledger/queries.h"
#include "model/outcome.h"

namespace godwit::app {

struct RunSummary {
    std::string execution;
    model::ExecutionStatus status = model::ExecutionStatus::Failed;
    // It carried on what another process had begun.
    bool resumed = false;
    std::string source, destination;
    // What `verify` is told to check the copy.
    std::string verify_arguments;
    model::Counts counts;
    std::vector<ledger::CountEntry> counters;
    std::vector<ledger::LevelSum> levels;
    std::vector<ledger::ErrorGroup> errors;  // most frequent first
    std::vector<std::string> unlisted;       // at most kUnlistedMax of them
    // The checksum that a store attested by: "CRC-64/NVME".
    std::string attested_by;
    Duration took{};
    // Why the run did not come to its end.
    std::optional<Error> stopped_by;
    // Why nothing was deleted, although the run mirrors and only DST has something.
    std::optional<Error> deletes_withheld;
    // Of a plan that was carried out: entries for which there was nothing to do any more.
    std::optional<std::uint64_t> plan_not_needed;
    // A signal stopped it.
    std::optional<ExitCode> stopped;
    // An S3 prefix without any object.
    bool source_missing = false;

    static constexpr std::size_t kUnlistedMax = 1000;
};

// The worst that there is to say.
ExitCode exit_code_of(const RunSummary& summary);

// Several lines, each with its line end.
std::string summary_text(const RunSummary& summary, const Terminal& terminal);
boost::json::object summary_event(const RunSummary& summary, std::int64_t unix_ns);
// One event an error group, for JSON lines.
boost::json::object error_event(const ledger::ErrorGroup& group, std::int64_t unix_ns);

// One event for a part that could not be listed, as the ledger tells of it: "SOURCE: open directory ...".
boost::json::object unlisted_event(const std::string& part, std::int64_t unix_ns);

// "1,000 attested by the store (CRC-64/NVME), 204 read back"; empty when nothing was verified.
std::string evidence_text(const std::vector<ledger::LevelSum>& levels, const std::string& attested_by);
// "CRC-64/NVME" for crc64nvme.
std::string_view algorithm_title(DigestAlgorithm algorithm);

}  // namespace godwit::app
