#include "app/list_options.h"

#include <fmt/format.h>

#include <array>

#include "app/exit_code.h"

namespace godwit::app {
namespace {

// A manifest names each object; nothing is left to be selected.
constexpr std::array<std::string_view, 8> kSelecting{"include",          "exclude",  "datasync-include",
                                                     "datasync-exclude", "min-size", "max-size",
                                                     "min-age",          "max-age"};

Result<void> check_alone(const Values& values, const ListRequest& request) {
    std::string option(request.option());
    if (values.has("manifest") && values.has("prefixes"))
        return usage_error("--prefixes", "cannot be combined with --manifest: a run has one list");
    if (values.has("delete")) {
        return usage_error(
            option,
            "cannot be combined with --delete: what a list does not name is not looked at, so nobody knows "
            "what only DST has");
    }
    if (values.has("explain"))
        return usage_error(option, "cannot be combined with --explain, which tells of patterns alone");
    if (request.kind == model::KeyListKind::Prefixes) return {};
    for (std::string_view name : kSelecting) {
        if (values.has(name)) {
            return usage_error(
                option, fmt::format("cannot be combined with --{}: a manifest names each object", name));
        }
    }
    return {};
}

}  // namespace

std::string list_name(const std::string& text) {
    if (text == "-") return "standard input";
    bool is_url = text.starts_with("http://") || text.starts_with("https://");
    return is_url ? text.substr(0, text.find('?')) : text;
}

Result<std::optional<ListRequest>> list_request(const Values& values, const EndsRequest& ends) {
    std::optional<ListRequest> request;
    auto manifest = values.text("manifest"), prefixes = values.text("prefixes");
    if (!manifest && !prefixes) return request;
    request.emplace();
    request->kind = manifest ? model::KeyListKind::Keys : model::KeyListKind::Prefixes;
    request->text = manifest ? *manifest : *prefixes;
    bool as_destination = !ends.source.is_s3() && ends.destination.is_s3();
    request->end = as_destination ? ends.destination_end : ends.source_end;
    GODWIT_TRY_VOID(check_alone(values, *request));
    return request;
}

}  // namespace godwit::app
