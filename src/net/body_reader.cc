#include "net/body_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"

namespace godwit::net {

using runtime::Context;
using runtime::Task;
using Kind = BodyFraming::Kind;

bool BodyReader::done() const {
    switch (framing_.kind) {
        case Kind::None:
            return true;
        case Kind::Length:
            return left_bytes_ == 0;
        case Kind::Chunked:
            return chunks_.done();
        case Kind::UntilClose:
            return closed_;
    }
    return true;
}

Error BodyReader::cut_short(const Connection& connection) const {
    std::string wanted =
        framing_.kind == Kind::Length ? fmt::format("{}", left_bytes_ + read_bytes_) : "an unknown number of";
    return Error(ErrorKind::Lost, "read body from", connection.origin().display(),
                 fmt::format("closed after {} of {} bytes", read_bytes_, wanted))
        .with_code("BodyCut");
}

Task<Result<std::size_t>> BodyReader::read(Context& context, Connection& connection,
                                           std::span<std::byte> out) {
    if (done()) co_return std::size_t{0};
    Result<std::size_t> count = std::size_t{0};
    if (framing_.kind == Kind::Length) {
        count = co_await read_length(context, connection, out);
    } else if (framing_.kind == Kind::Chunked) {
        count = co_await read_chunked(context, connection, out);
    } else {
        count = co_await read_to_close(context, connection, out);
    }
    if (count) read_bytes_ += *count;
    co_return count;
}

Task<Result<std::size_t>> BodyReader::read_length(Context& context, Connection& connection,
                                                  std::span<std::byte> out) {
    out = out.first(std::min<std::uint64_t>(out.size(), left_bytes_));
    GODWIT_CO_TRY(std::size_t count, co_await connection.read_some(context, out));
    if (count == 0 && GODWIT_SABOTAGE(cut_body_is_whole)) co_return left_bytes_ = 0;
    if (count == 0) co_return cut_short(connection);
    left_bytes_ -= count;
    co_return count;
}

Task<Result<std::size_t>> BodyReader::read_to_close(Context& context, Connection& connection,
                                                    std::span<std::byte> out) {
    GODWIT_CO_TRY(std::size_t count, co_await connection.read_some(context, out));
    closed_ = count == 0;
    co_return count;
}

// As much framing as has been received.
Result<void> BodyReader::decode(ReceiveBuffer& received) {
    if (received.empty() || chunks_.data_left() > 0) return {};
    GODWIT_TRY(std::size_t used, chunks_.consume(received.data()));
    received.take(used);
    return {};
}

Task<Result<std::size_t>> BodyReader::read_chunked(Context& context, Connection& connection,
                                                   std::span<std::byte> out) {
    for (;;) {
        GODWIT_CO_TRY_VOID(decode(connection.received()));
        if (chunks_.done()) co_return std::size_t{0};
        if (chunks_.data_left() > 0) co_return co_await read_chunk_data(context, connection, out);
        GODWIT_CO_TRY(std::size_t count, co_await connection.receive_more(context));
        if (count == 0 && GODWIT_SABOTAGE(no_terminator_needed)) co_return count;
        if (count == 0) co_return cut_short(connection);
    }
}

Task<Result<std::size_t>> BodyReader::read_chunk_data(Context& context, Connection& connection,
                                                      std::span<std::byte> out) {
    // What stands behind a small chunk comes with it; a large one goes straight to the caller.
    if (connection.received().empty() && chunks_.data_left() < ReceiveBuffer::kBytesAtFirst) {
        GODWIT_CO_TRY(std::size_t more, co_await connection.receive_more(context));
        if (more == 0) co_return cut_short(connection);
    }
    out = out.first(std::min<std::uint64_t>(out.size(), chunks_.data_left()));
    GODWIT_CO_TRY(std::size_t count, co_await connection.read_some(context, out));
    if (count == 0) co_return cut_short(connection);
    chunks_.took(count);
    // The end may be here already: then the connection is free before anybody asks again.
    GODWIT_CO_TRY_VOID(decode(connection.received()));
    co_return count;
}

}  // namespace godwit::net
