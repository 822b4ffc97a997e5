// The machine's AWS files, and the command line of a credential_process.
//
// Input: the config file; a line "%%"; the credentials file; a line "%%"; a command line.
#include "s3/aws_config.h"

#include "base/check.h"
#include "fuzz/target.h"
#include "s3/shell_words.h"

namespace godwit::fuzz {
namespace {

std::string next_part(Input& input) {
    std::string part;
    while (!input.empty()) {
        std::string_view line = input.line();
        if (line == "%%") return part;
        part.append(line).append("\n");
    }
    return part;
}

void check_message(const Error& error) {
    std::string message = error.message();
    GODWIT_CHECK(message == printable(message), "{}", printable(message));
}

// The settings that take one line, written out plainly, are read as the same.
void check_written(const s3::ConfigFile& file) {
    std::string text;
    s3::ConfigFile plain;
    for (const auto& [name, section] : file) {
        text += "[" + name + "]\n";
        auto& values = plain[name].values;
        for (const auto& [setting, value] : section.values) {
            if (value.contains('\n')) continue;
            text += setting + " = " + value + "\n";
            values[setting] = value;
        }
    }
    Result<s3::ConfigFile> again = s3::parse_config_file(text, "again");
    GODWIT_CHECK(again && again->size() == plain.size(), "{}", printable(text));
    for (const auto& [name, section] : plain)
        GODWIT_CHECK(again->at(name).values == section.values, "[{}] of {}", printable(name),
                     printable(text));
}

void check_file(const std::string& text) {
    Result<s3::ConfigFile> file = s3::parse_config_file(text, "file");
    if (!file) return check_message(file.error());
    check_written(*file);
}

void check_load(const std::string& config, const std::string& credentials) {
    s3::Surroundings surroundings;
    surroundings.variable = [](const std::string& name) {
        return name == "HOME" ? std::optional<std::string>("/home/user") : std::nullopt;
    };
    surroundings.read_file = [&](const std::string& path) -> Result<std::string> {
        return path.ends_with("config") ? config : credentials;
    };
    for (const char* profile : {"", "a"}) {
        Result<s3::AwsConfig> loaded = s3::AwsConfig::load(surroundings, profile);
        if (!loaded) {
            check_message(loaded.error());
            continue;
        }
        loaded->region();
        loaded->endpoint_url("s3");
        loaded->ca_bundle();
        if (auto style = loaded->address_style(); !style) check_message(style.error());
    }
}

// Words that are quoted are cut into the same words again.
void check_words(std::string_view line) {
    std::optional<std::vector<std::string>> words = s3::shell_words(line);
    if (!words) return;
    std::string quoted;
    for (const std::string& word : *words) {
        quoted += '\'';
        for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
        quoted += "' ";
    }
    GODWIT_CHECK(s3::shell_words(quoted) == words, "{}", printable(quoted));
}

}  // namespace

void run(Input input) {
    std::string config = next_part(input), credentials = next_part(input);
    check_file(config);
    check_file(credentials);
    check_load(config, credentials);
    check_words(input.rest());
}

}  // namespace godwit::fuzz
