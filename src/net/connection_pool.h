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

    ConnectionPool(runtime::Loop& loop, const HttpClientOptions& options)
        : loop_(loop), options_(options), permits_(std::max<std::size_t>(options.connections_max, 1)) {}
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    // One for each connection in use; taken before take() or the opening of a new one.
    runtime::Permits& permits() { return permits_; }

    // An idle connection to `origin`, or null. It was looked at: the server has neither closed it nor
    // sent anything, as far as can be known before a request is sent on it.
    std::unique_ptr<Connection> take(const Origin& origin);
    // Keeps the connection if it may be reused at all, for the idle time-out at most.
    void give(std::unique_ptr<Connection> connection);
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
    runtime::Permits permits_;
    // Emptied entries stay, up to a bound: most origins come again.
    std::map<Origin, Idle> idle_;
    std::size_t idle_count_ = 0;
};

}  // namespace godwit::net
