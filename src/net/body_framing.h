// Where an answer's body ends (RFC 9112 §6 and §7.1), decided once from the head and then held to.
//
// Strict where leniency loses data or mixes two answers up: anything ambiguous is Corrupt.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/http_parser.h"

namespace godwit::net {

struct BodyFraming {
    enum class Kind : std::uint8_t { None, Length, Chunked, UntilClose };
    Kind kind = Kind::None;
    // What Content-Length declares, whether or not a body follows.
    std::optional<std::uint64_t> declared_bytes;
};

// The Content-Length header; absent without one. Fails with Corrupt for anything but decimal digits up to
// 2^63-1, and for several that differ.
Result<std::optional<std::uint64_t>> declared_length(const ResponseHead& head);

// `head_only`: the request was HEAD. Fails with Corrupt for a length beside a transfer coding and for
// codings other than "chunked".
Result<BodyFraming> body_framing(const ResponseHead& head, bool head_only);

// May the connection carry another exchange, as far as the head says?
bool keeps_alive(const ResponseHead& head);

// How long the server says it keeps an idle connection ("Keep-Alive: timeout=5"); absent when it
// does not say.
std::optional<Duration> keep_alive_timeout(const ResponseHead& head);

// The framing of a chunked body (RFC 9112 §7.1), byte by byte. Chunk extensions and trailers are
// passed over, within bounds.
class ChunkDecoder {
  public:
    static constexpr std::size_t kSizeDigitsMax = 16;
    static constexpr std::size_t kExtensionBytesMax = 4096;  // a chunk
    static constexpr std::size_t kTrailerBytesMax = 16 << 10;

    // Consumes framing from the head of `input` until chunk data, the body's end, or the end of
    // `input`; returns how many bytes. Fails with Corrupt.
    Result<std::size_t> consume(std::span<const std::byte> input);
    // Bytes of chunk data that come next; 0: framing comes next (or nothing).
    std::uint64_t data_left() const { return state_ == State::Data ? data_left_ : 0; }
    // That many bytes of data were taken: at most data_left().
    void took(std::uint64_t bytes);
    bool done() const { return state_ == State::Done; }

  private:
    enum class State : std::uint8_t {
        SizeStart,
        Size,
        Extension,
        SizeLf,
        Data,
        DataCr,
        DataLf,
        LineStart,
        Line,
        LineLf,
        LastLf,
        Done,
    };
    Result<void> step(unsigned char c);
    Result<void> size_digit(unsigned char c);
    Result<void> after_size(unsigned char c);
    Result<void> trailer(unsigned char c);
    void size_ended();

    State state_ = State::SizeStart;
    std::uint64_t data_left_ = 0;
    std::size_t extra_bytes_ = 0;  // of the present size line, or of all trailers
};

}  // namespace godwit::net
