// Names to addresses, with memory: answers are kept for their time to live (within bounds), failures
// for a moment, and many callers that want one name at once share one lookup.
//
// When a refresh fails, the last good answer goes on being used for a while: a flapping name server
// must not stop a transfer whose servers have not moved. Loop thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "net/name_lookup.h"
#include "runtime/channel.h"

namespace godwit::net {

struct ResolverOptions {
    NameLookupOptions lookup;
    Duration lookup_timeout = std::chrono::seconds(5);
    Duration fresh_min = std::chrono::seconds(5);
    Duration fresh_max = std::chrono::seconds(60);
    Duration failure_kept = std::chrono::seconds(1);
    // How long after it went stale an answer may still be used when a refresh fails.
    Duration stale_max = std::chrono::minutes(10);
    std::size_t names_max = 1024;
};

class Resolver {
  public:
    Resolver(runtime::IoLoop& loop, ResolverOptions options) : loop_(loop), options_(std::move(options)) {}
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // All addresses of `host` (at least one), each with `port`. A literal address is its own answer, and
    // localhost with all below it is the loopback.
    // Fails as look_up does, or with the context.
    runtime::Task<Result<std::vector<Address>>> resolve(runtime::Context& context, const std::string& host,
                                                        std::uint16_t port);
    // Questions that were really asked.
    std::uint64_t lookups() const { return lookups_; }

  private:
    struct Name {
        std::vector<Address> addresses;
        Instant fresh_until{};
        Instant usable_until{};
        std::optional<Error> failure;
        Instant failure_until{};
        std::uint64_t answers = 0;  // good or bad
        bool being_looked_up = false;
        std::size_t users = 0;  // callers inside resolve(): the entry must stay
        runtime::Signal answered;
    };
    struct Use;

    Name& name_for(const std::string& host);
    bool is_due(const Name& name) const;
    runtime::Task<void> refresh(runtime::Context& context, Name& name, const std::string& host);
    void remember(Name& name, Result<HostAddresses> result);

    runtime::IoLoop& loop_;
    ResolverOptions options_;
    std::map<std::string, Name, std::less<>> names_;
    std::uint64_t lookups_ = 0;
};

}  // namespace godwit::net
