#include "net/connection_pool.h"

#include <algorithm>

namespace godwit::net {

std::unique_ptr<Connection> ConnectionPool::take(const Origin& origin) {
    auto entry = idle_.find(origin);
    if (entry == idle_.end()) return nullptr;
    Idle& idle = entry->second;
    while (!idle.empty()) {
        std::unique_ptr<Connection> newest = std::move(idle.back());
        idle.pop_back();
        --idle_count_;
        if (newest->idle_until > loop_.now() && newest->stream().is_quiet()) return newest;
    }
    return nullptr;
}

void ConnectionPool::give(std::unique_ptr<Connection> connection) {
    if (!connection->is_reusable() || options_.idle_connections_max == 0) return;
    while (idle_count_ >= options_.idle_connections_max) close_oldest();
    if (idle_.size() >= kOriginsMax)
        std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
    Instant until = loop_.now() + std::min(options_.idle_timeout, connection->keep_alive_time());
    connection->idle_until = until;
    Idle& idle = idle_[connection->origin()];
    idle.push_back(std::move(connection));
    ++idle_count_;
    if (!is_linked()) loop_.start_timer(*this, until);
}

runtime::Permits::Acquire ConnectionPool::permit(runtime::Context& context) {
    if (loop_.now() >= more_from_) {
        permits_.set_total(std::min(permits_.total() * 2, connections_max_));
        more_from_ = permits_.total() == connections_max_ ? Instant::max() : loop_.now() + kMoreAfter;
    }
    return permits_.acquire(context, 1);
}

bool ConnectionPool::do_with_fewer() {
    std::uint64_t others = permits_.taken() - 1;
    if (others == 0) return false;
    permits_.set_total(std::min(others, permits_.total()));
    more_from_ = loop_.now() + kMoreAfter;
    return true;
}

void ConnectionPool::make_room() {
    while (idle_count_ > 0 && permits_.taken() + idle_count_ > permits_.total()) close_oldest();
}

ConnectionPool::Idle& ConnectionPool::oldest() {
    auto age = [](const Idle& idle) { return idle.empty() ? Instant::max() : idle.front()->idle_until; };
    auto entry = std::min_element(idle_.begin(), idle_.end(), [&](const auto& a, const auto& b) {
        return age(a.second) < age(b.second);
    });
    return entry->second;
}

void ConnectionPool::close_oldest() {
    Idle& idle = oldest();
    idle.erase(idle.begin());
    --idle_count_;
}

// Runs late rather than often: while connections come and go it stays armed for an old instant.
void ConnectionPool::expired() {
    Instant now = loop_.now();
    while (idle_count_ > 0 && oldest().front()->idle_until <= now) close_oldest();
    if (idle_count_ > 0) loop_.start_timer(*this, oldest().front()->idle_until);
}

}  // namespace godwit::net
