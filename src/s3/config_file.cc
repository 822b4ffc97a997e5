// The syntax of the shared files: what Python's configuration reader takes, since that is what people's
// files were tried with.

#include <fmt/format.h>

#include <algorithm>

#include "s3/aws_config.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";

std::string_view trimmed(std::string_view text) {
    std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

// Reads line by line; a value's further lines gather in it until a line is no deeper than its name.
class ConfigReader {
  public:
    explicit ConfigReader(std::string_view file_name) : file_name_(file_name) {}

    Result<void> line(std::string_view text) {
        ++number_;
        std::string_view content = trimmed(text);
        if (content.starts_with('#') || content.starts_with(';')) return {};
        if (content.empty()) {
            if (value_) *value_ += '\n';
            return {};
        }
        std::size_t indent = text.find_first_not_of(kBlanks);
        if (value_ && indent > indent_) {
            value_->append("\n").append(content);
            return {};
        }
        indent_ = indent;
        return content.starts_with('[') ? section(content) : setting(content);
    }

    Result<ConfigFile> finish() {
        for (auto& [name, values] : sections_) GODWIT_TRY_VOID(split_groups(values));
        apply_defaults();
        return std::move(sections_);
    }

  private:
    Error error(std::string cause) const {
        return Error(ErrorKind::Invalid, "read", fmt::format("{}:{}", file_name_, number_), std::move(cause));
    }

    Result<void> section(std::string_view content) {
        std::size_t end = content.rfind(']');
        if (end == std::string_view::npos || end < 2) return error("a section needs its ']', like [default]");
        std::string name(content.substr(1, end - 1));
        auto [at, is_new] = sections_.try_emplace(name);
        if (!is_new) return error(fmt::format("section [{}] stands twice", name));
        section_ = &at->second;
        value_ = nullptr;
        return {};
    }

    Result<void> setting(std::string_view content) {
        if (!section_) return error("a setting before the first section; write [default] above it");
        std::size_t end = content.find_first_of("=:");
        if (end == std::string_view::npos || end == 0) return error("no setting; write name = value");
        std::string name = lower(trimmed(content.substr(0, end)));
        auto [at, is_new] = section_->values.try_emplace(name, trimmed(content.substr(end + 1)));
        if (!is_new) return error(fmt::format("setting {} stands twice in its section", name));
        value_ = &at->second;
        return {};
    }

    // A value that is empty on its own line and goes on below it is a group of settings.
    Result<void> split_groups(ConfigSection& section) {
        for (auto at = section.values.begin(); at != section.values.end();) {
            std::string& value = at->second;
            while (!value.empty() && value.back() == '\n') value.pop_back();
            if (!value.starts_with('\n')) {
                ++at;
                continue;
            }
            GODWIT_TRY_VOID(read_group(at->first, value, section.groups[at->first]));
            at = section.values.erase(at);
        }
        return {};
    }

    Result<void> read_group(std::string_view name, std::string_view lines, ConfigSection::Values& group) {
        while (!lines.empty()) {
            std::string_view text = lines.substr(0, lines.find('\n'));
            lines.remove_prefix(std::min(text.size() + 1, lines.size()));
            if (text.empty()) continue;
            std::size_t end = text.find('=');
            if (end == std::string_view::npos) {
                return Error(
                    ErrorKind::Invalid, "read", std::string(file_name_),
                    fmt::format("'{}' under {} is no setting; write name = value", printable(text), name));
            }
            group.insert_or_assign(std::string(trimmed(text.substr(0, end))),
                                   std::string(trimmed(text.substr(end + 1))));
        }
        return {};
    }

    // [DEFAULT], in capitals, gives every section what it lacks.
    void apply_defaults() {
        auto defaults = sections_.extract("DEFAULT");
        if (defaults.empty()) return;
        for (auto& [name, section] : sections_) {
            for (const auto& item : defaults.mapped().values) {
                if (!section.groups.contains(item.first)) section.values.insert(item);
            }
        }
    }

    std::string_view file_name_;
    int number_ = 0;
    std::size_t indent_ = 0;
    ConfigFile sections_;
    ConfigSection* section_ = nullptr;
    std::string* value_ = nullptr;
};

}  // namespace

Result<ConfigFile> parse_config_file(std::string_view text, std::string_view file_name) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    ConfigReader reader(file_name);
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        GODWIT_TRY_VOID(reader.line(line));
    }
    return reader.finish();
}

std::optional<std::string> ConfigSection::find(std::string_view name) const {
    auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
}

std::optional<std::string> ConfigSection::find(std::string_view group, std::string_view name) const {
    auto section = groups.find(group);
    if (section == groups.end()) return std::nullopt;
    auto found = section->second.find(name);
    if (found == section->second.end()) return std::nullopt;
    return found->second;
}

}  // namespace godwit::s3
