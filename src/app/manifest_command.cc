#include "app/manifest_command.h"

#include <fmt/format.h>

#include "app/advice.h"
#include "app/json_text.h"
#include "app/list_reader.h"
#include "app/loop_run.h"
#include "app/new_file.h"
#include "app/quantity.h"
#include "app/rows.h"
#include "app/run_options.h"
#include "app/selection_options.h"
#include "engine/ordered_listing.h"
#include "model/manifest.h"
#include "store/listed_objects.h"

namespace godwit::app {
namespace {

using model::Entry;
using runtime::Task;

// ---- check

struct CheckArguments {
    ListRequest list;
    std::optional<Location> source;  // where each entry has to be; absent: not looked
    OutputFormat output = OutputFormat::Table;
    std::uint64_t rows_max = 0;
};

class Check {
  public:
    Check(LoopRun& run, StoreKit& kit, const CheckArguments& arguments)
        : run_(run),
          kit_(kit),
          arguments_(arguments),
          rows_(run.session().terminal, arguments.output, "finding",
                {{"line", true}, {"problem"}, {"path"}, {"detail"}}) {}

    Task<Result<ExitCode>> run();

  private:
    void add(std::string_view problem, std::uint64_t line, const std::string& name, std::string_view detail);
    Task<Result<void>> look_at_source();
    Task<Result<void>> look(store::Store& source);
    void take_page(const store::Page& page);
    void tell() const;
    boost::json::object summary(ExitCode code) const;

    LoopRun& run_;
    StoreKit& kit_;
    const CheckArguments& arguments_;
    Rows rows_;
    ReadList list_;
    std::uint64_t findings_ = 0, missing_ = 0, unreadable_ = 0;
};

void Check::add(std::string_view problem, std::uint64_t line, const std::string& name,
                std::string_view detail) {
    if (++findings_ > arguments_.rows_max) return;
    rows_.add({number_cell(line), text_cell(problem), name_cell(name), text_cell(detail)});
}

Task<Result<ExitCode>> Check::run() {
    ListFindingSink sink = [this](const ListFinding& finding) {
        // Versions are a part of the format; only copies do not know them yet.
        if (finding.problem != ListProblem::Versioned)
            add(to_string(finding.problem), finding.line, finding.name, finding.detail);
    };
    std::string directory = scratch_directory(run_.session().environment);
    GODWIT_CO_TRY(list_, co_await read_list(run_, kit_, arguments_.list, directory, sink));
    if (arguments_.source) GODWIT_CO_TRY_VOID(co_await look_at_source());
    rows_.finish();
    ExitCode code = findings_ + unreadable_ > 0 ? ExitCode::NotClean : ExitCode::Clean;
    if (arguments_.output == OutputFormat::JsonLines) run_.session().terminal.out(json_line(summary(code)));
    tell();
    co_return code;
}

Task<Result<void>> Check::look_at_source() {
    GODWIT_CO_TRY(OneEnd end,
                  co_await open_source(run_.context(), kit_, *arguments_.source, arguments_.list.end));
    auto source = store::make_listed_store(std::move(end.store), list_.keys, store::Role::Source);
    Result<void> looked = co_await look(*source);
    co_await source->close();
    co_return std::move(looked);
}

Task<Result<void>> Check::look(store::Store& source) {
    std::unique_ptr<store::Listing> listing = source.list({});
    for (bool last = false; !last;) {
        GODWIT_CO_TRY(store::Page page, co_await listing->next(run_.context()));
        take_page(page);
        last = page.last;
    }
    co_return {};
}

void Check::take_page(const store::Page& page) {
    for (const Entry& entry : page.entries) {
        if (entry.missing_line == 0) continue;
        ++missing_;
        add("missing", entry.missing_line, entry.key.bytes(), "it is not there");
    }
    for (const Error& error : page.unreadable) {
        ++unreadable_;
        run_.session().terminal.warn(error_text(error));
    }
}

void Check::tell() const {
    bool keys = arguments_.list.kind == model::KeyListKind::Keys;
    std::string text = fmt::format("Checked {}: {} to copy", counted(list_.entries, "line", "lines"),
                                   keys ? counted(list_.keys->count(), "object", "objects")
                                        : counted(list_.keys->count(), "prefix", "prefixes"));
    auto part = [&text](std::uint64_t count, std::string_view what) {
        if (count > 0) text += fmt::format(", {} {}", with_thousands(count), what);
    };
    part(list_.faults, "that name nothing");
    part(list_.repeated, "repeated");
    part(list_.covered, "covered by other prefixes");
    part(list_.versioned, "of a version, which copies do not know yet");
    part(missing_, "missing at the source");
    part(unreadable_, "that could not be looked at");
    text += ".";
    if (findings_ > arguments_.rows_max)
        text += fmt::format(" {} findings shown of {} (--limit).", with_thousands(arguments_.rows_max),
                            with_thousands(findings_));
    run_.session().terminal.say(text);
}

boost::json::object Check::summary(ExitCode code) const {
    boost::json::object event = json_event("summary", run_.loop().unix_time_ns());
    event["entries"] = list_.entries;
    event["distinct"] = list_.keys->count();
    event["faults"] = list_.faults;
    event["repeated"] = list_.repeated;
    event["covered"] = list_.covered;
    event["versions"] = list_.versioned;
    event["missing"] = missing_;
    event["unreadable"] = unreadable_;
    event["sha256"] = list_.keys->digest();
    event["exit_code"] = static_cast<int>(code);
    return event;
}

Result<CheckArguments> check_arguments(const Invocation& invocation) {
    const Values& values = invocation.values;
    CheckArguments arguments;
    arguments.list.text = invocation.words[0];
    arguments.list.end = end_options(values, End::Only);
    if (values.flag("prefixes")) arguments.list.kind = model::KeyListKind::Prefixes;
    if (arguments.list.text.empty())
        return usage_error("LIST", "is empty; allowed are a file, `-`, s3://bucket/key and http(s)://...");
    if (auto source = values.text("source")) {
        GODWIT_TRY(arguments.source, parse_location("--source", *source));
        if (values.flag("prefixes"))
            return usage_error("--source",
                               "looks for objects that a list names, of which --prefixes has none");
    }
    arguments.output = output_of(values);
    std::uint64_t limit = values.number("limit").value_or(0);
    arguments.rows_max = limit == 0 ? ~std::uint64_t{0} : limit;
    return arguments;
}

// ---- build

struct BuildArguments {
    Location location;
    EndOptions end;
    std::shared_ptr<const model::Selection> selection;
};

struct Built {
    std::uint64_t objects = 0;
    std::uint64_t unlisted = 0;
};

void write_page(const store::Page& page, const model::Selection* selection, Terminal& out, Built& built) {
    for (const Entry& entry : page.entries) {
        bool is_object = entry.type == model::ObjectType::File || entry.type == model::ObjectType::Symlink;
        if (!is_object || (selection && !selection->selects_entry(entry))) continue;
        out.out(model::manifest_line(entry.key.bytes()));
        ++built.objects;
    }
}

Task<Result<Built>> write_manifest(LoopRun& run, store::Store& store, const model::Selection* selection,
                                   Terminal& out) {
    engine::OrderedListing listing(store, {}, selection, Scope::Source);
    Built built;
    for (bool last = false; !last && !out.out_is_gone();) {
        GODWIT_CO_TRY(store::Page page, co_await listing.next(run.context()));
        write_page(page, selection, out, built);
        for (const Error& error : page.unreadable) run.session().terminal.warn(error_text(error));
        built.unlisted += page.unreadable.size();
        last = page.last;
    }
    co_return built;
}

Task<Result<ExitCode>> build(LoopRun& run, StoreKit& kit, const BuildArguments& arguments, Terminal& out) {
    GODWIT_CO_TRY(OneEnd end, co_await open_source(run.context(), kit, arguments.location, arguments.end));
    Result<Built> built = co_await write_manifest(run, *end.store, arguments.selection.get(), out);
    co_await end.store->close();
    if (!built) co_return std::move(built.error());
    run.session().terminal.say(fmt::format("{} named.", counted(built->objects, "object", "objects")));
    co_return built->unlisted > 0 ? ExitCode::NotClean : ExitCode::Clean;
}

}  // namespace

Result<ExitCode> run_manifest_check(const Invocation& invocation, Session& session) {
    GODWIT_TRY(CheckArguments arguments, check_arguments(invocation));
    LoopRun run(session);
    StoreKit kit(session, run.loop(), fresh_staging_token(session.random));
    Check check(run, kit, arguments);
    return run.run([&](LoopRun&) { return check.run(); });
}

Result<ExitCode> run_manifest_build(const Invocation& invocation, Session& session) {
    const Values& values = invocation.values;
    BuildArguments arguments;
    GODWIT_TRY(arguments.location, parse_location("URI", invocation.words[0]));
    arguments.end = end_options(values, End::Only);
    GODWIT_TRY(arguments.selection, selection_from(values, session.clock.unix_time_ns()));
    LoopRun run(session);
    StoreKit kit(session, run.loop(), fresh_staging_token(session.random));
    kit.set_selection(arguments.selection);
    auto path = values.text("file");
    if (!path) {
        return run.run([&](LoopRun& running) { return build(running, kit, arguments, session.terminal); });
    }
    GODWIT_TRY(NewFile file, NewFile::create(*path));
    Terminal to_file(file.stream(session.environment), Stream{[](std::string_view) { return 0; }});
    GODWIT_TRY(ExitCode code,
               run.run([&](LoopRun& running) { return build(running, kit, arguments, to_file); }));
    GODWIT_TRY_VOID(to_file.finish());
    GODWIT_TRY_VOID(file.finish());
    return code;
}

}  // namespace godwit::app
