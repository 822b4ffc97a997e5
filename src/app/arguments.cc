#include "app/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <deque>
#include <set>

#include "app/exit_code.h"
#include "app/quantity.h"
#include "app/suggestion.h"

namespace godwit::app {
namespace {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::string_view otherwise) {
    if (auto close = nearest(word, candidates)) return fmt::format("; did you mean `{}`?", *close);
    return std::string(otherwise);
}

std::string joined(const std::vector<std::string_view>& words, std::string_view separator) {
    return fmt::format("{}", fmt::join(words, separator));
}

// ---- Which command?

// The verbs of a noun, in the order of the table; empty when it is none.
std::vector<std::string_view> verbs_of(std::string_view noun) {
    std::vector<std::string_view> verbs;
    for (const Command& command : commands()) {
        if (command.name.starts_with(std::string(noun) + " ")) {
            verbs.push_back(command.name.substr(noun.size() + 1));
        }
    }
    return verbs;
}

// The noun as the table has it: singular and plural are both right.
std::string noun_for(const std::string& word) {
    std::string singular = word.ends_with('s') ? word.substr(0, word.size() - 1) : word;
    for (const std::string& form : {word, word + "s", singular}) {
        if (!verbs_of(form).empty()) return form;
    }
    return "";
}

std::vector<std::string> first_words() {
    std::vector<std::string> words;
    for (const Command& command : commands()) {
        if (command.hidden) continue;
        std::string word(command.name.substr(0, command.name.find(' ')));
        if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
    }
    return words;
}

// `list executions` for `executions list`.
std::optional<std::string> swapped_form(std::span<const std::string> arguments) {
    if (arguments.size() < 2) return {};
    std::string noun = noun_for(arguments[1]);
    if (noun.empty()) return {};
    std::string name = noun + " " + arguments[0];
    if (!find_command(name)) return {};
    return name;
}

Error unknown_command(std::span<const std::string> arguments) {
    if (auto form = swapped_form(arguments)) {
        return usage_error(arguments[0] + " " + arguments[1],
                           fmt::format("there is no such command; did you mean `godwit {}`?", *form));
    }
    return usage_error(arguments[0],
                       "there is no such command" +
                           did_you_mean(arguments[0], first_words(), "; `godwit help` lists them all"));
}

struct FoundCommand {
    const Command* command = nullptr;  // null: help is wanted
    std::string noun;
    std::size_t words = 0;  // how many arguments its name took
};

bool asks_for_help(const std::string& word) {
    return word == "-h" || word == "--help";
}

Result<FoundCommand> find_verb(const std::string& noun, std::span<const std::string> arguments) {
    std::vector<std::string_view> verbs = verbs_of(noun);
    if (arguments.size() > 1 && asks_for_help(arguments[1])) return FoundCommand{nullptr, noun, 2};
    if (arguments.size() < 2) {
        return usage_error(arguments[0], "a verb is missing; there are: " + joined(verbs, ", "));
    }
    if (const Command* command = find_command(noun + " " + arguments[1])) return FoundCommand{command, "", 2};
    std::vector<std::string> candidates(verbs.begin(), verbs.end());
    return usage_error(noun + " " + arguments[1],
                       "there is no such command" +
                           did_you_mean(arguments[1], candidates, "; there are: " + joined(verbs, ", ")));
}

Result<FoundCommand> find_command_in(std::span<const std::string> arguments) {
    if (arguments.empty() || asks_for_help(arguments[0])) return FoundCommand{};
    if (arguments[0] == "--version" || arguments[0] == "-V")
        return FoundCommand{find_command("version"), "", 1};
    if (arguments[0].starts_with('-')) {
        return usage_error(arguments[0], "options follow the command: godwit COMMAND [options] ...");
    }
    if (const Command* command = find_command(arguments[0])) return FoundCommand{command, "", 1};
    std::string noun = noun_for(arguments[0]);
    if (noun.empty()) return unknown_command(arguments);
    return find_verb(noun, arguments);
}

// ---- Its options and words, split by CLI11

// One option as CLI11 sees it. Values are only collected here; check_value() judges them.
struct Slot {
    GivenOption given;
    CLI::Option* parsed = nullptr;
};

std::string cli_names(const GivenOption& given) {
    std::string names = "--" + given.name;
    bool own_name = given.name == given.option->name;
    if (own_name && given.option->letter != '\0') names = fmt::format("-{},{}", given.option->letter, names);
    return names;
}

void add_slot(CLI::App& app, Slot& slot) {
    std::string names = cli_names(slot.given);
    if (slot.given.option->kind == ValueKind::Flag) {
        slot.parsed = app.add_flag(names);
    } else {
        slot.parsed = app.add_option(names)->expected(1)->allow_extra_args(false);
    }
    slot.parsed->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Error unknown_option(const Command& command, const std::string& written) {
    std::string word = written.substr(0, written.find('='));
    std::vector<std::string> names;
    for (const GivenOption& given : given_options(command)) names.push_back("--" + given.name);
    return usage_error(
        word,
        fmt::format("`godwit {}` has no such option{}", command.name,
                    did_you_mean(word, names, fmt::format("; `godwit {} -h` lists them all", command.name))));
}

Result<void> split(const Command& command, CLI::App& app, std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);  // CLI11 takes them from the back
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::ArgumentMismatch& mismatch) {
        std::string_view said = mismatch.what();  // begins with the option's name
        std::string name(said.substr(0, said.find(':')));
        return usage_error(name, fmt::format("its value is missing; see `godwit {} -h`", command.name));
    } catch (const CLI::ParseError& error) {
        return usage_error(error.what(), fmt::format("see `godwit {} -h`", command.name));
    }
    for (const std::string& left : app.remaining()) {
        if (left != "--") return unknown_option(command, left);
    }
    return {};
}

// ---- Values

std::optional<bool> truth_of(const std::string& value) {
    for (std::string_view word : {"1", "true", "yes", "on"}) {
        if (value == word) return true;
    }
    for (std::string_view word : {"0", "false", "no", "off", ""}) {
        if (value == word) return false;
    }
    return {};
}

Result<void> take_value(const GivenOption& given, const std::string& origin, const std::string& value,
                        Values& values) {
    GODWIT_TRY_VOID(check_value(*given.option, origin, value));
    if (given.option->kind != ValueKind::Flag) {
        values.set(given.name, value);
    } else if (truth_of(value) == true) {
        values.set(given.name, "true");
    }
    return {};
}

Result<void> take_environment(const GivenOption& given, const Environment& environment, Values& values) {
    std::string variable = environment_name(given.name);
    auto value = environment(variable);
    if (!value || given.name == "help") return {};
    if (value->empty()) return {};
    return take_value(given, variable, *value, values);
}

// Two options of one end of which either makes the other one idle.
struct Contradiction {
    std::string_view option, other;
};
constexpr std::array kContradictions{Contradiction{"anonymous", "profile"},
                                     Contradiction{"no-verify-tls", "ca-file"}};

// Of the command line alone: what stands in the environment holds for many commands.
Result<void> check_contradictions(const std::deque<Slot>& slots) {
    auto given = [&](const std::string& name) {
        return std::ranges::any_of(
            slots, [&](const Slot& slot) { return slot.given.name == name && slot.parsed->count() > 0; });
    };
    for (std::string end : {"", "source-", "destination-"}) {
        for (const Contradiction& pair : kContradictions) {
            std::string option = end + std::string(pair.option), other = end + std::string(pair.other);
            if (given(option) && given(other)) return usage_error("--" + option, "contradicts --" + other);
        }
    }
    return {};
}

Result<Values> take_values(const std::deque<Slot>& slots, const Environment& environment) {
    Values values;
    for (const Slot& slot : slots) {
        for (const std::string& value : slot.parsed->results()) {
            GODWIT_TRY_VOID(take_value(slot.given, "--" + slot.given.name, value, values));
        }
        if (slot.parsed->count() == 0) GODWIT_TRY_VOID(take_environment(slot.given, environment, values));
        bool default_due = slot.given.name == slot.given.option->name && !slot.given.option->fallback.empty();
        if (default_due && !values.has(slot.given.name)) {
            values.set(slot.given.name, std::string(slot.given.option->fallback));
        }
    }
    return values;
}

std::string usage_of(const Command& command) {
    std::string usage = fmt::format("usage: godwit {}", command.name);
    for (const Positional& positional : command.positionals) {
        std::string_view form = positional.arity == Arity::One    ? " {}"
                                : positional.arity == Arity::Many ? " [{}...]"
                                                                  : " [{}]";
        usage += fmt::format(fmt::runtime(form), positional.name);
    }
    return usage;
}

Result<void> check_words(const Command& command, const std::vector<std::string>& words) {
    std::size_t most = 0;
    for (const Positional& positional : command.positionals) {
        if (positional.arity == Arity::One && words.size() <= most) {
            return usage_error(std::string(positional.name), "is missing; " + usage_of(command));
        }
        most = positional.arity == Arity::Many ? words.size() : most + 1;
    }
    if (words.size() > most) {
        return usage_error(words[most], "is one argument too many; " + usage_of(command));
    }
    return {};
}

Result<Invocation> parse_command(const Command& command, std::span<const std::string> arguments,
                                 const Environment& environment) {
    CLI::App app;
    app.set_help_flag("");
    app.allow_extras();
    std::deque<Slot> slots;
    for (GivenOption& given : given_options(command)) {
        slots.push_back({std::move(given)});
        add_slot(app, slots.back());
    }
    CLI::Option* words = app.add_option("words")->expected(0, -1)->allow_extra_args();
    GODWIT_TRY_VOID(split(command, app, std::vector<std::string>(arguments.begin(), arguments.end())));
    GODWIT_TRY_VOID(check_contradictions(slots));
    Invocation invocation;
    invocation.command = &command;
    GODWIT_TRY(invocation.values, take_values(slots, environment));
    invocation.words = words->results();
    invocation.help_wanted = invocation.values.flag("help");
    if (!invocation.help_wanted) GODWIT_TRY_VOID(check_words(command, invocation.words));
    return invocation;
}

}  // namespace

Result<Invocation> parse_arguments(std::span<const std::string> arguments, const Environment& environment) {
    GODWIT_TRY(FoundCommand found, find_command_in(arguments));
    if (found.command) return parse_command(*found.command, arguments.subspan(found.words), environment);
    Invocation invocation;
    invocation.help_wanted = true;
    invocation.noun = found.noun;
    return invocation;
}

Result<void> check_value(const Option& option, const std::string& origin, const std::string& value) {
    std::string written = origin + "=" + value;
    switch (option.kind) {
        case ValueKind::Flag:
            if (truth_of(value)) return {};
            return usage_error(written, "is a switch; allowed are 1, true, yes, on and 0, false, no, off");
        case ValueKind::Number:
            if (parse_number(value)) return {};
            return usage_error(written, "is no number; allowed are decimal digits");
        case ValueKind::Size:
            if (parse_size(value)) return {};
            return usage_error(written, "is no size; write bytes with an IEC unit: 512, 64KiB, 1.5GiB, 2T");
        case ValueKind::Duration:
            if (parse_duration(value)) return {};
            return usage_error(written, "is no length of time; write 30s, 15m, 12h, 7d or 2w");
        case ValueKind::Choice: {
            std::vector<std::string_view> choices = split_words(option.choices);
            if (std::ranges::find(choices, value) != choices.end()) return {};
            std::vector<std::string> candidates(choices.begin(), choices.end());
            return usage_error(written, "is not among its values: " + joined(choices, " ") +
                                            did_you_mean(value, candidates, ""));
        }
        case ValueKind::Text:
        case ValueKind::File:
            if (!value.empty()) return {};
            return usage_error(written, "an empty value means nothing here; leave the option out");
    }
    return {};
}

bool Values::flag(std::string_view name) const {
    return values_.contains(name);
}

std::vector<std::string> Values::names() const {
    std::vector<std::string> names;
    for (const auto& [name, values] : values_) names.push_back(name);
    return names;
}

int Values::times(std::string_view name) const {
    auto found = values_.find(name);
    return found == values_.end() ? 0 : static_cast<int>(found->second.size());
}

std::optional<std::string> Values::text(std::string_view name) const {
    auto found = values_.find(name);
    if (found == values_.end()) return {};
    return found->second.back();
}

std::vector<std::string> Values::all(std::string_view name) const {
    auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::optional<std::uint64_t> Values::number(std::string_view name) const {
    auto value = text(name);
    return value ? parse_size(*value) : std::nullopt;
}

std::optional<Duration> Values::duration(std::string_view name) const {
    auto value = text(name);
    return value ? parse_duration(*value) : std::nullopt;
}

}  // namespace godwit::app
