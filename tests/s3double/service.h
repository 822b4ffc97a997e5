// Decides what a request gets: who is asking, what it means for the World, which rule bends it.
// Knows no socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "s3double/audit.h"
#include "s3double/exchange.h"
#include "s3double/options.h"
#include "s3double/rules.h"
#include "s3double/world.h"

namespace godwit::s3double {

// What the pages under /_double/ tell about the connections.
struct ConnectionCounts {
    std::uint64_t accepted = 0, open = 0, tls_handshakes = 0, bytes_in = 0, bytes_out = 0;
};

class Service {
  public:
    explicit Service(const Options& options);

    // The head is parsed. Decides on rule, signature and the body's plan.
    void begin(Exchange& x);
    // The head could not be parsed: answers 400 and closes.
    void refuse_head(Exchange& x, const Error& error);
    // The body is there whole (or failed). Carries the operation out and makes the answer.
    void finish(Exchange& x);

    // Wall clock with the options' offset.
    std::int64_t now_ns() const;
    // RFC 9110 date of now, made once a second.
    const std::string& date();

    const Options& options() const { return options_; }
    World& world() { return world_; }
    Rules& rules() { return rules_; }
    // Through here, so that the World keeps what stale answers need.
    void set_rules(std::vector<Rule> rules);
    Audit& audit() { return audit_; }
    ConnectionCounts& connections() { return connections_; }

  private:
    std::optional<Refusal> authenticate(Exchange& x);
    void plan_body(Exchange& x);
    std::optional<Refusal> check_body(Exchange& x);
    void act(Exchange& x);
    void answer_by_rule(Exchange& x);
    void act_first(Exchange& x);
    void record(Exchange& x, int status, std::string_view code);
    void add_common_headers(Exchange& x);

    Options options_;
    Sigv4Verifier verifier_;
    World world_;
    Rules rules_;
    Audit audit_;
    ConnectionCounts connections_;
    std::uint64_t last_request_ = 0;
    std::int64_t date_second_ = -1;
    std::string date_;
};

// Makes x.response the XML error for `refusal`.
void answer_refusal(Exchange& x, const Refusal& refusal);
std::string request_id(const Exchange& x);

}  // namespace godwit::s3double
