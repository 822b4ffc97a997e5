// How the files of a report are called, as DataSync calls them:
//
//   Detailed-Reports/TASK/EXECUTION/EXECUTION.files-transferred-v1-00001-HEX17.json
//   Summary-Reports/TASK/EXECUTION/EXECUTION.summary-v1-HEX17.json
//
// The 17 digits are of the name's other parts and of what was asked for, so that the same report has the same
// names, and one that was asked for otherwise has others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/options.h"

namespace godwit::report {

// With a slash at the end.
std::string detailed_folder(std::string_view task, std::string_view execution);
std::string summary_folder(std::string_view task, std::string_view execution);

// `number` counts the files of a kind from 1.
std::string detailed_name(std::string_view execution, Kind kind, std::uint64_t number,
                          const Options& options);
std::string summary_name(std::string_view execution, const Options& options);

// Is `name`, which stands in one of the folders, a file of a report of this execution that was asked for
// otherwise? What is no report's name is none.
bool is_of_another_report(std::string_view name, std::string_view execution, const Options& options);

}  // namespace godwit::report
