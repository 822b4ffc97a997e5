#include "net/test_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>

#include "base/check.h"

namespace godwit::net {
namespace {

using KeyPointer = std::unique_ptr<EVP_PKEY, CertificateDeleter>;
using CertificatePointer = std::unique_ptr<X509, CertificateDeleter>;

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    GODWIT_CHECK(extension, "extension {}", value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

CertificatePointer new_certificate(EVP_PKEY* key, const char* name, const LeafOptions& options) {
    static long serial = 1;
    CertificatePointer certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.valid_from_seconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.valid_to_seconds);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    return certificate;
}

}  // namespace

TestAuthority::TestAuthority() : key_(EVP_EC_gen("P-256")) {
    // Not two of one name: then the wrong one's key would be tried.
    static int number = 0;
    std::string name = "Test authority " + std::to_string(++number);
    certificate_ = new_certificate(key_.get(), name.c_str(), LeafOptions());
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign");
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());

    char path[] = "/tmp/godwit-test-ca-XXXXXX";
    int fd = mkstemp(path);
    GODWIT_CHECK(fd >= 0);
    FILE* file = fdopen(fd, "w");
    PEM_write_X509(file, certificate_.get());
    fclose(file);
    file_ = path;
}

TestAuthority::~TestAuthority() {
    unlink(file_.c_str());
}

ServerTls TestAuthority::server(const LeafOptions& options) const {
    KeyPointer key(EVP_EC_gen("P-256"));
    CertificatePointer leaf = new_certificate(key.get(), "test server", options);
    X509* issuer = options.self_signed ? leaf.get() : certificate_.get();
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer));
    add_extension(leaf.get(), issuer, NID_subject_alt_name, options.names.c_str());
    X509_sign(leaf.get(), options.self_signed ? key.get() : key_.get(), EVP_sha256());

    ServerTls context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_max_proto_version(context.get(), options.version_max);
    // TLS 1.1 is below what OpenSSL offers of itself; a test's old server must not be.
    if (options.version_max < TLS1_2_VERSION) {
        SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
        SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
    }
    SSL_CTX_use_certificate(context.get(), leaf.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    return context;
}

}  // namespace godwit::net
