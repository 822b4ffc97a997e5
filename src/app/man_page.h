// Man pages in troff's man macros, made from the table of commands: godwit(1) and one page a command.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace godwit::app {

struct ManPage {
    std::string file_name;  // "godwit-executions-list.1"
    std::string text;
};
std::vector<ManPage> man_pages();

// Writes them into `directory`, which must exist.
Result<void> write_man_pages(const std::string& directory);

}  // namespace godwit::app
