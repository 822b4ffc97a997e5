#include "app/delete_options.h"

#include <fmt/format.h>

#include <array>

#include "app/exit_code.h"
#include "app/overlap.h"
#include "app/quantity.h"

namespace godwit::app {
namespace {

constexpr std::array<std::string_view, 4> kOnlyWithDelete{"max-delete", "delete-despite-failures",
                                                          "delete-unconditionally", "backup-dir"};

// A number of objects, a part of them, or one of each: what is given holds, in place of the part that holds
// where nothing is.
Result<void> set_bounds(const std::vector<std::string>& bounds, engine::DeleteOptions& options) {
    if (!bounds.empty()) options.percent_max = 100;
    for (const std::string& text : bounds) {
        bool percent = text.ends_with('%');
        std::optional<std::uint64_t> number = parse_number(percent ? text.substr(0, text.size() - 1) : text);
        if (!number || (percent && *number > 100))
            return usage_error("--max-delete=" + text, "is neither a number of objects nor 0% to 100%");
        if (percent) {
            options.percent_max = static_cast<std::uint32_t>(*number);
        } else {
            options.objects_max = *number;
        }
    }
    return {};
}

}  // namespace

Result<std::optional<engine::DeleteOptions>> delete_options(const Values& values) {
    std::optional<engine::DeleteOptions> options;
    if (!values.flag("delete")) {
        for (std::string_view name : kOnlyWithDelete) {
            if (values.has(name))
                return usage_error(fmt::format("--{}", name), "says nothing without --delete");
        }
        return options;
    }
    // As AWS DataSync: who copies everything again does not look at what is there.
    if (values.flag("transfer-all")) return usage_error("--delete", "contradicts --transfer-all");
    options.emplace();
    GODWIT_TRY_VOID(set_bounds(values.all("max-delete"), *options));
    options->despite_failures = values.flag("delete-despite-failures");
    options->inexact = values.flag("delete-unconditionally");
    return options;
}

Result<std::optional<Location>> backup_location(const Values& values) {
    std::optional<Location> location;
    if (auto text = values.text("backup-dir")) {
        GODWIT_TRY(location, parse_location("--backup-dir", *text));
    }
    return location;
}

Result<void> check_backup_apart(const Ends& ends, const Location& backup) {
    if (backup.is_s3()) return {};
    for (auto [root, text] : {std::pair(&ends.source_root, &ends.source_text),
                              std::pair(&ends.destination_root, &ends.destination_text)}) {
        if (!root->canonical.starts_with("s3:")) GODWIT_TRY_VOID(check_directories_apart(*text, backup.path));
    }
    return {};
}

Result<void> check_backup_apart(const Ends& ends, const Location& backup, const store::RootIdentity& root) {
    GODWIT_TRY_VOID(
        check_roots_apart(ends.source_root.canonical, ends.source_text, root.canonical, backup.display()));
    return check_roots_apart(ends.destination_root.canonical, ends.destination_text, root.canonical,
                             backup.display());
}

Result<void> check_deletes(const Ends& ends, const engine::ExecutionOptions& options) {
    if (!options.deletes || !ends.single_object) return {};
    return usage_error("--delete", fmt::format("mirrors a directory or prefix; {} is a single object",
                                               printable(ends.source_text)));
}

}  // namespace godwit::app
