#include "s3double/connection.h"

#include <sys/socket.h>

#include <algorithm>

namespace godwit::s3double {

namespace {

constexpr std::size_t kEarlyBytesMax = 1u << 20;
constexpr auto kDrainTime = std::chrono::seconds(1);
// Before other connections get their turn.
constexpr int kReadsPerTurnMax = 16;

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Connection::Connection(ConnectionHost& host, std::uint64_t id, int fd, SSL_CTX* context)
    : host_(host), id_(id), transport_(fd, context), counted_handshake_(context == nullptr) {
    ConnectionCounts& counts = host_.service().connections();
    ++counts.accepted;
    ++counts.open;
}

Connection::~Connection() {
    --host_.service().connections().open;
}

Result<void> Connection::open() {
    return host_.loop().watch(transport_.fd(), interest_, this);
}

void Connection::interest(std::uint32_t events) {
    if (events == interest_) return;
    interest_ = events;
    host_.loop().change(transport_.fd(), events, this);
}

void Connection::later(Duration delay, void (Connection::*step)()) {
    ConnectionHost& host = host_;
    host_.loop().at(system_clock().now() + delay, [&host, id = id_, step] {
        if (Connection* connection = host.find(id)) (connection->*step)();
    });
}

void Connection::ready(std::uint32_t events) {
    if (phase_ == Phase::Closed) return;
    if (phase_ == Phase::Writing && (events & EPOLLOUT)) write_some();
    if (phase_ != Phase::Closed && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) read_some();
}

void Connection::read_some() {
    for (int reads = 0; reads < kReadsPerTurnMax && phase_ != Phase::Closed; ++reads) {
        auto moved = transport_.read(host_.scratch());
        if (!counted_handshake_ && transport_.handshake_done()) {
            counted_handshake_ = true;
            ++host_.service().connections().tls_handshakes;
        }
        if (moved.state == Transport::State::Closed) return close_now();
        if (moved.state != Transport::State::Done) return;
        host_.service().connections().bytes_in += moved.size_bytes;
        feed(host_.scratch().first(moved.size_bytes));
        bool more = transport_.has_pending() || moved.size_bytes == host_.scratch().size();
        if (!more || early_.size() > kEarlyBytesMax) return;
    }
    read_what_is_pending();
}

// epoll does not know of bytes that TLS has taken from the socket already.
void Connection::read_what_is_pending() {
    if (phase_ != Phase::Closed && transport_.has_pending()) later(Duration::zero(), &Connection::read_some);
}

void Connection::feed(std::span<const std::byte> bytes) {
    while (!bytes.empty() && is_reading()) {
        std::size_t taken = phase_ == Phase::Head ? take_head(bytes) : take_body(bytes);
        bytes = bytes.subspan(taken);
    }
    if (bytes.empty() || phase_ == Phase::Draining || phase_ == Phase::Closed || phase_ == Phase::Silent)
        return;
    early_.append(text_of(bytes));
    // Bounded: the client is made to wait until its answer has gone.
    if (early_.size() > kEarlyBytesMax) interest(interest_ & ~static_cast<std::uint32_t>(EPOLLIN));
}

std::size_t Connection::take_head(std::span<const std::byte> bytes) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    std::string_view text = text_of(bytes);
    if (partial_head_.empty()) {
        std::size_t end = text.find(kEnd);
        if (end != std::string_view::npos) {
            begin_request(text.substr(0, end + kEnd.size()));
            return end + kEnd.size();
        }
    }
    std::size_t before = partial_head_.size();
    partial_head_.append(text.substr(0, kHeadBytesMax + 1));
    std::size_t end = partial_head_.find(kEnd, before < 3 ? 0 : before - 3);
    if (end == std::string::npos && partial_head_.size() <= kHeadBytesMax) return bytes.size();
    // Too long: what is there goes to the parser, which refuses it.
    std::size_t size = end == std::string::npos ? partial_head_.size() : end + kEnd.size();
    std::string head = partial_head_.substr(0, size);
    if (end == std::string::npos) head = "\r\n\r\n";
    partial_head_.clear();
    begin_request(head);
    return size - before;
}

void Connection::begin_request(std::string_view head) {
    if (auto parsed = x_.request.parse(head); !parsed) {
        host_.service().refuse_head(x_, parsed.error());
        return start_reply();
    }
    host_.service().begin(x_);
    body_seen_ = 0;
    body_left_ = x_.request.content_length().value_or(0);
    if (x_.request.chunked()) chunks_ = ChunkDecoder();
    phase_ = Phase::Body;
    if (x_.request.expects_continue()) {
        if (x_.refusal) {
            // The body will not come.
            host_.service().finish(x_);
            x_.response.close = true;
            return start_reply();
        }
        send_continue();
    }
    if (body_left_ == 0 && !x_.request.chunked())
        finish_request();
    else if (x_.effects().cut_request_at == 0u || x_.effects().stall_request_at == 0u)
        take_body({});
}

void Connection::send_continue() {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    std::span<const std::byte> run = std::as_bytes(std::span(kContinue));
    // 25 bytes go into an empty socket buffer whole; if not, the client starts after its own time.
    transport_.write({&run, 1});
}

std::size_t Connection::take_body(std::span<const std::byte> bytes) {
    const Effects& effects = x_.effects();
    if (!effects.cut_request_at && !effects.stall_request_at) return take_framed(bytes);
    return take_body_until_rule(bytes, effects.cut_request_at.value_or(effects.stall_request_at.value_or(0)));
}

std::size_t Connection::take_body_until_rule(std::span<const std::byte> bytes, std::uint64_t limit) {
    auto allowed = bytes.first(std::min<std::uint64_t>(bytes.size(), limit - std::min(limit, body_seen_)));
    std::size_t taken = allowed.empty() ? 0 : take_framed(allowed);
    if (phase_ != Phase::Body || body_seen_ < limit) return taken;
    if (x_.effects().cut_request_at) {
        if (x_.effects().reset) transport_.reset_on_close();
        close_now();
    } else {
        phase_ = Phase::Silent;
        // Unread bytes fill the window: the client stalls in its send.
        interest(0);
    }
    return bytes.size();
}

std::size_t Connection::take_framed(std::span<const std::byte> bytes) {
    std::size_t size = bytes.size();
    if (!x_.request.chunked()) {
        auto run = bytes.first(std::min<std::uint64_t>(size, body_left_));
        body_left_ -= run.size();
        take_decoded(run);
        if (body_left_ == 0) finish_request();
        return run.size();
    }
    while (!bytes.empty()) {
        auto step = chunks_.next(bytes);
        if (!step) {
            x_.body_error = std::move(step.error());
            x_.response.close = true;
            finish_request();
            return size;
        }
        if (step->event == ChunkDecoder::Event::Data) take_decoded(step->data);
        if (step->event == ChunkDecoder::Event::Done) {
            finish_request();
            break;
        }
    }
    return size - bytes.size();
}

void Connection::take_decoded(std::span<const std::byte> bytes) {
    body_seen_ += bytes.size();
    if (x_.body_error || x_.refusal) return;
    if (auto taken = x_.receiver.take(bytes); !taken) x_.body_error = std::move(taken.error());
}

void Connection::finish_request() {
    host_.service().finish(x_);
    start_reply();
}

void Connection::start_reply() {
    phase_ = Phase::Delayed;
    std::uint32_t delay_ms = x_.response.shape.delay_ms;
    bool closes = x_.response.close || x_.request.wants_close();
    x_.response.close = closes;
    reply_.start(x_.response, closes);
    if (delay_ms == 0) return write_some();
    later(std::chrono::milliseconds(delay_ms), &Connection::write_some);
}

void Connection::write_some() {
    phase_ = Phase::Writing;
    std::uint64_t before = reply_.sent_bytes();
    auto progress = reply_.write(transport_);
    host_.service().connections().bytes_out += reply_.sent_bytes() - before;
    switch (progress) {
        case ReplyWriter::Progress::Blocked:
            return interest(interest_ | EPOLLOUT);
        case ReplyWriter::Progress::Dripped:
            return later(std::chrono::milliseconds(x_.response.shape.drip_ms), &Connection::write_some);
        case ReplyWriter::Progress::Broken:
            return close_now();
        case ReplyWriter::Progress::Ended:
            return end_reply();
    }
}

void Connection::end_reply() {
    interest(EPOLLIN);
    if (reply_.was_stalled()) {
        phase_ = Phase::Silent;
        return;
    }
    if (reply_.was_cut()) {
        if (x_.response.shape.reset) transport_.reset_on_close();
        return close_now();
    }
    if (x_.response.close || reply_.is_short()) return close_softly();
    x_.response.body.reset();
    next_request();
}

void Connection::next_request() {
    phase_ = Phase::Head;
    if (!early_.empty()) {
        std::string early;
        early.swap(early_);
        feed(std::as_bytes(std::span(early)));
    }
    read_what_is_pending();
}

// Closing with unread bytes in the socket would send a reset that can overtake the answer.
void Connection::close_softly() {
    phase_ = Phase::Draining;
    shutdown(transport_.fd(), SHUT_WR);
    later(kDrainTime, &Connection::close_now);
}

void Connection::close_now() {
    if (phase_ == Phase::Closed) return;
    phase_ = Phase::Closed;
    host_.loop().forget(transport_.fd());
    host_.bury(id_);
}

}  // namespace godwit::s3double
