// What the program says, word for word: each file of tests/golden/ is a conversation.
//
//   $ godwit copy a
//   --- stderr
//   error: DST: is missing; usage: godwit copy SRC DST
//   --- exit 2
//
// Run with GODWIT_UPDATE_GOLDEN=1 to write down what it says now, then read the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/dispatch.h"
#include "app/testing_terminal.h"

namespace godwit::app {
namespace {

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    bool quoted = false, in_word = false;
    for (char c : line) {
        if (c == '\'') {
            quoted = !quoted;
        } else if (c == ' ' && !quoted) {
            in_word = false;
            continue;
        } else {
            if (!in_word) words.emplace_back();
            words.back() += c;
        }
        if (c == '\'' && !in_word) words.emplace_back();
        in_word = true;
    }
    return words;
}

// Runs one `$ godwit ...` line; VARIABLE=value words may stand before `godwit`.
std::string answer_to(const std::string& command) {
    Heard heard;
    std::vector<std::string> words = words_of(command.substr(2));
    std::size_t program = 0;
    while (words.at(program) != "godwit") {
        std::size_t equals = words[program].find('=');
        heard.variables[words[program].substr(0, equals)] = words[program].substr(equals + 1);
        ++program;
    }
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(program) + 1);
    ExitCode code = run_program(words, heard.session);
    std::string answer = command + "\n";
    if (!heard.out.empty()) answer += "--- stdout\n" + heard.out;
    if (!heard.err.empty()) answer += "--- stderr\n" + heard.err;
    return answer + "--- exit " + std::to_string(static_cast<int>(code)) + "\n\n";
}

std::string spoken_again(const std::string& conversation) {
    std::string text;
    std::istringstream lines(conversation);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("$ ")) text += answer_to(line);
    }
    return text;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, is_said_word_for_word) {
    std::filesystem::path path = std::filesystem::path(GODWIT_GOLDEN_DIR) / GetParam();
    std::string expected = read_text(path);
    std::string said = spoken_again(expected);
    if (std::getenv("GODWIT_UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << said;
    EXPECT_EQ(said, expected) << "see " << path;
}

std::vector<std::string> golden_files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(GODWIT_GOLDEN_DIR)) {
        if (entry.path().extension() == ".golden") names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(golden_files()), [](const auto& named) {
    std::string name = named.param.substr(0, named.param.find('.'));
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
}  // namespace godwit::app
