#include "net/stream.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/sabotage.h"

namespace godwit::net {

using runtime::Context;
using runtime::IoLoop;
using runtime::Task;

namespace {

using Next = Progress::Next;

constexpr std::size_t kTlsRecordBytes = 16 << 10;
// One turn of the loop spends no more than this on one connection's ciphers (60 us).
constexpr std::size_t kTlsTurnBytesMax = 256 << 10;

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

Error lost(const char* operation, int error) {
    const char* name = strerrorname_np(error);
    return Error(ErrorKind::Lost, operation, "connection", strerrordesc_np(error))
        .with_code(name ? name : fmt::format("errno {}", error));
}

// Over IPv6 it may also mean that this machine has no such address.
Error connect_error(const Address& address, int error) {
    bool lacks_port = error == EADDRNOTAVAIL && address.family() == AF_INET;
    return lacks_port ? lost("connect", error).with_code("NoLocalPort") : lost("connect", error);
}

iovec as_iovec(std::span<const std::byte> bytes) {
    return {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
}

// The first record of a message: the head with as much of the body as fits, so that a small request
// is one record and one system call. Returns its size.
std::size_t join(std::array<std::byte, kTlsRecordBytes>& record, std::span<const std::byte> first,
                 std::span<const std::byte> second) {
    std::size_t from_first = std::min(first.size(), record.size());
    std::size_t from_second = std::min(second.size(), record.size() - from_first);
    std::memcpy(record.data(), first.data(), from_first);
    if (from_second) std::memcpy(record.data() + from_first, second.data(), from_second);
    return from_first + from_second;
}

}  // namespace

Stream::OwnedFd::~OwnedFd() {
    close(fd);
}

Result<std::unique_ptr<Stream>> Stream::open(IoLoop& loop, int family) {
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
        // A family that the machine lacks is like a host that cannot be reached.
        if (errno == EAFNOSUPPORT) return lost("open", errno);
        return errno_error(errno, "open", "socket");
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return std::unique_ptr<Stream>(new Stream(loop, fd));
}

Stream::~Stream() {
    if (abortive_) {
        linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(fd_.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return;
    }
    if (!ssl_ || tls_broken_ || !SSL_is_init_finished(ssl_.get())) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
}

Task<Result<void>> Stream::connect(Context& context, const Address& address) {
    int result = ::connect(fd_.fd, address.data(), address.size());
    if (result == 0) co_return {};
    if (errno != EINPROGRESS) co_return connect_error(address, errno);
    for (;;) {
        GODWIT_CO_TRY_VOID(co_await writable(context));
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(fd_.fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) co_return lost("connect", error);
        sockaddr_storage peer;
        socklen_t peer_size = sizeof peer;
        // Woken too early: not connected yet, without an error.
        if (getpeername(fd_.fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) co_return {};
    }
}

Task<Result<void>> Stream::start_tls(Context& context, TlsContext& tls, const Origin& origin) {
    GODWIT_CO_TRY(ssl_, tls.connection(origin, fd_.fd));
    for (;;) {
        ERR_clear_error();
        int result = SSL_connect(ssl_.get());
        if (result == 1) co_return {};
        long verdict = SSL_get_verify_result(ssl_.get());
        if (verdict != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
            tls_broken_ = true;
            co_return Error(ErrorKind::Denied, "verify certificate of", origin.display(),
                            X509_verify_cert_error_string(verdict))
                .with_code("CertificateRefused");
        }
        GODWIT_CO_TRY(Progress progress, tls_stopped(result, "shake hands on"));
        if (progress.next == Next::Ended) co_return lost("shake hands on", ECONNRESET);
        if (progress.next == Next::WaitReadable) {
            GODWIT_CO_TRY_VOID(co_await readable(context));
        } else {
            GODWIT_CO_TRY_VOID(co_await writable(context));
        }
    }
}

Result<Progress> Stream::try_read(std::span<std::byte> out) {
    watch_.will_read();
    drained_ = false;
    return ssl_ ? tls_read(out) : plain_read(out);
}

Result<Progress> Stream::try_write(std::span<const std::byte> first, std::span<const std::byte> second) {
    return ssl_ ? tls_write(first, second) : plain_write(first, second);
}

Result<Progress> Stream::plain_read(std::span<std::byte> out) {
    for (;;) {
        ssize_t count = recv(fd_.fd, out.data(), out.size(), 0);
        drained_ = count < static_cast<ssize_t>(out.size());
        if (count > 0) return Progress{.bytes = static_cast<std::size_t>(count)};
        if (count == 0) return Progress{.next = Next::Ended};
        if (would_block(errno)) return Progress{.next = Next::WaitReadable};
        if (errno != EINTR) return lost("read from", errno);
    }
}

Result<Progress> Stream::plain_write(std::span<const std::byte> first, std::span<const std::byte> second) {
    iovec parts[2] = {as_iovec(first), as_iovec(second)};
    msghdr message{};
    message.msg_iov = first.empty() ? parts + 1 : parts;
    message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
    for (;;) {
        ssize_t count = sendmsg(fd_.fd, &message, MSG_NOSIGNAL);
        if (count >= 0) return Progress{.bytes = static_cast<std::size_t>(count)};
        if (would_block(errno)) return Progress{.next = Next::WaitWritable};
        if (errno != EINTR) return lost("write to", errno);
    }
}

// As many records as are there: SSL_read gives at most one.
Result<Progress> Stream::tls_read(std::span<std::byte> out) {
    std::size_t wanted = std::min(out.size(), kTlsTurnBytesMax);
    std::size_t got = 0;
    while (got < wanted) {
        ERR_clear_error();
        std::size_t count = 0;
        int result = SSL_read_ex(ssl_.get(), out.data() + got, wanted - got, &count);
        got += count;
        if (result == 1) continue;
        drained_ = SSL_want_read(ssl_.get());
        if (got > 0) break;  // what stopped us is told again by the next try
        return tls_stopped(result, "read from");
    }
    return Progress{.bytes = got};
}

// OpenSSL takes one record a call. A record that it has sealed but could not send is sent by the next
// try, which is given the same bytes.
Result<Progress> Stream::tls_write(std::span<const std::byte> first, std::span<const std::byte> second) {
    std::array<std::byte, kTlsRecordBytes> record;
    std::span<const std::byte> bytes = second.first(std::min(second.size(), kTlsTurnBytesMax));
    if (!first.empty()) bytes = {record.data(), join(record, first, second)};
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        ERR_clear_error();
        std::size_t count = 0;
        int result = SSL_write_ex(ssl_.get(), bytes.data() + sent, bytes.size() - sent, &count);
        sent += count;
        if (result == 1) continue;
        if (sent > 0) break;
        return tls_stopped(result, "write to");
    }
    return Progress{.bytes = sent};
}

// Why an SSL_* call has moved nothing.
Result<Progress> Stream::tls_stopped(int result, const char* operation) {
    int error_number = errno;
    int stop = SSL_get_error(ssl_.get(), result);
    if (stop == SSL_ERROR_WANT_READ) return Progress{.next = Next::WaitReadable};
    if (stop == SSL_ERROR_WANT_WRITE) return Progress{.next = Next::WaitWritable};
    if (stop == SSL_ERROR_ZERO_RETURN) return Progress{.next = Next::Ended};
    tls_broken_ = true;
    // A cut that came right behind bytes is SSL_ERROR_SYSCALL by now, since this is the next try.
    if (GODWIT_SABOTAGE(no_close_notify_needed)) return Progress{.next = Next::Ended};
    if (stop == SSL_ERROR_SYSCALL) return lost(operation, error_number ? error_number : ECONNRESET);
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        return Error(ErrorKind::Lost, operation, "connection",
                     "closed without close_notify: may be cut short")
            .with_code("TlsTruncated");
    }
    return Error(ErrorKind::Corrupt, operation, "connection", "TLS: " + take_tls_error())
        .with_code("TlsFailed");
}

bool Stream::is_quiet() {
    // Neither more bytes nor the end since the socket was read empty. Where that is not known, or there
    // is news, the socket is asked.
    if (drained_ && !watch_.has_news() && !has_buffered()) return true;
    char byte;
    bool nothing_there = recv(fd_.fd, &byte, 1, MSG_PEEK) < 0 && would_block(errno);
    if (!ssl_) return nothing_there;
    if (nothing_there) return SSL_pending(ssl_.get()) == 0;
    // Late session tickets are taken in here and do no harm.
    ERR_clear_error();
    int result = SSL_peek(ssl_.get(), &byte, 1);
    return result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
}

std::string Stream::tls_description() const {
    if (!ssl_) return {};
    return fmt::format("{} {}", SSL_get_version(ssl_.get()), SSL_get_cipher_name(ssl_.get()));
}

}  // namespace godwit::net
