// An HTTP/1.1 answer as it comes off a connection: head, framing, body. However the network cuts it into
// pieces, what is understood is the same.
#include "base/check.h"
#include "base/encoding.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "net/body_framing.h"
#include "net/http_parser.h"

namespace godwit::fuzz {
namespace {

// Longer inputs are cut at fewer places.
constexpr std::size_t kPlacesMax = 64;

struct Body {
    std::string data;
    std::size_t used = 0;
    bool done = false;
    bool refused = false;

    friend bool operator==(const Body&, const Body&) = default;
};

// What BodyReader does, without its connection.
void decode(net::ChunkDecoder& chunks, std::string_view input, Body& body) {
    while (!input.empty() && !chunks.done() && !body.refused) {
        std::size_t used = std::min<std::uint64_t>(input.size(), chunks.data_left());
        if (used > 0) {
            body.data += input.substr(0, used);
            chunks.took(used);
        } else {
            Result<std::size_t> framing = chunks.consume(bytes_of(input));
            body.refused = !framing;
            used = framing.value_or(0);
            GODWIT_CHECK(used > 0 || body.refused, "the decoder stands still");
        }
        body.used += used;
        input.remove_prefix(used);
    }
    body.done = chunks.done();
}

Body decode_in_two(std::string_view input, std::size_t cut) {
    Body body;
    net::ChunkDecoder chunks;
    decode(chunks, input.substr(0, cut), body);
    decode(chunks, input.substr(cut), body);
    return body;
}

// The same data framed anew: one byte a chunk at first, then the rest.
std::string framed(std::string_view data) {
    std::string out;
    for (std::size_t bytes = 1; !data.empty(); bytes = data.size()) {
        out += fmt::format("{:x};extension\r\n{}\r\n", bytes, data.substr(0, bytes));
        data.remove_prefix(bytes);
    }
    return out + "0\r\nTrailer: x\r\n\r\n";
}

void check_chunked(std::string_view input) {
    Body whole = decode_in_two(input, input.size());
    std::size_t step = input.size() / kPlacesMax + 1;
    for (std::size_t cut = 0; cut <= input.size(); cut += step) {
        Body cut_body = decode_in_two(input, cut);
        // How much of a refused line was taken is nobody's business.
        if (whole.refused) cut_body.used = whole.used;
        GODWIT_CHECK(cut_body == whole, "cut at {}: {}", cut, printable(input));
    }
    if (!whole.done) return;
    std::string anew = framed(whole.data);
    Body again = decode_in_two(anew, anew.size() / 2);
    GODWIT_CHECK(again.done && again.data == whole.data && again.used == anew.size(), "{}", printable(anew));
}

// As Connection does: with what has come so far, again and again.
Result<std::optional<std::size_t>> find_in_two(std::string_view input, std::size_t cut) {
    GODWIT_TRY(std::optional<std::size_t> end, net::find_head_end(bytes_of(input.substr(0, cut)), 0));
    if (end) return end;
    return net::find_head_end(bytes_of(input), cut);
}

void check_end(std::string_view input, const Result<std::optional<std::size_t>>& end) {
    std::size_t step = input.size() / kPlacesMax + 1;
    for (std::size_t cut = 0; cut <= input.size(); cut += step) {
        Result<std::optional<std::size_t>> found = find_in_two(input, cut);
        GODWIT_CHECK(found.has_value() == end.has_value(), "cut at {}", cut);
        GODWIT_CHECK(!end || *found == *end, "cut at {}", cut);
    }
}

void check_headers(const net::ResponseHead& head) {
    auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
    for (const net::HttpHeader& header : head.headers) {
        GODWIT_CHECK(!header.name.empty());
        GODWIT_CHECK(header.name.find_first_of(" \t\r\n:ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
                     "{}", printable(header.name));
        GODWIT_CHECK(std::ranges::none_of(header.value, is_control), "{}", printable(header.value));
        std::string_view ends = header.value;
        GODWIT_CHECK(ends.empty() || (ends.find_first_not_of(" \t") == 0 &&
                                      ends.find_last_not_of(" \t") == ends.size() - 1),
                     "{}", printable(ends));
    }
}

void check_framing(const net::ResponseHead& head, std::string_view body) {
    using Kind = net::BodyFraming::Kind;
    net::keeps_alive(head);
    std::optional<Duration> timeout = net::keep_alive_timeout(head);
    GODWIT_CHECK(!timeout || (timeout->count() >= 0 && *timeout <= std::chrono::hours(24)));
    Result<net::BodyFraming> of_head_request = net::body_framing(head, true);
    GODWIT_CHECK(!of_head_request || of_head_request->kind == Kind::None);
    Result<net::BodyFraming> framing = net::body_framing(head, false);
    if (!framing) return;
    GODWIT_CHECK(framing->kind != Kind::Length || *framing->declared_bytes > 0);
    GODWIT_CHECK(framing->declared_bytes.value_or(0) <= INT64_MAX);
    bool chunked = head.header("transfer-encoding").has_value();
    GODWIT_CHECK(!chunked || framing->kind == Kind::Chunked || framing->kind == Kind::None);
    GODWIT_CHECK(!chunked || !framing->declared_bytes, "two lengths");
    if (framing->kind == Kind::Chunked) check_chunked(body);
}

}  // namespace

void run(Input input) {
    std::string_view answer = input.rest();
    Result<std::optional<std::size_t>> end = net::find_head_end(bytes_of(answer), 0);
    check_end(answer, end);
    if (!end || !*end) return check_chunked(answer);
    std::string_view text = answer.substr(0, **end);
    Result<net::ResponseHead> head = net::parse_head(bytes_of(text));
    if (!head) return;
    GODWIT_CHECK(head->status >= 0 && head->status <= 999, "{}", head->status);
    check_headers(*head);
    check_framing(*head, answer.substr(**end));
}

}  // namespace godwit::fuzz
