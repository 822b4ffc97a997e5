// An answer, and how it goes out: honest by default, cut, stalled or padded when a rule says so.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "s3double/body.h"

namespace godwit::s3double {

// What happens to the bytes of an answer on their way. Counted from the first byte of its head.
struct ReplyShape {
    std::optional<std::uint64_t> cut_at;    // close after this many bytes
    std::optional<std::uint64_t> stall_at;  // then silence until the client goes away
    bool reset = false;                     // close with RST, or without close_notify over TLS
    std::uint32_t drip_ms = 0;              // one byte at a time, this long apart
    std::uint32_t delay_ms = 0;             // before the first byte
    std::string before, after;              // raw bytes around the answer
    bool chunked = false;                   // Transfer-Encoding: chunked instead of Content-Length
    bool chunked_without_end = false;       // and no last chunk
};

class Response {
  public:
    // Forgets the last answer and starts one with this status. Keeps memory.
    void start(int status);
    // Neither may contain CR or LF.
    void add(std::string_view name, std::string_view value);
    void add_quoted(std::string_view name, std::string_view value);
    // Replaces all headers of that name, or adds it. For rules: not fast.
    void set(std::string_view name, std::string_view value);
    void remove(std::string_view name);

    int status() const { return status_; }
    void set_status(int status) { status_ = status; }
    // Header lines so far, each ended by CRLF.
    const std::string& lines() const { return lines_; }
    std::optional<std::string_view> header(std::string_view name) const;

    // The body is `text`, or `size_bytes` of `body` from `offset`.
    std::string text;
    std::shared_ptr<const Body> body;
    std::uint64_t offset = 0, size_bytes = 0;
    // What Content-Length says when a rule makes it differ from what follows.
    std::optional<std::uint64_t> announced_bytes;
    // A rule wrote Content-Length itself.
    bool has_own_length = false;
    // HEAD: Content-Length stands in the head, but nothing follows.
    bool head_only = false;
    // Close the connection after this answer.
    bool close = false;
    ReplyShape shape;

    std::uint64_t body_bytes() const { return body ? size_bytes : text.size(); }

  private:
    std::optional<std::size_t> find_line(std::string_view name, std::size_t from) const;

    int status_ = 200;
    std::string lines_;
};

std::string_view reason_phrase(int status);

}  // namespace godwit::s3double
