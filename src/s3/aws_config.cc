#include "s3/aws_config.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "s3/file_descriptor.h"
#include "s3/shell_words.h"

namespace godwit::s3 {

namespace {

constexpr std::size_t kFileBytesMax = 1u << 20;

Result<std::string> read_small_file(const std::string& path) {
    // A FIFO in a file's place would block the loop.
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open()) return errno_error(errno, "read", path);
    std::string text(kFileBytesMax + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error(errno, "read", path);
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    if (size > kFileBytesMax) {
        return Error(ErrorKind::Invalid, "read", path, fmt::format("more than {} bytes", kFileBytesMax));
    }
    text.resize(size);
    return text;
}

std::optional<std::string> environment_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (!value) return std::nullopt;
    return std::string(value);
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
    return out;
}

// The name of `[kind name]`, with shell quoting; absent when the section is of another kind.
std::optional<std::string> section_name(std::string_view section, std::string_view kind) {
    if (!section.starts_with(kind)) return std::nullopt;
    auto words = shell_words(section);
    if (!words || words->size() != 2 || words->front() != kind) return std::nullopt;
    return std::move(words->back());
}

const ConfigSection* find(const ConfigFile& file, std::string_view name) {
    auto found = file.find(name);
    return found == file.end() ? nullptr : &found->second;
}

void merge(const ConfigSection& over, ConfigSection& under) {
    for (const auto& [name, value] : over.values) under.values.insert_or_assign(name, value);
    for (const auto& [name, group] : over.groups) under.groups.insert_or_assign(name, group);
}

}  // namespace

Surroundings system_surroundings() {
    return {.variable = environment_variable, .read_file = read_small_file};
}

Result<AwsConfig> AwsConfig::load(const Surroundings& surroundings, const std::string& profile) {
    AwsConfig config;
    config.surroundings_ = surroundings;
    GODWIT_TRY_VOID(config.read_files());
    GODWIT_TRY_VOID(config.choose_profile(profile));
    return config;
}

Result<AwsConfig> AwsConfig::reload() const {
    return load(surroundings_, profile_is_option_ ? profile_ : std::string());
}

Result<void> AwsConfig::read_files() {
    std::string home = variable("HOME").value_or(std::string());
    auto read = [&](const std::string& name, std::string_view usual,
                    std::string& path) -> Result<ConfigFile> {
        path = variable(name).value_or(home.empty() ? std::string() : home + "/.aws/" + std::string(usual));
        if (path.starts_with("~/")) path.replace(0, 1, home);
        if (path.empty()) return ConfigFile();
        Result<std::string> text = surroundings_.read_file(path);
        if (text) return parse_config_file(*text, path);
        if (text.error().kind() == ErrorKind::NotFound) return ConfigFile();
        return std::move(text.error());
    };
    GODWIT_TRY(ConfigFile file, read("AWS_CONFIG_FILE", "config", config_path_));
    GODWIT_TRY(credentials_profiles_, read("AWS_SHARED_CREDENTIALS_FILE", "credentials", credentials_path_));

    for (auto& [name, section] : file) {
        if (auto services = section_name(name, "services"))
            services_[*services] = std::move(section);
        else if (auto profile = section_name(name, "profile"))
            config_profiles_[*profile] = std::move(section);
        else if (name == "default")
            config_profiles_.emplace(name, std::move(section));
    }
    merged_profiles_ = config_profiles_;
    for (const auto& [name, section] : credentials_profiles_) merge(section, merged_profiles_[name]);
    return {};
}

Result<void> AwsConfig::choose_profile(const std::string& option) {
    profile_is_option_ = !option.empty();
    std::optional<std::string> named = profile_is_option_ ? option : variable("AWS_PROFILE");
    if (!named) named = variable("AWS_DEFAULT_PROFILE");
    profile_ = named.value_or("default");
    if (!named || merged_section(profile_)) return {};
    std::vector<std::string_view> known;
    for (const auto& [name, section] : merged_profiles_) known.push_back(name);
    return Error(ErrorKind::Invalid, "use profile", profile_,
                 known.empty()
                     ? fmt::format("there are no profiles in {} and {}", config_path_, credentials_path_)
                     : fmt::format("no such profile in {} and {}; there are: {}", config_path_,
                                   credentials_path_, fmt::join(known, ", ")));
}

const ConfigSection* AwsConfig::merged_section(std::string_view profile) const {
    return find(merged_profiles_, profile);
}
const ConfigSection* AwsConfig::config_section(std::string_view profile) const {
    return find(config_profiles_, profile);
}
const ConfigSection* AwsConfig::credentials_section(std::string_view profile) const {
    return find(credentials_profiles_, profile);
}

std::optional<std::string> AwsConfig::setting(std::string_view name) const {
    const ConfigSection* section = merged_section(profile_);
    if (!section) return std::nullopt;
    return section->find(name);
}

std::optional<std::string> AwsConfig::variable(const std::string& name) const {
    std::optional<std::string> value = surroundings_.variable(name);
    if (value && value->empty()) return std::nullopt;
    return value;
}

std::optional<std::string> AwsConfig::region() const {
    if (auto region = variable("AWS_REGION")) return region;
    if (auto region = variable("AWS_DEFAULT_REGION")) return region;
    return setting("region");
}

std::optional<std::string> AwsConfig::services_endpoint(std::string_view service) const {
    std::optional<std::string> name = setting("services");
    const ConfigSection* section = name ? find(services_, *name) : nullptr;
    if (!section) return std::nullopt;
    return section->find(service, "endpoint_url");
}

std::optional<std::string> AwsConfig::endpoint_url(std::string_view service) const {
    auto ignore = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (!ignore) ignore = setting("ignore_configured_endpoint_urls");
    if (ignore && upper(*ignore) == "TRUE") return std::nullopt;
    if (auto url = variable("AWS_ENDPOINT_URL_" + upper(service))) return url;
    if (auto url = variable("AWS_ENDPOINT_URL")) return url;
    if (auto url = services_endpoint(service)) return url;
    return setting("endpoint_url");
}

std::optional<std::string> AwsConfig::ca_bundle() const {
    if (auto path = variable("AWS_CA_BUNDLE")) return path;
    return setting("ca_bundle");
}

Result<AddressStyle> AwsConfig::address_style() const {
    const ConfigSection* section = merged_section(profile_);
    std::optional<std::string> name = section ? section->find("s3", "addressing_style") : std::nullopt;
    if (!name) return AddressStyle::Auto;
    if (std::optional<AddressStyle> style = address_style_from(*name)) return *style;
    return Error(
        ErrorKind::Invalid, "use profile", profile_,
        fmt::format("addressing_style is '{}'; allowed are auto, path and virtual", printable(*name)));
}

}  // namespace godwit::s3
