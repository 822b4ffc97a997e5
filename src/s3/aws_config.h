// The AWS configuration of the machine: environment and shared files, as botocore reads them.
// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files"; where the guide
// is silent, botocore's configuration reader decides.
//
// Nothing here asks the network, and nothing is global: environment and files come through
// Surroundings.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "s3/addressing.h"

namespace godwit::s3 {

// The process's surroundings. Both functions may be called from the loop's thread at any time.
struct Surroundings {
    // An environment variable; absent when it is not set.
    std::function<std::optional<std::string>(const std::string& name)> variable;
    // A whole file of at most 1 MiB; NotFound when it is not there.
    std::function<Result<std::string>(const std::string& path)> read_file;
};
// The real ones.
Surroundings system_surroundings();

// One section of a file. Names are in lower case. A value with indented lines below it is a group:
//   s3 =
//     endpoint_url = http://localhost:9000
struct ConfigSection {
    using Values = std::map<std::string, std::string, std::less<>>;
    Values values;
    std::map<std::string, Values, std::less<>> groups;

    // Absent when missing; an empty value is a value.
    std::optional<std::string> find(std::string_view name) const;
    std::optional<std::string> find(std::string_view group, std::string_view name) const;
};
using ConfigFile = std::map<std::string, ConfigSection, std::less<>>;

// Fails with Invalid naming file and line: a line before the first section, a line that is no
// setting, a section or setting that stands twice.
Result<ConfigFile> parse_config_file(std::string_view text, std::string_view file_name);

// Environment and files taken together, for one profile. Immutable; what was read at load() stays.
class AwsConfig {
  public:
    // Reads AWS_CONFIG_FILE (~/.aws/config) and AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials);
    // missing files are empty. The profile is `profile` (an option of the user; empty: none), else
    // AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". Fails with Invalid for a file that cannot be parsed,
    // and for a profile that was named and stands in neither file, naming those that do.
    static Result<AwsConfig> load(const Surroundings& surroundings, const std::string& profile);

    // The same, read anew.
    Result<AwsConfig> reload() const;

    const std::string& profile() const { return profile_; }
    // Named by the option: then keys and tokens in the environment do not count.
    bool profile_is_option() const { return profile_is_option_; }

    // A profile's settings; null when there are none. In `merged_section` those of the credentials file
    // stand over those of the config file.
    const ConfigSection* merged_section(std::string_view profile) const;
    const ConfigSection* config_section(std::string_view profile) const;
    const ConfigSection* credentials_section(std::string_view profile) const;
    const std::string& config_path() const { return config_path_; }
    const std::string& credentials_path() const { return credentials_path_; }

    // AWS_REGION, AWS_DEFAULT_REGION, then the profile's `region`.
    std::optional<std::string> region() const;
    // For service "s3": AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's `services` section, its
    // `endpoint_url`; none with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true.
    std::optional<std::string> endpoint_url(std::string_view service) const;
    // AWS_CA_BUNDLE, then the profile's `ca_bundle`.
    std::optional<std::string> ca_bundle() const;
    // The profile's s3 group, `addressing_style`. Fails with Invalid for a style that is none.
    Result<AddressStyle> address_style() const;

    // A setting of the profile.
    std::optional<std::string> setting(std::string_view name) const;
    // A variable of the environment; an empty one counts as not set.
    std::optional<std::string> variable(const std::string& name) const;
    const Surroundings& surroundings() const { return surroundings_; }

  private:
    AwsConfig() = default;
    Result<void> read_files();
    Result<void> choose_profile(const std::string& option);
    std::optional<std::string> services_endpoint(std::string_view service) const;

    Surroundings surroundings_;
    std::string profile_;
    bool profile_is_option_ = false;
    std::string config_path_;
    std::string credentials_path_;
    // By profile name, without the "profile " that the config file has before it.
    ConfigFile config_profiles_;
    ConfigFile credentials_profiles_;
    ConfigFile merged_profiles_;
    ConfigFile services_;
};

}  // namespace godwit::s3
