#include "app/list_reader.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "app/progress_report.h"
#include "app/quantity.h"
#include "ledger/key_sort.h"
#include "model/manifest.h"
#include "model/prefix_list.h"
#include "runtime/wait.h"

namespace godwit::app {
namespace {

using model::KeyListKind;
using runtime::Context;
using runtime::Task;

constexpr std::size_t kPieceBytes = 1 << 20;
// So many lines are named in what a run says of its list; `manifest check` names them all.
constexpr std::size_t kNamedMax = 5;

// Between a path and its version in the sort: no path holds it.
constexpr char kVersionMark = '\0';

class ListReading {
  public:
    ListReading(const ListRequest& request, std::string directory, const ListFindingSink& sink)
        : kind_(request.kind),
          directory_(std::move(directory)),
          sink_(sink),
          manifest_(request.name()),
          prefixes_(request.name()),
          sorter_(directory_) {}

    Result<void> take(std::string_view bytes) {
        return kind_ == KeyListKind::Keys ? take_manifest(bytes) : take_prefixes(bytes);
    }
    Result<ReadList> finish() {
        if (kind_ == KeyListKind::Keys) {
            GODWIT_TRY_VOID(manifest_.finish(entries_));
            GODWIT_TRY_VOID(add_entries());
        } else {
            prefixes_.finish(lines_);
            GODWIT_TRY_VOID(add_lines());
        }
        GODWIT_TRY(ledger::KeyFileWriter writer, ledger::KeyFileWriter::create(directory_, kind_));
        GODWIT_TRY_VOID(sorter_.finish(
            [&](std::string_view key, std::uint64_t line) { return add_sorted(writer, key, line); }));
        GODWIT_TRY(read_.keys, writer.finish());
        return std::move(read_);
    }

  private:
    Result<void> take_manifest(std::string_view bytes) {
        GODWIT_TRY_VOID(manifest_.read(bytes, entries_));
        return add_entries();
    }
    Result<void> take_prefixes(std::string_view bytes) {
        GODWIT_TRY_VOID(prefixes_.read(bytes, lines_));
        return add_lines();
    }

    Result<void> add_entries() {
        for (model::ManifestEntry& entry : entries_) {
            ++read_.entries;
            if (!entry.fault.empty()) {
                fault(entry.line, entry.path, entry.fault);
                continue;
            }
            if (!entry.version.empty()) entry.path += kVersionMark + entry.version;
            GODWIT_TRY_VOID(sorter_.add(entry.path, entry.line));
        }
        entries_.clear();
        return {};
    }

    Result<void> add_lines() {
        for (const model::PrefixLine& line : lines_) {
            ++read_.entries;
            if (!line.fault.empty()) {
                fault(line.line, line.prefix, line.fault);
            } else {
                GODWIT_TRY_VOID(sorter_.add(line.prefix, line.line));
            }
        }
        lines_.clear();
        return {};
    }

    void fault(std::uint64_t line, const std::string& name, const std::string& why) {
        ++read_.faults;
        sink_({.problem = ListProblem::Fault, .line = line, .name = name, .detail = why});
    }

    // They come in order, equal ones by line.
    Result<void> add_sorted(ledger::KeyFileWriter& writer, std::string_view key, std::uint64_t line) {
        bool same = key == last_;
        if (last_line_ > 0 && (same || (kind_ == KeyListKind::Prefixes && key.starts_with(last_)))) {
            ++(same ? read_.repeated : read_.covered);
            sink_({.problem = same ? ListProblem::Repeated : ListProblem::Covered,
                   .line = line,
                   .name = std::string(key.substr(0, key.find(kVersionMark))),
                   .detail =
                       fmt::format("{} line {}", same ? "the same as" : "begins with that of", last_line_)});
            return {};
        }
        last_ = key;
        last_line_ = line;
        std::size_t mark = key.find(kVersionMark);
        if (mark == std::string_view::npos) return writer.add(key, line);
        ++read_.versioned;
        std::string version(key.substr(mark + 1));
        sink_({.problem = ListProblem::Versioned,
               .line = line,
               .name = std::string(key.substr(0, mark)),
               .detail = fmt::format(
                   "it asks for version \"{}\"; copies are of the newest versions only, as yet. If "
                   "that is another key, it needs a line of its own",
                   printable(version))});
        return {};
    }

    KeyListKind kind_;
    std::string directory_;
    const ListFindingSink& sink_;
    model::ManifestReader manifest_;
    model::PrefixListReader prefixes_;
    std::vector<model::ManifestEntry> entries_;
    std::vector<model::PrefixLine> lines_;
    ledger::KeySorter sorter_;
    ReadList read_;
    std::string last_;
    std::uint64_t last_line_ = 0;
};

Result<void> in_state(Result<void> done) {
    if (done || done.error().kind() == ErrorKind::Invalid) return done;
    return std::move(done.error()).with_scope(Scope::State);
}

Task<Result<void>> take_all(Context& context, ListBytes& bytes, ListReading& reading) {
    std::vector<char> piece(kPieceBytes);
    for (;;) {
        GODWIT_CO_TRY(std::size_t got, co_await bytes.read(context, piece));
        if (got == 0) co_return {};
        GODWIT_CO_TRY_VOID(in_state(reading.take({piece.data(), got})));
        // Others of the loop have their turn: signals, above all.
        GODWIT_CO_TRY_VOID(co_await runtime::sleep(context, Duration::zero()));
    }
}

Error no_names(const ListRequest& request) {
    return Error(ErrorKind::Invalid, "read", request.name(),
                 "the list names nothing; an empty list would copy nothing, which is seldom what is meant")
        .with_code("EmptyList");
}

}  // namespace

std::string_view to_string(ListProblem problem) {
    switch (problem) {
        case ListProblem::Fault:
            return "fault";
        case ListProblem::Repeated:
            return "repeated";
        case ListProblem::Covered:
            return "covered";
        case ListProblem::Versioned:
            return "version";
    }
    return "";
}

Task<Result<ReadList>> read_list(LoopRun& run, StoreKit& kit, const ListRequest& request,
                                 const std::string& directory, const ListFindingSink& sink) {
    GODWIT_CO_TRY(std::unique_ptr<ListBytes> bytes,
                  co_await open_list_bytes(run, kit, request.text, request.end));
    ListReading reading(request, directory, sink);
    Result<void> taken = co_await take_all(run.context(), *bytes, reading);
    co_await bytes->close();
    if (!taken) co_return std::move(taken.error());
    Result<ReadList> read = reading.finish();
    if (!read && read.error().kind() != ErrorKind::Invalid)
        co_return std::move(read.error()).with_scope(Scope::State);
    co_return std::move(read);
}

Task<Result<std::shared_ptr<const ledger::KeyFile>>> read_list_to_run(LoopRun& run, StoreKit& kit,
                                                                      const ListRequest& request,
                                                                      const std::string& directory) {
    Terminal& terminal = run.session().terminal;
    std::optional<ListFinding> first;
    std::size_t named = 0;
    ListFindingSink sink = [&](const ListFinding& finding) {
        bool harmless = finding.problem == ListProblem::Repeated || finding.problem == ListProblem::Covered;
        if (!harmless && !first) first = finding;
        if (harmless && ++named <= kNamedMax) {
            terminal.warn(fmt::format("warning: {}:{}: {} is {}; it is copied once",
                                      printable(request.name()), finding.line, printable(finding.name),
                                      finding.detail));
        }
    };
    GODWIT_CO_TRY(ReadList read, co_await read_list(run, kit, request, directory, sink));
    if (named > kNamedMax)
        terminal.warn(fmt::format("warning: {} more like it", with_thousands(named - kNamedMax)));
    std::uint64_t bad = read.faults + read.versioned;
    if (first) {
        std::string cause = first->detail;
        if (!first->name.empty()) cause = fmt::format("\"{}\": {}", printable(first->name), cause);
        if (bad > 1)
            cause += fmt::format("; {} like it (`godwit manifest check` names them all)",
                                 counted(bad - 1, "more line", "more lines"));
        co_return Error(ErrorKind::Invalid, "read the list",
                        fmt::format("{}:{}", request.name(), first->line), std::move(cause))
            .with_code(request.kind == KeyListKind::Keys ? "BadManifest" : "BadPrefixList");
    }
    if (read.keys->count() == 0) co_return no_names(request);
    co_return std::move(read.keys);
}

std::string scratch_directory(const Environment& environment) {
    std::string directory = environment("TMPDIR").value_or("");
    return directory.empty() ? "/tmp" : directory;
}

}  // namespace godwit::app
