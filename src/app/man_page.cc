#include "app/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "app/command_table.h"
#include "app/exit_code.h"
#include "app/help.h"
#include "app/version.h"

namespace godwit::app {
namespace {

// Text for troff: what it would take for a request or an escape is escaped.
std::string troff(std::string_view text) {
    std::string out;
    bool line_start = true;
    for (char c : text) {
        if (line_start && (c == '.' || c == '\'')) out += "\\&";
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
        line_start = c == '\n';
    }
    return out;
}

std::string heading(std::string_view page, std::string_view summary) {
    std::string title(page);
    std::ranges::transform(title, title.begin(),
                           [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
    return fmt::format(".TH {} 1 \"\" \"godwit {}\" \"User commands\"\n.SH NAME\n{} \\- {}\n", title,
                       kVersion, troff(page), troff(summary));
}

std::string page_name(const Command& command) {
    std::string name = fmt::format("godwit-{}", command.name);
    std::ranges::replace(name, ' ', '-');
    return name;
}

std::string tagged(const std::string& tag, const std::string& text) {
    return fmt::format(".TP\n.B {}\n{}\n", troff(tag), troff(text));
}

std::string exit_status() {
    std::string out = ".SH EXIT STATUS\n";
    for (const ExitCodeRow& row : exit_codes()) {
        out += tagged(fmt::format("{}", static_cast<int>(row.code)), std::string(row.meaning));
    }
    return out;
}

ManPage command_page(const Command& command) {
    std::string name = page_name(command);
    std::string out = heading(name, command.summary);
    out += fmt::format(".SH SYNOPSIS\n.B {}\n", troff(usage_form(command)));
    out += fmt::format(".SH DESCRIPTION\n{}\n", troff(command.description));
    for (const Positional& positional : command.positionals) {
        out += tagged(std::string(positional.name), std::string(positional.help));
    }
    for (const OptionGroup& group : command.groups) {
        out += fmt::format(".SH {}\n", troff(group.title));
        for (const Option& option : group.options)
            out += tagged(option_form(command, option), option_help(option));
    }
    if (!command.examples.empty()) out += ".SH EXAMPLES\n";
    for (const Example& example : command.examples) {
        out += tagged(std::string(example.line), std::string(example.meaning));
    }
    return {name + ".1", out + exit_status() + ".SH SEE ALSO\n.BR godwit (1)\n"};
}

ManPage overview_page() {
    std::string out = heading("godwit", "copies files and objects and proves every one");
    out += ".SH SYNOPSIS\n.B godwit\n.I COMMAND\n[options] ...\n.SH COMMANDS\n";
    for (const Command& command : commands()) {
        if (!command.hidden)
            out += tagged(fmt::format("godwit {}", command.name), std::string(command.summary));
    }
    out += ".SH ENVIRONMENT\n.nf\n" + troff(help_topic("environment")) + ".fi\n";
    out += ".SH FORMATS\n.nf\n" + troff(help_topic("formats")) + ".fi\n";
    return {"godwit.1", out + exit_status()};
}

}  // namespace

std::vector<ManPage> man_pages() {
    std::vector<ManPage> pages{overview_page()};
    for (const Command& command : commands()) {
        if (!command.hidden) pages.push_back(command_page(command));
    }
    return pages;
}

Result<void> write_man_pages(const std::string& directory) {
    for (const ManPage& page : man_pages()) {
        std::string path = directory + "/" + page.file_name;
        errno = 0;
        std::ofstream file(path, std::ios::binary | std::ios::trunc);
        file << page.text;
        file.close();
        if (!file) return errno_error(errno == 0 ? EIO : errno, "write", path);
    }
    return {};
}

}  // namespace godwit::app
