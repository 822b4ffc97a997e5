// The bytes of one connection, plain or through TLS, without waiting.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace godwit::s3double {

struct FreeSsl {
    void operator()(SSL* ssl) const;
    void operator()(SSL_CTX* context) const;
};

class Transport {
  public:
    // Takes the descriptor over. `context` null: plain.
    Transport(int fd, SSL_CTX* context);
    ~Transport();
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    enum class State : std::uint8_t {
        Done,        // `size_bytes` moved
        WaitToRead,  // nothing moved; again when readable
        WaitToWrite,
        Closed,  // by the other side, in order or not
    };
    struct Moved {
        State state;
        std::size_t size_bytes = 0;
    };
    Moved read(std::span<std::byte> into);
    // As much of `runs` as goes, in order. At most kRunsMax of them are looked at.
    static constexpr std::size_t kRunsMax = 16;
    Moved write(std::span<const std::span<const std::byte>> runs);
    // TLS holds decrypted bytes that epoll does not know of.
    bool has_pending() const;
    bool handshake_done() const { return handshake_done_; }

    // RST instead of FIN, and no close_notify.
    void reset_on_close();
    int fd() const { return fd_; }

  private:
    Moved read_plain(std::span<std::byte> into);
    Moved write_plain(std::span<const std::span<const std::byte>> runs);
    Moved write_tls(std::span<const std::span<const std::byte>> runs);
    Moved tls_result(int result, std::size_t moved);

    int fd_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    bool handshake_done_ = false;
    bool broken_ = false;
};

}  // namespace godwit::s3double
