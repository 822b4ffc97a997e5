#include "net/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace godwit::net {

using runtime::Context;
using runtime::Task;

namespace {

using Next = Progress::Next;

// So much may move before the loop's other sockets get their say.
constexpr std::size_t kTurnBytesMax = 1 << 20;

Error closed(const char* operation, const Origin& origin, std::string cause) {
    return Error(ErrorKind::Lost, operation, origin.display(), std::move(cause))
        .with_code("ConnectionClosed");
}

// A stream does not know whom it talks to.
Error about(const Origin& origin, const Error& error) {
    if (error.subject() != "connection") return error.clone();
    return Error(error.kind(), error.operation(), origin.display(), error.cause()).with_code(error.code());
}

}  // namespace

Connection::Connection(ConnectionShared& shared, Origin origin, std::unique_ptr<Stream> stream)
    : shared_(shared),
      origin_(std::move(origin)),
      stream_(std::move(stream)),
      patience_left_(shared.options.stall_timeout) {}

Connection::~Connection() {
    if (in_exchange_) stream_->abort_when_closed();
}

void Connection::renew_patience() {
    moved_bytes_ = 0;
    patience_left_ = shared_.options.stall_timeout;
}

void Connection::begin_phase(std::uint64_t bytes_min) {
    phase_bytes_min_ = bytes_min;
    renew_patience();
}

void Connection::moved(std::size_t bytes) {
    turn_bytes_ += bytes;
    moved_bytes_ += bytes;
    if (moved_bytes_ >= phase_bytes_min_) renew_patience();
}

Error Connection::stalled() const {
    auto seconds = std::chrono::duration<double>(shared_.options.stall_timeout).count();
    return Error(ErrorKind::Lost, "exchange bytes with", origin_.display(),
                 fmt::format("fewer than {} bytes moved in {} s of waiting", phase_bytes_min_, seconds))
        .with_code("Stalled");
}

// Accounts for the time that a wait took, and says what its end means.
Result<void> Connection::waited(Context& context, Instant began, bool is_ready) {
    turn_bytes_ = 0;
    patience_left_ -= shared_.loop.now() - began;
    GODWIT_TRY_VOID(context.check());
    if (!is_ready) return stalled();
    return {};
}

Task<Result<void>> Connection::wait_moving(Context& context, Next next) {
    Instant began = shared_.loop.now();
    Context turn(context, patience_left_, "bytes");
    bool is_ready = false;
    if (next == Next::WaitWritable) {
        auto ready = co_await stream_->writable(turn);
        is_ready = ready.has_value();
    } else {
        auto ready = co_await stream_->readable(turn);
        is_ready = ready.has_value();
    }
    co_return waited(context, began, is_ready);
}

Result<Progress> Connection::try_receive() {
    std::span<std::byte> room = received_.room(shared_.options.head_bytes_max);
    auto progress = stream_->try_read(room);
    received_.filled(progress ? progress->bytes : 0);
    if (!progress) return about(origin_, progress.error());
    shared_.stats.bytes_received += progress->bytes;
    moved(progress->bytes);
    return progress;
}

// While the server takes no more bytes it may be answering already, and then reads no more for good.
Task<Result<void>> Connection::wait_to_send(Context& context) {
    Instant began = shared_.loop.now();
    Context turn(context, patience_left_, "bytes");
    auto ready = co_await stream_->either(turn);
    GODWIT_CO_TRY_VOID(waited(context, began, ready.has_value()));
    if (*ready == runtime::FdWatch::Direction::Write) co_return {};
    GODWIT_CO_TRY(Progress progress, try_receive());
    if (progress.next == Next::Ended)
        co_return closed("send request to", origin_, "closed while the request was sent");
    co_return {};
}

Task<Result<void>> Connection::take_piece(Context& context, OutgoingRequest& request) {
    std::uint64_t offset = request.body_bytes_sent();
    auto piece = co_await request.streamed->next(context, offset);
    request.source_failed = !piece;
    if (!piece) co_return std::move(piece.error());
    GODWIT_CHECK(!piece->empty() && piece->size() <= request.body_bytes() - offset,
                 "{} bytes at {} of a body of {}", piece->size(), offset, request.body_bytes());
    request.body = *piece;
    request.piece_offset_bytes = offset;
    co_return {};
}

Task<Result<void>> Connection::send(Context& context, OutgoingRequest& request) {
    begin_phase(shared_.options.stall_bytes_min);
    while (!request.is_sent() && received_.empty()) {
        if (turn_bytes_ >= kTurnBytesMax) {
            GODWIT_CO_TRY_VOID(co_await wait_to_send(context));
            continue;
        }
        if (request.needs_piece()) GODWIT_CO_TRY_VOID(co_await take_piece(context, request));
        auto progress = stream_->try_write(request.head_left(), request.body_left());
        if (!progress) co_return about(origin_, progress.error());
        if (progress->next == Next::Ended)
            co_return closed("send request to", origin_, "closed by the server");
        if (progress->next != Next::Go) GODWIT_CO_TRY_VOID(co_await wait_to_send(context));
        request.bytes_sent += progress->bytes;
        shared_.stats.bytes_sent += progress->bytes;
        moved(progress->bytes);
    }
    co_return {};
}

Task<Result<ResponseHead>> Connection::read_head(Context& context, bool likely_there) {
    std::size_t searched = 0;
    // A try before the answer can be there is a wasted system call.
    bool wait_first = !likely_there && received_.empty();
    for (;;) {
        GODWIT_CO_TRY(std::optional<std::size_t> end, find_head_end(received_.data(), searched));
        searched = received_.data().size();
        if (end.value_or(searched) >= shared_.options.head_bytes_max) co_return head_too_large();
        if (end) {
            auto head = parse_head(received_.data().first(*end));
            received_.take(*end);
            co_return head;
        }
        if (std::exchange(wait_first, false)) GODWIT_CO_TRY_VOID(co_await stream_->readable(context));
        GODWIT_CO_TRY(Progress progress, try_receive());
        if (progress.next == Next::Ended) co_return closed_in_head(searched);
        if (progress.next == Next::WaitReadable) GODWIT_CO_TRY_VOID(co_await stream_->readable(context));
        if (progress.next == Next::WaitWritable) GODWIT_CO_TRY_VOID(co_await stream_->writable(context));
    }
}

Error Connection::head_too_large() const {
    return Error(ErrorKind::Corrupt, "read answer of", origin_.display(),
                 fmt::format("the head has {} bytes or more", shared_.options.head_bytes_max))
        .with_code("HeadTooLarge");
}

Error Connection::closed_in_head(std::size_t bytes) const {
    if (bytes == 0) return closed("read answer of", origin_, "closed before the first byte of the answer");
    return Error(ErrorKind::Lost, "read answer of", origin_.display(),
                 fmt::format("closed after {} bytes of the head", bytes))
        .with_code("AnswerCut");
}

Task<Result<std::size_t>> Connection::read_some(Context& context, std::span<std::byte> out) {
    if (std::size_t count = received_.move_to(out)) co_return count;
    bool yield = turn_bytes_ >= kTurnBytesMax && !stream_->has_buffered();
    if (yield) GODWIT_CO_TRY_VOID(co_await wait_moving(context, Next::WaitReadable));
    for (;;) {
        auto progress = stream_->try_read(out);
        if (!progress) co_return about(origin_, progress.error());
        if (progress->next == Next::Go || progress->next == Next::Ended) {
            shared_.stats.bytes_received += progress->bytes;
            moved(progress->bytes);
            co_return progress->bytes;
        }
        GODWIT_CO_TRY_VOID(co_await wait_moving(context, progress->next));
    }
}

Task<Result<std::size_t>> Connection::receive_more(Context& context) {
    for (;;) {
        GODWIT_CO_TRY(Progress progress, try_receive());
        if (progress.next == Next::Go || progress.next == Next::Ended) co_return progress.bytes;
        GODWIT_CO_TRY_VOID(co_await wait_moving(context, progress.next));
    }
}

}  // namespace godwit::net
