// Help texts, made from the table of commands: examples first, then how it is used, then options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/command_table.h"

namespace godwit::app {

// All commands, one line each.
std::string help_overview();
// The commands of a noun: "executions".
std::string help_of_noun(std::string_view noun);
std::string help_of(const Command& command);
// A topic of `godwit help`: "exit-codes", "environment", "formats". Empty: there is none of that name.
std::string help_topic(std::string_view topic);

// "-o, --output FORMAT", "--[source-|destination-]region REGION".
std::string option_form(const Command& command, const Option& option);
// "godwit copy [options] SRC DST".
std::string usage_form(const Command& command);
// The option's help with its choices, default and environment variable.
std::string option_help(const Option& option);

// `text` in lines of at most `width` columns, cut between words, each indented by `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = 96);

}  // namespace godwit::app
