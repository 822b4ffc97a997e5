// EVP costs more than the hash itself for inputs of this size, and the server must never be what a
// benchmark measures.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "s3double/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/encoding.h"
#include "base/time_format.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::int64_t kSkewMax_ns = 15ll * 60 * 1'000'000'000;
constexpr std::size_t kSigningKeysMax = 64;

std::string_view view_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append_hex(std::string& out, const Sha256Value& value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 2 * sizeof(Sha256Value)> text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        text[2 * i] = kDigits[std::to_integer<std::size_t>(value[i] >> 4)];
        text[2 * i + 1] = kDigits[std::to_integer<std::size_t>(value[i] & std::byte{15})];
    }
    out.append(text.data(), text.size());
}

// The bytes of UriEncode(), section "Task 1" of the specification.
constexpr std::array<bool, 256> make_unreserved() {
    std::array<bool, 256> table{};
    for (char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}
constexpr std::array<bool, 256> kUnreserved = make_unreserved();

void append_uri_encoded(std::string& out, std::string_view text, bool keep_slash) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (kUnreserved[byte] || (keep_slash && c == '/')) {
            out += c;
            continue;
        }
        out += '%';
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
}

// Trimmed already; runs of spaces become one.
void append_collapsed(std::string& out, std::string_view value) {
    if (value.find("  ") == std::string_view::npos) {
        out += value;
        return;
    }
    bool space = false;
    for (char c : value) {
        if (c == ' ' && space) continue;
        space = c == ' ';
        out += c;
    }
}

void append_canonical_query(std::string& out, const Request& request) {
    std::vector<std::string> items;
    for (const QueryItem& item : request.parameters()) {
        if (item.name == "X-Amz-Signature") continue;
        std::string text;
        append_uri_encoded(text, item.name, false);
        text += '=';
        append_uri_encoded(text, item.value, false);
        items.push_back(std::move(text));
    }
    // Sorting "name=value" equals sorting by name: '=' is below every unreserved character but '-'
    // and '.', and those differ in the name itself.
    std::sort(items.begin(), items.end(), [](const std::string& a, const std::string& b) {
        std::string_view left(a), right(b);
        auto name_a = left.substr(0, left.find('=')), name_b = right.substr(0, right.find('='));
        return name_a != name_b ? name_a < name_b : left < right;
    });
    for (std::size_t i = 0; i < items.size(); ++i) out.append(i ? "&" : "").append(items[i]);
}

bool next_of(std::string_view& list, char separator, std::string_view& item) {
    if (list.empty()) return false;
    std::size_t at = list.find(separator);
    item = list.substr(0, at);
    list = at == std::string_view::npos ? std::string_view() : list.substr(at + 1);
    return true;
}

void append_canonical_headers(std::string& out, const Request& request, std::string_view signed_headers) {
    std::string_view rest = signed_headers, name;
    while (next_of(rest, ';', name)) {
        out.append(name).append(":");
        bool first = true;
        for (const HeaderView& header : request.headers()) {
            if (header.name != name) continue;
            if (!first) out += ',';
            append_collapsed(out, header.value);
            first = false;
        }
        out += '\n';
    }
    out.append("\n").append(signed_headers).append("\n");
}

bool is_in_list(std::string_view list, std::string_view name) {
    std::string_view item;
    while (next_of(list, ';', item))
        if (item == name) return true;
    return false;
}

bool is_lower_hex(std::string_view text, std::size_t size) {
    return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

PayloadHash payload_kind(std::string_view text) {
    if (text.empty()) return PayloadHash::Absent;
    if (text == "UNSIGNED-PAYLOAD") return PayloadHash::Unsigned;
    if (text == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return PayloadHash::StreamingUnsignedTrailer;
    if (text.starts_with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")) return PayloadHash::StreamingSigned;
    return PayloadHash::Signed;
}

}  // namespace

Sha256Value sha256(std::string_view bytes) {
    Sha256Value value;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes.data(), bytes.size());
    SHA256_Final(reinterpret_cast<unsigned char*>(value.data()), &context);
    return value;
}

Sha256Value hmac_sha256(std::span<const std::byte> key, std::string_view bytes) {
    std::array<unsigned char, SHA256_CBLOCK> block{};
    Sha256Value short_key;
    if (key.size() > block.size()) {
        short_key = sha256(view_of(key));
        key = short_key;
    }
    std::memcpy(block.data(), key.data(), key.size());
    for (auto& b : block) b ^= 0x36;
    Sha256Value inner, outer;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, block.data(), block.size());
    SHA256_Update(&context, bytes.data(), bytes.size());
    SHA256_Final(reinterpret_cast<unsigned char*>(inner.data()), &context);
    for (auto& b : block) b ^= 0x36 ^ 0x5c;
    SHA256_Init(&context);
    SHA256_Update(&context, block.data(), block.size());
    SHA256_Update(&context, inner.data(), inner.size());
    SHA256_Final(reinterpret_cast<unsigned char*>(outer.data()), &context);
    return outer;
}

bool ChunkSigning::accept(std::string_view signature, const Sha256Value& chunk_sha256) {
    std::string to_sign = "AWS4-HMAC-SHA256-PAYLOAD\n" + date_time + "\n" + scope + "\n" + previous + "\n";
    append_hex(to_sign, sha256(""));
    to_sign += '\n';
    append_hex(to_sign, chunk_sha256);
    std::string expected;
    append_hex(expected, hmac_sha256(key, to_sign));
    previous = expected;
    return expected == signature;
}

// What the request says about its signature; views into the request.
struct Sigv4Verifier::Claim {
    std::string_view access_key, date, region, service, scope;  // scope: "date/region/service/aws4_request"
    std::string_view signed_headers, signature, date_time;
    std::string_view payload;   // the last line of the canonical request
    std::int64_t valid_ns = 0;  // presigned only: how long
    std::string_view token;
};

namespace {

bool split_credential(std::string_view credential, std::string_view& access_key, std::string_view& scope,
                      std::array<std::string_view, 3>& fields) {
    std::size_t slash = credential.find('/');
    if (slash == std::string_view::npos) return false;
    access_key = credential.substr(0, slash);
    scope = credential.substr(slash + 1);
    std::string_view rest = scope;
    for (std::string_view& field : fields)
        if (!next_of(rest, '/', field)) return false;
    return rest == "aws4_request";
}

// S3 says what it signed, so that the client's author can compare.
Refusal mismatch(std::string_view to_sign, std::string_view canonical) {
    Refusal refusal{"SignatureDoesNotMatch", "", "<StringToSign>"};
    append_xml_escaped(refusal.details, to_sign);
    refusal.details += "</StringToSign><CanonicalRequest>";
    append_xml_escaped(refusal.details, canonical);
    refusal.details += "</CanonicalRequest>";
    return refusal;
}

Refusal malformed_header(std::string message) {
    return {"AuthorizationHeaderMalformed", std::move(message), ""};
}

}  // namespace

std::optional<Refusal> Sigv4Verifier::read_header(const Request& request, Claim& claim) const {
    std::string_view rest = request.header_or_empty("authorization");
    if (!rest.starts_with(kAlgorithm))
        return Refusal{"InvalidRequest", "Only AWS4-HMAC-SHA256 is supported.", ""};
    rest.remove_prefix(kAlgorithm.size());
    std::string_view item, credential;
    while (next_of(rest, ',', item)) {
        while (item.starts_with(' ')) item.remove_prefix(1);
        if (item.starts_with("Credential=")) credential = item.substr(11);
        if (item.starts_with("SignedHeaders=")) claim.signed_headers = item.substr(14);
        if (item.starts_with("Signature=")) claim.signature = item.substr(10);
    }
    std::array<std::string_view, 3> fields;
    if (!split_credential(credential, claim.access_key, claim.scope, fields))
        return malformed_header("The credential is not ID/date/region/service/aws4_request.");
    claim.date = fields[0], claim.region = fields[1], claim.service = fields[2];
    claim.date_time = request.header_or_empty("x-amz-date");
    claim.payload = request.header_or_empty("x-amz-content-sha256");
    claim.token = request.header_or_empty("x-amz-security-token");
    if (claim.payload.empty())
        return Refusal{"InvalidRequest", "Missing required header for this request: x-amz-content-sha256",
                       ""};
    return std::nullopt;
}

std::optional<Refusal> Sigv4Verifier::read_query(const Request& request, Claim& claim) const {
    std::array<std::string_view, 3> fields;
    if (!split_credential(request.parameter("X-Amz-Credential").value_or(""), claim.access_key, claim.scope,
                          fields))
        return Refusal{"AuthorizationQueryParametersError", "", ""};
    claim.date = fields[0], claim.region = fields[1], claim.service = fields[2];
    claim.signed_headers = request.parameter("X-Amz-SignedHeaders").value_or("");
    claim.signature = request.parameter("X-Amz-Signature").value_or("");
    claim.date_time = request.parameter("X-Amz-Date").value_or("");
    claim.token = request.parameter("X-Amz-Security-Token").value_or("");
    claim.payload = "UNSIGNED-PAYLOAD";
    auto seconds = parse_number(request.parameter("X-Amz-Expires").value_or(""));
    if (!seconds || *seconds > 604'800) return Refusal{"AuthorizationQueryParametersError", "", ""};
    claim.valid_ns = static_cast<std::int64_t>(*seconds) * 1'000'000'000;
    return std::nullopt;
}

std::optional<Refusal> Sigv4Verifier::check_scope(const Claim& claim, std::string_view region,
                                                  std::int64_t now_ns) const {
    auto signed_at = parse_iso_basic(claim.date_time);
    if (!signed_at)
        return Refusal{"AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", ""};
    if (claim.date != claim.date_time.substr(0, 8))
        return malformed_header("The date in the credential is wrong.");
    if (claim.service != "s3") return malformed_header("The service in the credential must be s3.");
    if (!region.empty() && claim.region != region) {
        std::string wanted(region);
        return Refusal{"AuthorizationHeaderMalformed",
                       "The authorization header is malformed; the region '" + std::string(claim.region) +
                           "' is wrong; expecting '" + wanted + "'",
                       "<Region>" + wanted + "</Region>"};
    }
    std::int64_t age_ns = now_ns - *signed_at;
    if (claim.valid_ns > 0) {
        if (age_ns > claim.valid_ns) return Refusal{"AccessDenied", "Request has expired", ""};
        return std::nullopt;
    }
    if (std::abs(age_ns) <= kSkewMax_ns) return std::nullopt;
    return Refusal{"RequestTimeTooSkewed", "",
                   "<RequestTime>" + std::string(claim.date_time) + "</RequestTime><ServerTime>" +
                       format_rfc3339(now_ns, TimePrecision::Seconds) +
                       "</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"};
}

std::optional<Refusal> Sigv4Verifier::check_signed_headers(const Request& request, const Claim& claim) const {
    if (!is_in_list(claim.signed_headers, "host")) return malformed_header("The host header must be signed.");
    for (const HeaderView& header : request.headers()) {
        if (!header.name.starts_with("x-amz-") || is_in_list(claim.signed_headers, header.name)) continue;
        return Refusal{"AccessDenied", "There were headers present in the request which were not signed",
                       "<HeadersNotSigned>" + std::string(header.name) + "</HeadersNotSigned>"};
    }
    return std::nullopt;
}

const Credentials* Sigv4Verifier::find(std::string_view access_key) const {
    for (const Credentials& credentials : credentials_)
        if (credentials.access_key == access_key) return &credentials;
    return nullptr;
}

const Sha256Value& Sigv4Verifier::signing_key(const Credentials& credentials, const Claim& claim) {
    std::string name;
    name.append(credentials.access_key).append("/").append(claim.scope);
    if (auto known = signing_keys_.find(name); known != signing_keys_.end()) return known->second;
    if (signing_keys_.size() >= kSigningKeysMax) signing_keys_.clear();
    std::string secret = "AWS4" + credentials.secret_key;
    Sha256Value key = hmac_sha256(bytes_of(secret), claim.date);
    for (std::string_view step : {claim.region, claim.service, std::string_view("aws4_request")})
        key = hmac_sha256(key, step);
    return signing_keys_.emplace(std::move(name), key).first->second;
}

std::optional<Refusal> Sigv4Verifier::verify(const Request& request, std::string_view region,
                                             std::int64_t unix_time_ns, Authenticated& out) {
    Claim claim;
    bool in_query = !request.header("authorization") && request.has_parameter("X-Amz-Signature");
    if (!in_query && !request.header("authorization")) return Refusal{"AccessDenied", "", ""};
    if (auto refusal = in_query ? read_query(request, claim) : read_header(request, claim)) return refusal;
    const Credentials* credentials = find(claim.access_key);
    if (!credentials)
        return Refusal{"InvalidAccessKeyId", "",
                       "<AWSAccessKeyId>" + std::string(claim.access_key) + "</AWSAccessKeyId>"};
    if (auto refusal = check_scope(claim, region, unix_time_ns)) return refusal;
    if (auto refusal = check_signed_headers(request, claim)) return refusal;
    if (claim.token != credentials->session_token) return Refusal{"InvalidToken", "", ""};

    canonical_.assign(request.method()).append("\n");
    // The Host may have named the bucket; the signed path is always the one that was sent.
    append_uri_encoded(canonical_, percent_decode(request.path()).value_or(""), true);
    canonical_ += '\n';
    append_canonical_query(canonical_, request);
    canonical_ += '\n';
    append_canonical_headers(canonical_, request, claim.signed_headers);
    canonical_ += claim.payload;

    std::string to_sign;
    to_sign.append(kAlgorithm)
        .append("\n")
        .append(claim.date_time)
        .append("\n")
        .append(claim.scope)
        .append("\n");
    append_hex(to_sign, sha256(canonical_));
    const Sha256Value& key = signing_key(*credentials, claim);
    std::string expected;
    append_hex(expected, hmac_sha256(key, to_sign));
    if (expected != claim.signature) return mismatch(to_sign, canonical_);

    out.access_key.assign(claim.access_key);
    out.region.assign(claim.region);
    out.payload = payload_kind(claim.payload);
    if (out.payload == PayloadHash::Signed) {
        if (!is_lower_hex(claim.payload, 64))
            return Refusal{"InvalidArgument",
                           "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING value or a SHA-256.",
                           ""};
        out.payload_sha256.assign(claim.payload);
    }
    if (out.payload == PayloadHash::StreamingSigned)
        out.chunks = ChunkSigning{key, std::string(claim.date_time), std::string(claim.scope), expected};
    return std::nullopt;
}

}  // namespace godwit::s3double
