#include "app/dry_run.h"

#include <fmt/format.h>

#include <array>

#include "app/advice.h"
#include "app/json_text.h"
#include "app/progress_report.h"
#include "app/quantity.h"
#include "app/summary.h"
#include "engine/finder.h"
#include "ledger/state_directory.h"
#include "store/selected_objects.h"

namespace godwit::app {
namespace {

using model::PlanAction;
using runtime::Task;

struct Sum {
    std::uint64_t objects = 0, bytes = 0;
    void add(std::uint64_t more_bytes) {
        ++objects;
        bytes += more_bytes;
    }
};

struct Planned {
    std::array<Sum, 9> by_action;  // by PlanAction's number
    Sum unchanged;
    Sum hard_links;  // names of files that have several
    std::uint64_t unlisted = 0;

    Sum& operator[](PlanAction action) { return by_action[static_cast<std::size_t>(action)]; }
    const Sum& operator[](PlanAction action) const { return by_action[static_cast<std::size_t>(action)]; }
    std::uint64_t listed() const {
        std::uint64_t sum = unchanged.objects + hard_links.objects;
        for (const Sum& one : by_action) sum += one.objects;
        return sum;
    }
};

class DryRun {
  public:
    DryRun(LoopRun& run, const CopyArguments& arguments)
        : run_(run), arguments_(arguments), terminal_(run.session().terminal) {}

    Task<Result<ExitCode>> run(const Ends& ends);

  private:
    // What an earlier run has left to know of these ends; null when there was none.
    std::unique_ptr<ledger::IndexReader> find_index(const Ends& ends) const;
    void add_page(const engine::FoundPage& page);
    void add_hard_link(const model::PlannedObject& object);
    void add(const model::PlannedObject& object);
    void tell(const model::PlannedObject& object);
    ExitCode finish();
    std::string text() const;
    boost::json::object summary(ExitCode code) const;

    LoopRun& run_;
    const CopyArguments& arguments_;
    Terminal& terminal_;
    Planned planned_;
};

std::unique_ptr<ledger::IndexReader> DryRun::find_index(const Ends& ends) const {
    ledger::StateSettings settings{.path = arguments_.data_directory};
    auto state = ledger::StateDirectory::open(std::move(settings), db::Access::Read);
    auto tasks = state ? state->tasks() : Result<std::vector<ledger::TaskInfo>>();
    if (!tasks) return nullptr;
    auto is_end = [](const ledger::End& end, const store::RootIdentity& root) {
        return end.canonical == root.canonical && end.identity == root.identity;
    };
    for (const ledger::TaskInfo& task : *tasks) {
        if (!is_end(task.source, ends.source_root) || !is_end(task.destination, ends.destination_root))
            continue;
        auto index = state->read_index(task.id);
        return index ? std::move(*index) : nullptr;
    }
    return nullptr;
}

engine::IndexStream index_stream(ledger::IndexReader* reader) {
    model::KeyRange range;
    return engine::IndexStream([reader, range]() mutable -> Task<Result<engine::IndexStream::Page>> {
        engine::IndexStream::Page page;
        page.last = true;
        if (!reader) co_return std::move(page);
        GODWIT_CO_TRY(page.rows, reader->page(range));
        page.last = page.rows.empty();
        if (!page.rows.empty()) range.after = page.rows.back().key.bytes();
        co_return std::move(page);
    });
}

Task<Result<ExitCode>> DryRun::run(const Ends& ends) {
    engine::Progress progress;
    engine::ExecutionOptions options = arguments_.options;
    options.policy.destination_hierarchical =
        ends.destination_missing || ends.destination->capabilities().hierarchical;
    std::unique_ptr<ledger::IndexReader> index = options.policy.use_index ? find_index(ends) : nullptr;
    engine::FinderInput input{*ends.source, *ends.destination,        options, progress,
                              {},           index_stream(index.get())};
    engine::FoundSink sink = [this](engine::FoundPage page) -> Task<Result<void>> {
        add_page(page);
        co_return {};
    };
    ProgressReport report(run_.session(), OutputFormat::Table, progress);
    Task<Result<void>> finding = engine::find(run_.context(), input, sink);
    GODWIT_CO_TRY_VOID(co_await report.during(run_.loop(), std::move(finding)));
    if (ends.source_is_prefix && !arguments_.options.selection && planned_.listed() == 0) {
        co_return Error(ErrorKind::NotFound, "list", ends.source_text, "no object has this prefix");
    }
    co_return finish();
}

void DryRun::add_page(const engine::FoundPage& page) {
    for (const auto* objects : {&page.objects, &page.directories}) {
        for (const model::PlannedObject& object : *objects) add(object);
    }
    for (const model::PlannedObject& object : page.hard_links) add_hard_link(object);
    planned_.unchanged.objects += page.unchanged.listed();
    planned_.unchanged.bytes += page.unchanged.bytes[static_cast<std::size_t>(model::Outcome::Unchanged)];
    for (const auto* errors : {&page.unreadable_source, &page.unreadable_destination}) {
        planned_.unlisted += errors->size();
        for (const Error& error : *errors) terminal_.warn(error_text(error));
    }
}

// Which of a file's names is copied and which are linked is decided when all are known.
void DryRun::add_hard_link(const model::PlannedObject& object) {
    bool equal = object.action == PlanAction::Skip;
    (equal ? planned_.unchanged : planned_.hard_links).add(object.source.size_bytes);
    if (!equal) tell(object);
}

void DryRun::add(const model::PlannedObject& object) {
    planned_[object.action].add(object.source.size_bytes);
    tell(object);
}

void DryRun::tell(const model::PlannedObject& object) {
    if (arguments_.output == OutputFormat::Name) terminal_.out(printable(object.key.bytes()) + "\n");
    if (arguments_.output != OutputFormat::JsonLines) return;
    boost::json::object event = json_event("object", run_.loop().unix_time_ns());
    set_bytes(event, "key", object.key.bytes());
    event["action"] = to_string(object.action);
    event["reason"] = to_string(object.reason);
    event["bytes"] = object.source.size_bytes;
    if (object.hard_link)
        event["hard_link"] = fmt::format("{:x}.{:x}", object.hard_link->device, object.hard_link->inode);
    terminal_.out(json_line(event));
}

std::string DryRun::text() const {
    auto part = [](const Sum& sum, std::string_view what) {
        return fmt::format("  {:>12}  {:>10}  {}\n", with_thousands(sum.objects), iec_bytes(sum.bytes), what);
    };
    std::string text = fmt::format("Would copy {} ({}); nothing was written.\n",
                                   counted(planned_[PlanAction::Copy].objects, "object", "objects"),
                                   iec_bytes(planned_[PlanAction::Copy].bytes));
    struct Row {
        PlanAction action;
        std::string_view what;
    };
    constexpr std::array kRows{
        Row{PlanAction::Copy, "to copy"},
        Row{PlanAction::Metadata, "to bring attributes over to"},
        Row{PlanAction::Examine, "to ask the stores about, then decide"},
        Row{PlanAction::Recheck, "to read and compare, then decide"},
        Row{PlanAction::Skip, "to leave out"},
        Row{PlanAction::Conflict, "in conflict: something of another kind is in the way"},
        Row{PlanAction::Unrepresentable, "that the destination cannot hold"}};
    for (const Row& row : kRows) {
        if (planned_[row.action].objects > 0) text += part(planned_[row.action], row.what);
    }
    if (planned_.hard_links.objects > 0)
        text += part(planned_.hard_links, "names of files that have several, each file to be copied once");
    if (planned_.unchanged.objects > 0) text += part(planned_.unchanged, "unchanged");
    return text + fmt::format("  {:>12}              listed\n", with_thousands(planned_.listed()));
}

boost::json::object DryRun::summary(ExitCode code) const {
    boost::json::object event = json_event("summary", run_.loop().unix_time_ns());
    event["dry_run"] = true;
    event["listed"] = planned_.listed();
    for (PlanAction action :
         {PlanAction::Copy, PlanAction::Metadata, PlanAction::Examine, PlanAction::Recheck, PlanAction::Skip,
          PlanAction::Conflict, PlanAction::Unrepresentable}) {
        event[to_string(action)] = planned_[action].objects;
    }
    if (arguments_.options.policy.hard_links == model::HardLinkMode::Listed)
        event["hard_links"] = planned_.hard_links.objects;
    event["unchanged"] = planned_.unchanged.objects;
    event["bytes"] = planned_[PlanAction::Copy].bytes;
    event["unlisted"] = planned_.unlisted;
    event["exit_code"] = static_cast<int>(code);
    return event;
}

ExitCode DryRun::finish() {
    bool trouble = planned_.unlisted + planned_[PlanAction::Conflict].objects +
                       planned_[PlanAction::Unrepresentable].objects >
                   0;
    ExitCode code = trouble ? ExitCode::NotClean : ExitCode::Clean;
    switch (arguments_.output) {
        case OutputFormat::Json:
        case OutputFormat::JsonLines:
            terminal_.out(json_line(summary(code)));
            break;
        case OutputFormat::Table:
        case OutputFormat::Csv:
            terminal_.out(text());
            break;
        case OutputFormat::Name:
            break;
    }
    return code;
}

}  // namespace

Task<Result<ExitCode>> dry_run(LoopRun& run, StoreKit& kit, const CopyArguments& arguments) {
    EndsRequest request = arguments.ends;
    request.look_only = true;
    GODWIT_CO_TRY(Ends ends, co_await open_ends(run.context(), kit, request));
    if (arguments.only) {
        ends.source = store::make_selected_store(std::move(ends.source), arguments.only);
        ends.destination = store::make_selected_store(std::move(ends.destination), arguments.only);
    }
    DryRun planned(run, arguments);
    Result<ExitCode> code = co_await planned.run(ends);
    co_await close_ends(ends);
    co_return std::move(code);
}

}  // namespace godwit::app
