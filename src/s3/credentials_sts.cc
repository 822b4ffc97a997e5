#include "s3/credentials_sts.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "runtime/retry.h"
#include "s3/credentials_http.h"
#include "s3/error_table.h"
#include "s3/xml.h"
#include "s3/xml_document.h"

namespace godwit::s3 {

namespace {

constexpr Duration kStsTimeout = std::chrono::seconds(15);
constexpr int kStsAttemptsMax = 4;
constexpr std::size_t kRandomBytes = 8;
constexpr std::string_view kOperation = "assume role";

Error unusable(const RoleRequest& role, std::string cause) {
    return Error(ErrorKind::Corrupt, std::string(kOperation), role.role_arn, std::move(cause));
}

// <ActionResponse><ActionResult><Credentials>
Result<Credentials> parse_answer(const RoleRequest& role, std::string_view action, std::string body) {
    XmlDocument document;
    if (auto problem = document.parse(std::move(body))) return unusable(role, "the answer " + *problem);
    std::string result = fmt::format("{}Result", action);
    pugi::xml_node node = document.root().child(result.c_str()).child("Credentials");
    Reading reading;
    Credentials credentials;
    credentials.access_key_id = reading.required("AccessKeyId", text_of(node, "AccessKeyId"));
    credentials.secret_access_key = text_of(node, "SecretAccessKey");
    credentials.session_token = text_of(node, "SessionToken");
    credentials.expires_unix_ns = reading.time("Expiration", text_of(node, "Expiration"));
    if (reading.failure()) return unusable(role, "in the answer " + *reading.failure());
    if (credentials.secret_access_key.empty()) return unusable(role, "the answer has no SecretAccessKey");
    if (credentials.session_token.empty()) return unusable(role, "the answer has no SessionToken");
    return credentials;
}

// One call of STS: parameters in, credentials out, with the one retry loop around it.
class StsClient {
  public:
    StsClient(net::HttpClient& http, Random& random, StsEndpoint endpoint, RoleRequest role)
        : http_(http),
          random_(random),
          endpoint_(std::move(endpoint)),
          role_(std::move(role)),
          signer_(endpoint_.region, "sts") {}

    // `more` is appended to the form. Anonymous `credentials` are not signed with.
    Task<Result<Credentials>> call(Context& context, std::string_view action, const std::string& more,
                                   const Credentials& credentials) {
        std::string body = form(action) + more;
        runtime::RetryPolicy policy{.attempts_max = kStsAttemptsMax, .on_retry = {}};
        auto attempt = [&](int) { return ask(context, action, body, credentials); };
        co_return co_await runtime::retry(context, policy, attempt);
    }

    const RoleRequest& role() const { return role_; }
    const net::Origin& origin() const { return endpoint_.url.origin; }

  private:
    std::string form(std::string_view action) const {
        std::string name = role_.session_name;
        if (name.empty()) name = "godwit-" + random_hex(random_, kRandomBytes);
        std::string out = fmt::format("Action={}&Version=2011-06-15&RoleArn={}&RoleSessionName={}", action,
                                      percent_encode(role_.role_arn, Keep::Unreserved),
                                      percent_encode(name, Keep::Unreserved));
        if (!role_.external_id.empty())
            out += "&ExternalId=" + percent_encode(role_.external_id, Keep::Unreserved);
        if (role_.duration_seconds) out += fmt::format("&DurationSeconds={}", *role_.duration_seconds);
        return out;
    }

    Task<Result<Credentials>> ask(Context& context, std::string_view action, const std::string& body,
                                  const Credentials& credentials) {
        net::HttpRequest request = sign(body, credentials, context.loop().unix_time_ns());
        GODWIT_CO_TRY(SmallAnswer answer, co_await fetch(context, http_, origin(), request, kStsTimeout));
        if (answer.head.status == 200) co_return parse_answer(role_, action, std::move(answer.body));
        Operation operation{.name = kOperation,
                            .subject = role_.role_arn,
                            .region = endpoint_.region,
                            .unix_time_ns = context.loop().unix_time_ns()};
        co_return refusal(operation, answer.head, std::move(answer.body)).error;
    }

    net::HttpRequest sign(const std::string& body, const Credentials& credentials,
                          std::int64_t unix_time_ns) {
        HeaderList headers;
        headers.add("host", origin().authority());
        headers.add("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        headers.add("content-length", fmt::format("{}", body.size()));
        headers.add("accept", "application/xml");
        std::string hash = payload_sha256(bytes_of(body));
        HeadRequest head{.method = "POST",
                         .path = endpoint_.url.path,
                         .query = {},
                         .headers = headers,
                         .payload_hash = hash,
                         .unix_time_ns = unix_time_ns};
        net::HttpRequest request;
        request.head = signer_.head(credentials, head);
        request.body = bytes_of(body);
        return request;
    }

    net::HttpClient& http_;
    Random& random_;
    StsEndpoint endpoint_;
    RoleRequest role_;
    Signer signer_;
};

class RoleCredentials final : public CredentialsProvider {
  public:
    RoleCredentials(net::HttpClient& http, Random& random, StsEndpoint endpoint, RoleRequest role,
                    std::unique_ptr<CredentialsProvider> source)
        : sts_(http, random, std::move(endpoint), std::move(role)), source_(std::move(source)) {}

    Task<Result<Credentials>> get(Context& context) override {
        GODWIT_CO_TRY(Credentials credentials, co_await source_->get(context));
        std::string more;
        co_return co_await sts_.call(context, "AssumeRole", more, credentials);
    }
    std::string describe() const override {
        return fmt::format("role {} of {}, assumed at {} with {}", sts_.role().role_arn, sts_.role().found_in,
                           sts_.origin().display(), source_->describe());
    }

  private:
    StsClient sts_;
    std::unique_ptr<CredentialsProvider> source_;
};

class WebIdentityCredentials final : public CredentialsProvider {
  public:
    WebIdentityCredentials(const Surroundings& surroundings, net::HttpClient& http, Random& random,
                           StsEndpoint endpoint, RoleRequest role, std::string token_path)
        : surroundings_(surroundings),
          sts_(http, random, std::move(endpoint), std::move(role)),
          token_path_(std::move(token_path)) {}

    Task<Result<Credentials>> get(Context& context) override {
        GODWIT_CO_TRY(std::string token, surroundings_.read_file(token_path_));
        while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
        std::string more = "&WebIdentityToken=" + percent_encode(token, Keep::Unreserved);
        Credentials unsigned_request;
        co_return co_await sts_.call(context, "AssumeRoleWithWebIdentity", more, unsigned_request);
    }
    std::string describe() const override {
        return fmt::format("role {} of {}, assumed at {} with the web identity in {}", sts_.role().role_arn,
                           sts_.role().found_in, sts_.origin().display(), token_path_);
    }

  private:
    const Surroundings& surroundings_;
    StsClient sts_;
    std::string token_path_;
};

}  // namespace

Result<StsEndpoint> sts_endpoint(const AwsConfig& config) {
    std::optional<std::string> region = config.region();
    if (region && !is_region_name(*region)) {
        return Error(ErrorKind::Invalid, "use region", *region, "no region name; write one like us-east-1");
    }
    std::optional<std::string> text = config.endpoint_url("sts");
    if (!text && region) text = fmt::format("https://sts.{}.{}", *region, aws_dns_suffix(*region));
    if (!text) text = "https://sts.amazonaws.com";
    GODWIT_TRY(net::Url url, net::parse_url(*text));
    return StsEndpoint{.url = std::move(url), .region = region.value_or("us-east-1")};
}

std::unique_ptr<CredentialsProvider> role_credentials(net::HttpClient& http, Random& random,
                                                      StsEndpoint endpoint, RoleRequest role,
                                                      std::unique_ptr<CredentialsProvider> source) {
    return std::make_unique<RoleCredentials>(http, random, std::move(endpoint), std::move(role),
                                             std::move(source));
}

std::unique_ptr<CredentialsProvider> web_identity_credentials(const Surroundings& surroundings,
                                                              net::HttpClient& http, Random& random,
                                                              StsEndpoint endpoint, RoleRequest role,
                                                              std::string token_path) {
    return std::make_unique<WebIdentityCredentials>(surroundings, http, random, std::move(endpoint),
                                                    std::move(role), std::move(token_path));
}

}  // namespace godwit::s3
