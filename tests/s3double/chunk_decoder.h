// Decodes bodies that come in chunks: HTTP's chunked coding (RFC 9112 section 7.1) and the
// aws-chunked content encoding, which has the same grammar with a signature as chunk extension and
// checksums as trailers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace godwit::s3double {

class ChunkDecoder {
  public:
    enum class Event : std::uint8_t {
        NeedMore,  // the input is used up
        Data,      // `data` is a run of the decoded body
        ChunkEnd,  // a chunk is whole, the last, empty one included; extension() is its own
        Done,      // the terminator was read; what is left of the input is not the body's
    };
    struct Step {
        Event event;
        std::span<const std::byte> data;
    };
    // Takes from the front of `input`. Fails with Invalid when the framing is wrong.
    Result<Step> next(std::span<const std::byte>& input);

    const std::string& extension() const { return extension_; }
    // Names in lower case.
    const std::vector<std::pair<std::string, std::string>>& trailers() const { return trailers_; }
    bool done() const { return state_ == State::Done; }

  private:
    enum class State : std::uint8_t { Size, Data, DataEnd, Trailer, Done };
    // True when line_ holds a whole line (without CRLF).
    Result<bool> read_line(std::span<const std::byte>& input);
    Result<void> parse_size();
    Result<Event> take_line();
    Result<void> parse_trailer();

    State state_ = State::Size;
    std::uint64_t left_ = 0;
    std::string line_, extension_;
    std::vector<std::pair<std::string, std::string>> trailers_;
};

}  // namespace godwit::s3double
