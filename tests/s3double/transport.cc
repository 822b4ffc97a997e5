#include "s3double/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace godwit::s3double {

namespace {

constexpr std::size_t kTlsRecordBytes = 16u << 10;

}  // namespace

void FreeSsl::operator()(SSL* ssl) const {
    SSL_free(ssl);
}
void FreeSsl::operator()(SSL_CTX* context) const {
    SSL_CTX_free(context);
}

Transport::Transport(int fd, SSL_CTX* context) : fd_(fd), ssl_(context ? SSL_new(context) : nullptr) {
    if (!ssl_) {
        handshake_done_ = true;
        return;
    }
    SSL_set_fd(ssl_.get(), fd);
    SSL_set_accept_state(ssl_.get());
}

Transport::~Transport() {
    if (ssl_ && handshake_done_ && !broken_) SSL_shutdown(ssl_.get());
    close(fd_);
}

void Transport::reset_on_close() {
    broken_ = true;
    linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

bool Transport::has_pending() const {
    return ssl_ && SSL_has_pending(ssl_.get()) == 1;
}

Transport::Moved Transport::read(std::span<std::byte> into) {
    if (!ssl_) return read_plain(into);
    ERR_clear_error();
    int result = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
    return tls_result(result, result > 0 ? static_cast<std::size_t>(result) : 0);
}

Transport::Moved Transport::read_plain(std::span<std::byte> into) {
    ssize_t count = recv(fd_, into.data(), into.size(), 0);
    if (count > 0) return {State::Done, static_cast<std::size_t>(count)};
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return {State::WaitToRead};
    return {State::Closed};
}

Transport::Moved Transport::write(std::span<const std::span<const std::byte>> runs) {
    runs = runs.first(std::min(runs.size(), kRunsMax));
    return ssl_ ? write_tls(runs) : write_plain(runs);
}

Transport::Moved Transport::write_plain(std::span<const std::span<const std::byte>> runs) {
    std::array<iovec, kRunsMax> vectors;
    for (std::size_t i = 0; i < runs.size(); ++i)
        vectors[i] = {const_cast<std::byte*>(runs[i].data()), runs[i].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = runs.size();
    ssize_t count = sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (count >= 0) return {State::Done, static_cast<std::size_t>(count)};
    if (errno == EAGAIN || errno == EINTR) return {State::WaitToWrite};
    return {State::Closed};
}

// Small runs share a record: a head alone in its own would cost the client a second read.
Transport::Moved Transport::write_tls(std::span<const std::span<const std::byte>> runs) {
    std::array<std::byte, kTlsRecordBytes> record;
    std::span<const std::byte> next = runs[0];
    if (runs.size() > 1 && next.size() < kTlsRecordBytes) {
        std::size_t filled = 0;
        for (auto run : runs) {
            auto part = run.first(std::min(run.size(), kTlsRecordBytes - filled));
            std::memcpy(record.data() + filled, part.data(), part.size());
            filled += part.size();
        }
        next = std::span<const std::byte>(record).first(filled);
    }
    ERR_clear_error();
    int result =
        SSL_write(ssl_.get(), next.data(), static_cast<int>(std::min<std::size_t>(next.size(), 1u << 20)));
    return tls_result(result, result > 0 ? static_cast<std::size_t>(result) : 0);
}

Transport::Moved Transport::tls_result(int result, std::size_t moved) {
    handshake_done_ = handshake_done_ || SSL_is_init_finished(ssl_.get());
    if (moved > 0) return {State::Done, moved};
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {State::WaitToRead};
        case SSL_ERROR_WANT_WRITE:
            return {State::WaitToWrite};
        case SSL_ERROR_ZERO_RETURN:
            return {State::Closed};
        default:
            broken_ = true;
            return {State::Closed};
    }
}

}  // namespace godwit::s3double
