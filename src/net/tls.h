// TLS for clients: one context of trust and sessions, from which connections are made.
//
// TLS 1.2 and up; the peer's name is verified by OpenSSL itself (RFC 9525 matching), and sessions are
// resumed per origin only, so that a session never speaks for a name that it was not verified for.
// OpenSSL works on the descriptor and writes to it without MSG_NOSIGNAL: main ignores SIGPIPE.
#pragma once

#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_options.h"
#include "net/url.h"

namespace godwit::net {

struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPointer = std::unique_ptr<SSL, SslDeleter>;

class TlsContext {
  public:
    static constexpr std::size_t kOriginsMax = 1024;

    // Fails with Invalid when the CA file cannot be used.
    static Result<std::unique_ptr<TlsContext>> make(const TlsOptions& options);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    // A client connection to `origin` on `fd`, which stays the caller's: name to verify and to send
    // (SNI), and the origin's last session if one is known. Must not outlive this context.
    Result<SslPointer> connection(const Origin& origin, int fd);

  private:
    using SessionPointer = std::unique_ptr<SSL_SESSION, SslDeleter>;
    explicit TlsContext(std::unique_ptr<SSL_CTX, SslDeleter> context) : context_(std::move(context)) {}
    static int keep_session(SSL* ssl, SSL_SESSION* session);
    SessionPointer* session_slot(const Origin& origin);

    std::unique_ptr<SSL_CTX, SslDeleter> context_;
    // Connections hold pointers to the slots: entries are never erased.
    std::map<Origin, SessionPointer> sessions_;
};

// Empties OpenSSL's queue of errors and returns the text of the first.
std::string take_tls_error();

}  // namespace godwit::net
