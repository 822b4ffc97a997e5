#include "s3double/certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace godwit::s3double {

namespace {

constexpr long kDay_s = 24 * 60 * 60;
constexpr std::size_t kReadAheadBytes = 64u << 10;

struct FreeX509 {
    void operator()(X509* p) const { X509_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
    void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
using Certificate = std::unique_ptr<X509, FreeX509>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeX509>;

Error tls_error(std::string subject) {
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    return Error(ErrorKind::Invalid, "make", std::move(subject), text);
}

PrivateKey make_key() {
    return PrivateKey(EVP_EC_gen("P-256"));
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, FreeX509> extension(
        X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

void set_name(X509_NAME* name, const char* common_name) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name),
                               -1, -1, 0);
}

Certificate start_certificate(long serial, const char* name, EVP_PKEY* key, long from_s, long to_s) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_s);
    set_name(X509_get_subject_name(certificate.get()), name);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

Certificate make_authority(EVP_PKEY* key) {
    Certificate authority = start_certificate(1, "s3double test authority", key, -kDay_s, kDay_s);
    X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
    bool made =
        add_extension(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE") &&
        add_extension(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
    if (!made || X509_sign(authority.get(), key, EVP_sha256()) == 0) authority.reset();
    return authority;
}

std::string subject_names(const Options& options) {
    if (options.tls_fault == TlsFault::WrongHost) return "DNS:elsewhere.invalid";
    bool is_address = options.host.find_first_not_of("0123456789.") == std::string::npos;
    return std::string(is_address ? "IP:" : "DNS:") + options.host + ",DNS:localhost,DNS:*." + options.domain;
}

Certificate make_server(const Options& options, EVP_PKEY* key, X509* authority, EVP_PKEY* authority_key) {
    long to_s = options.tls_fault == TlsFault::Expired ? -60 : kDay_s;
    Certificate server = start_certificate(2, "s3double", key, -kDay_s, to_s);
    X509_set_issuer_name(server.get(), X509_get_subject_name(authority));
    bool made = add_extension(server.get(), authority, NID_subject_alt_name, subject_names(options)) &&
                add_extension(server.get(), authority, NID_ext_key_usage, "serverAuth") &&
                add_extension(server.get(), authority, NID_authority_key_identifier, "keyid");
    if (!made || X509_sign(server.get(), authority_key, EVP_sha256()) == 0) server.reset();
    return server;
}

std::string pem_of(X509* certificate) {
    std::unique_ptr<BIO, FreeX509> memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(memory.get(), certificate);
    char* text = nullptr;
    long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace

Result<ServerIdentity> make_identity(const Options& options) {
    PrivateKey authority_key = make_key(), server_key = make_key();
    if (!authority_key || !server_key) return tls_error("private key");
    Certificate authority = make_authority(authority_key.get());
    if (!authority) return tls_error("test authority");
    Certificate server = make_server(options, server_key.get(), authority.get(), authority_key.get());
    if (!server) return tls_error("server certificate");

    ServerIdentity identity;
    identity.context.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* context = identity.context.get();
    if (!context || SSL_CTX_use_certificate(context, server.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context, server_key.get()) != 1)
        return tls_error("TLS context");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    // One system call for several records.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, kReadAheadBytes);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    identity.authority_pem = pem_of(authority.get());
    return identity;
}

}  // namespace godwit::s3double
