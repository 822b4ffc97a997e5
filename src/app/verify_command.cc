#include "app/verify_command.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>

#include "app/advice.h"
#include "app/data_directory.h"
#include "app/json_text.h"
#include "app/limit_settings.h"
#include "app/list_reader.h"
#include "app/process.h"
#include "app/progress_report.h"
#include "app/quantity.h"
#include "app/rows.h"
#include "app/run_options.h"
#include "app/selection_options.h"

namespace godwit::app {
namespace {

using engine::Compared;
using engine::CompareResult;
using runtime::Task;

struct VerifyArguments {
    EndsRequest ends;
    std::optional<ListRequest> list_request;
    engine::ExecutionOptions options;
    OutputFormat output = OutputFormat::Table;
    std::string mode;
    std::uint64_t requests_per_second = 0;  // 0: no limit
};

// Contents are what a sample is for: the listings tell the rest of every object.
Result<std::optional<model::Sample>> sample_option(const Values& values, const Session& session) {
    std::optional<model::Sample> sample;
    auto text = values.text("sample");
    if (!text) return sample;
    std::array<std::byte, 8> random{};
    session.random.fill(random);
    std::uint64_t any = 0;
    for (std::byte byte : random) any = any << 8 | static_cast<std::uint64_t>(byte);
    sample = model::sample_from(*text, session.clock.unix_time_ns(), any);
    if (!sample)
        return usage_error("--sample=" + *text, "is no part of a whole: as 5%, 1%/day, 0.1%/hour, 10%/week");
    if (values.text("by").value_or("metadata") == "metadata")
        return usage_error("--sample", "says how many contents are compared: --by checksum or --by bytes");
    return sample;
}

Result<VerifyArguments> verify_arguments(const Invocation& invocation, const Session& session) {
    VerifyArguments arguments;
    GODWIT_TRY(arguments.ends, ends_request(invocation));
    GODWIT_TRY(arguments.options, compare_options(invocation.values));
    GODWIT_TRY(arguments.options.selection, selection_from(invocation.values, session.clock.unix_time_ns()));
    GODWIT_TRY(arguments.list_request, list_request(invocation.values, arguments.ends));
    arguments.options.policy.preserve_set_id = !arguments.ends.source.is_s3();
    GODWIT_TRY(arguments.options.sample, sample_option(invocation.values, session));
    GODWIT_TRY(LimitSettings limits, limit_settings(invocation.values, descriptor_limit()));
    if (limits.bytes_per_second.changes())
        return usage_error("--limit-bytes-per-second", "takes one rate here, no timetable");
    arguments.options.limits = limits.at(session.clock.unix_time_ns());
    arguments.requests_per_second = limits.requests_per_second;
    arguments.ends.look_only = true;
    arguments.ends.may_overlap = true;
    arguments.output = output_of(invocation.values);
    arguments.mode = invocation.values.text("by").value_or("metadata");
    return arguments;
}

Cell bytes_or_nothing(const Compared& compared, engine::Difference missing, std::uint64_t bytes) {
    return compared.difference == missing ? empty_cell() : size_cell(bytes);
}

void add_row(Rows& rows, const Compared& compared) {
    std::string detail = compared.error ? compared.error->message() : compared.detail;
    rows.add({name_cell(compared.key.bytes()), text_cell(to_string(compared.difference)),
              bytes_or_nothing(compared, engine::Difference::Added, compared.source_bytes),
              bytes_or_nothing(compared, engine::Difference::Removed, compared.destination_bytes),
              text_cell(detail)});
}

boost::json::object summary_event(const CompareResult& result, const VerifyArguments& arguments,
                                  Duration took, ExitCode code, std::int64_t unix_ns) {
    boost::json::object event = json_event("summary", unix_ns);
    event["by"] = arguments.mode;
    event["equal"] = result.equal;
    event["removed"] = result.removed;
    event["added"] = result.added;
    event["different"] = result.different();
    event["content"] = result.content;
    event["metadata"] = result.metadata;
    if (arguments.options.sample) {
        event["sampled"] = result.sampled;
        event["sample_slot"] = arguments.options.sample->slot;
        event["sample_slots"] = arguments.options.sample->slots;
    }
    event["unreadable"] = result.unreadable;
    event["special"] = result.special;
    event["unlisted"] = result.unlisted_source.size() + result.unlisted_destination.size();
    event["bytes"] = result.equal_bytes;
    event["seconds"] = static_cast<double>(took / std::chrono::milliseconds(1)) / 1000;
    event["exit_code"] = static_cast<int>(code);
    return event;
}

void report_unlisted(const CompareResult& result, Terminal& terminal) {
    for (const auto* errors : {&result.unlisted_source, &result.unlisted_destination}) {
        for (const Error& error : *errors) terminal.warn(error_text(error));
    }
}

std::string sample_text(const CompareResult& result, const model::Sample& sample) {
    return fmt::format(
        "Contents of {} were compared, which is sample {} of {}; of the others what the listings tell.",
        counted(result.sampled, "object", "objects"), sample.slot + 1, sample.slots);
}

Task<Result<CompareResult>> compare_ends(LoopRun& run, const Ends& ends, const VerifyArguments& arguments,
                                         Rows& rows) {
    engine::Progress progress;
    engine::ComparedSink sink = [&rows](Compared compared) { add_row(rows, compared); };
    ProgressReport report(run.session(), arguments.output, progress);
    Task<Result<CompareResult>> comparison =
        engine::compare(run.context(), *ends.source, *ends.destination, arguments.options, progress, sink);
    co_return co_await report.during(run.loop(), std::move(comparison));
}

Task<Result<ExitCode>> verify(LoopRun& run, StoreKit& kit, const VerifyArguments& arguments) {
    Instant began = run.loop().now();
    Terminal& terminal = run.session().terminal;
    std::shared_ptr<const ledger::KeyFile> list;
    if (arguments.list_request) {
        std::string directory = scratch_directory(run.session().environment);
        GODWIT_CO_TRY(list, co_await read_list_to_run(run, kit, *arguments.list_request, directory));
    }
    GODWIT_CO_TRY(Ends ends, co_await open_ends(run.context(), kit, arguments.ends));
    if (ends.destination_missing) {
        co_await close_ends(ends);
        co_return errno_error(ENOENT, "open", arguments.ends.destination.text).with_scope(Scope::Destination);
    }
    Result<void> narrowed;
    if (list) narrowed = narrow_to_list(ends, list);
    if (!narrowed) {
        co_await close_ends(ends);
        co_return std::move(narrowed.error());
    }
    Rows rows(terminal, arguments.output, "object",
              {{"key"}, {"difference"}, {"source_bytes", true}, {"destination_bytes", true}, {"detail"}});
    rows.stamp(run.session().clock);
    Result<CompareResult> result = co_await compare_ends(run, ends, arguments, rows);
    bool misspelt = result && ends.source_is_prefix && !arguments.options.selection && !list &&
                    result->equal + result->removed + result->different() == 0;
    co_await close_ends(ends);
    if (!result) co_return std::move(result.error());
    if (misspelt) {
        co_return Error(ErrorKind::NotFound, "list", ends.source_text, "no object has this prefix")
            .with_scope(Scope::Source);
    }
    rows.finish();
    report_unlisted(*result, terminal);
    ExitCode code = result->same() ? ExitCode::Clean : ExitCode::NotClean;
    Duration took = run.loop().now() - began;
    if (arguments.output == OutputFormat::JsonLines) {
        terminal.out(json_line(summary_event(*result, arguments, took, code, run.loop().unix_time_ns())));
    }
    terminal.say(comparison_text(*result, arguments.mode, took));
    if (arguments.options.sample) terminal.say(sample_text(*result, *arguments.options.sample));
    co_return code;
}

}  // namespace

std::string comparison_text(const CompareResult& result, std::string_view mode, Duration took) {
    std::uint64_t compared =
        result.equal + result.removed + result.added + result.different() + result.unreadable;
    std::string text = fmt::format("Compared {} by {} in {}: {} equal, {} removed, {} added, {} different",
                                   counted(compared, "object", "objects"), mode, short_duration(took),
                                   with_thousands(result.equal), with_thousands(result.removed),
                                   with_thousands(result.added), with_thousands(result.different()));
    if (result.different() > 0) {
        text += fmt::format(" ({} in content, {} in metadata)", with_thousands(result.content),
                            with_thousands(result.metadata));
    }
    if (result.unreadable > 0) text += fmt::format(", {} unreadable", with_thousands(result.unreadable));
    if (result.special > 0) text += fmt::format(", {} special left out", with_thousands(result.special));
    std::size_t unlisted = result.unlisted_source.size() + result.unlisted_destination.size();
    if (unlisted > 0) text += fmt::format("; {} could not be listed", counted(unlisted, "part", "parts"));
    return text + ".";
}

Result<EndsRequest> ends_request(const Invocation& invocation) {
    EndsRequest request;
    GODWIT_TRY(request.source, parse_location("SRC", invocation.words[0]));
    GODWIT_TRY(request.destination, parse_location("DST", invocation.words[1]));
    request.source_end = end_options(invocation.values, End::Source);
    request.destination_end = end_options(invocation.values, End::Destination);
    GODWIT_TRY(request.write, write_options(invocation.values));
    request.lineage = invocation.values.flag("lineage");
    return request;
}

Result<ExitCode> run_verify(const Invocation& invocation, Session& session) {
    GODWIT_TRY(VerifyArguments arguments, verify_arguments(invocation, session));
    if (auto key = invocation.values.text("explain"))
        return explain(arguments.options.selection.get(), *key, arguments.output, session);
    LoopRun run(session);
    StoreKit kit(session, run.loop(), fresh_staging_token(session.random));
    kit.set_selection(arguments.options.selection);
    // What a copy leaves out is no difference.
    if (auto own = data_directory(invocation.values, session.environment)) kit.set_own_directory(*own);
    kit.set_xattrs(arguments.options.policy.xattrs);
    kit.request_rate().set_per_second(arguments.requests_per_second);
    return run.run([&](LoopRun& running) { return verify(running, kit, arguments); });
}

}  // namespace godwit::app
