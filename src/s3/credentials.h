// Where credentials come from, in the order in which botocore looks:
//
//   1 environment   2 profile with role_arn (assume role)   3 web identity token
//   4 shared credentials file   5 credential_process   6 config file
//   7 container endpoint   8 EC2 instance metadata (IMDSv2)
//
// The first that is configured wins; if it then fails the search ends with its error, so that a typo
// does not silently use other keys. Secrets stay inside Credentials: no message, no describe(), no
// argv holds one.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "net/http_client.h"
#include "runtime/context.h"
#include "runtime/io_loop.h"
#include "runtime/task.h"
#include "s3/aws_config.h"
#include "s3/sigv4.h"

namespace godwit::s3 {

using runtime::Context;
using runtime::Task;

// Belongs to one loop's thread.
class CredentialsProvider {
  public:
    virtual ~CredentialsProvider() = default;

    // Credentials that are valid now; may ask the network. Kinds: NotFound (none configured; the cause
    // names where was looked), Denied (refused), Invalid and Unsupported (configuration), Lost and Busy
    // (asked in vain), Corrupt (an answer that is none).
    virtual Task<Result<Credentials>> get(Context& context) = 0;

    // A server has called these expired or unknown: do not give them again, if others can be had.
    virtual void refused(const Credentials& credentials);

    // Which source is used and from where, without secrets: "profile prod in /home/u/.aws/credentials".
    virtual std::string describe() const = 0;
};

// Keys given by hand (tests, options). `description` is for describe().
std::unique_ptr<CredentialsProvider> static_credentials(Credentials credentials, std::string description);
// Requests without a signature, by the user's explicit wish.
std::unique_ptr<CredentialsProvider> anonymous_credentials();

// Providers by what they were made for, so that nobody is asked once a store.
using CredentialsCache = std::map<std::string, std::shared_ptr<CredentialsProvider>>;

// Keeps what `inner` gives. From 5 minutes before its expiry one caller asks anew (single flight: the
// others go on with what is still valid, or wait and share the result). Failing to refresh is an error
// only once the old ones have expired. `inner` is asked at most every 10 s while its credentials serve.
std::unique_ptr<CredentialsProvider> refreshing_credentials(runtime::Loop& loop,
                                                            std::unique_ptr<CredentialsProvider> inner);

// The whole chain, with refresh. `http` is for STS and is used with its proxies; container and instance
// endpoints are asked without any. Reads files again when it refreshes, so rotated keys are found.
// `loop` and `random` outlive the provider. Fails with Invalid or Unsupported for a configuration that
// cannot work, and with NotFound when nothing is configured and instance metadata is switched off.
Result<std::unique_ptr<CredentialsProvider>> default_credentials(runtime::IoLoop& loop,
                                                                 const AwsConfig& config,
                                                                 const net::HttpClientOptions& http,
                                                                 Random& random);

}  // namespace godwit::s3
