// Which source of credentials a configuration asks for. Only this choice is made here; nothing is read
// from the network before the first get().

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/time_format.h"
#include "s3/credentials.h"
#include "s3/credentials_http.h"
#include "s3/credentials_process.h"
#include "s3/credentials_sts.h"

namespace godwit::s3 {

namespace {

using Provider = std::unique_ptr<CredentialsProvider>;

Error misconfigured(std::string_view where, std::string cause) {
    return Error(ErrorKind::Invalid, "find credentials in", std::string(where), std::move(cause));
}

class EnvironmentCredentials final : public CredentialsProvider {
  public:
    explicit EnvironmentCredentials(const AwsConfig& config) : config_(config) {}

    Task<Result<Credentials>> get(Context&) override { co_return read(); }
    std::string describe() const override { return "environment, AWS_ACCESS_KEY_ID"; }

  private:
    Result<Credentials> read() const {
        Credentials credentials;
        credentials.access_key_id = config_.variable("AWS_ACCESS_KEY_ID").value_or("");
        credentials.secret_access_key = config_.variable("AWS_SECRET_ACCESS_KEY").value_or("");
        auto token = config_.variable("AWS_SECURITY_TOKEN");
        credentials.session_token = token ? *token : config_.variable("AWS_SESSION_TOKEN").value_or("");
        if (credentials.access_key_id.empty())
            return misconfigured("the environment", "AWS_ACCESS_KEY_ID is not set");
        if (credentials.secret_access_key.empty()) {
            return misconfigured("the environment",
                                 "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not; set both or none");
        }
        if (auto expiry = config_.variable("AWS_CREDENTIAL_EXPIRATION")) {
            credentials.expires_unix_ns = parse_rfc3339(*expiry);
            if (!credentials.expires_unix_ns) {
                return misconfigured(
                    "the environment",
                    fmt::format("AWS_CREDENTIAL_EXPIRATION is '{}'; write it like 2026-11-21T21:30:17Z",
                                *expiry));
            }
        }
        return credentials;
    }

    const AwsConfig& config_;
};

enum class SharedFile : std::uint8_t { Credentials, Config };

// Keys in a section of a shared file, which is read again each time: that is how keys are rotated.
class SectionCredentials final : public CredentialsProvider {
  public:
    SectionCredentials(const AwsConfig& config, SharedFile file, std::string profile)
        : config_(config), file_(file), profile_(std::move(profile)) {}

    Task<Result<Credentials>> get(Context&) override { co_return read(); }
    std::string describe() const override {
        bool in_config = file_ == SharedFile::Config;
        return fmt::format("profile {} in {}", profile_,
                           in_config ? config_.config_path() : config_.credentials_path());
    }

  private:
    Result<Credentials> read() const {
        GODWIT_TRY(AwsConfig fresh, config_.reload());
        const ConfigSection* section = file_ == SharedFile::Config ? fresh.config_section(profile_)
                                                                   : fresh.credentials_section(profile_);
        std::string where = describe();
        if (!section) return misconfigured(where, "the profile is no longer there");
        Credentials credentials;
        credentials.access_key_id = section->find("aws_access_key_id").value_or("");
        credentials.secret_access_key = section->find("aws_secret_access_key").value_or("");
        auto token = section->find("aws_security_token");
        credentials.session_token = token ? *token : section->find("aws_session_token").value_or("");
        if (credentials.access_key_id.empty()) return misconfigured(where, "aws_access_key_id is missing");
        if (credentials.secret_access_key.empty())
            return misconfigured(where, "aws_secret_access_key is missing");
        return credentials;
    }

    const AwsConfig& config_;
    SharedFile file_;
    std::string profile_;
};

bool has_keys(const ConfigSection& section) {
    return section.find("aws_access_key_id") || section.find("aws_secret_access_key");
}
bool assumes_role(const ConfigSection& section) {
    return section.find("role_arn") && !section.find("web_identity_token_file");
}

Result<std::optional<int>> read_duration(const ConfigSection& section, std::string_view where) {
    constexpr int kSecondsMin = 900, kSecondsMax = 43'200;
    std::optional<std::string> text = section.find("duration_seconds");
    if (!text) return std::optional<int>();
    int seconds = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    bool is_number = error == std::errc() && end == text->data() + text->size();
    if (is_number && seconds >= kSecondsMin && seconds <= kSecondsMax) return std::optional<int>(seconds);
    return misconfigured(where, fmt::format("duration_seconds is '{}'; allowed are {} to {}", *text,
                                            kSecondsMin, kSecondsMax));
}

// The HTTP clients that providers ask with, made when the first one needs them: most runs need none.
class HttpClients {
  public:
    HttpClients(runtime::IoLoop& loop, net::HttpClientOptions options)
        : loop_(loop), options_(std::move(options)) {}

    // For STS, with the user's proxies and certificates.
    Result<net::HttpClient*> remote() { return made(remote_, options_); }
    // For endpoints on this machine, without.
    Result<net::HttpClient*> local() {
        net::HttpClientOptions options;
        options.connect_timeout = std::chrono::seconds(2);
        return made(local_, options);
    }

  private:
    Result<net::HttpClient*> made(std::unique_ptr<net::HttpClient>& client,
                                  const net::HttpClientOptions& options) {
        if (client) return client.get();
        GODWIT_TRY(client, net::HttpClient::make(loop_, options));
        return client.get();
    }

    runtime::IoLoop& loop_;
    net::HttpClientOptions options_;
    std::unique_ptr<net::HttpClient> remote_;
    std::unique_ptr<net::HttpClient> local_;
};

// Walks the configuration in botocore's order. What it makes refers to `config` and the clients.
class Chooser {
  public:
    Chooser(runtime::IoLoop& loop, const AwsConfig& config, HttpClients& clients, Random& random)
        : loop_(loop), config_(config), clients_(clients), random_(random) {}

    Result<Provider> choose() {
        const std::string& profile = config_.profile();
        bool environment_counts = !config_.profile_is_option();
        if (environment_counts && config_.variable("AWS_ACCESS_KEY_ID")) {
            return std::make_unique<EnvironmentCredentials>(config_);
        }
        const ConfigSection* section = config_.merged_section(profile);
        if (section && assumes_role(*section)) return assume_role(profile);
        GODWIT_TRY(Provider provider, from_profile(profile, environment_counts));
        if (provider) return provider;
        return from_machine();
    }

  private:
    // The sources that belong to one profile; null when it has none.
    Result<Provider> from_profile(const std::string& profile, bool environment_counts) {
        GODWIT_TRY(Provider web_identity, from_web_identity(profile, environment_counts));
        if (web_identity) return web_identity;
        const ConfigSection* shared = config_.credentials_section(profile);
        if (shared && shared->find("aws_access_key_id"))
            return section_provider(SharedFile::Credentials, profile);
        const ConfigSection* merged = config_.merged_section(profile);
        if (!merged) return Provider();
        if (auto command = merged->find("credential_process")) {
            return process_credentials(loop_, *command, profile, ProcessLimits());
        }
        const ConfigSection* config = config_.config_section(profile);
        if (config && config->find("aws_access_key_id")) return section_provider(SharedFile::Config, profile);
        if (!merged->find("sso_session") && !merged->find("sso_start_url")) return Provider();
        return misconfigured(
                   where(profile),
                   fmt::format(
                       "single sign-on is not supported; add to the profile: credential_process = aws "
                       "configure export-credentials --profile {}",
                       profile))
            .with_kind(ErrorKind::Unsupported);
    }

    Result<Provider> section_provider(SharedFile file, const std::string& profile) {
        return std::make_unique<SectionCredentials>(config_, file, profile);
    }

    Result<Provider> from_web_identity(const std::string& profile, bool environment_counts) {
        const ConfigSection* section = config_.merged_section(profile);
        auto find = [&](const char* variable, std::string_view setting) {
            std::optional<std::string> value;
            if (environment_counts) value = config_.variable(variable);
            if (!value && section) value = section->find(setting);
            return value;
        };
        auto token_path = find("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
        if (!token_path) return Provider();
        auto role_arn = find("AWS_ROLE_ARN", "role_arn");
        if (!role_arn) {
            return misconfigured(
                where(profile),
                "there is a web identity token file but no role; set AWS_ROLE_ARN or role_arn");
        }
        RoleRequest role;
        role.role_arn = *role_arn;
        role.session_name = find("AWS_ROLE_SESSION_NAME", "role_session_name").value_or("");
        role.found_in = where(profile);
        GODWIT_TRY(StsEndpoint endpoint, sts_endpoint(config_));
        GODWIT_TRY(net::HttpClient * http, clients_.remote());
        return web_identity_credentials(config_.surroundings(), *http, random_, std::move(endpoint),
                                        std::move(role), *token_path);
    }

    Result<Provider> assume_role(const std::string& profile) {
        visited_.push_back(profile);
        const ConfigSection& section = *config_.merged_section(profile);
        if (section.find("mfa_serial")) {
            return misconfigured(
                       where(profile),
                       "the role wants an MFA code, which Godwit can't ask for; use credential_process "
                       "or keys of a session")
                .with_kind(ErrorKind::Unsupported);
        }
        RoleRequest role;
        role.role_arn = section.find("role_arn").value_or("");
        role.session_name = section.find("role_session_name").value_or("");
        role.external_id = section.find("external_id").value_or("");
        role.found_in = where(profile);
        GODWIT_TRY(role.duration_seconds, read_duration(section, where(profile)));
        GODWIT_TRY(Provider source, role_source(profile, section));
        GODWIT_TRY(StsEndpoint endpoint, sts_endpoint(config_));
        GODWIT_TRY(net::HttpClient * http, clients_.remote());
        return role_credentials(*http, random_, std::move(endpoint), std::move(role), std::move(source));
    }

    // Whose keys ask for the role.
    Result<Provider> role_source(const std::string& profile, const ConfigSection& section) {
        auto source_profile = section.find("source_profile");
        auto credential_source = section.find("credential_source");
        if (source_profile && credential_source) {
            return misconfigured(where(profile),
                                 "it has both source_profile and credential_source; keep one");
        }
        if (credential_source) return named_source(profile, *credential_source);
        if (source_profile) return source_from_profile(profile, *source_profile);
        return misconfigured(where(profile),
                             "role_arn needs a source_profile or a credential_source beside it");
    }

    Result<Provider> source_from_profile(const std::string& profile, const std::string& source) {
        const ConfigSection* section = config_.merged_section(source);
        if (!section)
            return misconfigured(where(profile), fmt::format("its source_profile {} does not exist", source));
        // A profile may name itself when it holds keys too.
        bool seen = std::ranges::find(visited_, source) != visited_.end();
        if (seen && !(source == profile && has_keys(*section))) {
            return misconfigured(where(profile), fmt::format("source_profile goes in a circle: {} -> {}",
                                                             fmt::join(visited_, " -> "), source));
        }
        if (!has_keys(*section) && assumes_role(*section)) return assume_role(source);
        GODWIT_TRY(Provider provider, from_profile(source, false));
        if (provider) return provider;
        return misconfigured(where(source),
                             fmt::format("profile {} takes its keys from here, but there are none", profile));
    }

    Result<Provider> named_source(const std::string& profile, const std::string& name) {
        Result<Provider> provider = Provider();
        if (name == "Environment")
            provider = std::make_unique<EnvironmentCredentials>(config_);
        else if (name == "EcsContainer")
            provider = from_container();
        else if (name == "Ec2InstanceMetadata")
            provider = from_instance();
        else {
            return misconfigured(
                where(profile),
                fmt::format("credential_source is '{}'; allowed are Environment, EcsContainer and "
                            "Ec2InstanceMetadata",
                            printable(name)));
        }
        if (!provider || *provider) return provider;
        return misconfigured(where(profile), fmt::format("its credential_source {} is not configured", name));
    }

    Result<Provider> from_container() {
        if (!names_container(config_)) return Provider();
        GODWIT_TRY(net::HttpClient * http, clients_.local());
        return container_credentials(config_, *http);
    }

    Result<Provider> from_instance() {
        if (!may_ask_instance(config_)) return Provider();
        GODWIT_TRY(net::HttpClient * http, clients_.local());
        return instance_credentials(config_, *http);
    }

    Result<Provider> from_machine() {
        GODWIT_TRY(Provider container, from_container());
        if (container) return container;
        GODWIT_TRY(Provider instance, from_instance());
        if (instance) return instance;
        return Error(ErrorKind::NotFound, "find credentials in", "this machine's settings",
                     "there are none in environment, AWS files and container, and instance metadata is "
                     "switched off")
            .with_code("NoCredentials");
    }

    std::string where(const std::string& profile) const { return "profile " + profile; }

    runtime::IoLoop& loop_;
    const AwsConfig& config_;
    HttpClients& clients_;
    Random& random_;
    // Profiles on the way from role to role.
    std::vector<std::string> visited_;
};

// Holds what the chosen provider refers to.
class DefaultCredentials final : public CredentialsProvider {
  public:
    DefaultCredentials(runtime::IoLoop& loop, AwsConfig config, net::HttpClientOptions http)
        : config_(std::move(config)), clients_(loop, std::move(http)) {}

    Result<void> choose(runtime::IoLoop& loop, Random& random) {
        Chooser chooser(loop, config_, clients_, random);
        GODWIT_TRY(Provider chosen, chooser.choose());
        provider_ = refreshing_credentials(loop, std::move(chosen));
        return {};
    }

    Task<Result<Credentials>> get(Context& context) override { return provider_->get(context); }
    void refused(const Credentials& credentials) override { provider_->refused(credentials); }
    std::string describe() const override { return provider_->describe(); }

  private:
    AwsConfig config_;
    HttpClients clients_;
    Provider provider_;
};

}  // namespace

Result<Provider> default_credentials(runtime::IoLoop& loop, const AwsConfig& config,
                                     const net::HttpClientOptions& http, Random& random) {
    auto made = std::make_unique<DefaultCredentials>(loop, config, http);
    GODWIT_TRY_VOID(made->choose(loop, random));
    return made;
}

}  // namespace godwit::s3
