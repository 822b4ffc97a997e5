#include "net/connection_pool.h"

#include <algorithm>

namespace godwit::net {

std::unique_ptr<Connection> ConnectionPool::take(const Origin& origin) {
    auto entry = idle_.find(origin);
    if (entry == idle_.end()) return nullptr;
    std::unique_ptr<Connection> found;
    Idle& idle = entry->second;
    while (!found && !idle.empty()) {
        found = std::move(idle.back());
        idle.pop_back();
        --idle_count_;
        if (found->idle_until <= loop_.now() || !found->stream().is_quiet()) found.reset();
    }
    if (idle.empty()) idle_.erase(entry);
    return found;
}

void ConnectionPool::give(std::unique_ptr<Connection> connection) {
    if (!connection->is_reusable() || options_.idle_connections_max == 0) return;
    while (idle_count_ >= options_.idle_connections_max) close_oldest();
    Instant until = loop_.now() + std::min(options_.idle_timeout, connection->keep_alive_time());
    connection->idle_until = until;
    idle_[connection->origin()].push_back(std::move(connection));
    ++idle_count_;
    if (!is_linked()) loop_.start_timer(*this, until);
}

void ConnectionPool::make_room() {
    while (idle_count_ > 0 && permits_.taken() + idle_count_ > permits_.total()) close_oldest();
}

std::map<Origin, ConnectionPool::Idle>::iterator ConnectionPool::oldest() {
    return std::min_element(idle_.begin(), idle_.end(), [](const auto& a, const auto& b) {
        return a.second.front()->idle_until < b.second.front()->idle_until;
    });
}

void ConnectionPool::close_oldest() {
    auto entry = oldest();
    entry->second.pop_front();
    --idle_count_;
    if (entry->second.empty()) idle_.erase(entry);
}

// Runs late rather than often: while connections come and go it stays armed for an old instant.
void ConnectionPool::expired() {
    Instant now = loop_.now();
    while (idle_count_ > 0 && oldest()->second.front()->idle_until <= now) close_oldest();
    if (idle_count_ > 0) loop_.start_timer(*this, oldest()->second.front()->idle_until);
}

}  // namespace godwit::net
