// Completion scripts for shells, made from the table of commands.
#pragma once

#include <string>
#include <string_view>

namespace godwit::app {

// "bash", "zsh" or "fish"; empty for any other.
std::string completion_script(std::string_view shell);

}  // namespace godwit::app
