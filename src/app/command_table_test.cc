#include "app/command_table.h"

#include <gtest/gtest.h>

#include <set>

#include "app/arguments.h"

namespace godwit::app {
namespace {

TEST(CommandTable, names_are_unique_and_options_too) {
    std::set<std::string_view> names;
    for (const Command& command : commands()) {
        EXPECT_TRUE(names.insert(command.name).second) << command.name;
        std::set<std::string> options;
        std::set<char> letters;
        for (const GivenOption& given : given_options(command)) {
            EXPECT_TRUE(options.insert(given.name).second) << command.name << " --" << given.name;
            char letter = given.option->letter;
            if (letter != '\0') EXPECT_TRUE(letters.insert(letter).second) << command.name << " -" << letter;
        }
    }
}

TEST(CommandTable, every_command_has_help_and_says_what_it_is_for) {
    for (const Command& command : commands()) {
        EXPECT_FALSE(command.summary.empty()) << command.name;
        EXPECT_TRUE(command.description.ends_with('.')) << command.name;
        bool has_help = false;
        for (const GivenOption& given : given_options(command)) has_help |= given.name == "help";
        EXPECT_TRUE(has_help) << command.name;
    }
}

TEST(CommandTable, options_are_whole) {
    for (const Command& command : commands()) {
        for (const GivenOption& given : given_options(command)) {
            const Option& option = *given.option;
            SCOPED_TRACE(std::string(command.name) + " --" + given.name);
            EXPECT_FALSE(option.help.empty());
            EXPECT_EQ(option.value.empty(), option.kind == ValueKind::Flag);
            EXPECT_EQ(option.choices.empty(), option.kind != ValueKind::Choice);
            if (!option.fallback.empty()) EXPECT_TRUE(check_value(option, "", std::string(option.fallback)));
        }
    }
}

TEST(CommandTable, examples_parse) {
    Environment nothing = [](const std::string&) -> std::optional<std::string> { return {}; };
    for (const Command& command : commands()) {
        for (const Example& example : command.examples) {
            std::string line(example.line.substr(0, example.line.find(" >")));
            std::vector<std::string> words;
            bool quoted = false, in_word = false;
            for (char c : line) {
                if (c == '\'') {
                    quoted = !quoted;
                } else if (c == ' ' && !quoted) {
                    in_word = false;
                } else {
                    if (!in_word) words.emplace_back();
                    in_word = true;
                    words.back() += c;
                }
            }
            ASSERT_EQ(words.at(0), "godwit");
            words.erase(words.begin());
            Result<Invocation> parsed = parse_arguments(words, nothing);
            ASSERT_TRUE(parsed) << line << ": " << parsed.error().message();
            EXPECT_EQ(parsed->command, &command) << line;
        }
    }
}

TEST(CommandTable, variables_are_named_after_options) {
    EXPECT_EQ(environment_name("limit-bytes-per-second"), "GODWIT_LIMIT_BYTES_PER_SECOND");
}

}  // namespace
}  // namespace godwit::app
