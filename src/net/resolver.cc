#include "net/resolver.h"

#include <algorithm>

namespace godwit::net {

using runtime::Context;
using runtime::Task;

struct Resolver::Use {
    explicit Use(Name& used) : name(used) { ++name.users; }
    ~Use() { --name.users; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Name& name;
};

namespace {

std::vector<Address> with_port(const std::vector<Address>& addresses, std::uint16_t port) {
    std::vector<Address> out;
    out.reserve(addresses.size());
    for (const Address& address : addresses) out.push_back(address.with_port(port));
    return out;
}

// RFC 6761 §6.3: no server is asked. (And c-ares 1.18 loses memory for each such question.)
bool is_localhost(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost");
}

std::vector<Address> loopback_addresses(std::uint16_t port) {
    return {*Address::parse("127.0.0.1", port), *Address::parse("::1", port)};
}

}  // namespace

Task<Result<std::vector<Address>>> Resolver::resolve(Context& context, const std::string& host,
                                                     std::uint16_t port) {
    if (std::optional<Address> literal = Address::parse(host, port)) co_return std::vector<Address>{*literal};
    if (is_localhost(host)) co_return loopback_addresses(port);
    Use use(name_for(host));
    Name& name = use.name;
    while (is_due(name)) {
        std::uint64_t answers_before = name.answers;
        if (name.being_looked_up) {
            GODWIT_CO_TRY_VOID(co_await name.answered.wait(context));
        } else {
            co_await refresh(context, name, host);
            GODWIT_CO_TRY_VOID(context.check());
        }
        // Unchanged when the asker was ended by its context: then somebody who waits asks again.
        if (name.answers != answers_before) break;
    }
    if (name.failure && loop_.now() >= name.usable_until) co_return name.failure->clone();
    co_return with_port(name.addresses, port);
}

Resolver::Name& Resolver::name_for(const std::string& host) {
    if (names_.size() >= options_.names_max && !names_.contains(host)) {
        std::erase_if(names_, [](const auto& entry) { return entry.second.users == 0; });
    }
    return names_[host];
}

bool Resolver::is_due(const Name& name) const {
    Instant now = loop_.now();
    return now >= name.fresh_until && !(name.failure && now < name.failure_until);
}

Task<void> Resolver::refresh(Context& context, Name& name, const std::string& host) {
    name.being_looked_up = true;
    ++lookups_;
    {
        Context limit(context, options_.lookup_timeout, "name servers");
        auto result = co_await look_up(loop_, limit, options_.lookup, host);
        if (!context.is_cancelled()) remember(name, std::move(result));
    }
    name.being_looked_up = false;
    name.answered.notify_all();
}

void Resolver::remember(Name& name, Result<HostAddresses> result) {
    Instant now = loop_.now();
    ++name.answers;
    if (!result) {
        name.failure.emplace(std::move(result.error()));
        name.failure_until = now + options_.failure_kept;
        return;
    }
    name.failure.reset();
    name.addresses = std::move(result->addresses);
    name.fresh_until = now + std::clamp(result->time_to_live, options_.fresh_min, options_.fresh_max);
    name.usable_until = name.fresh_until + options_.stale_max;
}

}  // namespace godwit::net
