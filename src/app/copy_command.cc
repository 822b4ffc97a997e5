#include "app/copy_command.h"

#include "app/copy_run.h"
#include "app/data_directory.h"
#include "app/delete_options.h"
#include "app/dry_run.h"
#include "app/exit_code.h"
#include "app/process.h"
#include "app/run_record.h"
#include "app/selection_options.h"
#include "app/verify_command.h"

namespace godwit::app {
namespace {

bool has_s3_end(const CopyArguments& arguments) {
    return arguments.ends.source.is_s3() || arguments.ends.destination.is_s3();
}

Result<void> check_reflink(const CopyArguments& arguments) {
    if (!arguments.reflink) return {};
    if (has_s3_end(arguments))
        return usage_error("--reflink", "works between two directories; an object in S3 shares no blocks");
    if (arguments.options.publish_changed)
        return usage_error("--reflink",
                           "cannot be combined with --on-change publish, which stores what was "
                           "read of a file that may be another one by now");
    return {};
}

model::HardLinkMode hard_link_mode(const EndsRequest& ends) {
    if (ends.destination.is_s3()) return model::HardLinkMode::Carried;
    return ends.source.is_s3() ? model::HardLinkMode::Told : model::HardLinkMode::Listed;
}

}  // namespace

Result<CopyArguments> copy_arguments(const Invocation& invocation, const Session& session,
                                     std::int64_t now_unix_ns) {
    CopyArguments arguments;
    GODWIT_TRY(arguments.ends, ends_request(invocation));
    GODWIT_TRY(arguments.options, copy_options(invocation.values));
    GODWIT_TRY(arguments.options.selection, selection_from(invocation.values, now_unix_ns));
    GODWIT_TRY(arguments.options.deletes, delete_options(invocation.values));
    GODWIT_TRY(arguments.backup, backup_location(invocation.values));
    GODWIT_TRY(arguments.list_request, list_request(invocation.values, arguments.ends));
    arguments.keeps_list = arguments.list_request.has_value();
    arguments.options.policy.preserve_set_id =
        invocation.values.flag("preserve-set-id") || !arguments.ends.source.is_s3();
    arguments.reflink = invocation.values.flag("reflink");
    GODWIT_TRY_VOID(check_reflink(arguments));
    if (invocation.values.flag("preserve-hardlinks"))
        arguments.options.policy.hard_links = hard_link_mode(arguments.ends);
    GODWIT_TRY(arguments.limits, limit_settings(invocation.values, descriptor_limit()));
    arguments.options.limits = arguments.limits.at(session.clock.unix_time_ns());
    GODWIT_TRY(arguments.limits_text, limits_text("", invocation.values));
    arguments.verify = verify_mode(invocation.values);
    arguments.output = output_of(invocation.values);
    arguments.dry_run = invocation.values.flag("dry-run");
    if (auto prices = invocation.values.text("prices")) {
        GODWIT_TRY(arguments.prices, read_price_table(*prices));
    }
    GODWIT_TRY(arguments.report, report_request(invocation.values));
    // What a report is to list must have rows.
    bool is_failed = false;
    arguments.options.record_unchanged =
        arguments.report && arguments.report->options.wants(report::Kind::Skipped, is_failed);
    arguments.sparse = invocation.values.flag("sparse");
    GODWIT_TRY(std::string directory, data_directory(invocation.values, session.environment));
    arguments.data_directory = absolute_location(directory);
    arguments.record = to_text(run_record(invocation.words[0], invocation.words[1], invocation.values));
    arguments.verify_arguments =
        verify_arguments(invocation.words[0], invocation.words[1], invocation.values);
    return arguments;
}

Result<ExitCode> run_copy(const CopyArguments& arguments, Session& session) {
    std::string token = fresh_staging_token(session.random);
    LoopRun run(session);
    StoreKit kit(session, run.loop(), token);
    kit.set_own_directory(arguments.data_directory);
    kit.set_xattrs(arguments.options.policy.xattrs);
    kit.set_sparse(arguments.sparse);
    kit.set_selection(arguments.options.selection);
    kit.set_reflink(arguments.reflink);
    kit.request_rate().set_per_second(arguments.limits.requests_per_second);
    if (arguments.options.policy.hard_links == model::HardLinkMode::Carried)
        kit.set_file_id_place(arguments.ends.destination.display());
    if (arguments.dry_run) {
        return run.run([&](LoopRun& running) { return dry_run(running, kit, arguments); });
    }
    CopyRun copy(run, kit, token, arguments);
    return run.run([&](LoopRun&) { return copy.run(); });
}

Result<ExitCode> run_copy_command(const Invocation& invocation, Session& session) {
    GODWIT_TRY(CopyArguments arguments, copy_arguments(invocation, session, session.clock.unix_time_ns()));
    if (auto key = invocation.values.text("explain"))
        return explain(arguments.options.selection.get(), *key, arguments.output, session);
    return run_copy(arguments, session);
}

}  // namespace godwit::app
