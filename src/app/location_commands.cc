#include "app/location_commands.h"

#include <fmt/format.h>

#include "app/advice.h"
#include "app/ends.h"
#include "app/facts.h"
#include "app/json_text.h"
#include "app/loop_run.h"
#include "app/rows.h"
#include "app/run_options.h"
#include "app/selection_options.h"
#include "engine/ordered_listing.h"

namespace godwit::app {
namespace {

using model::Entry;
using model::ObjectInfo;
using runtime::Context;
using runtime::Task;

// ---- ls

struct ListOptions {
    Location location;
    EndOptions end;
    OutputFormat output = OutputFormat::Table;
    bool recursive = false;
    bool with_attributes = false;
    std::shared_ptr<const model::Selection> selection;  // null: everything
};

std::string mode_text(std::uint32_t mode) {
    return fmt::format("{:04o}", mode & 07777);
}

std::vector<Column> list_columns(bool with_attributes) {
    std::vector<Column> columns{{"key"}, {"bytes", true}, {"modified"}};
    if (with_attributes)
        columns.insert(columns.end(), {{"type"}, {"mode"}, {"uid", true}, {"gid", true}, {"archived"}});
    return columns;
}

// Writes a listing; one level of it unless all is wanted.
class ListWriter {
  public:
    ListWriter(Terminal& terminal, const ListOptions& options)
        : options_(options),
          rows_(terminal, options.output, "object", list_columns(options.with_attributes)) {}

    // The key after which listing may go on, when the rest of a subdirectory need not be seen.
    void add(const Entry& entry);
    const std::string& inside() const { return inside_; }
    void finish() { rows_.finish(); }
    std::uint64_t count() const { return rows_.count(); }

  private:
    void add_row(std::string_view key, const Entry* entry);

    const ListOptions& options_;
    Rows rows_;
    std::string inside_;  // the subdirectory in hand: "a/"
};

void ListWriter::add(const Entry& entry) {
    const std::string& key = entry.key.bytes();
    if (options_.recursive) return add_row(key, &entry);
    std::size_t slash = key.find('/');
    if (slash == std::string::npos) return add_row(key, &entry);
    std::string directory = key.substr(0, slash + 1);
    if (directory == inside_) return;
    inside_ = directory;
    add_row(directory, directory == key ? &entry : nullptr);
}

// `entry` is null for a directory that only the keys in it tell of.
void ListWriter::add_row(std::string_view key, const Entry* entry) {
    if (rows_.wants_names_only()) return rows_.add_name(key);
    bool directory = key.ends_with('/');
    std::vector<Cell> cells{name_cell(key), directory ? empty_cell() : size_cell(entry->identity.size_bytes),
                            time_cell(entry ? entry->identity.mtime_ns : 0)};
    if (options_.with_attributes) {
        const model::PosixAttributes* posix = entry && entry->posix ? &*entry->posix : nullptr;
        cells.push_back(text_cell(entry ? to_string(entry->type) : "directory"));
        cells.push_back(posix ? text_cell(mode_text(posix->mode)) : empty_cell());
        cells.push_back(posix ? number_cell(posix->uid) : empty_cell());
        cells.push_back(posix ? number_cell(posix->gid) : empty_cell());
        cells.push_back(flag_cell(entry && entry->archived));
    }
    rows_.add(std::move(cells));
}

// What lies beneath `directory` sorts before this: U+10FFFF is the last that a key can hold in UTF-8.
std::string end_of(const std::string& directory) {
    return directory + "\xF4\x8F\xBF\xBF";
}

// The pages of a listing, of a selection only what it takes.
class SelectedPages {
  public:
    SelectedPages(store::Store& store, const model::Selection* selection, const model::KeyRange& range)
        : selection_(selection) {
        if (selection) {
            ordered_.emplace(store, range, selection, Scope::None);
        } else {
            listing_ = store.list(range);
        }
    }
    Task<Result<store::Page>> next(Context& context) {
        if (!ordered_) co_return co_await listing_->next(context);
        GODWIT_CO_TRY(store::Page page, co_await ordered_->next(context));
        std::erase_if(page.entries, [this](const Entry& entry) { return !selection_->selects_entry(entry); });
        co_return std::move(page);
    }

  private:
    const model::Selection* selection_;
    std::unique_ptr<store::Listing> listing_;
    std::optional<engine::OrderedListing> ordered_;
};

struct Listed {
    std::uint64_t count = 0;
    bool whole = true;
};

Task<Result<Listed>> write_listing(Context& context, store::Store& store, const ListOptions& options,
                                   Terminal& terminal) {
    ListWriter writer(terminal, options);
    Listed listed;
    model::KeyRange range;
    std::optional<SelectedPages> pages(std::in_place, store, options.selection.get(), range);
    for (;;) {
        GODWIT_CO_TRY(store::Page page, co_await pages->next(context));
        for (const Entry& entry : page.entries) writer.add(entry);
        for (const Error& error : page.unreadable) {
            listed.whole = false;
            terminal.warn(error_text(error));
        }
        if (page.last || terminal.out_is_gone()) break;
        // A page that ends within a subdirectory: the rest of it would not be shown.
        bool skip = !options.recursive && !page.entries.empty() && !writer.inside().empty() &&
                    page.entries.back().key.bytes().starts_with(writer.inside());
        if (skip && end_of(writer.inside()) > range.after) {
            range.after = end_of(writer.inside());
            pages.emplace(store, options.selection.get(), range);
        }
    }
    writer.finish();
    listed.count = writer.count();
    co_return listed;
}

Task<Result<ExitCode>> list_location(LoopRun& run, StoreKit& kit, const ListOptions& options) {
    GODWIT_CO_TRY(OneEnd end, co_await open_source(run.context(), kit, options.location, options.end));
    Result<Listed> listed =
        co_await write_listing(run.context(), *end.store, options, run.session().terminal);
    co_await end.store->close();
    if (!listed) co_return std::move(listed.error());
    bool misspelt = listed->count == 0 && !options.selection && options.location.is_s3() &&
                    !options.location.s3.prefix.empty();
    if (misspelt) {
        co_return Error(ErrorKind::NotFound, "list", options.location.display(), "no object has this prefix");
    }
    co_return listed->whole ? ExitCode::Clean : ExitCode::NotClean;
}

// ---- stat

std::vector<std::pair<std::string, std::string>> headers_of(const model::ContentHeaders& headers) {
    return {
        {"content-type", headers.content_type},         {"content-encoding", headers.content_encoding},
        {"content-language", headers.content_language}, {"content-disposition", headers.content_disposition},
        {"cache-control", headers.cache_control},       {"expires", headers.expires}};
}

boost::json::object named_values_json(const model::NamedValues& values) {
    boost::json::object object;
    for (const auto& [name, value] : values) object[printable(name)] = printable(value);
    return object;
}

// Values are any bytes, and nobody reads base64.
std::string names_of(const model::NamedValues& xattrs) {
    std::string names;
    for (const auto& [name, value] : xattrs) names += (names.empty() ? "" : ", ") + printable(name);
    return names;
}

// One object as a name and a value a line; the same in JSON.
boost::json::object stat_json(const std::string& uri, const ObjectInfo& info) {
    boost::json::object object;
    object["v"] = 1;
    object["type"] = "stat";
    set_bytes(object, "uri", uri);
    object["object"] = to_string(info.entry.type);
    object["bytes"] = info.entry.identity.size_bytes;
    set_time(object, "modified", info.entry.identity.mtime_ns);
    object["generation"] = printable(info.entry.identity.tag);
    if (info.stored_digest) object["checksum"] = info.stored_digest->display();
    if (!info.storage_class.empty()) object["storage_class"] = info.storage_class;
    if (info.entry.archived) object["archived"] = true;
    if (info.metadata.posix) {
        const model::PosixAttributes& posix = *info.metadata.posix;
        object["mode"] = mode_text(posix.mode);
        object["uid"] = posix.uid;
        object["gid"] = posix.gid;
        set_time(object, "mtime", posix.mtime_ns);
        set_time(object, "atime", posix.atime_ns);
    }
    for (const auto& [name, value] : headers_of(info.metadata.headers)) {
        if (!value.empty()) object[name] = printable(value);
    }
    if (!info.metadata.user.empty()) object["metadata"] = named_values_json(info.metadata.user);
    if (!info.metadata.xattrs.empty()) object["xattrs"] = names_of(info.metadata.xattrs);
    if (info.metadata.tags) object["tags"] = named_values_json(*info.metadata.tags);
    return object;
}

Task<Result<ObjectInfo>> info_of(Context& context, OneEnd& end, const Location& location) {
    if (!end.single_object) {
        co_return Error(ErrorKind::NotFound, "stat", location.text,
                        "no object has this name; `godwit ls` shows what lies beneath it");
    }
    bool with_tags = true;
    GODWIT_CO_TRY(auto info, co_await end.store->stat(context, end.key, with_tags));
    if (!info) co_return Error(ErrorKind::NotFound, "stat", location.text, "vanished");
    co_return std::move(*info);
}

Task<Result<ExitCode>> stat_location(LoopRun& run, StoreKit& kit, const ListOptions& options) {
    GODWIT_CO_TRY(OneEnd end, co_await open_source(run.context(), kit, options.location, options.end));
    Result<ObjectInfo> info = co_await info_of(run.context(), end, options.location);
    std::string uri = end.store->uri(end.key);
    co_await end.store->close();
    if (!info) co_return std::move(info.error());
    write_facts(stat_json(uri, *info), options.output, run.session().terminal);
    co_return ExitCode::Clean;
}

Result<ListOptions> list_options(const Invocation& invocation, const Session& session) {
    ListOptions options;
    GODWIT_TRY(options.selection, selection_from(invocation.values, session.clock.unix_time_ns()));
    GODWIT_TRY(options.location, parse_location("URI", invocation.words[0]));
    options.end = end_options(invocation.values, End::Only);
    options.output = output_of(invocation.values);
    options.recursive = invocation.values.flag("recursive");
    options.with_attributes = invocation.values.flag("long");
    return options;
}

using Look = Task<Result<ExitCode>> (*)(LoopRun&, StoreKit&, const ListOptions&);

Result<ExitCode> look(const Invocation& invocation, Session& session, Look command) {
    GODWIT_TRY(ListOptions options, list_options(invocation, session));
    if (auto key = invocation.values.text("explain"))
        return explain(options.selection.get(), *key, options.output, session);
    LoopRun run(session);
    StoreKit kit(session, run.loop(), fresh_staging_token(session.random));
    kit.set_selection(options.selection);
    return run.run([&](LoopRun& running) { return command(running, kit, options); });
}

}  // namespace

Result<ExitCode> run_list(const Invocation& invocation, Session& session) {
    return look(invocation, session, list_location);
}

Result<ExitCode> run_stat(const Invocation& invocation, Session& session) {
    return look(invocation, session, stat_location);
}

}  // namespace godwit::app
