#include "net/dialer.h"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::net {

using runtime::Context;
using runtime::Task;
using runtime::TaskGroup;

struct Dialer::Race {
    std::unique_ptr<Stream> winner;
    std::optional<Error> first_failure;
    std::size_t ended = 0;
    runtime::Signal changed;
};

Task<Result<std::unique_ptr<Stream>>> Dialer::dial(Context& context, const std::string& host,
                                                   std::uint16_t port) {
    GODWIT_CO_TRY(std::vector<Address> addresses, co_await resolver_.resolve(context, host, port));
    std::vector<Address> order = spread(addresses);
    co_return co_await dial_any(context, std::move(order));
}

Task<Result<std::unique_ptr<Stream>>> Dialer::dial_any(Context& context, std::vector<Address> addresses) {
    Context attempts(context);
    Race race;
    TaskGroup group(loop_);
    co_await start_all(context, race, addresses, group, attempts);
    while (!race.winner && race.ended < addresses.size()) {
        auto changed = co_await race.changed.wait(context);
        if (!changed) break;
    }
    attempts.cancel(Error(ErrorKind::Cancelled, "connect to", "address", "another one was faster"));
    co_await group.wait();
    if (race.winner) co_return std::move(race.winner);
    GODWIT_CO_TRY_VOID(context.check());
    co_return std::move(*race.first_failure);
}

// Returns once somebody has won, all are started, or the context has ended.
Task<void> Dialer::start_all(Context& context, Race& race, const std::vector<Address>& addresses,
                             TaskGroup& group, Context& attempts) {
    std::size_t started = 0;
    for (const Address& address : addresses) {
        group.spawn(attempt(attempts, race, address));
        ++started;
        Context head_start(context, options_.head_start, "connect");
        while (!race.winner && race.ended < started && !head_start.is_cancelled()) {
            auto changed = co_await race.changed.wait(head_start);
            if (!changed) break;
        }
        if (race.winner || context.is_cancelled()) co_return;
    }
}

Task<void> Dialer::attempt(Context& context, Race& race, Address address) {
    auto stream = Stream::open(loop_, address.family());
    Result<void> connected;
    if (!stream) {
        connected = std::move(stream.error());
    } else {
        connected = co_await (*stream)->connect(context, address);
    }
    if (connected && !race.winner) {
        race.winner = std::move(*stream);
        avoided_until_.erase(address);
    } else if (!connected) {
        // Also when it was still trying while another one won.
        bool is_its_fault = connected.error().code() != "NoLocalPort";
        if (is_its_fault && (!context.is_cancelled() || race.winner)) avoid(address);
        if (!race.first_failure) {
            const Error& error = connected.error();
            race.first_failure.emplace(
                Error(error.kind(), "connect to", address.display(), error.cause()).with_code(error.code()));
        }
    }
    ++race.ended;
    race.changed.notify_all();
}

void Dialer::avoid(const Address& address) {
    Instant now = loop_.now();
    if (avoided_until_.size() >= options_.avoided_max) {
        std::erase_if(avoided_until_, [&](const auto& entry) { return entry.second <= now; });
    }
    if (avoided_until_.size() < options_.avoided_max) avoided_until_[address] = now + options_.avoid_for;
}

bool Dialer::is_avoided(const Address& address) const {
    auto entry = avoided_until_.find(address);
    return entry != avoided_until_.end() && loop_.now() < entry->second;
}

std::vector<Address> Dialer::spread(const std::vector<Address>& addresses) {
    std::vector<Address> same, other;
    for (const Address& address : addresses) {
        (address.family() == addresses.front().family() ? same : other).push_back(address);
    }
    std::vector<Address> order, avoided;
    auto add = [&](const std::vector<Address>& family, std::size_t i) {
        if (i >= family.size()) return;
        const Address& address = family[(i + turn_) % family.size()];
        (is_avoided(address) ? avoided : order).push_back(address);
    };
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        add(same, i);
        add(other, i);
    }
    ++turn_;
    order.insert(order.end(), avoided.begin(), avoided.end());
    return order;
}

}  // namespace godwit::net
