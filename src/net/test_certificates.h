// Certificates for tests, made with OpenSSL when they are needed. Part of the test program only.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/tls.h"

namespace godwit::net {

struct CertificateDeleter {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
};
using ServerTls = std::unique_ptr<SSL_CTX, SslDeleter>;

struct LeafOptions {
    // As OpenSSL writes them: "DNS:localhost,IP:127.0.0.1".
    std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
    long valid_from_seconds = -3600;
    long valid_to_seconds = 3600;
    bool self_signed = false;
    int version_max = TLS1_3_VERSION;
};

// An authority with a key of its own; its certificate stands in a file until it is destroyed.
class TestAuthority {
  public:
    TestAuthority();
    ~TestAuthority();
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    const std::string& file() const { return file_; }
    // A server's side of TLS with a certificate that this authority has signed.
    ServerTls server(const LeafOptions& options = {}) const;

  private:
    std::unique_ptr<EVP_PKEY, CertificateDeleter> key_;
    std::unique_ptr<X509, CertificateDeleter> certificate_;
    std::string file_;
};

}  // namespace godwit::net
