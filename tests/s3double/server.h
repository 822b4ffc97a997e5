// An S3 server in memory, for tests, end-to-end runs and benchmarks: honest by default, hostile by
// rule, and with a log of what really happened.
//
// One thread of its own serves everything. The functions here may be called from any other thread;
// they see and change the same world that clients do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "s3double/audit.h"
#include "s3double/options.h"
#include "s3double/rules.h"
#include "s3double/service.h"
#include "s3double/world.h"

namespace godwit::s3double {

class Server {
  public:
    // Listens and serves until destroyed. Fails when the address cannot be had.
    static Result<std::unique_ptr<Server>> start(const Options& options);
    // Cuts all connections.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const;
    // "http://127.0.0.1:41234"
    std::string endpoint() const;
    // PEM of the authority that signed the server's certificate; empty without TLS.
    const std::string& authority_pem() const;

    void make_bucket(std::string_view name, bool versioned = false);
    // Keys that are computed; see Synthetic.
    void make_synthetic_bucket(std::string_view name, Synthetic synthetic);
    // Behind the clients' back: no request, nothing in the log. The bucket must exist. Returns the ETag.
    std::string put_object(std::string_view bucket, std::string_view key, std::string_view bytes,
                           Attributes attributes = {});
    void remove_object(std::string_view bucket, std::string_view key);
    // What is really stored; null when there is nothing.
    VersionPtr object(std::string_view bucket, std::string_view key) const;
    std::vector<std::string> keys(std::string_view bucket) const;
    // Multipart uploads that were neither completed nor aborted.
    std::vector<std::string> open_uploads(std::string_view bucket) const;

    void set_rules(std::vector<Rule> rules);
    void add_rule(Rule rule);
    // How often the rule of that name fired.
    std::uint64_t fired(std::string_view name) const;

    std::vector<AuditRecord> audit() const;
    // Requests of that kind since the start, or since reset_counts().
    std::uint64_t count(Operation operation) const;
    // Of all kinds.
    std::uint64_t requests() const;
    void reset_counts();
    ConnectionCounts connections() const;

  private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace godwit::s3double
