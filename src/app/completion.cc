#include "app/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/command_table.h"

namespace godwit::app {
namespace {

// Commands of one word, and nouns with their verbs, in the order of the table.
struct Word {
    std::string_view word;
    std::string_view summary;  // empty for a noun
    std::vector<const Command*> verbs;
    const Command* command = nullptr;
};

std::vector<Word> first_words() {
    std::vector<Word> words;
    for (const Command& command : commands()) {
        if (command.hidden) continue;
        std::size_t space = command.name.find(' ');
        std::string_view first = command.name.substr(0, space);
        if (space == std::string_view::npos) {
            words.push_back({first, command.summary, {}, &command});
            continue;
        }
        if (words.empty() || words.back().word != first) words.push_back({first, {}, {}, nullptr});
        words.back().verbs.push_back(&command);
    }
    return words;
}

std::string_view verb_of(const Command& command) {
    return command.name.substr(command.name.find(' ') + 1);
}

// 'text' within single quotes of a shell.
std::string shell_quoted(std::string_view text) {
    std::string out;
    for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return "'" + out + "'";
}

// ---- bash

std::string option_names(const Command& command) {
    std::string names;
    for (const GivenOption& given : given_options(command)) {
        names += fmt::format("{}--{}", names.empty() ? "" : " ", given.name);
    }
    return names;
}

// What may stand where no option is meant.
std::string bash_words(const Command& command) {
    for (const Positional& positional : command.positionals) {
        if (positional.completion == Completion::Location)
            return "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))";
        if (positional.completion == Completion::Word) {
            return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))",
                               fmt::join(split_words(positional.words), " "));
        }
    }
    return ":";
}

std::string bash_case(const Command& command) {
    return fmt::format("        {})\n            options='{}'\n            words() {{ {}; }} ;;\n",
                       shell_quoted(command.name), option_names(command), bash_words(command));
}

// Values of options are the same for every command that has them, but those of --output.
std::string bash_values() {
    std::string out;
    std::vector<std::string> seen;
    for (const Command& command : commands()) {
        for (const GivenOption& given : given_options(command)) {
            if (given.option->kind == ValueKind::Flag || std::ranges::find(seen, given.name) != seen.end())
                continue;
            seen.push_back(given.name);
            std::string pattern = "--" + given.name;
            if (given.option->letter != '\0') pattern += fmt::format("|-{}", given.option->letter);
            std::string reply = ":";
            if (given.name == "output") {
                reply = "COMPREPLY=($(compgen -W 'table json jsonl csv name' -- \"$cur\"))";
            } else if (given.option->kind == ValueKind::Choice) {
                reply = fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))",
                                    fmt::join(split_words(given.option->choices), " "));
            } else if (given.option->kind == ValueKind::File) {
                reply = "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))";
            }
            out += fmt::format("        {}) {}; return ;;\n", pattern, reply);
        }
    }
    return out;
}

std::string bash_script() {
    std::string firsts, verbs, cases;
    for (const Word& word : first_words()) {
        firsts += fmt::format("{}{}", firsts.empty() ? "" : " ", word.word);
        if (word.command) {
            cases += bash_case(*word.command);
            continue;
        }
        std::string names;
        for (const Command* command : word.verbs) {
            names += fmt::format("{}{}", names.empty() ? "" : " ", verb_of(*command));
            cases += bash_case(*command);
        }
        verbs += fmt::format(
            "        {})\n            if ((COMP_CWORD == 2)); then COMPREPLY=($(compgen -W '{}' -- "
            "\"$cur\")); return; fi\n"
            "            command=\"$command ${{COMP_WORDS[2]}}\" ;;\n",
            word.word, names);
    }
    return fmt::format(
        "# bash completion for godwit; made by `godwit completion bash`\n"
        "_godwit() {{\n"
        "    local cur=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}\n"
        "    local command=${{COMP_WORDS[1]}} options=''\n"
        "    COMPREPLY=()\n"
        "    if ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W '{}' -- \"$cur\")); return; fi\n"
        "    case $command in\n{}    esac\n"
        "    case $previous in\n{}    esac\n"
        "    words() {{ :; }}\n"
        "    case $command in\n{}    esac\n"
        "    if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")); else words; fi\n"
        "    unset -f words\n"
        "}}\n"
        "complete -F _godwit godwit\n",
        firsts, verbs, bash_values(), cases);
}

// ---- zsh

// A description inside _arguments brackets: no brackets, colons or quotes of its own.
std::string zsh_text(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh_action(const Option& option) {
    switch (option.kind) {
        case ValueKind::Flag:
            return "";
        case ValueKind::Choice:
            return fmt::format(":{}:({})", option.value, fmt::join(split_words(option.choices), " "));
        case ValueKind::File:
            return fmt::format(":{}:_files", option.value);
        case ValueKind::Text:
        case ValueKind::Number:
        case ValueKind::Size:
        case ValueKind::Duration:
            return fmt::format(":{}: ", option.value);
    }
    return "";
}

std::string zsh_arguments(const Command& command) {
    std::string out = "_arguments -s";
    for (const GivenOption& given : given_options(command)) {
        std::string tail = fmt::format("[{}]{}", zsh_text(given.option->help), zsh_action(*given.option));
        out += " \\\n                " + shell_quoted("--" + given.name + tail);
        if (given.option->letter != '\0' && given.name == given.option->name) {
            out += " \\\n                " + shell_quoted(fmt::format("-{}{}", given.option->letter, tail));
        }
    }
    for (const Positional& positional : command.positionals) {
        std::string action = positional.completion == Completion::Location ? "_files"
                             : positional.completion == Completion::Word
                                 ? fmt::format("({})", fmt::join(split_words(positional.words), " "))
                                 : " ";
        out += " \\\n                " +
               shell_quoted(fmt::format("{}:{}:{}", positional.arity == Arity::Many ? "*" : "",
                                        positional.name, action));
    }
    return out;
}

std::string zsh_script() {
    std::string firsts, nouns, cases;
    auto add_case = [&](const Command& command) {
        cases += fmt::format("        {})\n            {} ;;\n", shell_quoted(command.name),
                             zsh_arguments(command));
    };
    for (const Word& word : first_words()) {
        firsts +=
            " " + shell_quoted(fmt::format("{}:{}", word.word,
                                           zsh_text(word.command ? word.summary : std::string_view("..."))));
        if (word.command) {
            add_case(*word.command);
            continue;
        }
        std::string verbs;
        for (const Command* command : word.verbs) {
            verbs += " " + shell_quoted(fmt::format("{}:{}", verb_of(*command), zsh_text(command->summary)));
            add_case(*command);
        }
        nouns += fmt::format(
            "        {})\n            if ((CURRENT == 3)); then verbs=({}); _describe command verbs; return; "
            "fi\n"
            "            command=\"$command $words[3]\"; shift words; ((CURRENT--)) ;;\n",
            word.word, verbs.substr(1));
    }
    return fmt::format(
        "#compdef godwit\n"
        "# zsh completion for godwit; made by `godwit completion zsh`\n"
        "_godwit() {{\n"
        "    local command=$words[2]\n"
        "    local -a commands verbs\n"
        "    commands=({})\n"
        "    if ((CURRENT == 2)); then _describe command commands; return; fi\n"
        "    case $command in\n{}    esac\n"
        "    shift words; ((CURRENT--))\n"
        "    case $command in\n{}    esac\n"
        "}}\n"
        "_godwit \"$@\"\n",
        firsts.substr(1), nouns, cases);
}

// ---- fish

std::string fish_option(std::string_view condition, const GivenOption& given) {
    std::string line = fmt::format("complete -c godwit -n {} -l {}", shell_quoted(condition), given.name);
    if (given.option->letter != '\0' && given.name == given.option->name)
        line += fmt::format(" -s {}", given.option->letter);
    if (given.option->kind == ValueKind::Choice) {
        line += fmt::format(
            " -x -a {}", shell_quoted(fmt::format("{}", fmt::join(split_words(given.option->choices), " "))));
    } else if (given.option->kind == ValueKind::File) {
        line += " -r -F";
    } else if (given.option->kind != ValueKind::Flag) {
        line += " -x";
    }
    return line + fmt::format(" -d {}\n", shell_quoted(given.option->help));
}

std::string fish_command(const Command& command, std::string_view condition) {
    std::string out;
    for (const GivenOption& given : given_options(command)) out += fish_option(condition, given);
    for (const Positional& positional : command.positionals) {
        if (positional.completion == Completion::Location)
            out += fmt::format("complete -c godwit -n {} -F\n", shell_quoted(condition));
        if (positional.completion == Completion::Word) {
            std::string words = fmt::format("{}", fmt::join(split_words(positional.words), " "));
            out +=
                fmt::format("complete -c godwit -n {} -a {}\n", shell_quoted(condition), shell_quoted(words));
        }
    }
    return out;
}

std::string fish_script() {
    std::string out =
        "# fish completion for godwit; made by `godwit completion fish`\ncomplete -c godwit -f\n";
    for (const Word& word : first_words()) {
        out += fmt::format("complete -c godwit -n __fish_use_subcommand -a {} -d {}\n", word.word,
                           shell_quoted(word.summary));
        if (word.command) {
            out += fish_command(*word.command, fmt::format("__fish_seen_subcommand_from {}", word.word));
            continue;
        }
        std::string names;
        for (const Command* command : word.verbs)
            names += fmt::format("{}{}", names.empty() ? "" : " ", verb_of(*command));
        for (const Command* command : word.verbs) {
            std::string_view verb = verb_of(*command);
            std::string noun_seen = fmt::format("__fish_seen_subcommand_from {}; and ", word.word);
            out += fmt::format(
                "complete -c godwit -n {} -a {} -d {}\n",
                shell_quoted(noun_seen + fmt::format("not __fish_seen_subcommand_from {}", names)), verb,
                shell_quoted(command->summary));
            out += fish_command(*command, noun_seen + fmt::format("__fish_seen_subcommand_from {}", verb));
        }
    }
    return out;
}

}  // namespace

std::string completion_script(std::string_view shell) {
    if (shell == "bash") return bash_script();
    if (shell == "zsh") return zsh_script();
    if (shell == "fish") return fish_script();
    return "";
}

}  // namespace godwit::app
