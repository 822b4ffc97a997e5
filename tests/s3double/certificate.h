// A certificate authority of the moment and a server certificate under it, so that clients verify
// for real and tests can break just one thing.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "s3double/options.h"
#include "s3double/transport.h"

namespace godwit::s3double {

struct ServerIdentity {
    std::unique_ptr<SSL_CTX, FreeSsl> context;
    std::string authority_pem;  // what clients must trust
};

// For `host` (an IPv4 address or a name), "localhost" and "*.DOMAIN"; valid for a day.
Result<ServerIdentity> make_identity(const Options& options);

}  // namespace godwit::s3double
