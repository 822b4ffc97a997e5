// The one table of commands and options. The parser, the help texts, the completions and the man
// pages are all made from it, so that none of them can miss an option or tell another story.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace godwit::app {

enum class ValueKind : std::uint8_t {
    Flag,      // no value; given or not
    Text,      // any text
    Number,    // a decimal number
    Size,      // bytes with an IEC unit: 64MiB
    Duration,  // 30s, 15m, 12h, 7d, 2w
    Choice,    // one of `choices`
    File,      // a path of this machine
};

struct Option {
    std::string_view name;  // without dashes: "compare"
    char letter = '\0';     // for -x; '\0': none
    ValueKind kind = ValueKind::Flag;
    std::string_view value = {};     // what stands for the value in help: "MODE"
    std::string_view choices = {};   // of a Choice, '|' between them
    std::string_view fallback = {};  // what holds when it is not given, as it would be written
    std::string_view help = {};
    // Also as --source-NAME and --destination-NAME, for one end alone.
    bool each_end = false;
};

struct OptionGroup {
    std::string_view title;
    std::span<const Option> options;
};

// What a shell should complete a positional argument with.
enum class Completion : std::uint8_t { Nothing, Location, Word };
enum class Arity : std::uint8_t { One, Optional, Many };

struct Positional {
    std::string_view name;  // "SRC"
    std::string_view help;
    Arity arity = Arity::One;
    Completion completion = Completion::Nothing;
    std::string_view words;  // of a Word, '|' between them
};

struct Example {
    std::string_view line;
    std::string_view meaning;
};

struct Command {
    std::string_view name;  // "copy", "executions list"
    std::string_view summary;
    std::string_view description;
    std::span<const Example> examples;
    std::span<const Positional> positionals;
    std::span<const OptionGroup> groups;
    bool hidden = false;
};

// In the order of `godwit help`.
std::span<const Command> commands();
// Null when there is none of that name.
const Command* find_command(std::string_view name);

// Takes SRC and DST; then options of an end can be given for one of them alone.
bool has_two_ends(const Command& command);

// A command's option as it can be given, with the forms for one end written out.
struct GivenOption {
    const Option* option;
    std::string name;  // "source-region"
};
std::vector<GivenOption> given_options(const Command& command);

// "GODWIT_LIMIT_BYTES_PER_SECOND" for "limit-bytes-per-second".
std::string environment_name(std::string_view option_name);
// "a|b|c" as a list.
std::vector<std::string_view> split_words(std::string_view words, char separator = '|');

}  // namespace godwit::app
