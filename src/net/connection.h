// One connection to one origin and the HTTP messages on it: a request out, an answer's head in, body
// bytes in. Every wait is bounded: by the caller's context, and by a budget of waiting time that only
// moving bytes refill (a peer that drips a byte a second is as dead as a silent one).
//
// It keeps no history between exchanges but its age; who may use it next is the pool's business.
#pragma once

#include <memory>

#include "net/body_source.h"
#include "net/http_options.h"
#include "net/http_parser.h"
#include "net/receive_buffer.h"
#include "net/stream.h"

namespace godwit::net {

// A request on its way. The bytes are the caller's and live until the exchange has ended.
struct OutgoingRequest {
    std::span<const std::byte> head;
    // All of the body or, of a streamed one, the piece that begins at `piece_offset_bytes`.
    std::span<const std::byte> body;
    BodySource* streamed = nullptr;
    std::uint64_t piece_offset_bytes = 0;
    std::uint64_t bytes_sent = 0;
    // `streamed` has failed: what is wrong is not the connection.
    bool source_failed = false;

    std::uint64_t body_bytes() const { return streamed ? streamed->size_bytes() : body.size(); }
    std::uint64_t body_bytes_sent() const { return bytes_sent > head.size() ? bytes_sent - head.size() : 0; }
    bool is_sent() const { return bytes_sent == head.size() + body_bytes(); }
    std::span<const std::byte> head_left() const {
        return head.subspan(std::min<std::uint64_t>(bytes_sent, head.size()));
    }
    std::span<const std::byte> body_left() const {
        return body.subspan(body_bytes_sent() - piece_offset_bytes);
    }
    bool needs_piece() const { return streamed && !is_sent() && body_left().empty(); }
};

// What the connections of one client share. Outlives them.
struct ConnectionShared {
    runtime::IoLoop& loop;
    const HttpClientOptions& options;
    HttpClientStats stats;
};

class Connection {
  public:
    Connection(ConnectionShared& shared, Origin origin, std::unique_ptr<Stream> stream);
    // In the middle of an exchange the connection is reset, so that no byte of it arrives later.
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    const Origin& origin() const { return origin_; }
    Stream& stream() { return *stream_; }
    ReceiveBuffer& received() { return received_; }
    bool has_received() const { return !received_.empty(); }
    std::uint64_t stall_bytes_min() const { return shared_.options.stall_bytes_min; }

    // Sends until all is sent or the server has begun to answer (received() is not empty then).
    // Fails with Lost, the context's reason, or what a streamed body failed with.
    runtime::Task<Result<void>> send(runtime::Context& context, OutgoingRequest& request);

    // The next head, interim ones included. `likely_there`: do not wait before the first try.
    // Fails with Lost (code "ConnectionClosed" when not one byte of it came), Corrupt, or the
    // context's reason. Only the context bounds the wait.
    runtime::Task<Result<ResponseHead>> read_head(runtime::Context& context, bool likely_there);

    // At least one byte into `out`, first from what was received already; 0 at the clean end of the
    // connection. Fails with Lost (also when nothing moves for the stall time-out), Corrupt, or the
    // context's reason.
    runtime::Task<Result<std::size_t>> read_some(runtime::Context& context, std::span<std::byte> out);
    // The same into received(), which must be empty.
    runtime::Task<Result<std::size_t>> receive_more(runtime::Context& context);
    // A new phase begins: waiting time that the last one used up does not count, and from now on
    // `bytes_min` moved bytes (at least 1) renew the patience.
    void begin_phase(std::uint64_t bytes_min);

    // Between these two an exchange is under way.
    void begin_exchange() { in_exchange_ = true; }
    void end_exchange() { in_exchange_ = false; }

    // Set once something has happened after which no other exchange may follow.
    void do_not_reuse() { reusable_ = false; }
    bool is_reusable() const { return reusable_ && received_.empty(); }

    // How long the server keeps the connection when idle, less a margin for a request on its way.
    void set_keep_alive(Duration timeout) { keep_alive_time_ = timeout - std::chrono::seconds(1); }
    Duration keep_alive_time() const { return keep_alive_time_; }

    Instant idle_until{};  // for the pool

  private:
    Result<Progress> try_receive();
    Result<void> waited(runtime::Context& context, Instant began, bool is_ready);
    runtime::Task<Result<void>> wait_moving(runtime::Context& context, Progress::Next next);
    runtime::Task<Result<void>> wait_to_send(runtime::Context& context);
    static runtime::Task<Result<void>> take_piece(runtime::Context& context, OutgoingRequest& request);
    void renew_patience();
    void moved(std::size_t bytes);
    Error stalled() const;
    Error head_too_large() const;
    Error closed_in_head(std::size_t bytes) const;

    ConnectionShared& shared_;
    Origin origin_;
    std::unique_ptr<Stream> stream_;
    ReceiveBuffer received_;
    Duration keep_alive_time_ = Duration::max();
    Duration patience_left_;
    std::uint64_t phase_bytes_min_ = 1;
    std::uint64_t moved_bytes_ = 0;  // since the patience was last renewed
    std::size_t turn_bytes_ = 0;     // since the last wait
    bool reusable_ = true;
    bool in_exchange_ = false;
};

}  // namespace godwit::net
