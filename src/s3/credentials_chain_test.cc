// The chain against real sockets: a stub stands for STS, a container's endpoint and the instance
// metadata service. The order of sources is botocore's.
#include <gtest/gtest.h>

#include "base/time_format.h"
#include "s3/credentials.h"
#include "s3/credentials_http.h"
#include "s3/fake_surroundings.h"
#include "s3/stub_endpoint.h"

namespace godwit::s3 {
namespace {

constexpr const char* kConfig = "/home/u/.aws/config";
constexpr const char* kCredentials = "/home/u/.aws/credentials";
constexpr std::string_view kEndpointJson =
    R"({"Code":"Success","AccessKeyId":"ASIAEND","SecretAccessKey":"s3cr3t","Token":"tok",)"
    R"("Expiration":"2036-01-01T00:00:00Z"})";

std::string sts_answer(std::string_view action, std::string_view key) {
    std::string name(action);
    return "<" + name + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + name +
           "Result><Credentials><AccessKeyId>" + std::string(key) +
           "</AccessKeyId><SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken>t0ken</SessionToken>"
           "<Expiration>2036-01-01T00:00:00Z</Expiration></Credentials></" +
           name + "Result></" + name + "Response>";
}

// The parts of a form by name.
std::string field(const std::string& form, const std::string& name) {
    std::size_t at = ("&" + form).find("&" + name + "=");
    if (at == std::string::npos) return "(absent)";
    at += name.size() + 1;
    return form.substr(at, form.find('&', at) - at);
}

class ChainTest : public testing::Test {
  protected:
    ChainTest() { fake.variables["AWS_EC2_METADATA_DISABLED"] = "true"; }

    // "KEY/TOKEN", or "KIND: message".
    std::string get(const std::string& profile = "") {
        auto config = AwsConfig::load(fake.view(), profile);
        if (!config) return std::string(to_string(config.error().kind())) + ": " + config.error().message();
        auto made = default_credentials(loop, *config, net::HttpClientOptions(), system_random());
        if (!made) return std::string(to_string(made.error().kind())) + ": " + made.error().message();
        provider = std::move(*made);
        return again();
    }
    std::string again() {
        runtime::Context context(loop);
        Result<Credentials> result = loop.block_on(provider->get(context));
        if (!result) return std::string(to_string(result.error().kind())) + ": " + result.error().message();
        EXPECT_FALSE(result->secret_access_key.empty());
        EXPECT_FALSE(provider->describe().contains(result->secret_access_key));
        expires = result->expires_unix_ns;
        return result->access_key_id + "/" + result->session_token;
    }
    std::string described() const { return provider->describe(); }

    FakeSurroundings fake;
    runtime::IoLoop loop;
    std::unique_ptr<CredentialsProvider> provider;
    std::optional<std::int64_t> expires;
};

TEST_F(ChainTest, nothing_configured_says_where_was_looked) {
    EXPECT_EQ(get(),
              "not_found: find credentials in this machine's settings: there are none in environment, AWS "
              "files and "
              "container, and instance metadata is switched off (NoCredentials)");
}

TEST_F(ChainTest, environment_wins) {
    fake.variables["AWS_ACCESS_KEY_ID"] = "AKIAENV";
    fake.variables["AWS_SECRET_ACCESS_KEY"] = "secret";
    fake.files[kConfig] = "[default]\nrole_arn = arn\nsource_profile = default\naws_access_key_id = X\n";
    EXPECT_EQ(get(), "AKIAENV/");
    EXPECT_EQ(described(), "environment, AWS_ACCESS_KEY_ID");
    fake.variables["AWS_SESSION_TOKEN"] = "t1";
    EXPECT_EQ(get(), "AKIAENV/t1");
    fake.variables["AWS_SECURITY_TOKEN"] = "t2";
    EXPECT_EQ(get(), "AKIAENV/t2");
    fake.variables["AWS_CREDENTIAL_EXPIRATION"] = "2036-01-01T00:00:00Z";
    EXPECT_EQ(get(), "AKIAENV/t2");
    EXPECT_EQ(expires, parse_rfc3339("2036-01-01T00:00:00Z"));
}

TEST_F(ChainTest, half_an_environment_is_an_error_and_no_search) {
    fake.variables["AWS_ACCESS_KEY_ID"] = "AKIAENV";
    fake.files[kCredentials] = "[default]\naws_access_key_id = F\naws_secret_access_key = S\n";
    EXPECT_EQ(get(),
              "invalid: find credentials in the environment: AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY "
              "is not; "
              "set both or none");
}

TEST_F(ChainTest, a_profile_of_the_option_switches_the_environment_off) {
    fake.variables["AWS_ACCESS_KEY_ID"] = "AKIAENV";
    fake.variables["AWS_SECRET_ACCESS_KEY"] = "secret";
    fake.files[kCredentials] = "[a]\naws_access_key_id = FILE\naws_secret_access_key = S\n";
    EXPECT_EQ(get("a"), "FILE/");
    fake.variables["AWS_PROFILE"] = "a";
    EXPECT_EQ(get(), "AKIAENV/");
}

TEST_F(ChainTest, credentials_file_then_process_then_config_file) {
    fake.files[kConfig] =
        "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = S\n"
        "credential_process = echo '{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"zzz\","
        "\"SessionToken\":\"t\",\"Expiration\":\"2036-01-01T00:00:00Z\"}'\n";
    fake.files[kCredentials] =
        "[default]\naws_access_key_id = FILE\naws_secret_access_key = S\naws_session_token = T\n";
    EXPECT_EQ(get(), "FILE/T");
    EXPECT_EQ(described(), "profile default in /home/u/.aws/credentials");
    fake.files.erase(kCredentials);
    EXPECT_EQ(get(), "PROC/t");
    EXPECT_EQ(described(), "credential_process of profile default");
    EXPECT_TRUE(expires);
    fake.files[kConfig] = "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = S\n";
    EXPECT_EQ(get(), "CONFIG/");
    EXPECT_EQ(described(), "profile default in /home/u/.aws/config");
}

TEST_F(ChainTest, incomplete_keys_in_a_file_name_what_is_missing) {
    fake.files[kCredentials] = "[default]\naws_access_key_id = FILE\n";
    EXPECT_EQ(
        get(),
        "invalid: find credentials in profile default in /home/u/.aws/credentials: aws_secret_access_key is "
        "missing");
}

TEST_F(ChainTest, rotated_keys_are_found_once_the_old_ones_are_refused) {
    fake.files[kCredentials] = "[default]\naws_access_key_id = OLD\naws_secret_access_key = S\n";
    EXPECT_EQ(get(), "OLD/");
    fake.files[kCredentials] = "[default]\naws_access_key_id = NEW\naws_secret_access_key = S\n";
    EXPECT_EQ(again(), "OLD/");
    provider->refused({.access_key_id = "OLD", .secret_access_key = "S"});
    EXPECT_EQ(again(), "NEW/");
}

TEST_F(ChainTest, what_a_process_says_is_checked) {
    auto with = [&](std::string_view output) {
        fake.files[kConfig] = "[default]\ncredential_process = echo '" + std::string(output) + "'\n";
        return get();
    };
    std::string where = "corrupt: get credentials from credential_process of profile default: ";
    EXPECT_EQ(with("hello s3cr3t"), where + "the answer is no JSON object");
    EXPECT_EQ(with("[]"), where + "the answer is no JSON object");
    EXPECT_EQ(with(R"({"AccessKeyId":"A","SecretAccessKey":"S"})"), where + "the answer's Version is not 1");
    EXPECT_EQ(with(R"({"Version":2,"AccessKeyId":"A","SecretAccessKey":"S"})"),
              where + "the answer's Version is not 1");
    EXPECT_EQ(with(R"({"Version":1,"SecretAccessKey":"S"})"), where + "the answer has no AccessKeyId");
    EXPECT_EQ(with(R"({"Version":1,"AccessKeyId":"A"})"), where + "the answer has no SecretAccessKey");
    EXPECT_EQ(with(R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"soon"})"),
              where + "Expiration is 'soon', not an RFC 3339 time");
    EXPECT_EQ(with(R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S"})"), "A/");
}

TEST_F(ChainTest, single_sign_on_says_what_to_do_instead) {
    fake.files[kConfig] = "[profile a]\nsso_session = s\n";
    EXPECT_EQ(
        get("a"),
        "unsupported: find credentials in profile a: single sign-on is not supported; add to the profile: "
        "credential_process = aws configure export-credentials --profile a");
}

class RoleTest : public ChainTest {
  protected:
    RoleTest()
        : sts([this](const StubRequest& request) -> StubEndpoint::Reply {
              if (failures-- > 0) return failure;
              std::string action = field(request.body, "Action");
              return {"200 OK", sts_answer(action, "ASIA" + std::to_string(sts.requests().size()))};
          }) {
        fake.variables["AWS_ENDPOINT_URL_STS"] = sts.url();
        fake.variables["AWS_REGION"] = "eu-west-1";
    }
    std::atomic<int> failures = 0;
    StubEndpoint::Reply failure;
    StubEndpoint sts;
};

TEST_F(RoleTest, a_role_is_assumed_with_the_source_profiles_keys) {
    fake.files[kConfig] =
        "[profile work]\nrole_arn = arn:aws:iam::1:role/a b\nsource_profile = base\nexternal_id = x/1\n"
        "role_session_name = me\nduration_seconds = 900\n";
    fake.files[kCredentials] =
        "[base]\naws_access_key_id = BASE\naws_secret_access_key = S\naws_session_token = BT\n";
    EXPECT_EQ(get("work"), "ASIA1/t0ken");
    EXPECT_EQ(expires, parse_rfc3339("2036-01-01T00:00:00Z"));
    ASSERT_EQ(sts.requests().size(), 1u);
    StubRequest request = sts.requests()[0];
    EXPECT_EQ(request.line(), "POST /");
    EXPECT_EQ(request.body,
              "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b&"
              "RoleSessionName=me"
              "&ExternalId=x%2F1&DurationSeconds=900");
    EXPECT_EQ(request.header("x-amz-security-token"), "BT");
    std::string authorization = request.header("authorization");
    EXPECT_TRUE(authorization.starts_with("AWS4-HMAC-SHA256 Credential=BASE/")) << authorization;
    EXPECT_TRUE(
        authorization.contains("/eu-west-1/sts/aws4_request, SignedHeaders="
                               "accept;content-length;content-type;host;x-amz-date;x-amz-security-token"))
        << authorization;
    EXPECT_EQ(described(), "role arn:aws:iam::1:role/a b of profile work, assumed at " + sts.url() +
                               " with profile base in /home/u/.aws/credentials");
    EXPECT_EQ(again(), "ASIA1/t0ken");
    EXPECT_EQ(sts.requests().size(), 1u);
}

TEST_F(RoleTest, roles_can_be_chained) {
    fake.files[kConfig] =
        "[profile a]\nrole_arn = ra\nsource_profile = b\n[profile b]\nrole_arn = rb\nsource_profile = c\n"
        "[profile c]\naws_access_key_id = C\naws_secret_access_key = S\n";
    EXPECT_EQ(get("a"), "ASIA2/t0ken");
    ASSERT_EQ(sts.requests().size(), 2u);
    EXPECT_EQ(field(sts.requests()[0].body, "RoleArn"), "rb");
    EXPECT_TRUE(sts.requests()[0].header("authorization").contains("Credential=C/"));
    EXPECT_EQ(field(sts.requests()[1].body, "RoleArn"), "ra");
    EXPECT_TRUE(sts.requests()[1].header("authorization").contains("Credential=ASIA1/"));
    EXPECT_EQ(field(sts.requests()[0].body, "RoleSessionName").size(), std::string("godwit-").size() + 16);
}

TEST_F(RoleTest, a_profile_may_name_itself_when_it_has_keys) {
    fake.files[kConfig] =
        "[default]\nrole_arn = r\nsource_profile = default\naws_access_key_id = D\naws_secret_access_key = "
        "S\n";
    EXPECT_EQ(get(), "ASIA1/t0ken");
}

TEST_F(RoleTest, credential_source_names_where_the_keys_are) {
    fake.files[kConfig] = "[profile a]\nrole_arn = r\ncredential_source = Environment\n";
    fake.variables["AWS_ACCESS_KEY_ID"] = "ENV";
    fake.variables["AWS_SECRET_ACCESS_KEY"] = "S";
    EXPECT_EQ(get("a"), "ASIA1/t0ken");
    EXPECT_TRUE(sts.requests()[0].header("authorization").contains("Credential=ENV/"));
    fake.files[kConfig] = "[profile a]\nrole_arn = r\ncredential_source = EcsContainer\n";
    EXPECT_TRUE(get("a").ends_with("its credential_source EcsContainer is not configured"));
    fake.files[kConfig] = "[profile a]\nrole_arn = r\ncredential_source = Elsewhere\n";
    EXPECT_TRUE(get("a").contains("credential_source is 'Elsewhere'; allowed are"));
}

TEST_F(RoleTest, configurations_that_cannot_work_say_why) {
    auto with = [&](std::string_view text) {
        fake.files[kConfig] = text;
        return get("a");
    };
    EXPECT_EQ(with("[profile a]\nrole_arn = r\n"),
              "invalid: find credentials in profile a: role_arn needs a source_profile or a "
              "credential_source beside it");
    EXPECT_TRUE(
        with("[profile a]\nrole_arn = r\nsource_profile = b\ncredential_source = Environment\n[profile b]\n")
            .ends_with("it has both source_profile and credential_source; keep one"));
    EXPECT_TRUE(with("[profile a]\nrole_arn = r\nsource_profile = x\n")
                    .ends_with("its source_profile x does not exist"));
    EXPECT_TRUE(with("[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nregion = x\n")
                    .ends_with("profile a takes its keys from here, but there are none"));
    EXPECT_TRUE(
        with("[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n")
            .ends_with("source_profile goes in a circle: a -> b -> a"));
    EXPECT_TRUE(with("[profile a]\nrole_arn = r\nsource_profile = a\n").contains("in a circle"));
    EXPECT_TRUE(with("[profile a]\nrole_arn = r\nsource_profile = b\nmfa_serial = m\n[profile b]\n")
                    .starts_with("unsupported: find credentials in profile a: the role wants an MFA code"));
    EXPECT_TRUE(with("[profile a]\nrole_arn = r\nsource_profile = b\nduration_seconds = 5\n[profile b]\n")
                    .ends_with("duration_seconds is '5'; allowed are 900 to 43200"));
    EXPECT_TRUE(sts.requests().empty());
}

TEST_F(RoleTest, web_identity_sends_the_token_unsigned_and_reads_it_anew) {
    fake.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
    fake.variables["AWS_ROLE_ARN"] = "arn:r";
    fake.variables["AWS_ROLE_SESSION_NAME"] = "s";
    fake.files["/token"] = "ey.J+/=\n";
    EXPECT_EQ(get(), "ASIA1/t0ken");
    StubRequest request = sts.requests()[0];
    EXPECT_EQ(request.body,
              "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=s"
              "&WebIdentityToken=ey.J%2B%2F%3D");
    EXPECT_EQ(request.header("authorization"), "(absent)");
    EXPECT_EQ(described(),
              "role arn:r of profile default, assumed at " + sts.url() + " with the web identity in /token");
    fake.files["/token"] = "second";
    provider->refused({.access_key_id = "ASIA1", .secret_access_key = "s3cr3t", .session_token = "t0ken"});
    EXPECT_EQ(again(), "ASIA2/t0ken");
    EXPECT_EQ(field(sts.requests()[1].body, "WebIdentityToken"), "second");
}

TEST_F(RoleTest, web_identity_of_a_profile_and_without_a_role) {
    fake.files[kConfig] = "[profile a]\nrole_arn = ra\nweb_identity_token_file = /token\n";
    fake.files["/token"] = "t";
    EXPECT_EQ(get("a"), "ASIA1/t0ken");
    EXPECT_EQ(field(sts.requests()[0].body, "RoleArn"), "ra");
    fake.files[kConfig] = "[profile a]\nweb_identity_token_file = /token\n";
    EXPECT_TRUE(
        get("a").ends_with("there is a web identity token file but no role; set AWS_ROLE_ARN or role_arn"));
    fake.files[kConfig] = "[profile a]\nrole_arn = ra\nweb_identity_token_file = /missing\n";
    EXPECT_TRUE(get("a").starts_with("not_found: read /missing"));
}

TEST_F(RoleTest, refusals_of_sts_are_told_and_overload_is_tried_again) {
    fake.files[kConfig] =
        "[profile a]\nrole_arn = arn:r\nsource_profile = b\n[profile b]\naws_access_key_id = "
        "B\naws_secret_access_key = S\n";
    failure = {"403 Forbidden",
               "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error>"
               "<RequestId>R1</RequestId></ErrorResponse>"};
    failures = 100;
    EXPECT_EQ(get("a"), "denied: assume role arn:r: HTTP status 403: not you (AccessDenied, request R1)");
    EXPECT_EQ(sts.requests().size(), 1u);
    failure = {"503 Service Unavailable", ""};
    failures = 1;
    EXPECT_EQ(get("a"), "ASIA3/t0ken");
    failure = {"200 OK", "<AssumeRoleResponse/>"};
    failures = 1;
    EXPECT_EQ(get("a"), "ASIA5/t0ken");
}

class EndpointTest : public ChainTest {
  protected:
    EndpointTest() : stub([this](const StubRequest& request) { return answer(request); }) {}

    StubEndpoint::Reply answer(const StubRequest& request) {
        std::string line = request.line();
        if (broken) return {"500 Oops", "<Error><Code>Oops</Code><Message>secret words</Message></Error>"};
        if (line == "PUT /latest/api/token") return {"200 OK", "imds-token"};
        if (line.starts_with("GET /latest/") && request.header("x-aws-ec2-metadata-token") != "imds-token") {
            return {"401 Unauthorized", ""};
        }
        if (line == "GET /latest/meta-data/iam/security-credentials/") return {role_status, "my-role\n"};
        return {"200 OK", std::string(kEndpointJson)};
    }
    std::atomic<bool> broken = false;
    std::string role_status = "200 OK";
    StubEndpoint stub;
};

TEST_F(EndpointTest, container_endpoint_is_asked_with_its_token) {
    fake.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = stub.url() + "/v2/creds?id=1";
    fake.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "env-token";
    EXPECT_EQ(get(), "ASIAEND/tok");
    EXPECT_EQ(stub.requests()[0].line(), "GET /v2/creds?id=1");
    EXPECT_EQ(stub.requests()[0].header("authorization"), "env-token");
    EXPECT_EQ(described(), "container endpoint " + stub.url() + "/v2/creds");
    fake.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
    fake.files["/token"] = "file-token";
    EXPECT_EQ(get(), "ASIAEND/tok");
    EXPECT_EQ(stub.requests()[1].header("authorization"), "file-token");
    fake.files["/token"] = "a\r\nx: y";
    EXPECT_TRUE(get().ends_with("the authorization token holds a line break"));
}

TEST_F(EndpointTest, container_comes_after_every_profile_and_before_the_instance) {
    fake.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = stub.url() + "/c";
    fake.variables.erase("AWS_EC2_METADATA_DISABLED");
    fake.files[kConfig] = "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = S\n";
    EXPECT_EQ(get(), "CONFIG/");
    fake.files.clear();
    EXPECT_EQ(get(), "ASIAEND/tok");
}

TEST_F(EndpointTest, what_an_endpoint_says_in_failing_is_not_repeated) {
    fake.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = stub.url() + "/c";
    broken = true;
    std::string message = get();
    EXPECT_TRUE(message.starts_with("busy: get credentials from " + stub.url() + "/c: HTTP status 500"))
        << message;
    EXPECT_FALSE(message.contains("secret words"));
    EXPECT_EQ(stub.requests().size(), 3u);
}

TEST_F(EndpointTest, tokens_go_to_this_machine_or_over_tls_only) {
    auto allowed = [](std::string_view text) {
        return check_container_url(*net::parse_url(text)).has_value();
    };
    for (std::string_view url : {"https://anywhere.example/", "http://127.0.0.1/", "http://127.8.9.1:80/x",
                                 "http://localhost/", "http://[::1]/", "http://169.254.170.2/x",
                                 "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1"}) {
        EXPECT_TRUE(allowed(url)) << url;
    }
    for (std::string_view url :
         {"http://anywhere.example/", "http://127.evil.example/", "http://169.254.170.2.evil.example/",
          "http://169.254.169.254/", "http://10.0.0.1/", "http://localhost.evil.example/"}) {
        EXPECT_FALSE(allowed(url)) << url;
    }
    fake.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = ".evil.example/x";
    EXPECT_TRUE(get().contains("a token would go there unencrypted"));
}

TEST_F(EndpointTest, instance_metadata_is_asked_by_version_two) {
    fake.variables.erase("AWS_EC2_METADATA_DISABLED");
    fake.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = stub.url();
    EXPECT_EQ(get(), "ASIAEND/tok");
    EXPECT_EQ(expires, parse_rfc3339("2036-01-01T00:00:00Z"));
    ASSERT_EQ(stub.requests().size(), 3u);
    EXPECT_EQ(stub.requests()[0].header("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
    EXPECT_EQ(stub.requests()[2].line(), "GET /latest/meta-data/iam/security-credentials/my-role");
    EXPECT_EQ(described(), "role my-role by EC2 instance metadata at " + stub.url());
}

TEST_F(EndpointTest, an_instance_without_a_role_has_no_credentials) {
    fake.variables.erase("AWS_EC2_METADATA_DISABLED");
    fake.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = stub.url();
    role_status = "404 Not Found";
    EXPECT_TRUE(get().starts_with("not_found: "));
}

TEST_F(EndpointTest, metadata_that_is_switched_off_gives_no_credentials) {
    fake.variables.erase("AWS_EC2_METADATA_DISABLED");
    fake.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = stub.url();
    role_status = "403 Forbidden";
    EXPECT_EQ(get(),
              "not_found: find credentials in this machine's settings: there are none in environment, AWS "
              "files and container, and the instance metadata service refuses at " +
                  stub.url() + " (NoCredentials)");
}

TEST_F(EndpointTest, no_metadata_service_is_not_found) {
    fake.variables.erase("AWS_EC2_METADATA_DISABLED");
    // Nobody listens on port 1.
    fake.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1";
    EXPECT_EQ(get(),
              "not_found: find credentials in this machine's settings: there are none in environment, AWS "
              "files and "
              "container, and no instance metadata service answers at http://127.0.0.1:1 (NoCredentials)");
}

}  // namespace
}  // namespace godwit::s3
