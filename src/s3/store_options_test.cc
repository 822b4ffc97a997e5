#include "s3/store_options.h"

#include <gtest/gtest.h>

#include <map>

namespace godwit::s3 {
namespace {

Surroundings surroundings(std::map<std::string, std::string> variables, std::string config = {}) {
    Surroundings made;
    made.variable = [variables](const std::string& name) -> std::optional<std::string> {
        auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
    made.read_file = [config](const std::string& path) -> Result<std::string> {
        if (path.ends_with("config") && !config.empty()) return config;
        return Error(ErrorKind::NotFound, "read", path, "no such file");
    };
    return made;
}

TEST(ResolveOptions, fills_what_was_left_empty) {
    S3Options options;
    options.surroundings = surroundings({{"HOME", "/home/u"},
                                         {"AWS_REGION", "eu-west-1"},
                                         {"AWS_ENDPOINT_URL_S3", "http://store:9000"},
                                         {"AWS_CA_BUNDLE", "/etc/ca.pem"},
                                         {"HTTPS_PROXY", "http://proxy:3128"},
                                         {"no_proxy", "localhost, .inside ,10.0.0.1"}},
                                        "[default]\ns3 =\n  addressing_style = virtual\n");
    auto resolved = resolve_options(options);
    ASSERT_TRUE(resolved) << resolved.error().message();
    EXPECT_EQ(resolved->endpoint.url, "http://store:9000");
    EXPECT_EQ(resolved->endpoint.region, "eu-west-1");
    EXPECT_EQ(resolved->endpoint.style, AddressStyle::Virtual);
    EXPECT_EQ(resolved->http.tls.ca_file, "/etc/ca.pem");
    EXPECT_EQ(resolved->http.proxy_https, "http://proxy:3128");
    EXPECT_EQ(resolved->http.no_proxy, (std::vector<std::string>{"localhost", ".inside", "10.0.0.1"}));
}

TEST(ResolveOptions, keeps_what_was_given) {
    S3Options options;
    options.endpoint.url = "https://mine";
    options.endpoint.region = "us-west-2";
    options.http.tls.ca_file = "/my/ca.pem";
    options.http.proxy_http = "http://mine:1";
    options.surroundings = surroundings({{"HOME", "/home/u"},
                                         {"AWS_REGION", "eu-west-1"},
                                         {"AWS_ENDPOINT_URL", "http://store:9000"},
                                         {"AWS_CA_BUNDLE", "/etc/ca.pem"},
                                         {"HTTPS_PROXY", "http://proxy:3128"}});
    auto resolved = resolve_options(options);
    ASSERT_TRUE(resolved) << resolved.error().message();
    EXPECT_EQ(resolved->endpoint.url, "https://mine");
    EXPECT_EQ(resolved->endpoint.region, "us-west-2");
    EXPECT_EQ(resolved->http.tls.ca_file, "/my/ca.pem");
    EXPECT_EQ(resolved->http.proxy_https, "") << "proxies are taken whole or not at all";
}

TEST(ResolveOptions, a_profile_that_is_nowhere_is_an_error) {
    S3Options options;
    options.profile = "nowhere";
    options.surroundings = surroundings({{"HOME", "/home/u"}});
    EXPECT_FALSE(resolve_options(options));
}

}  // namespace
}  // namespace godwit::s3
