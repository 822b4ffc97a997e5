// Roles from the AWS Security Token Service: AssumeRole and AssumeRoleWithWebIdentity.
// Source: AWS STS API Reference (query protocol, version 2011-06-15).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "s3/credentials.h"

namespace godwit::s3 {

struct RoleRequest {
    std::string role_arn;
    // Empty: a fresh one each time ("godwit-" and random digits).
    std::string session_name;
    std::string external_id;
    // 900 to 43,200; absent: what the role says.
    std::optional<int> duration_seconds;
    // Where the role was found, for describe(): "profile prod".
    std::string found_in;
};

struct StsEndpoint {
    net::Url url;
    // What the request is signed for.
    std::string region;
};
// AWS_ENDPOINT_URL_STS and its kin, else the region's endpoint, else the global one.
Result<StsEndpoint> sts_endpoint(const AwsConfig& config);

// Signs with what `source` gives. References outlive the provider.
std::unique_ptr<CredentialsProvider> role_credentials(net::HttpClient& http, Random& random,
                                                      StsEndpoint endpoint, RoleRequest role,
                                                      std::unique_ptr<CredentialsProvider> source);

// Proves itself by the token in `token_path`, which is read anew each time (it rotates).
std::unique_ptr<CredentialsProvider> web_identity_credentials(const Surroundings& surroundings,
                                                              net::HttpClient& http, Random& random,
                                                              StsEndpoint endpoint, RoleRequest role,
                                                              std::string token_path);

}  // namespace godwit::s3
