#include "app/task_report.h"

#include <fmt/format.h>

#include <array>

#include "app/exit_code.h"
#include "app/overlap.h"
#include "app/quantity.h"
#include "app/state_access.h"

namespace godwit::app {

using report::Level;
using runtime::Task;

namespace {

// ---- Options

constexpr std::array<std::string_view, 3> kOnlyWithReport{"report-type", "report-level", "report-override"};

// "KIND=LEVEL" into `options`; `origin` is how the option was written.
Result<void> take_override(const std::string& origin, std::string_view word, report::Options& options) {
    std::size_t equals = word.find('=');
    std::string_view name = word.substr(0, equals);
    std::optional<report::Kind> kind = report::kind_from(name);
    if (!kind) {
        return usage_error(origin,
                           fmt::format("`{}` is no list of a report; there are: TRANSFERRED, VERIFIED, "
                                       "SKIPPED, DELETED",
                                       printable(name)));
    }
    std::string_view level = equals == std::string_view::npos ? "" : word.substr(equals + 1);
    std::optional<Level> wanted = report::level_from(level);
    if (!wanted) {
        return usage_error(origin, fmt::format("`{}` is no level for {}; there are: ERRORS_ONLY, "
                                               "SUCCESSES_AND_ERRORS",
                                               printable(level), name));
    }
    std::optional<Level>& taken = options.overrides[static_cast<std::size_t>(*kind)];
    if (taken) return usage_error(origin, fmt::format("names {} twice", name));
    taken = wanted;
    return {};
}

// `prefix` is what the names of the options begin with: "report-".
Result<report::Options> report_options(const Values& values, const std::string& prefix) {
    report::Options options;
    options.summary_only = values.text(prefix + "type") == "SUMMARY_ONLY";
    if (options.summary_only) {
        for (const char* name : {"level", "override"}) {
            if (values.has(prefix + name))
                return usage_error(fmt::format("--{}{}", prefix, name),
                                   fmt::format("says nothing with --{}type SUMMARY_ONLY", prefix));
        }
    }
    if (auto level = values.text(prefix + "level"))
        options.level = report::level_from(*level).value_or(options.level);
    auto list = values.text(prefix + "override");
    if (!list) return options;
    std::string origin = fmt::format("--{}override={}", prefix, *list);
    for (std::string_view word : split_words(*list, ','))
        GODWIT_TRY_VOID(take_override(origin, word, options));
    return options;
}

// ---- Places

bool is_within(const std::string& inner, std::string outer) {
    if (inner == outer) return true;
    if (!outer.ends_with('/')) outer += '/';
    return inner.starts_with(outer);
}

}  // namespace

Result<ReportRequest> report_to_request(const Values& values) {
    auto to = values.text("to");
    if (!to || to->empty())
        return usage_error("--to", "is missing: the directory or s3:// prefix for the report");
    ReportRequest request;
    GODWIT_TRY(request.to, parse_location("--to", *to));
    request.end = end_options(values, End::Only);
    GODWIT_TRY(request.options, report_options(values, ""));
    return request;
}

Result<std::optional<ReportRequest>> report_request(const Values& values) {
    auto to = values.text("report");
    if (!to) {
        for (std::string_view name : kOnlyWithReport) {
            if (values.has(name))
                return usage_error(fmt::format("--{}", name), "says nothing without --report");
        }
        return std::optional<ReportRequest>();
    }
    if (values.flag("dry-run"))
        return usage_error("--report", "contradicts --dry-run, which does nothing to tell of");
    ReportRequest request;
    GODWIT_TRY(request.to, parse_location("--report", *to));
    request.end = end_options(values, End::Destination);
    GODWIT_TRY(request.options, report_options(values, "report-"));
    return std::optional<ReportRequest>(std::move(request));
}

boost::json::object datasync_options(const RunRecord& record) {
    auto given = [&](const char* name) { return record.options.contains(name); };
    auto unless = [&](const char* name, std::string_view value) -> std::string_view {
        return given(name) ? "NONE" : value;
    };
    auto verify = record.options.find("verify");
    std::string mode = verify == record.options.end() ? "on" : verify->second.back();
    if (mode == "on") mode = "ONLY_FILES_TRANSFERRED";
    if (mode == "off") mode = "NONE";
    boost::json::object json;
    json["VerifyMode"] = mode;
    json["OverwriteMode"] = given("no-overwrite") ? "NEVER" : "ALWAYS";
    json["TransferMode"] = given("transfer-all") ? "ALL" : "CHANGED";
    json["PreserveDeletedFiles"] = given("delete") ? "REMOVE" : "PRESERVE";
    json["Mtime"] = unless("no-preserve-mtime", "PRESERVE");
    json["Uid"] = unless("no-preserve-owner", "INT_VALUE");
    json["Gid"] = unless("no-preserve-owner", "INT_VALUE");
    json["PosixPermissions"] = unless("no-preserve-mode", "PRESERVE");
    json["ObjectTags"] = unless("no-tags", "PRESERVE");
    return json;
}

ReportPlace::ReportPlace(LoopRun& run, ReportRequest request)
    : run_(run),
      request_(std::move(request)),
      kit_(run.session(), run.loop(), fresh_staging_token(run.session().random)) {}

Error ReportPlace::overlap(const std::string& how, const std::string& what) const {
    return Error(ErrorKind::Invalid, "write a report to", request_.to.text, fmt::format("{} {}", how, what))
        .with_code("ReportOverlap");
}

// As a source: nothing is tried out where a report may not go.
Task<Result<std::string>> ReportPlace::canonical_of_bucket() {
    WriteOptions no_writes;
    GODWIT_CO_TRY(std::unique_ptr<store::Store> looking, kit_.make(request_.to, request_.end, no_writes));
    auto root = co_await looking->attach(run_.context(), store::Role::Source);
    co_await looking->close();
    if (!root) co_return std::move(root.error());
    co_return std::move(root->canonical);
}

Task<Result<void>> ReportPlace::check_apart(const ReportNeighbours& neighbours) {
    bool in_bucket = request_.to.is_s3();
    std::string bucket;
    if (in_bucket) {
        GODWIT_CO_TRY(bucket, co_await canonical_of_bucket());
    }
    auto holds = [&](const ledger::End& end) {
        if (end.uri.empty() || end.canonical.starts_with("s3:") != in_bucket) return false;
        return in_bucket ? is_within(bucket, end.canonical) : is_at_or_within(request_.to.path, end.uri);
    };
    if (holds(neighbours.source)) co_return overlap("lies within the source", neighbours.source.uri);
    if (!holds(neighbours.destination)) co_return {};
    const std::string& destination = neighbours.destination.uri;
    if (neighbours.mirrors)
        co_return overlap("would be deleted by the next run, which makes a mirror of", destination);
    run_.session().terminal.warn(fmt::format(
        "warning: the report goes to {}, within the destination {}: `verify` will find it there, and "
        "a copy with --delete would remove it",
        request_.to.text, destination));
    co_return {};
}

Task<Result<void>> ReportPlace::open(const ReportNeighbours& neighbours) {
    GODWIT_CO_TRY_VOID(co_await check_apart(neighbours));
    WriteOptions plain;
    GODWIT_CO_TRY(store_, kit_.make(request_.to, request_.end, plain));
    auto attached = co_await store_->attach(run_.context(), store::Role::Destination);
    if (!attached) co_return std::move(attached.error());
    co_return {};
}

Task<Result<report::Written>> ReportPlace::write(const ledger::StateDirectory& state,
                                                 const std::string& execution) {
    report::Subject subject;
    GODWIT_CO_TRY(subject.execution, state.find_execution(execution));
    GODWIT_CO_TRY(auto ledger, state.read_ledger(subject.execution));
    GODWIT_CO_TRY(ledger::ExecutionHead head, ledger->head());
    GODWIT_CO_TRY(RunRecord record, run_record_from(head.options));
    subject.options = datasync_options(record);
    subject.source_uri = record.source;
    subject.destination_uri = record.destination;
    co_return co_await report::write_report(run_.context(), *store_, *ledger, subject, request_.options);
}

Task<void> ReportPlace::close() {
    if (store_) co_await store_->close();
    kit_.sum_up_warnings();
}

std::string ReportPlace::text(const report::Written& written) const {
    return fmt::format("Task report: {} in {}; the summary is {}",
                       counted(written.items(), "object", "objects"),
                       counted(written.files(), "file", "files"), printable(uri(written.summary_key)));
}

}  // namespace godwit::app
