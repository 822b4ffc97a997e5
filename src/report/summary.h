// The summary of a task report: one JSON object, with DataSync's members and, beside them, what Godwit
// knows and DataSync has no word for.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/control_tables.h"
#include "report/options.h"

namespace godwit::report {

// What a report is of, as far as the execution's ledger does not tell it.
struct Subject {
    ledger::ExecutionInfo execution;
    // Paths or s3:// URIs, without secrets.
    std::string source_uri, destination_uri;
    // The execution's options under DataSync's names.
    boost::json::object options;
};

// What stands in the lists of a kind.
struct KindTotal {
    std::uint64_t files = 0, items = 0;
};
using Totals = std::array<KindTotal, kKinds.size()>;

// What the ledger says of the execution as a whole.
struct Facts {
    model::Counts counts;
    // Objects that did not verify.
    std::uint64_t mismatches = 0;
    // What could not be listed, at most kUnlistedMax of it.
    static constexpr std::size_t kUnlistedMax = 1000;
    std::vector<std::string> unlisted;
};

// With its line end. The same for equal arguments.
std::string summary_json(const Subject& subject, const Facts& facts, const Options& options,
                         const Totals& totals);

}  // namespace godwit::report
