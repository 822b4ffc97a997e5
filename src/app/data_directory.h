// Where state is kept: --data-dir, then GODWIT_DATA_DIR, then $XDG_DATA_HOME/godwit, then
// ~/.local/share/godwit (XDG Base Directory Specification: a relative XDG_DATA_HOME does not count).
#pragma once

#include <string>

#include "app/arguments.h"
#include "app/terminal.h"
#include "base/result.h"

namespace godwit::app {

// Absolute, or as the user wrote it. Nothing is made. Fails when neither an option nor the environment
// says where (no HOME).
Result<std::string> data_directory(const Values& values, const Environment& environment);

}  // namespace godwit::app
