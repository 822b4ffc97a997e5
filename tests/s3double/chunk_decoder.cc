#include "s3double/chunk_decoder.h"

#include <algorithm>
#include <charconv>

namespace godwit::s3double {

namespace {

constexpr std::size_t kLineBytesMax = 1024;
constexpr std::size_t kTrailersMax = 16;

Error malformed(std::string cause) {
    return Error(ErrorKind::Invalid, "decode", "chunked body", std::move(cause));
}

}  // namespace

Result<bool> ChunkDecoder::read_line(std::span<const std::byte>& input) {
    while (!input.empty()) {
        char c = static_cast<char>(input.front());
        input = input.subspan(1);
        if (c == '\n') {
            if (!line_.ends_with('\r')) return malformed("a line ends without CR");
            line_.pop_back();
            return true;
        }
        if (line_.size() == kLineBytesMax) return malformed("a line is too long");
        line_ += c;
    }
    return false;
}

Result<void> ChunkDecoder::parse_size() {
    const char* end = line_.data() + line_.size();
    auto [rest, failed] = std::from_chars(line_.data(), end, left_, 16);
    if (failed != std::errc() || (rest != end && *rest != ';'))
        return malformed("a chunk's size is no number");
    extension_.assign(rest == end ? rest : rest + 1, end);
    return {};
}

Result<void> ChunkDecoder::parse_trailer() {
    std::size_t colon = line_.find(':');
    if (colon == std::string::npos || colon == 0) return malformed("a trailer has no name");
    if (trailers_.size() == kTrailersMax) return malformed("too many trailers");
    std::string name = line_.substr(0, colon), value = line_.substr(colon + 1);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    value.erase(0, value.find_first_not_of(' '));
    trailers_.emplace_back(std::move(name), std::move(value));
    return {};
}

Result<ChunkDecoder::Event> ChunkDecoder::take_line() {
    Event event = Event::NeedMore;
    if (state_ == State::Size) {
        GODWIT_TRY_VOID(parse_size());
        state_ = left_ > 0 ? State::Data : State::Trailer;
        if (left_ == 0) event = Event::ChunkEnd;
    } else if (state_ == State::DataEnd) {
        if (!line_.empty()) return malformed("a chunk is longer than its size");
        state_ = State::Size;
        event = Event::ChunkEnd;
    } else if (line_.empty()) {
        state_ = State::Done;
        event = Event::Done;
    } else {
        GODWIT_TRY_VOID(parse_trailer());
    }
    line_.clear();
    return event;
}

Result<ChunkDecoder::Step> ChunkDecoder::next(std::span<const std::byte>& input) {
    if (state_ == State::Done) return Step{Event::Done, {}};
    while (!input.empty()) {
        if (state_ == State::Data) {
            auto run = input.first(std::min<std::uint64_t>(left_, input.size()));
            input = input.subspan(run.size());
            left_ -= run.size();
            if (left_ == 0) state_ = State::DataEnd;
            return Step{Event::Data, run};
        }
        GODWIT_TRY(bool whole, read_line(input));
        if (!whole) break;
        GODWIT_TRY(Event event, take_line());
        if (event != Event::NeedMore) return Step{event, {}};
    }
    return Step{Event::NeedMore, {}};
}

}  // namespace godwit::s3double
