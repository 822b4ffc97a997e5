// A connected socket, plain or TLS, that never blocks: each operation is tried once, and the caller
// waits for what the try has asked for. Bytes go straight between the kernel (or OpenSSL) and the
// caller's memory. It knows nothing of HTTP. Loop thread only.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <span>

#include "net/address.h"
#include "net/tls.h"
#include "net/url.h"
#include "runtime/io_loop.h"
#include "runtime/task.h"

namespace godwit::net {

// What one try came to: bytes moved, or what to wait for before the next try.
struct Progress {
    enum class Next : std::uint8_t { Go, WaitReadable, WaitWritable, Ended };
    std::size_t bytes = 0;
    Next next = Next::Go;
};

class Stream {
  public:
    // A new, unconnected TCP socket with TCP_NODELAY. Fails with Busy when descriptors run out.
    static Result<std::unique_ptr<Stream>> open(runtime::IoLoop& loop, int family);
    // Closes; a healthy TLS session is told so first (close_notify), without waiting.
    ~Stream();
    // Closing will be a reset that throws away what the kernel has not sent yet: bytes of a request that
    // was given up must not arrive later.
    void abort_when_closed() { abortive_ = true; }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // Fails with Lost and the errno's name, or with the context.
    runtime::Task<Result<void>> connect(runtime::Context& context, const Address& address);
    // Shakes hands as TLS client and verifies the peer as `tls` says. Fails with Denied (certificate
    // refused), Corrupt (no common ground, or no TLS at all), Lost, or with the context.
    runtime::Task<Result<void>> start_tls(runtime::Context& context, TlsContext& tls, const Origin& origin);

    // Up to out.size() bytes. Ended: the peer has finished cleanly (FIN; over TLS close_notify).
    // Fails with Lost (reset; over TLS also a FIN without close_notify) or Corrupt (broken TLS).
    Result<Progress> try_read(std::span<std::byte> out);
    // Sends from the head of `first` followed by `second` as if they were one. After WaitReadable or
    // WaitWritable the next try must be given the same bytes again.
    Result<Progress> try_write(std::span<const std::byte> first, std::span<const std::byte> second);

    runtime::FdWatch::Ready readable(runtime::Context& context) {
        return drained_ ? watch_.more_readable(context) : watch_.readable(context);
    }
    runtime::FdWatch::Ready writable(runtime::Context& context) { return watch_.writable(context); }
    runtime::FdWatch::Either either(runtime::Context& context) { return watch_.either(context); }

    // False when the peer has closed an idle connection or sent something unasked, as far as the loop
    // has heard.
    bool is_quiet();
    // Received bytes stand in OpenSSL's memory: waiting for the socket to become readable would be wrong.
    bool has_buffered() const { return ssl_ && SSL_has_pending(ssl_.get()); }
    bool is_tls() const { return ssl_ != nullptr; }
    // "TLSv1.3 TLS_AES_128_GCM_SHA256"; empty for plain connections.
    std::string tls_description() const;
    bool tls_session_was_resumed() const { return ssl_ && SSL_session_reused(ssl_.get()); }

  private:
    struct OwnedFd {
        int fd;
        ~OwnedFd();
    };
    Stream(runtime::IoLoop& loop, int fd) : fd_{fd}, watch_(loop, fd) {}
    Result<Progress> plain_read(std::span<std::byte> out);
    Result<Progress> tls_read(std::span<std::byte> out);
    Result<Progress> plain_write(std::span<const std::byte> first, std::span<const std::byte> second);
    Result<Progress> tls_write(std::span<const std::byte> first, std::span<const std::byte> second);
    Result<Progress> tls_stopped(int result, const char* operation);

    OwnedFd fd_;
    SslPointer ssl_;
    bool tls_broken_ = false;  // no close_notify may follow
    bool abortive_ = false;
    bool drained_ = false;  // the last read has emptied the socket
    runtime::FdWatch watch_;
};

}  // namespace godwit::net
