#include "report/summary.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/error.h"
#include "base/time_format.h"

namespace godwit::report {
namespace {

using boost::json::object;
using ledger::ExecutionInfo;
using model::ExecutionStatus;
using model::Outcome;

std::string_view status_word(const ExecutionInfo& execution) {
    bool ended = model::is_final(execution.status);
    return ended ? to_string(execution.status) : std::string_view("INTERRUPTED");
}

std::string_view phase(bool failed) {
    return failed ? "ERROR" : "SUCCESS";
}

object location_json(const std::string& uri) {
    object json;
    json["LocationType"] = uri.starts_with("s3://") ? "S3" : "POSIX";
    json["LocationUri"] = printable(uri);
    return json;
}

object failed_json(const Facts& facts) {
    object json;
    json["Prepare"] = facts.unlisted.size();
    json["Transfer"] = facts.counts.failed() + facts.counts.deferred();
    json["Verify"] = facts.mismatches;
    json["Delete"] = facts.counts[Outcome::NotDeleted];
    return json;
}

// Durations of phases are 0, as they are where DataSync's phases overlap (Enhanced mode).
void add_phases(const Subject& subject, const Facts& facts, object& result) {
    bool stopped = !model::is_final(subject.execution.status) ||
                   subject.execution.status == ExecutionStatus::Failed ||
                   subject.execution.status == ExecutionStatus::Cancelled;
    result["PrepareDuration"] = 0;
    result["PrepareStatus"] = phase(!facts.unlisted.empty());
    result["TransferDuration"] = 0;
    result["TransferStatus"] = phase(stopped || facts.counts.failed() + facts.counts.deferred() > 0);
    result["VerifyDuration"] = 0;
    result["VerifyStatus"] = phase(facts.mismatches > 0);
}

object result_json(const Subject& subject, const Facts& facts) {
    object result;
    result["FilesTransferred"] = facts.counts.copied();
    result["FilesVerified"] = facts.counts[Outcome::Verified];
    result["FilesSkipped"] = facts.counts.skipped();
    result["FilesDeleted"] = facts.counts[Outcome::Deleted];
    result["FilesFailed"] = failed_json(facts);
    for (const char* name : {"BytesWritten", "BytesTransferred", "BytesCompressed"})
        result[name] = facts.counts.copied_bytes();
    add_phases(subject, facts, result);
    const ExecutionInfo& execution = subject.execution;
    if (execution.status == ExecutionStatus::Clean) return result;
    result["ErrorCode"] = status_word(execution);
    result["ErrorDetail"] = printable(execution.error);
    return result;
}

object outcomes_json(const model::Counts& counts) {
    object json;
    auto last = static_cast<std::size_t>(model::kLastOutcome);
    for (auto i = static_cast<std::size_t>(model::kFirstOutcome); i <= last; ++i)
        json[to_string(static_cast<Outcome>(i))] = counts[static_cast<Outcome>(i)];
    return json;
}

object report_json(const Options& options, const Totals& totals) {
    object json;
    json["OutputType"] = options.summary_only ? "SUMMARY_ONLY" : "STANDARD";
    if (options.summary_only) return json;
    for (Kind kind : kKinds) {
        const KindTotal& total = totals[static_cast<std::size_t>(kind)];
        object one;
        one["ReportLevel"] = to_string(options.level_of(kind));
        one["Files"] = total.files;
        one["Items"] = total.items;
        json[to_string(kind)] = std::move(one);
    }
    return json;
}

boost::json::array unlisted_json(const std::vector<std::string>& unlisted) {
    boost::json::array json;
    for (const std::string& part : unlisted) json.emplace_back(printable(part));
    return json;
}

void add_times(const ExecutionInfo& execution, object& json) {
    json["StartTime"] = format_rfc3339(execution.created_unix_ns);
    if (!execution.ended_unix_ns) return;
    json["EndTime"] = format_rfc3339(*execution.ended_unix_ns);
    json["TotalTime"] = (*execution.ended_unix_ns - execution.created_unix_ns) / 1'000'000;
}

}  // namespace

std::string summary_json(const Subject& subject, const Facts& facts, const Options& options,
                         const Totals& totals) {
    const ExecutionInfo& execution = subject.execution;
    object json;
    json["TaskExecutionId"] = execution.id;
    json["TaskId"] = execution.task;
    json["TaskMode"] = "BASIC";
    json["OverallStatus"] = phase(execution.status != ExecutionStatus::Clean);
    json["Status"] = status_word(execution);
    add_times(execution, json);
    json["SourceLocation"] = location_json(subject.source_uri);
    json["DestinationLocation"] = location_json(subject.destination_uri);
    json["Options"] = subject.options;
    json["Result"] = result_json(subject, facts);
    json["Outcomes"] = outcomes_json(facts.counts);
    json["NotListed"] = unlisted_json(facts.unlisted);
    json["Report"] = report_json(options, totals);
    return boost::json::serialize(json) + "\n";
}

}  // namespace godwit::report
