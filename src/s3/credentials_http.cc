#include "s3/credentials_http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/sabotage.h"
#include "runtime/retry.h"
#include "s3/credentials_json.h"
#include "s3/error_table.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kContainerBase = "http://169.254.170.2";
constexpr std::string_view kMetadataBase = "http://169.254.169.254";
constexpr std::string_view kMetadataBaseIpv6 = "http://[fd00:ec2::254]";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr std::string_view kTokenPath = "/latest/api/token";
constexpr Duration kContainerTimeout = std::chrono::seconds(2);
// Where there is no such service nothing answers, and every user without credentials waits this long.
constexpr Duration kMetadataTimeout = std::chrono::seconds(1);

runtime::RetryPolicy retry_policy(int attempts_max) {
    return {.attempts_max = attempts_max,
            .delay_min = std::chrono::milliseconds(200),
            .delay_max = std::chrono::seconds(2),
            .on_retry = {}};
}

net::HttpRequest make_request(std::string_view method, const net::Url& url, HeaderList headers) {
    headers.add("host", url.origin.authority());
    if (method == "PUT") headers.add("content-length", "0");
    HeadRequest head{
        .method = method, .path = url.path, .query = url.query, .headers = headers, .payload_hash = {}};
    net::HttpRequest request;
    request.head = unsigned_head(head);
    return request;
}

Result<std::string> body_of_success(const SmallAnswer& answer, std::string_view source) {
    if (answer.head.status == 200) return answer.body;
    Operation operation{.name = "get credentials from", .subject = source, .region = {}, .unix_time_ns = 0};
    // The body may be anything, also something that must not be shown.
    return refusal(operation, answer.head, GODWIT_SABOTAGE(repeat_secret_answer) ? answer.body : "").error;
}

bool is_loopback(std::string_view host) {
    bool is_ipv4 = std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
    return host == "localhost" || host == "::1" || (is_ipv4 && host.starts_with("127."));
}

class ContainerCredentials final : public CredentialsProvider {
  public:
    ContainerCredentials(const AwsConfig& config, net::HttpClient& http, net::Url url)
        : config_(config), http_(http), url_(std::move(url)), source_(url_.origin.display() + url_.path) {}

    Task<Result<Credentials>> get(Context& context) override {
        runtime::RetryPolicy policy = retry_policy(3);
        auto attempt = [&](int) { return ask(context); };
        co_return co_await runtime::retry(context, policy, attempt);
    }
    std::string describe() const override { return "container endpoint " + source_; }

  private:
    Task<Result<Credentials>> ask(Context& context) {
        HeaderList headers;
        headers.add("accept", "application/json");
        GODWIT_CO_TRY_VOID(add_token(headers));
        net::HttpRequest request = make_request("GET", url_, std::move(headers));
        GODWIT_CO_TRY(SmallAnswer answer,
                      co_await fetch(context, http_, url_.origin, request, kContainerTimeout));
        GODWIT_CO_TRY(std::string body, body_of_success(answer, source_));
        co_return parse_credentials_json(body, JsonDialect::Endpoint, source_);
    }

    Result<void> add_token(HeaderList& headers) const {
        std::string token = config_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or(std::string());
        if (auto path = config_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
            GODWIT_TRY(token, config_.surroundings().read_file(*path));
        }
        if (token.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
            return Error(ErrorKind::Invalid, "get credentials from", source_,
                         "the authorization token holds a line break");
        }
        if (!token.empty()) headers.add("authorization", token);
        return {};
    }

    const AwsConfig& config_;
    net::HttpClient& http_;
    net::Url url_;
    std::string source_;
};

class InstanceCredentials final : public CredentialsProvider {
  public:
    InstanceCredentials(net::HttpClient& http, net::Origin origin)
        : http_(http), origin_(std::move(origin)) {}

    Task<Result<Credentials>> get(Context& context) override {
        runtime::RetryPolicy policy = retry_policy(2);
        auto attempt = [&](int) { return ask(context); };
        Result<Credentials> result = co_await runtime::retry(context, policy, attempt);
        if (!result && role_.empty()) {
            // Nobody there, or (403) it is switched off: this is no machine that lends its credentials.
            ErrorKind kind = result.error().kind();
            if (kind == ErrorKind::Lost)
                co_return no_credentials("no instance metadata service answers at {}");
            if (kind == ErrorKind::Denied)
                co_return no_credentials("the instance metadata service refuses at {}");
        }
        co_return std::move(result);
    }
    std::string describe() const override {
        std::string where = "EC2 instance metadata at " + origin_.display();
        return role_.empty() ? where : fmt::format("role {} by {}", role_, where);
    }

  private:
    Error no_credentials(fmt::format_string<std::string> end) const {
        return Error(ErrorKind::NotFound, "find credentials in", "this machine's settings",
                     "there are none in environment, AWS files and container, and " +
                         fmt::format(end, origin_.display()))
            .with_code("NoCredentials");
    }

    Task<Result<Credentials>> ask(Context& context) {
        HeaderList lifetime;
        lifetime.add("x-aws-ec2-metadata-token-ttl-seconds", "21600");
        GODWIT_CO_TRY(std::string token, co_await text(context, "PUT", kTokenPath, lifetime));
        HeaderList proof;
        GODWIT_CO_TRY_VOID(add_proof(token, proof));
        GODWIT_CO_TRY(std::string roles, co_await text(context, "GET", kRolePath, proof));
        std::string role = roles.substr(0, roles.find_first_of("\r\n"));
        GODWIT_CO_TRY_VOID(check_role(role));
        std::string path = std::string(kRolePath) + role;
        GODWIT_CO_TRY(std::string body, co_await text(context, "GET", path, proof));
        role_ = std::move(role);
        co_return parse_credentials_json(body, JsonDialect::Endpoint, describe());
    }

    Task<Result<std::string>> text(Context& context, std::string_view method, std::string_view path,
                                   const HeaderList& headers) {
        net::Url url;
        url.origin = origin_;
        url.path = path;
        net::HttpRequest request = make_request(method, url, headers);
        GODWIT_CO_TRY(SmallAnswer answer, co_await fetch(context, http_, origin_, request, kMetadataTimeout));
        std::string source = origin_.display() + url.path;
        co_return body_of_success(answer, source);
    }

    Result<void> add_proof(const std::string& token, HeaderList& headers) const {
        if (token.empty() || std::ranges::any_of(token, [](char c) { return c < ' ' || c > '~'; })) {
            return Error(ErrorKind::Corrupt, "get credentials from", origin_.display(),
                         "the session token is none");
        }
        headers.add("x-aws-ec2-metadata-token", token);
        return {};
    }

    // It becomes part of a path.
    Result<void> check_role(const std::string& role) const {
        bool plain = std::ranges::all_of(role, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("+=,.@_-").contains(c);
        });
        if (plain && !role.empty()) return {};
        return Error(ErrorKind::Corrupt, "get credentials from", origin_.display(),
                     "the role's name is none");
    }

    net::HttpClient& http_;
    net::Origin origin_;
    // Of the last success.
    std::string role_;
};

}  // namespace

Task<Result<SmallAnswer>> fetch(Context& parent, net::HttpClient& http, const net::Origin& origin,
                                const net::HttpRequest& request, Duration timeout) {
    std::string what = "no answer from " + origin.display();
    Context context(parent, timeout, std::move(what));
    GODWIT_CO_TRY(net::HttpResponse response, co_await http.exchange(context, origin, request));
    SmallAnswer answer{.head = answer_head(response), .body = {}};
    GODWIT_CO_TRY(answer.body, co_await response.read_text(context, kCredentialsJsonBytesMax));
    co_return std::move(answer);
}

Result<void> check_container_url(const net::Url& url) {
    constexpr std::array<std::string_view, 3> kHosts{"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    const std::string& host = url.origin.host;
    if (url.origin.tls || is_loopback(host) || std::ranges::find(kHosts, host) != kHosts.end()) return {};
    return Error(
        ErrorKind::Invalid, "use container credentials from", url.origin.display(),
        fmt::format(
            "a token would go there unencrypted; allowed are https, loopback, and http to {}, {} and {}",
            kHosts[0], kHosts[1], kHosts[2]));
}

bool names_container(const AwsConfig& config) {
    return config.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
           config.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

Result<std::unique_ptr<CredentialsProvider>> container_credentials(const AwsConfig& config,
                                                                   net::HttpClient& http) {
    std::optional<std::string> relative = config.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    std::string full = config.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").value_or(std::string());
    if (relative) full = std::string(kContainerBase) + *relative;
    GODWIT_TRY(net::Url url, net::parse_url(full));
    GODWIT_TRY_VOID(check_container_url(url));
    return std::make_unique<ContainerCredentials>(config, http, std::move(url));
}

bool may_ask_instance(const AwsConfig& config) {
    std::string disabled = config.variable("AWS_EC2_METADATA_DISABLED").value_or(std::string());
    return disabled != "true" && disabled != "True" && disabled != "TRUE";
}

Result<std::unique_ptr<CredentialsProvider>> instance_credentials(const AwsConfig& config,
                                                                  net::HttpClient& http) {
    std::optional<std::string> endpoint = config.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (!endpoint) endpoint = config.setting("ec2_metadata_service_endpoint");
    std::optional<std::string> mode = config.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (!mode) mode = config.setting("ec2_metadata_service_endpoint_mode");
    bool ipv6 = mode && (*mode == "ipv6" || *mode == "IPv6");
    GODWIT_TRY(net::Url url,
               net::parse_url(endpoint.value_or(std::string(ipv6 ? kMetadataBaseIpv6 : kMetadataBase))));
    return std::make_unique<InstanceCredentials>(http, std::move(url.origin));
}

}  // namespace godwit::s3
