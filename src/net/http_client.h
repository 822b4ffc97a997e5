// An HTTP/1.1 client over plain TCP and TLS (RFC 9110, RFC 9112): pooled connections, deadlines on
// every wait, bodies straight between the socket and the caller's memory.
//
// It makes one exchange; it knows nothing of S3, signatures or retries. (One exception: a request
// that went out on a kept-alive connection which the server had closed before it read a byte is sent
// again on a new connection, when the request says that this is harmless.)
// All of it belongs to one loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/body_source.h"
#include "net/http_options.h"
#include "net/http_parser.h"
#include "net/url.h"
#include "runtime/context.h"
#include "runtime/io_loop.h"
#include "runtime/task.h"

namespace godwit::net {

using runtime::Context;
using runtime::Task;

struct HttpRequest {
    // Request line and headers, CRLF after each, and the empty line. Host and Content-Length stand
    // in it. The caller guarantees that no part holds CR or LF of foreign origin.
    std::string head;
    // Sent after the head; lives until the exchange has returned.
    std::span<const std::byte> body = {};
    // The body instead of `body`, when it is not held; lives as long.
    BodySource* streamed = nullptr;
    // The answer has no body whatever its headers say (HEAD).
    bool head_only = false;
    // Sending it twice does no harm.
    bool repeatable = true;
    // Absent: the client's. For requests that the server works on for minutes before it answers.
    std::optional<Duration> answer_timeout = std::nullopt;
};

// An answer: head first, then the body as the caller asks for it. When the body was read to its end
// the connection goes back to the pool, else it is closed.
class HttpResponse {
  public:
    HttpResponse(HttpResponse&&) noexcept;
    HttpResponse& operator=(HttpResponse&&) noexcept;
    ~HttpResponse();

    int status() const;
    const std::vector<HttpHeader>& headers() const;
    // The first header of that name (lower case); absent is a value.
    std::optional<std::string_view> header(std::string_view name) const;
    // Absent for chunked bodies and those that end with the connection.
    std::optional<std::uint64_t> content_length() const;

    // Up to out.size() bytes; 0 only at the body's true end. A body that ends early (connection
    // closed before Content-Length or the last chunk, TLS without close_notify) fails with Lost.
    Task<Result<std::size_t>> read(Context& context, std::span<std::byte> out);
    // Fills `out` wholly; fails with Corrupt when the body is shorter.
    Task<Result<void>> read_exactly(Context& context, std::span<std::byte> out);
    // The rest of the body; fails with Corrupt when it is longer than `bytes_max`.
    Task<Result<std::string>> read_text(Context& context, std::size_t bytes_max);

  private:
    friend class HttpClient;
    struct State;
    explicit HttpResponse(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

class HttpClient {
  public:
    // Fails with Invalid when the CA file or the proxy cannot be used.
    static Result<std::unique_ptr<HttpClient>> make(runtime::IoLoop& loop, HttpClientOptions options);
    ~HttpClient();

    // Sends the request and reads the answer's head. 1xx answers are passed over. Redirects are
    // answers like others. A refusal that comes before the whole body was sent is an answer like
    // others, too; a success that does is Corrupt. Kinds: Lost (reset, cut, timeout: unknown whether the
    // server acted, unless code() is "ConnectFailed" or "NoLocalPort": then no byte of the request left),
    // Denied (certificate or proxy credentials refused), Corrupt (answer is no HTTP), Busy (no descriptors
    // left), what `streamed` failed with, or the context's reason. After a failure no byte of the request
    // arrives later: the connection is reset, not closed. The response must not outlive the client. OpenSSL
    // writes to closed sockets: the process ignores SIGPIPE.
    Task<Result<HttpResponse>> exchange(Context& context, const Origin& origin, const HttpRequest& request);

    HttpClientStats stats() const;

  private:
    struct State;
    explicit HttpClient(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace godwit::net
