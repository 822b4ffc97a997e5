// One client connection: reads requests, one at a time, and sends what the Service makes of them,
// whole or as a rule shapes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "s3double/event_loop.h"
#include "s3double/exchange.h"
#include "s3double/reply_writer.h"
#include "s3double/service.h"
#include "s3double/transport.h"

namespace godwit::s3double {

class Connection;

// What connections need of the server around them.
class ConnectionHost {
  public:
    virtual ~ConnectionHost() = default;
    virtual EventLoop& loop() = 0;
    virtual Service& service() = 0;
    // Shared by all connections: only one reads at a time.
    virtual std::span<std::byte> scratch() = 0;
    // Null when it has gone.
    virtual Connection* find(std::uint64_t id) = 0;
    // Takes the connection out of find(); it is destroyed after the batch of events.
    virtual void bury(std::uint64_t id) = 0;
};

class Connection final : public Watcher {
  public:
    Connection(ConnectionHost& host, std::uint64_t id, int fd, SSL_CTX* context);
    ~Connection() override;

    Result<void> open();
    void ready(std::uint32_t events) override;

  private:
    enum class Phase : std::uint8_t {
        Head,      // reading a request's head
        Body,      // reading its body
        Delayed,   // the answer is ready and waits for its time
        Writing,   // sending it
        Silent,    // a rule says: nothing more
        Draining,  // sent and shut; waits for the client's end
        Closed,
    };
    bool is_reading() const { return phase_ == Phase::Head || phase_ == Phase::Body; }

    void read_some();
    void read_what_is_pending();
    void feed(std::span<const std::byte> bytes);
    std::size_t take_head(std::span<const std::byte> bytes);
    void begin_request(std::string_view head);
    void send_continue();
    std::size_t take_body(std::span<const std::byte> bytes);
    std::size_t take_body_until_rule(std::span<const std::byte> bytes, std::uint64_t limit);
    std::size_t take_framed(std::span<const std::byte> bytes);
    void take_decoded(std::span<const std::byte> bytes);
    void finish_request();
    void start_reply();
    void write_some();
    void end_reply();
    void next_request();

    void interest(std::uint32_t events);
    // Calls `step` on this connection after `delay`, if it is still there.
    void later(Duration delay, void (Connection::*step)());
    void close_softly();
    void close_now();

    ConnectionHost& host_;
    std::uint64_t id_;
    Transport transport_;
    Phase phase_ = Phase::Head;
    std::uint32_t interest_ = EPOLLIN;
    bool counted_handshake_;

    std::string partial_head_;
    std::string early_;  // came before its turn
    Exchange x_;
    std::uint64_t body_left_ = 0, body_seen_ = 0;
    ChunkDecoder chunks_;
    ReplyWriter reply_;
};

}  // namespace godwit::s3double
