#include "report/options.h"

#include "model/enum_names.h"

namespace godwit::report {
namespace {

constexpr model::EnumNames<Kind, 4> kKindNames{{{Kind::Transferred, "TRANSFERRED"},
                                                {Kind::Verified, "VERIFIED"},
                                                {Kind::Skipped, "SKIPPED"},
                                                {Kind::Deleted, "DELETED"}}};
constexpr model::EnumNames<Level, 2> kLevelNames{
    {{Level::ErrorsOnly, "ERRORS_ONLY"}, {Level::SuccessesAndErrors, "SUCCESSES_AND_ERRORS"}}};

}  // namespace

std::string_view to_string(Kind kind) {
    return model::name_of(kKindNames, kind);
}
std::optional<Kind> kind_from(std::string_view name) {
    return model::value_of(kKindNames, name);
}
std::string_view to_string(Level level) {
    return model::name_of(kLevelNames, level);
}
std::optional<Level> level_from(std::string_view name) {
    return model::value_of(kLevelNames, name);
}

Level Options::level_of(Kind kind) const {
    return overrides[static_cast<std::size_t>(kind)].value_or(level);
}

std::string Options::text() const {
    if (summary_only) return "SUMMARY_ONLY";
    std::string text = "STANDARD";
    for (Kind kind : kKinds) {
        text += ' ';
        text += to_string(kind);
        text += '=';
        text += to_string(level_of(kind));
    }
    return text;
}

}  // namespace godwit::report
