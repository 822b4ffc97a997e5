// Opens TCP connections to hosts: names resolved, connections spread over all addresses of the
// answer, and a dead address passed by quickly ("happy eyeballs", RFC 8305).
//
// The next address is started when the one before has failed or has not connected for a moment; the
// first to connect wins. Addresses that failed or were too slow come last for a while, so that a
// network that swallows IPv6 costs one short wait and not one each time. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/resolver.h"
#include "net/stream.h"
#include "runtime/group.h"

namespace godwit::net {

struct DialerOptions {
    ResolverOptions names;
    // Head start of an address over the next one.
    Duration head_start = std::chrono::milliseconds(250);
    // How long a failed address comes last.
    Duration avoid_for = std::chrono::minutes(1);
    std::size_t avoided_max = 1024;
};

class Dialer {
  public:
    Dialer(runtime::IoLoop& loop, DialerOptions options)
        : loop_(loop), options_(std::move(options)), resolver_(loop, options_.names) {}

    // Fails with Lost when no address connects (the first address's reason), as Resolver does, or
    // with the context, which bounds the whole.
    runtime::Task<Result<std::unique_ptr<Stream>>> dial(runtime::Context& context, const std::string& host,
                                                        std::uint16_t port);
    // The same for known addresses (at least one), in this order.
    runtime::Task<Result<std::unique_ptr<Stream>>> dial_any(runtime::Context& context,
                                                            std::vector<Address> addresses);
    // The order in which they are tried next: families take turns beginning with the first one's,
    // each family from another start every time, avoided ones last.
    std::vector<Address> spread(const std::vector<Address>& addresses);

    const Resolver& resolver() const { return resolver_; }

  private:
    struct Race;
    runtime::Task<void> attempt(runtime::Context& context, Race& race, Address address);
    runtime::Task<void> start_all(runtime::Context& context, Race& race,
                                  const std::vector<Address>& addresses, runtime::TaskGroup& group,
                                  runtime::Context& attempts);
    void avoid(const Address& address);
    bool is_avoided(const Address& address) const;

    runtime::IoLoop& loop_;
    DialerOptions options_;
    Resolver resolver_;
    std::map<Address, Instant> avoided_until_;
    std::size_t turn_ = 0;
};

}  // namespace godwit::net
