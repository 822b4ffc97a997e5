// Credentials over HTTP from the machine that we run on: the container endpoint (ECS, EKS pod identity)
// and the EC2 instance metadata service, version 2 only.
// Sources: Amazon ECS Developer Guide, "Task IAM role"; AWS SDKs and Tools Reference Guide, "Container
// credential provider" and "IMDS credential provider".
#pragma once

#include <memory>
#include <string>

#include "s3/credentials.h"
#include "s3/error_table.h"

namespace godwit::s3 {

struct SmallAnswer {
    AnswerHead head;
    std::string body;
};

// One exchange, its body read whole (at most `kCredentialsJsonBytesMax`), ended by `timeout`. Arguments
// outlive the task.
Task<Result<SmallAnswer>> fetch(Context& parent, net::HttpClient& http, const net::Origin& origin,
                                const net::HttpRequest& request, Duration timeout);

// May a container's token be sent there? Over https anywhere; else only to this machine and to the
// link-local addresses that AWS uses for it.
Result<void> check_container_url(const net::Url& url);

// Is AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI set?
bool names_container(const AwsConfig& config);
// Asks the one that is set (the first, if both are). The token is read anew each time. `http` has no
// proxies; all arguments outlive the provider.
Result<std::unique_ptr<CredentialsProvider>> container_credentials(const AwsConfig& config,
                                                                   net::HttpClient& http);

// False when AWS_EC2_METADATA_DISABLED is "true".
bool may_ask_instance(const AwsConfig& config);
// get() fails with NotFound when no metadata service answers or the instance has no role.
Result<std::unique_ptr<CredentialsProvider>> instance_credentials(const AwsConfig& config,
                                                                  net::HttpClient& http);

}  // namespace godwit::s3
