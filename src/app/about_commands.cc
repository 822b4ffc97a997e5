#include "app/about_commands.h"

#include <fmt/format.h>

#include "app/completion.h"
#include "app/help.h"
#include "app/json_text.h"
#include "app/man_page.h"
#include "app/suggestion.h"
#include "app/version.h"

namespace godwit::app {

Result<ExitCode> run_version(const Invocation& invocation, Session& session) {
    if (invocation.values.text("output") == "json") {
        boost::json::object version;
        version["v"] = 1;
        version["name"] = "godwit";
        version["version"] = kVersion;
        session.terminal.out(json_line(version));
    } else {
        session.terminal.out(fmt::format("godwit {}\n", kVersion));
    }
    return ExitCode::Clean;
}

namespace {

bool is_noun(std::string_view word) {
    for (const Command& command : commands()) {
        if (command.name.starts_with(std::string(word) + " ")) return true;
    }
    return false;
}

std::vector<std::string> help_subjects() {
    std::vector<std::string> subjects{"exit-codes", "environment", "formats"};
    for (const Command& command : commands()) {
        if (!command.hidden) subjects.emplace_back(command.name);
    }
    return subjects;
}

// Empty when nobody knows of it.
std::string help_text(const std::string& subject) {
    if (subject.empty()) return help_overview();
    if (std::string topic = help_topic(subject); !topic.empty()) return topic;
    if (const Command* command = find_command(subject)) return help_of(*command);
    return is_noun(subject) ? help_of_noun(subject) : "";
}

}  // namespace

Result<ExitCode> run_help(const Invocation& invocation, Session& session) {
    std::string subject = fmt::format("{}", fmt::join(invocation.words, " "));
    std::string text = help_text(subject);
    if (text.empty()) {
        auto close = nearest(subject, help_subjects());
        return usage_error("help " + subject,
                           close ? fmt::format("there is no such topic; did you mean `{}`?", *close)
                                 : "there is no such topic; `godwit help` lists commands and topics");
    }
    session.terminal.out(text);
    return ExitCode::Clean;
}

void show_help(const Invocation& invocation, Terminal& terminal) {
    terminal.out(invocation.command ? help_of(*invocation.command) : help_text(invocation.noun));
}

Result<ExitCode> run_completion(const Invocation& invocation, Session& session) {
    std::string script = completion_script(invocation.words[0]);
    if (script.empty())
        return usage_error(invocation.words[0], "no script for this shell; there are bash, zsh and fish");
    session.terminal.out(script);
    return ExitCode::Clean;
}

Result<ExitCode> run_man(const Invocation& invocation, Session&) {
    GODWIT_TRY_VOID(write_man_pages(invocation.words[0]));
    return ExitCode::Clean;
}

}  // namespace godwit::app
