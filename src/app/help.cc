#include "app/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/exit_code.h"

namespace godwit::app {
namespace {

constexpr std::size_t kOptionColumn = 34;

std::string summary_line(std::string_view name, std::string_view summary) {
    return fmt::format("  {:<22} {}\n", name, summary);
}

std::string example_lines(const Command& command) {
    std::string out = "Examples:\n";
    for (const Example& example : command.examples) {
        out += fmt::format("  {}\n      {}\n", example.line, example.meaning);
    }
    return out + "\n";
}

// The form in the left column, or on a line of its own where it is too long for that.
std::string two_columns(const std::string& form, const std::string& text) {
    std::string right = wrapped(text, kOptionColumn);
    if (form.size() + 4 > kOptionColumn) return "  " + form + "\n" + right;
    return "  " + form + right.substr(form.size() + 2);
}

std::string option_lines(const Command& command, const OptionGroup& group) {
    std::string out = fmt::format("\n{}:\n", group.title);
    for (const Option& option : group.options) {
        std::string form = option_form(command, option);
        // Options without a letter stand under the names of those with one.
        if (option.letter == '\0') form.insert(0, "    ");
        out += two_columns(form, option_help(option));
    }
    return out;
}

std::string exit_codes_topic() {
    std::string out =
        "Exit codes are stable. An unknown one that is not 0 means failure. Where several apply, the worst\n"
        "is given; it also stands in the JSON summary.\n\n";
    for (const ExitCodeRow& row : exit_codes()) {
        out += fmt::format("  {:>3}  ", static_cast<int>(row.code)) + wrapped(row.meaning, 7).substr(7);
    }
    return out;
}

std::string environment_topic() {
    std::string out = wrapped(
        "Every option has an environment variable: GODWIT_ and its name in capitals, _ for -. Order: option, "
        "then "
        "variable, then default. Switches take 1, true, yes, on or 0, false, no, off.",
        0);
    out += "\n  GODWIT_DATA_DIR=/srv/godwit   GODWIT_OUTPUT=jsonl   GODWIT_SOURCE_REGION=eu-west-1\n\n";
    out += "Also read:\n";
    auto row = [&](std::string_view name, std::string_view text) {
        out += two_columns(std::string(name), std::string(text));
    };
    row("XDG_DATA_HOME", "the data directory is godwit/ in it, unless --data-dir says otherwise");
    row("NO_COLOR", "not empty: no colour");
    row("CLICOLOR_FORCE", "not 0: colour where no terminal is either");
    row("GODWIT_NO_INPUT", "nothing to switch off: no command asks a question or reads standard input");
    row("AWS_*",
        "credentials, region, endpoint, CA bundle and files, as boto3 reads them: AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION, "
        "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, AWS_CONFIG_FILE, "
        "AWS_SHARED_CREDENTIALS_FILE, AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE, "
        "AWS_CONTAINER_CREDENTIALS_*, AWS_EC2_METADATA_*");
    row("HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "proxies, in capitals or small letters");
    return out;
}

std::string formats_topic() {
    return "table   for people: aligned, short numbers, UTC. Where no terminal reads it: tab-separated, "
           "exact\n"
           "        numbers, RFC 3339 times, nothing cut, no colour. The first line names the columns.\n"
           "json    one JSON value.\n"
           "jsonl   one JSON object a line, as things happen. Fields are only ever added.\n"
           "csv     RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in "
           "front.\n"
           "name    the first column alone.\n"
           "\n"
           "Object names are bytes. Control characters and bytes that are no UTF-8 are written \\xNN; JSON "
           "then\n"
           "carries the exact bytes too, as `key_base64`.\n"
           "\n"
           "JSON lines of `copy`: each has \"v\":1, \"ts\" (RFC 3339) and \"type\":\n"
           "  start     execution, source, destination, resumed\n"
           "  progress  listed, planned, done, verified, failed, bytes, bytes_per_second, eta_seconds (null\n"
           "            until listing is done), listing_done\n"
           "  object    with --dry-run: key, action, reason, bytes; hard_link with --preserve-hardlinks\n"
           "  error     scope, code, message, fix, and for objects: key, count\n"
           "  summary   execution, status, listed, copied, verified, skipped, deferred, failed, bytes,\n"
           "            evidence, seconds, exit_code; listed = copied + skipped + deferred + failed\n"
           "\n"
           "Columns of the ledger: key, outcome, reason, bytes, level, source_digest, destination_digest, "
           "scope,\n"
           "code, message, attempts, started, ended, execution.\n";
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    std::string out;
    std::string line(indent, ' ');
    bool empty = true;
    for (std::string_view word : split_words(text, ' ')) {
        if (!empty && line.size() + 1 + word.size() > width) {
            out += line + "\n";
            line.assign(indent, ' ');
            empty = true;
        }
        if (!empty) line += ' ';
        line += word;
        empty = false;
    }
    return out + line + "\n";
}

std::string usage_form(const Command& command) {
    std::string form = fmt::format("godwit {} [options]", command.name);
    for (const Positional& positional : command.positionals) {
        switch (positional.arity) {
            case Arity::One:
                form += fmt::format(" {}", positional.name);
                break;
            case Arity::Optional:
                form += fmt::format(" [{}]", positional.name);
                break;
            case Arity::Many:
                form += fmt::format(" [{}...]", positional.name);
                break;
        }
    }
    return form;
}

std::string option_form(const Command& command, const Option& option) {
    bool per_end = option.each_end && has_two_ends(command);
    std::string form = option.letter == '\0' ? "" : fmt::format("-{}, ", option.letter);
    form += fmt::format("--{}{}", per_end ? "[source-|destination-]" : "", option.name);
    if (!option.value.empty()) form += fmt::format(" {}", option.value);
    return form;
}

std::string option_help(const Option& option) {
    std::string text(option.help);
    if (!option.choices.empty()) {
        text += fmt::format(": {}", fmt::join(split_words(option.choices), " | "));
    }
    if (!option.fallback.empty()) text += fmt::format(" (default {})", option.fallback);
    return text;
}

std::string help_of(const Command& command) {
    std::string out = fmt::format("godwit {}: {}\n\n", command.name, command.summary);
    if (!command.examples.empty()) out += example_lines(command);
    out += fmt::format("Usage: {}\n\n", usage_form(command));
    out += wrapped(command.description, 0);
    if (!command.positionals.empty()) out += "\n";
    for (const Positional& positional : command.positionals) {
        out += two_columns(std::string(positional.name), std::string(positional.help));
    }
    for (const OptionGroup& group : command.groups) out += option_lines(command, group);
    return out;
}

std::string help_of_noun(std::string_view noun) {
    std::string out = fmt::format("Usage: godwit {} COMMAND [options] ...\n\n", noun);
    for (const Command& command : commands()) {
        if (command.name.starts_with(std::string(noun) + " "))
            out += summary_line(command.name, command.summary);
    }
    return out + fmt::format("\n`godwit {} COMMAND -h` explains one of them.\n", noun);
}

std::string help_overview() {
    std::string out =
        "godwit: copies files and objects between file systems and object stores, and proves every one\n"
        "\n"
        "Examples:\n"
        "  godwit copy ./photos s3://backup/photos\n"
        "      copy and verify; the same again carries on, or copies what has changed\n"
        "  godwit ledger trace s3://backup/photos/a.jpg\n"
        "      is this file safe, and how do we know?\n"
        "  godwit verify ./photos s3://backup/photos --by checksum\n"
        "      compare both ends without writing\n"
        "\n"
        "Usage: godwit COMMAND [options] ...\n"
        "\n";
    for (const Command& command : commands()) {
        if (!command.hidden) out += summary_line(command.name, command.summary);
    }
    return out +
           "\n`godwit COMMAND -h` explains one of them; `godwit help exit-codes|environment|formats` the "
           "rest.\n";
}

std::string help_topic(std::string_view topic) {
    if (topic == "exit-codes") return exit_codes_topic();
    if (topic == "environment") return environment_topic();
    if (topic == "formats") return formats_topic();
    return "";
}

}  // namespace godwit::app
