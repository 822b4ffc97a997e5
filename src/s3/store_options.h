// What makes an S3 store: where it is, who we are there, and how objects are written.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/http_options.h"
#include "runtime/rate_limit.h"
#include "runtime/retry.h"
#include "s3/addressing.h"
#include "s3/aws_config.h"
#include "s3/credentials.h"
#include "s3/probe.h"
#include "s3/request_options.h"
#include "s3/sigv4.h"

namespace godwit::s3 {

class S3Store;

struct S3Options {
    std::string bucket;
    // "" or bytes before every key; a '/' is put at its end, so that "a/b" never means "a/bc".
    std::string prefix;

    // Empty fields are filled by resolve_options().
    EndpointOptions endpoint;
    // Of the shared configuration; empty: AWS_PROFILE, else "default".
    std::string profile;
    // Keys by hand, instead of the chain.
    std::optional<Credentials> credentials;
    bool anonymous = false;
    // For the store's own HTTP client (net::HttpClient::make) and for STS.
    net::HttpClientOptions http;

    ObjectOptions objects;
    ChecksumChoice checksum = ChecksumChoice::Auto;
    // Gives the source path of a key, to be written as user metadata `source-path` (--lineage). Empty: none
    // is.
    std::function<std::string(const std::string& key)> lineage;
    std::uint64_t put_bytes_max = 8u << 20;
    // Part sizes are multiples of it; S3 wants 5 MiB at least.
    std::uint64_t part_step_bytes = 8u << 20;
    // CopyObject's bound, and the parts of copies beyond it.
    std::uint64_t copy_bytes_max = 5ull << 30;
    std::uint64_t copy_part_step_bytes = 512u << 20;

    runtime::RetryPolicy retry;
    Duration request_timeout = std::chrono::minutes(5);
    // What each request takes one of before it is sent; null: nothing. Outlives the store.
    runtime::RateLimit* request_rate = nullptr;
    // Names what the probe writes, so that the run that carries on finds it: unguessable, the same for
    // the whole life of an execution. Empty: a new one for each store, and a crash may leave a probe.
    std::string probe_token;
    // Nobody can have written by that name before: nothing is looked for.
    bool probe_token_is_new = false;
    // What is written comes from there, under keys that would meet if it were this bucket: so before the
    // first write it is made sure that it is not, and if it is, all writes fail with Invalid, code
    // EndsOverlap. Null: nobody knows. It need not outlive the making of the store.
    const S3Store* source = nullptr;
    // Shared by the stores of a process; null: each store asks for itself.
    ProbeCache* probes = nullptr;
    // The same for credentials of the shared configuration.
    CredentialsCache* credentials_cache = nullptr;
    Surroundings surroundings = system_surroundings();
};

// Fills what was left empty from environment and shared configuration: endpoint URL, region,
// addressing style, CA bundle, proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY, lower case too). Fails with
// Invalid for a configuration that cannot be read.
Result<S3Options> resolve_options(S3Options options);

}  // namespace godwit::s3
