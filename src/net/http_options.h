// What can be set on an HTTP client, and what it counts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace godwit::net {

struct TlsOptions {
    // PEM file or directory of certificate authorities; empty: the system's.
    std::string ca_file = {};
    // Off only by an explicit option of the user, and then said loudly by the caller.
    bool verify = true;
};

struct HttpClientOptions {
    TlsOptions tls = {};
    // "http://host:port" of a forward proxy for all but `no_proxy` hosts; TLS goes through CONNECT.
    // User information is allowed here and sent as Proxy-Authorization.
    std::string proxy_http = {};
    std::string proxy_https = {};
    std::vector<std::string> no_proxy = {};
    std::size_t connections_max = 1024;
    std::size_t idle_connections_max = 1024;
    Duration connect_timeout = std::chrono::seconds(10);
    // From the last byte sent to the end of the answer's head.
    Duration answer_timeout = std::chrono::seconds(60);
    // No byte moved for this long while one was waited for: the connection is dead.
    Duration stall_timeout = std::chrono::seconds(30);
    // Fewer moved bytes than this in `stall_timeout` of waiting count as none: a peer that drips.
    // Not for answers of unknown length, where servers send white space while they work.
    std::uint64_t stall_bytes_min = 512;
    Duration idle_timeout = std::chrono::seconds(50);
    std::size_t head_bytes_max = 64 << 10;
};

struct HttpClientStats {
    std::uint64_t requests = 0;
    std::uint64_t connects = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
};

}  // namespace godwit::net
