// One question to the name servers: all addresses of a host, by c-ares on the loop.
//
// Each lookup has a c-ares channel of its own, so that its sockets and its life are those of one
// coroutine; the resolver above it makes lookups rare. A and AAAA are asked for at once, and once one
// family has answered the other gets little patience: a server that drops AAAA queries must not
// cost every connection its full time-out.
#pragma once

#include <string>
#include <vector>

#include "net/address.h"
#include "runtime/io_loop.h"
#include "runtime/task.h"

namespace godwit::net {

struct NameLookupOptions {
    // "address:port,address:port"; empty: those of the system.
    std::string servers;
    // Of the first try at one server; c-ares lengthens it for later ones.
    Duration try_timeout = std::chrono::seconds(2);
    int tries = 3;
    // How much longer than the first family's answer the other's may take.
    Duration second_family_patience = std::chrono::milliseconds(200);
};

struct HostAddresses {
    std::vector<Address> addresses;  // port 0; at least one
    Duration time_to_live{};         // the shortest of the answer's
};

// /etc/hosts first, then DNS with the system's search list. Fails with Lost: code "NameNotFound" when
// the servers say that there is no such host, else c-ares' own name of the failure.
runtime::Task<Result<HostAddresses>> look_up(runtime::IoLoop& loop, runtime::Context& context,
                                             const NameLookupOptions& options, const std::string& host);

}  // namespace godwit::net
