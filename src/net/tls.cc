#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/sabotage.h"
#include "net/address.h"

namespace godwit::net {
namespace {

// AES-128-GCM first: the cheapest that is strong, and bulk TLS is bound by it.
constexpr const char* kTls13Suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kTls12Suites = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK";

Error invalid_tls(const std::string& subject) {
    return Error(ErrorKind::Invalid, "load certificate authorities from", subject, take_tls_error());
}

Result<void> load_authorities(SSL_CTX* context, const std::string& path) {
    if (path.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) return invalid_tls("the system's store");
        return {};
    }
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) {
        return errno_error(errno, "load certificate authorities from", path).with_kind(ErrorKind::Invalid);
    }
    bool is_directory = S_ISDIR(status.st_mode);
    int loaded = is_directory ? SSL_CTX_load_verify_dir(context, path.c_str())
                              : SSL_CTX_load_verify_file(context, path.c_str());
    if (loaded != 1) return invalid_tls(path);
    return {};
}

void set_modes(SSL_CTX* context, bool verify) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_ciphersuites(context, kTls13Suites);
    SSL_CTX_set_cipher_list(context, kTls12Suites);
    SSL_CTX_set_verify(context,
                       verify && !GODWIT_SABOTAGE(accept_any_certificate) ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                       nullptr);
    // Written from the caller's memory, which stays at its place only by content; and a connection
    // that waits keeps no record buffers (34 KiB each).
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}

// Certificates for an address must name that address; the name of a host is also sent (SNI).
bool set_peer_name(SSL* ssl, const std::string& host) {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (Address::parse(host, 0)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    if (GODWIT_SABOTAGE(accept_any_host_name)) return SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
    return SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 && SSL_set1_host(ssl, host.c_str()) == 1;
}

}  // namespace

std::string take_tls_error() {
    unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "unknown TLS error";
    const char* reason = ERR_reason_error_string(code);
    return reason ? reason : "TLS error " + std::to_string(code);
}

Result<std::unique_ptr<TlsContext>> TlsContext::make(const TlsOptions& options) {
    ERR_clear_error();
    std::unique_ptr<SSL_CTX, SslDeleter> context(SSL_CTX_new(TLS_client_method()));
    if (!context) return Error(ErrorKind::Invalid, "prepare", "TLS", take_tls_error());
    set_modes(context.get(), options.verify);
    if (options.verify) GODWIT_TRY_VOID(load_authorities(context.get(), options.ca_file));
    SSL_CTX_sess_set_new_cb(context.get(), &TlsContext::keep_session);
    return std::unique_ptr<TlsContext>(new TlsContext(std::move(context)));
}

Result<SslPointer> TlsContext::connection(const Origin& origin, int fd) {
    ERR_clear_error();
    SslPointer ssl(SSL_new(context_.get()));
    if (!ssl || SSL_set_fd(ssl.get(), fd) != 1 || !set_peer_name(ssl.get(), origin.host)) {
        return Error(ErrorKind::Invalid, "prepare TLS for", origin.display(), take_tls_error());
    }
    SSL_set_connect_state(ssl.get());
    if (SessionPointer* slot = session_slot(origin)) {
        SSL_set_app_data(ssl.get(), slot);
        if (*slot) SSL_set_session(ssl.get(), slot->get());
    }
    return ssl;
}

TlsContext::SessionPointer* TlsContext::session_slot(const Origin& origin) {
    if (sessions_.size() >= kOriginsMax && !sessions_.contains(origin)) return nullptr;
    return &sessions_[origin];
}

// OpenSSL calls this for each ticket that arrives; 1 says that the session is now ours.
int TlsContext::keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* slot = static_cast<SessionPointer*>(SSL_get_app_data(ssl));
    if (!slot) return 0;
    slot->reset(session);
    return 1;
}

}  // namespace godwit::net
