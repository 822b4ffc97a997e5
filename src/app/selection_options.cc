#include "app/selection_options.h"

#include <fmt/format.h>

#include <array>

#include "app/json_text.h"

namespace godwit::app {
namespace {

using model::FilterKind;
using model::KeyPattern;
using model::Selection;

Result<void> add_globs(const Values& values, const std::string& name, FilterKind kind, Selection& selection) {
    for (const std::string& text : values.all(name)) {
        Result<KeyPattern> pattern = KeyPattern::selecting_glob(text);
        if (!pattern) return usage_error(fmt::format("--{}={}", name, text), pattern.error().cause());
        std::string called = fmt::format("--{} {}", name, printable(text));
        if (kind == FilterKind::Include) {
            selection.include(std::move(*pattern), std::move(called));
        } else {
            selection.exclude(std::move(*pattern), std::move(called));
        }
    }
    return {};
}

Result<void> add_filters(const Values& values, const std::string& name, FilterKind kind,
                         Selection& selection) {
    for (const std::string& text : values.all(name)) {
        Result<void> added = add_simple_filter(selection, kind, text, "--" + name);
        if (!added) return usage_error("--" + name, added.error().cause());
    }
    return {};
}

Error contradiction(const Values& values, const std::string& least, const std::string& most) {
    return usage_error(
        fmt::format("--{}={}", least, values.text(least).value_or("")),
        fmt::format("is more than --{}={}; nothing is between them", most, values.text(most).value_or("")));
}

Result<model::SelectionBounds> bounds_from(const Values& values, std::int64_t now_unix_ns) {
    model::SelectionBounds bounds;
    if (auto least = values.number("min-size")) bounds.size_bytes_min = *least;
    if (auto most = values.number("max-size")) bounds.size_bytes_max = *most;
    // The older, the less.
    if (auto least = values.duration("min-age")) bounds.mtime_unix_ns_max = now_unix_ns - least->count();
    if (auto most = values.duration("max-age")) bounds.mtime_unix_ns_min = now_unix_ns - most->count();
    if (bounds.size_bytes_min > bounds.size_bytes_max) return contradiction(values, "min-size", "max-size");
    if (bounds.mtime_unix_ns_min > bounds.mtime_unix_ns_max)
        return contradiction(values, "min-age", "max-age");
    return bounds;
}

}  // namespace

Result<std::shared_ptr<const Selection>> selection_from(const Values& values, std::int64_t now_unix_ns) {
    auto selection = std::make_shared<Selection>();
    GODWIT_TRY_VOID(add_globs(values, "include", FilterKind::Include, *selection));
    GODWIT_TRY_VOID(add_globs(values, "exclude", FilterKind::Exclude, *selection));
    GODWIT_TRY_VOID(add_filters(values, "datasync-include", FilterKind::Include, *selection));
    GODWIT_TRY_VOID(add_filters(values, "datasync-exclude", FilterKind::Exclude, *selection));
    GODWIT_TRY(model::SelectionBounds bounds, bounds_from(values, now_unix_ns));
    selection->set_bounds(bounds);
    if (selection->everything()) return std::shared_ptr<const Selection>();
    return selection;
}

ExitCode explain(const Selection* selection, const std::string& key, OutputFormat output, Session& session) {
    Selection everything;
    if (!selection) selection = &everything;
    bool selected = selection->selects_key(key);
    std::string why = selection->explanation(key);
    if (output == OutputFormat::Json || output == OutputFormat::JsonLines) {
        boost::json::object event = json_event("explanation", session.clock.unix_time_ns());
        set_bytes(event, "key", key);
        event["selected"] = selected;
        event["reason"] = why;
        session.terminal.out(json_line(event));
    } else {
        session.terminal.out(fmt::format("{}: {}\n", printable(key), why));
    }
    return ExitCode::Clean;
}

}  // namespace godwit::app
