// OpenSSL marks its plain SHA-256 functions deprecated; they are used here because their state can be
// copied, so that a signature starts behind the key's two pad blocks instead of at them.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "s3/sigv4.h"

#include <openssl/sha.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/time_format.h"
#include "s3/text_writer.h"

namespace godwit::s3 {

namespace {

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

Hash sha256(std::string_view text) {
    Hash out;
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, text.data(), text.size());
    SHA256_Final(out.data(), &state);
    return out;
}

// HMAC-SHA-256 (RFC 2104) with the work on the key done once.
class HmacKey {
  public:
    explicit HmacKey(std::string_view key) {
        std::array<unsigned char, SHA256_CBLOCK> block{};
        if (key.size() > block.size()) {
            Hash hashed = sha256(key);
            std::ranges::copy(hashed, block.begin());
        } else {
            std::ranges::copy(key, block.begin());
        }
        start(inner_, block, 0x36);
        start(outer_, block, 0x5c);
    }

    Hash of(std::string_view message) const {
        Hash out;
        SHA256_CTX state = inner_;
        SHA256_Update(&state, message.data(), message.size());
        SHA256_Final(out.data(), &state);
        state = outer_;
        SHA256_Update(&state, out.data(), out.size());
        SHA256_Final(out.data(), &state);
        return out;
    }

  private:
    static void start(SHA256_CTX& state, std::array<unsigned char, SHA256_CBLOCK> block, unsigned char pad) {
        for (unsigned char& byte : block) byte ^= pad;
        SHA256_Init(&state);
        SHA256_Update(&state, block.data(), block.size());
    }
    SHA256_CTX inner_;
    SHA256_CTX outer_;
};

std::string_view as_text(const Hash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::array<char, 2 * SHA256_DIGEST_LENGTH> hex(const Hash& hash) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 2 * SHA256_DIGEST_LENGTH> text;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        text[2 * i] = kDigits[hash[i] >> 4];
        text[2 * i + 1] = kDigits[hash[i] & 15];
    }
    return text;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool has_blanks_to_fold(std::string_view value) {
    if (value.empty()) return false;
    if (is_blank(value.front()) || is_blank(value.back())) return true;
    return value.find("  ") != std::string_view::npos || value.contains('\t');
}

// White space at the ends goes, runs inside become one space. Few values have any to fold.
void put_canonical_value(TextWriter& out, std::string_view value) {
    if (!has_blanks_to_fold(value)) {
        out.put(value);
        return;
    }
    bool gap = false, any = false;
    for (char c : value) {
        if (is_blank(c)) {
            gap = any;
            continue;
        }
        if (gap) out.put(' ');
        out.put(c);
        gap = false;
        any = true;
    }
}

void put_line(TextWriter& out, std::string_view name, std::string_view value) {
    out.put(name).put(": ").put(value).put("\r\n");
}

struct SignedHeader {
    std::string_view name;
    std::string_view value;
};

// What a head takes at most besides its headers, the authorization included.
constexpr std::size_t kHeadBytesMax = 512;

std::size_t head_bytes_max(const HeadRequest& request) {
    constexpr std::size_t kLineBytes = std::string_view(": \r\n").size();
    return kHeadBytesMax + request.method.size() + request.path.size() + request.query.size() +
           request.headers.bytes() + kLineBytes * request.headers.size();
}

// Request line and headers.
void put_request(TextWriter& out, const HeadRequest& request) {
    request.headers.check_lines();
    out.put(request.method).put(' ').put(request.path);
    if (!request.query.empty()) out.put('?').put(request.query);
    out.put(" HTTP/1.1\r\n");
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
        put_line(out, request.headers.name(i), request.headers.value(i));
    }
}

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

struct Signer::State {
    // The derived key and the scope are good for one day and one secret.
    std::int64_t day = -1;
    std::string secret;
    std::optional<HmacKey> key;
    std::string scope;  // "20130524/us-east-1/s3/aws4_request"

    std::int64_t second = -1;
    std::string timestamp;  // "20130524T000000Z", of `second`

    // Kept for their memory.
    std::vector<SignedHeader> headers;
    std::string canonical_buffer;
    std::string to_sign_buffer;
    // "host;range;...", inside canonical_buffer.
    std::string_view signed_names;

    void set_time(std::int64_t unix_time_ns);
    void set_key(const Credentials& credentials, std::int64_t unix_time_ns, std::string_view region,
                 std::string_view service);
    void collect(const Credentials& credentials, const HeadRequest& request, bool with_hash);
    Hash sign(const HeadRequest& request);
};

void Signer::State::set_time(std::int64_t unix_time_ns) {
    std::int64_t now = unix_time_ns / kNsPerSecond;
    if (now == second) return;
    second = now;
    timestamp = format_iso_basic(unix_time_ns);
}

void Signer::State::set_key(const Credentials& credentials, std::int64_t unix_time_ns,
                            std::string_view region, std::string_view service) {
    std::int64_t today = unix_time_ns / (86'400 * kNsPerSecond);
    if (today == day && credentials.secret_access_key == secret) return;
    std::string date = format_iso_date(unix_time_ns);
    Hash step = HmacKey("AWS4" + credentials.secret_access_key).of(date);
    for (std::string_view part : {region, service, std::string_view("aws4_request")}) {
        step = HmacKey(as_text(step)).of(part);
    }
    key.emplace(as_text(step));
    scope = date;
    scope.append("/").append(region).append("/").append(service).append("/aws4_request");
    secret = credentials.secret_access_key;
    day = today;
}

void Signer::State::collect(const Credentials& credentials, const HeadRequest& request, bool with_hash) {
    headers.clear();
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
        if (request.headers.is_signed(i))
            headers.push_back({request.headers.name(i), request.headers.value(i)});
    }
    headers.push_back({"x-amz-date", timestamp});
    if (with_hash) headers.push_back({"x-amz-content-sha256", request.payload_hash});
    if (!credentials.session_token.empty())
        headers.push_back({"x-amz-security-token", credentials.session_token});
    std::ranges::sort(headers, {}, &SignedHeader::name);
}

Hash Signer::State::sign(const HeadRequest& request) {
    std::size_t bytes_max =
        8 + request.method.size() + request.path.size() + request.query.size() + request.payload_hash.size();
    for (const SignedHeader& header : headers) bytes_max += 2 * header.name.size() + header.value.size() + 3;
    TextWriter canonical(canonical_buffer, bytes_max);
    canonical.put(request.method).put('\n').put(request.path).put('\n').put(request.query).put('\n');
    for (const SignedHeader& header : headers) {
        canonical.put(header.name).put(':');
        put_canonical_value(canonical, header.value);
        canonical.put('\n');
    }
    canonical.put('\n');
    std::size_t names_begin = canonical.size();
    for (const SignedHeader& header : headers) {
        if (canonical.size() > names_begin) canonical.put(';');
        canonical.put(header.name);
    }
    signed_names = canonical.view().substr(names_begin);
    canonical.put('\n').put(request.payload_hash);

    auto canonical_hash = hex(sha256(canonical.view()));
    TextWriter to_sign(to_sign_buffer, kHeadBytesMax);
    to_sign.put(kAlgorithm).put('\n').put(timestamp).put('\n').put(scope).put('\n');
    to_sign.put({canonical_hash.data(), canonical_hash.size()});
    return key->of(to_sign.view());
}

Signer::Signer(std::string region, std::string service)
    : region_(std::move(region)), service_(std::move(service)), state_(std::make_unique<State>()) {}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;

std::string Signer::head(const Credentials& credentials, const HeadRequest& request) {
    if (credentials.anonymous()) return unsigned_head(request);
    bool with_hash = service_ == "s3";
    state_->set_time(request.unix_time_ns);
    state_->set_key(credentials, request.unix_time_ns, region_, service_);
    state_->collect(credentials, request, with_hash);
    auto signature = hex(state_->sign(request));

    std::string out;
    TextWriter writer(out, head_bytes_max(request) + request.payload_hash.size() + state_->scope.size() +
                               state_->signed_names.size() + credentials.access_key_id.size() +
                               credentials.session_token.size());
    put_request(writer, request);
    put_line(writer, "x-amz-date", state_->timestamp);
    if (with_hash) put_line(writer, "x-amz-content-sha256", request.payload_hash);
    if (!credentials.session_token.empty())
        put_line(writer, "x-amz-security-token", credentials.session_token);
    writer.put("authorization: ").put(kAlgorithm).put(" Credential=").put(credentials.access_key_id).put('/');
    writer.put(state_->scope).put(", SignedHeaders=").put(state_->signed_names).put(", Signature=");
    writer.put({signature.data(), signature.size()}).put("\r\n\r\n");
    writer.finish();
    return out;
}

std::string unsigned_head(const HeadRequest& request) {
    std::string out;
    TextWriter writer(out, head_bytes_max(request) + request.payload_hash.size());
    put_request(writer, request);
    // Says how the body is framed, which does not depend on who sends it.
    if (request.payload_hash == kUnsignedPayloadTrailer) {
        put_line(writer, "x-amz-content-sha256", request.payload_hash);
    }
    writer.put("\r\n");
    writer.finish();
    return out;
}

std::string canonical_query(std::span<const std::pair<std::string_view, std::string_view>> parameters) {
    std::vector<std::pair<std::string, std::string>> encoded;
    encoded.reserve(parameters.size());
    for (const auto& [name, value] : parameters) {
        encoded.emplace_back(percent_encode(name, Keep::Unreserved), percent_encode(value, Keep::Unreserved));
    }
    std::ranges::sort(encoded);
    std::string out;
    for (const auto& [name, value] : encoded) {
        if (!out.empty()) out += '&';
        out.append(name).append("=").append(value);
    }
    return out;
}

std::string payload_sha256(std::span<const std::byte> body) {
    auto text = hex(sha256({reinterpret_cast<const char*>(body.data()), body.size()}));
    return std::string(text.data(), text.size());
}

}  // namespace godwit::s3
