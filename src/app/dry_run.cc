#include "app/dry_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/advice.h"
#include "app/delete_options.h"
#include "app/estimate.h"
#include "app/json_text.h"
#include "app/list_reader.h"
#include "app/plan_file.h"
#include "app/progress_report.h"
#include "app/quantity.h"
#include "app/run_record.h"
#include "app/summary.h"
#include "engine/deletes.h"
#include "engine/finder.h"
#include "ledger/state_directory.h"

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
    std::array<Sum, 10> by_action;  // by PlanAction's number
    Sum unchanged;
    Sum hard_links;           // names of files that have several
    std::uint64_t newer = 0;  // that only the destination has, but perhaps only since the run began
    std::uint64_t destination_objects = 0;
    std::uint64_t unlisted = 0;

    Sum& operator[](PlanAction action) { return by_action[static_cast<std::size_t>(action)]; }
    const Sum& operator[](PlanAction action) const { return by_action[static_cast<std::size_t>(action)]; }
    std::uint64_t listed() const {
        std::uint64_t sum = unchanged.objects + hard_links.objects;
        for (const Sum& one : by_action) sum += one.objects;
        return sum - (*this)[PlanAction::Delete].objects;
    }
};

bool inside_server(const Ends& ends) {
    const std::string& domain = ends.source->capabilities().copy_domain;
    return !domain.empty() && domain == ends.destination->capabilities().copy_domain;
}

class DryRun {
  public:
    DryRun(LoopRun& run, const CopyArguments& arguments, const Ends& ends)
        : run_(run),
          arguments_(arguments),
          terminal_(run.session().terminal),
          estimate_(arguments.ends.source.is_s3(), arguments.ends.destination.is_s3(), inside_server(ends)) {}

    Task<Result<ExitCode>> run(const Ends& ends);

  private:
    // What an earlier run has left to know of these ends; null when there was none.
    std::unique_ptr<ledger::IndexReader> find_index(const Ends& ends) const;
    Result<void> add_page(const engine::FoundPage& page);
    void add_hard_link(const model::PlannedObject& object);
    void add_delete(const model::PlannedObject& object);
    Result<void> tell(const model::PlannedObject& object);
    engine::Listed listed() const;
    ExitCode finish();
    std::string text() const;
    std::string requests_text() const;
    boost::json::object summary(ExitCode code) const;

    LoopRun& run_;
    const CopyArguments& arguments_;
    Terminal& terminal_;
    Planned planned_;
    Estimate estimate_;
    // Why nothing would be deleted, of what only the destination has.
    std::optional<Error> withheld_;
    // Where the plan goes, if it is to be kept.
    std::optional<PlanWriter> plan_;
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
    options.begun_unix_ns = run_.loop().unix_time_ns();
    GODWIT_CO_TRY_VOID(check_deletes(ends, options));
    std::unique_ptr<ledger::IndexReader> index = options.policy.use_index ? find_index(ends) : nullptr;
    if (!arguments_.plan_to.empty()) {
        PlanHead head{.record = arguments_.record,
                      .source_canonical = ends.source_root.canonical,
                      .source_identity = ends.source_root.identity,
                      .destination_canonical = "",
                      .destination_identity = "",
                      .made_unix_ns = options.begun_unix_ns};
        // Of a place that is not there yet nothing is known.
        if (!ends.destination_missing) {
            head.destination_canonical = ends.destination_root.canonical;
            head.destination_identity = ends.destination_root.identity;
        }
        GODWIT_CO_TRY(PlanWriter writer, PlanWriter::create(arguments_.plan_to, head));
        plan_.emplace(std::move(writer));
    }
    engine::FinderInput input{*ends.source, *ends.destination,        options, progress,
                              {},           index_stream(index.get())};
    engine::ContentTags tags(*ends.source, *ends.destination, options);
    input.tags = &tags;
    engine::FoundSink sink = [this](engine::FoundPage page) -> Task<Result<void>> {
        co_return add_page(page);
    };
    ProgressReport report(run_.session(), OutputFormat::Table, progress);
    Task<Result<void>> finding = engine::find(run_.context(), input, sink);
    GODWIT_CO_TRY_VOID(co_await report.during(run_.loop(), std::move(finding)));
    if (ends.source_is_prefix && !arguments_.options.selection && planned_.listed() == 0) {
        co_return Error(ErrorKind::NotFound, "list", ends.source_text, "no object has this prefix");
    }
    if (plan_) GODWIT_CO_TRY_VOID(plan_->finish());
    // Where the run does not mirror, what the destination has besides is passed over and not counted.
    estimate_.add_listed(planned_.listed(), std::max(planned_.destination_objects, planned_.listed()));
    if (options.deletes)
        withheld_ = engine::reason_in_listings(*options.deletes, listed(), *ends.source, *ends.destination);
    co_return finish();
}

engine::Listed DryRun::listed() const {
    engine::Listed listed;
    listed.source_objects = planned_.listed();
    listed.extras.objects = planned_[PlanAction::Delete].objects + planned_.newer;
    listed.extras.destination_objects = planned_.destination_objects;
    listed.extras.unlisted_parts = planned_.unlisted;
    return listed;
}

Result<void> DryRun::add_page(const engine::FoundPage& page) {
    std::vector<const model::PlannedObject*> told;
    for (const auto* objects : {&page.objects, &page.directories, &page.deletes, &page.directory_deletes}) {
        for (const model::PlannedObject& object : *objects) told.push_back(&object);
    }
    for (const model::PlannedObject& object : page.hard_links) {
        add_hard_link(object);
        if (!is_unchanged(object)) told.push_back(&object);
    }
    for (const auto* objects : {&page.objects, &page.directories}) {
        for (const model::PlannedObject& object : *objects)
            planned_[object.action].add(object.source.size_bytes);
    }
    for (const auto* objects : {&page.deletes, &page.directory_deletes}) {
        for (const model::PlannedObject& object : *objects) add_delete(object);
    }
    std::ranges::sort(told, {},
                      [](const model::PlannedObject* object) -> const model::Key& { return object->key; });
    for (const model::PlannedObject* object : told) {
        estimate_.add(*object);
        GODWIT_TRY_VOID(tell(*object));
    }
    planned_.destination_objects += page.destination_objects;
    planned_.unchanged.objects += page.unchanged.listed();
    planned_.unchanged.bytes += page.unchanged.bytes[static_cast<std::size_t>(model::Outcome::Unchanged)];
    for (const auto* errors : {&page.unreadable_source, &page.unreadable_destination}) {
        planned_.unlisted += errors->size();
        for (const Error& error : *errors) terminal_.warn(error_text(error));
    }
    return {};
}

// Which of a file's names is copied and which are linked is decided when all are known.
void DryRun::add_hard_link(const model::PlannedObject& object) {
    bool equal = object.action == PlanAction::Skip;
    (equal ? planned_.unchanged : planned_.hard_links).add(object.source.size_bytes);
}

void DryRun::add_delete(const model::PlannedObject& object) {
    bool stays = object.reason != model::SkipReason::None;
    if (stays) {
        ++planned_.newer;
    } else {
        planned_[PlanAction::Delete].add(object.destination->size_bytes);
    }
}

Result<void> DryRun::tell(const model::PlannedObject& object) {
    if (plan_) return plan_->add(object);
    if (arguments_.output == OutputFormat::Name) terminal_.out(printable(object.key.bytes()) + "\n");
    if (arguments_.output != OutputFormat::JsonLines) return {};
    boost::json::object event = json_event("object", run_.loop().unix_time_ns());
    for (auto& member : planned_json(object)) event.insert(std::move(member));
    if (object.hard_link)
        event["hard_link"] = fmt::format("{:x}.{:x}", object.hard_link->device, object.hard_link->inode);
    terminal_.out(json_line(event));
    return {};
}

std::string DryRun::text() const {
    auto part = [](const Sum& sum, std::string_view what) {
        return fmt::format("  {:>12}  {:>10}  {}\n", with_thousands(sum.objects), iec_bytes(sum.bytes), what);
    };
    std::string text = fmt::format("Would copy {} ({}); nothing was written.\n",
                                   counted(planned_[PlanAction::Copy].objects, "object", "objects"),
                                   iec_bytes(planned_[PlanAction::Copy].bytes));
    if (withheld_) {
        text += fmt::format("Would delete nothing: {}.\n  fix: {}\n", printable(withheld_->cause()),
                            advice_for(*withheld_));
    }
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
        Row{PlanAction::Unrepresentable, "that the destination cannot hold"},
        Row{PlanAction::Missing, "that the list asks for and SRC does not have"},
        Row{PlanAction::Delete, "to delete, which only DST has"}};
    for (const Row& row : kRows) {
        if (planned_[row.action].objects > 0) text += part(planned_[row.action], row.what);
    }
    if (planned_.hard_links.objects > 0)
        text += part(planned_.hard_links, "names of files that have several, each file to be copied once");
    if (planned_.unchanged.objects > 0) text += part(planned_.unchanged, "unchanged");
    text += fmt::format("  {:>12}              listed\n", with_thousands(planned_.listed()));
    if (estimate_.requests() > 0) text += requests_text();
    if (!arguments_.plan_to.empty())
        text += "To do just that: godwit apply " + shell_word(arguments_.plan_to) + "\n";
    return text;
}

// "Requests: 1,204 (2 list, 1,202 put); about 0.01 USD."
std::string DryRun::requests_text() const {
    std::string kinds;
    for (std::size_t i = 0; i < kRequestGroupCount; ++i) {
        auto group = static_cast<RequestGroup>(i);
        if (estimate_[group] > 0)
            kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", with_thousands(estimate_[group]),
                                 to_string(group));
    }
    std::string text = fmt::format("Requests: about {} ({})", with_thousands(estimate_.requests()), kinds);
    if (arguments_.prices)
        text += fmt::format("; {:.2f} {}", estimate_.cost(*arguments_.prices),
                            printable(arguments_.prices->currency));
    return text + ".\n";
}

boost::json::object DryRun::summary(ExitCode code) const {
    boost::json::object event = json_event("summary", run_.loop().unix_time_ns());
    event["dry_run"] = true;
    event["listed"] = planned_.listed();
    for (PlanAction action :
         {PlanAction::Copy, PlanAction::Metadata, PlanAction::Examine, PlanAction::Recheck, PlanAction::Skip,
          PlanAction::Conflict, PlanAction::Unrepresentable, PlanAction::Missing, PlanAction::Delete}) {
        event[to_string(action)] = planned_[action].objects;
    }
    if (arguments_.options.policy.hard_links == model::HardLinkMode::Listed)
        event["hard_links"] = planned_.hard_links.objects;
    event["unchanged"] = planned_.unchanged.objects;
    event["bytes"] = planned_[PlanAction::Copy].bytes;
    event["unlisted"] = planned_.unlisted;
    if (!arguments_.plan_to.empty()) set_bytes(event, "plan", arguments_.plan_to);
    estimate_.add_to(event, arguments_.prices);
    if (withheld_) event["deletes_withheld"] = printable(withheld_->cause());
    event["exit_code"] = static_cast<int>(code);
    return event;
}

ExitCode DryRun::finish() {
    bool trouble = planned_.unlisted + planned_[PlanAction::Conflict].objects +
                       planned_[PlanAction::Unrepresentable].objects + planned_[PlanAction::Missing].objects >
                   0;
    ExitCode code = trouble ? ExitCode::NotClean : ExitCode::Clean;
    if (withheld_) code = worse(code, ExitCode::SafetyStop);
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
    std::shared_ptr<const ledger::KeyFile> list = arguments.list;
    if (arguments.list_request) {
        std::string directory = scratch_directory(run.session().environment);
        GODWIT_CO_TRY(list, co_await read_list_to_run(run, kit, *arguments.list_request, directory));
    }
    GODWIT_CO_TRY(Ends ends, co_await open_ends(run.context(), kit, request));
    Result<void> narrowed;
    if (list) narrowed = narrow_to_list(ends, list);
    Result<ExitCode> code = ExitCode::Usage;
    if (narrowed) {
        DryRun planned(run, arguments, ends);
        code = co_await planned.run(ends);
    } else {
        code = std::move(narrowed.error());
    }
    co_await close_ends(ends);
    co_return std::move(code);
}

}  // namespace godwit::app
