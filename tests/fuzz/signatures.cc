// SigV4: a head that we sign is accepted by the verifier of the S3 double, which was written apart from the
// signer; a head with one byte changed is not.
//
// Input: eight bytes of time, a byte that chooses what is changed; then blocks: key, secret, two names and
// values of the query, a token; then headers.
#include "base/check.h"
#include "base/encoding.h"
#include "base/error.h"
#include "fuzz/headers.h"
#include "s3/addressing.h"
#include "s3/sigv4.h"
#include "s3double/sigv4.h"

namespace godwit::fuzz {
namespace {

struct Signed {
    std::string head;
    s3::Credentials credentials;
    std::int64_t unix_time_ns = 0;
};

bool is_token(std::string_view name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string_view::npos;
}

// Those that the product's own callers may add: no header twice, none that the signer adds, no tabs.
s3::HeaderList header_list(const std::vector<net::HttpHeader>& headers) {
    s3::HeaderList list;
    list.add("host", "bucket.example");
    std::vector<std::string> known{
        "host",          "x-amz-date",     "x-amz-content-sha256", "x-amz-security-token",
        "authorization", "content-length", "transfer-encoding"};
    for (const net::HttpHeader& header : headers) {
        bool is_known = std::ranges::find(known, header.name) != known.end();
        if (!is_token(header.name) || is_known || header.value.contains('\t')) continue;
        known.emplace_back(header.name);
        list.add(header.name, header.value);
    }
    return list;
}

// The printable part of a text.
std::string visible(std::string_view text) {
    std::string out(text);
    std::erase_if(out, [](char c) { return c <= ' ' || c >= '\x7f' || c == '/' || c == ','; });
    return out;
}

Signed sign(Input& input, s3::Signer& signer) {
    Signed out;
    auto address = s3::Address::make({.url = "http://store.example:9000"}, "bucket");
    std::string path = address->path(input.block());
    out.credentials.access_key_id = "AKID" + visible(input.block());
    out.credentials.secret_access_key = input.block();
    std::array<std::pair<std::string_view, std::string_view>, 2> parameters;
    for (auto& [name, value] : parameters) name = input.block(), value = input.block();
    std::string query = s3::canonical_query(parameters);
    out.credentials.session_token = visible(input.block());
    s3::HeaderList headers = header_list(read_headers(input));
    s3::HeadRequest request{.method = "PUT",
                            .path = path,
                            .query = query,
                            .headers = headers,
                            .payload_hash = s3::kEmptyPayloadHash,
                            .unix_time_ns = out.unix_time_ns};
    out.head = signer.head(out.credentials, request);
    return out;
}

std::string verdict(const Signed& sent, std::string_view head) {
    s3double::Request request;
    if (auto parsed = request.parse(head); !parsed) return parsed.error().message();
    s3double::Sigv4Verifier verifier({{sent.credentials.access_key_id, sent.credentials.secret_access_key,
                                       sent.credentials.session_token}});
    s3double::Authenticated authenticated;
    auto refusal = verifier.verify(request, "eu-west-1", sent.unix_time_ns, authenticated);
    return refusal ? std::string(refusal->code) : "accepted";
}

}  // namespace

void run(Input input) {
    s3::Signer signer("eu-west-1", "s3");
    std::uint8_t change = input.byte();
    Signed sent = sign(input, signer);
    std::string said = verdict(sent, sent.head);
    GODWIT_CHECK(said == "accepted", "{}: {}", said, printable(sent.head));
    std::string forged = sent.head;
    std::size_t at = forged.find("/bucket") + change % 8;
    forged[at] = forged[at] == 'x' ? 'y' : 'x';
    GODWIT_CHECK(verdict(sent, forged) != "accepted", "{}", printable(forged));
}

}  // namespace godwit::fuzz
