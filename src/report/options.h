// What a task report is to hold, in the words of DataSync's TaskReportConfig.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace godwit::report {

// The four lists of a standard report.
enum class Kind : std::uint8_t { Transferred, Verified, Skipped, Deleted };
inline constexpr std::array kKinds{Kind::Transferred, Kind::Verified, Kind::Skipped, Kind::Deleted};
// As an override names it: "TRANSFERRED".
std::string_view to_string(Kind kind);
std::optional<Kind> kind_from(std::string_view name);

enum class Level : std::uint8_t { ErrorsOnly, SuccessesAndErrors };
// "ERRORS_ONLY", "SUCCESSES_AND_ERRORS".
std::string_view to_string(Level level);
std::optional<Level> level_from(std::string_view name);

struct Options {
    // OutputType SUMMARY_ONLY: no lists.
    bool summary_only = false;
    Level level = Level::ErrorsOnly;
    // By kind: in place of `level`.
    std::array<std::optional<Level>, kKinds.size()> overrides = {};

    Level level_of(Kind kind) const;
    // Does an item of that status belong to the report?
    bool wants(Kind kind, bool failed) const {
        return !summary_only && (failed || level_of(kind) == Level::SuccessesAndErrors);
    }
    // Names exactly this choice: equal for equal reports of one execution.
    std::string text() const;
};

}  // namespace godwit::report
