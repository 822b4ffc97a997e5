// Idle connections by origin, for reuse: the most recently used first, so that the others may grow
// old and be closed. Together with the connections in use they stay within one bound of descriptors.
// Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "net/connection.h"
#include "runtime/permits.h"

namespace godwit::net {

class ConnectionPool : private runtime::Timer {
  public:
    static constexpr std::size_t kOriginsMax = 256;
    // The time for which the kernel keeps the port of a connection that is closed, at least.
    static constexpr Duration kMoreAfter = std::chrono::seconds(1);

    ConnectionPool(runtime::Loop& loop, const HttpClientOptions& options)
        : loop_(loop),
          options_(options),
          connections_max_(std::max<std::size_t>(options.connections_max, 1)),
          permits_(connections_max_) {}
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    // One for each connection in use; taken before take() or the opening of a new one.
    runtime::Permits::Acquire permit(runtime::Context& context);

    // An idle connection to `origin`, or null. It was looked at: the server has neither closed it nor
    // sent anything, as far as can be known before a request is sent on it.
    std::unique_ptr<Connection> take(const Origin& origin);
    // Keeps the connection if it may be reused at all, for the idle time-out at most.
    void give(std::unique_ptr<Connection> connection);
    // No local port was free for the connection of a permit that is held: allows no more connections than the
    // others that are in use, and a second later twice as many, and so on. False: there are no others.
    bool do_with_fewer();
    // Closes the oldest idle connections, so that one more may be opened.
    void make_room();
    std::size_t idle_connections() const { return idle_count_; }

  private:
    // Oldest first.
    using Idle = std::vector<std::unique_ptr<Connection>>;
    void expired() override;
    void close_oldest();
    // The origin whose first idle connection is the oldest. There must be one.
    Idle& oldest();

    runtime::Loop& loop_;
    const HttpClientOptions& options_;
    const std::uint64_t connections_max_;
    runtime::Permits permits_;
    // Emptied entries stay, up to a bound: most origins come again.
    std::map<Origin, Idle> idle_;
    std::size_t idle_count_ = 0;
    Instant more_from_ = Instant::max();
};

}  // namespace godwit::net
