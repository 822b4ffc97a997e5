// The command line: a line for each word. What is wrong is told in one line that drives no terminal.
#include "app/arguments.h"

#include "base/check.h"
#include "fuzz/target.h"

namespace godwit::fuzz {
namespace {

void check_message(const Error& error) {
    std::string message = error.message();
    GODWIT_CHECK(message == printable(message), "{}", printable(message));
}

// A value that was taken is one: asking for it as what it is works.
void check_values(const app::Invocation& invocation) {
    for (const std::string& name : invocation.values.names()) {
        GODWIT_CHECK(invocation.values.text(name), "{}", name);
        invocation.values.number(name);
        invocation.values.duration(name);
    }
}

}  // namespace

void run(Input input) {
    std::vector<std::string> words;
    while (!input.empty()) words.emplace_back(input.line());
    app::Environment environment = [](const std::string&) { return std::nullopt; };
    Result<app::Invocation> invocation = app::parse_arguments(words, environment);
    if (!invocation) {
        check_message(invocation.error());
    } else {
        GODWIT_CHECK(invocation->command || invocation->help_wanted);
        check_values(*invocation);
    }
}

}  // namespace godwit::fuzz
