#include "net/http_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "net/body_reader.h"
#include "net/connection_pool.h"
#include "net/route.h"

namespace godwit::net {
namespace {

using runtime::Permit;

constexpr int kInterimHeadsMax = 100;
constexpr std::size_t kTextGrowthBytes = 16 << 10;

// One request on one connection.
struct Conversation {
    OutgoingRequest request;
    bool heard_anything = false;
};

// The kept connection was dead before the server read from it, as far as anybody can tell, and it
// does no harm should it have read after all.
bool may_send_again(const Error& error, const Connection& connection, const HttpRequest& request,
                    const Conversation& talk) {
    if (talk.heard_anything || talk.request.source_failed || connection.has_received()) return false;
    const std::string& code = error.code();
    bool closed =
        code == "ConnectionClosed" || code == "ECONNRESET" || code == "EPIPE" || code == "TlsTruncated";
    return error.kind() == ErrorKind::Lost && closed && (request.repeatable || talk.request.bytes_sent == 0);
}

Error bad_answer(const Origin& origin, const char* code, std::string cause) {
    return Error(ErrorKind::Corrupt, "read answer of", origin.display(), std::move(cause)).with_code(code);
}

Error no_answer(const Origin& origin, Duration timeout) {
    auto seconds = std::chrono::duration<double>(timeout).count();
    return Error(ErrorKind::Lost, "wait for answer of", origin.display(),
                 fmt::format("no answer within {} s", seconds))
        .with_code("Timeout");
}

// The peer reads no more; what it wrote before can still be read, and does not keep us waiting.
bool peer_has_gone(const Error& error) {
    return error.code() == "EPIPE" || error.code() == "ECONNRESET";
}

// A final answer to a request that was not sent whole may refuse it, but never have fulfilled it.
Result<ResponseHead> settled(ResponseHead head, Connection& connection, const Conversation& talk) {
    if (talk.request.is_sent()) return head;
    connection.do_not_reuse();
    if (head.status < 300) {
        return bad_answer(connection.origin(), "EarlyAnswer",
                          fmt::format("{} when only {} bytes of the request had been sent", head.status,
                                      talk.request.bytes_sent));
    }
    return head;
}

// What the head says about the body and about the connection's future.
Result<BodyFraming> prepare_body(const ResponseHead& head, const HttpRequest& request,
                                 Connection& connection) {
    GODWIT_TRY(BodyFraming framing, body_framing(head, request.head_only));
    if (!keeps_alive(head) || framing.kind == BodyFraming::Kind::UntilClose) connection.do_not_reuse();
    if (std::optional<Duration> timeout = keep_alive_timeout(head)) connection.set_keep_alive(*timeout);
    // Servers send white space for minutes before the XML of an answer whose length they do not know.
    bool known_length = framing.kind == BodyFraming::Kind::Length;
    connection.begin_phase(known_length ? connection.stall_bytes_min() : 1);
    return framing;
}

}  // namespace

struct HttpClient::State {
    State(runtime::IoLoop& loop, HttpClientOptions settings)
        : options(std::move(settings)),
          shared{.loop = loop, .options = options, .stats = {}},
          pool(loop, options) {}

    Task<Result<std::unique_ptr<Connection>>> connect(Context& context, const Origin& origin, Permit& permit);
    Task<Result<ResponseHead>> converse(Context& context, Connection& connection, const HttpRequest& request,
                                        Conversation& talk);
    Task<Result<ResponseHead>> next_head(Context& context, Connection& connection, const HttpRequest& request,
                                         bool likely_there);

    HttpClientOptions options;
    ConnectionShared shared;
    std::unique_ptr<Route> route;
    ConnectionPool pool;
};

struct HttpResponse::State {
    State(ConnectionPool& pool_, Permit permit_, std::unique_ptr<Connection> connection_, ResponseHead head_,
          BodyFraming framing)
        : pool(pool_),
          permit(std::move(permit_)),
          connection(std::move(connection_)),
          head(std::move(head_)),
          content_length(framing.declared_bytes),
          body(framing) {}

    void finish() {
        connection->end_exchange();
        pool.give(std::move(connection));
        permit.release();
    }
    void close() {
        connection.reset();
        permit.release();
    }

    ConnectionPool& pool;
    Permit permit;
    std::unique_ptr<Connection> connection;  // null once the body was read or has failed
    ResponseHead head;
    std::optional<std::uint64_t> content_length;
    BodyReader body;
};

Result<std::unique_ptr<HttpClient>> HttpClient::make(runtime::IoLoop& loop, HttpClientOptions options) {
    auto state = std::make_unique<State>(loop, std::move(options));
    GODWIT_TRY(state->route, Route::make(loop, state->options));
    return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() = default;

HttpClientStats HttpClient::stats() const {
    return state_->shared.stats;
}

Task<Result<HttpResponse>> HttpClient::exchange(Context& context, const Origin& origin,
                                                const HttpRequest& request) {
    State& state = *state_;
    GODWIT_CO_TRY_VOID(context.check());
    GODWIT_CO_TRY(Permit permit, co_await state.pool.permit(context));
    ++state.shared.stats.requests;
    const Proxy* proxy = state.route->plain_proxy(origin);
    const std::string rewritten = proxy ? absolute_head(*proxy, origin, request.head) : std::string();
    const OutgoingRequest outgoing{.head = bytes_of(proxy ? rewritten : request.head),
                                   .body = request.body,
                                   .streamed = request.streamed};

    std::unique_ptr<Connection> connection = state.pool.take(origin);
    std::optional<ResponseHead> head;
    if (connection) {
        Conversation talk{.request = outgoing};
        auto answer = co_await state.converse(context, *connection, request, talk);
        if (answer) {
            head = std::move(*answer);
        } else if (context.is_cancelled() || !may_send_again(answer.error(), *connection, request, talk)) {
            co_return std::move(answer.error());
        }
    }
    if (!head) {
        connection.reset();
        GODWIT_CO_TRY(connection, co_await state.connect(context, origin, permit));
        Conversation talk{.request = outgoing};
        GODWIT_CO_TRY(head, co_await state.converse(context, *connection, request, talk));
    }
    GODWIT_CO_TRY(BodyFraming framing, prepare_body(*head, request, *connection));
    auto answer = std::make_unique<HttpResponse::State>(state.pool, std::move(permit), std::move(connection),
                                                        std::move(*head), framing);
    if (answer->body.done()) answer->finish();
    co_return HttpResponse(std::move(answer));
}

// Where no local port is free, it waits for one of the connections in use.
Task<Result<std::unique_ptr<Connection>>> HttpClient::State::connect(Context& context, const Origin& origin,
                                                                     Permit& permit) {
    for (;;) {
        pool.make_room();
        auto opened = co_await route->open(context, shared, origin);
        bool lacks_port = !opened && opened.error().code() == "NoLocalPort";
        if (!lacks_port || !pool.do_with_fewer()) co_return std::move(opened);
        permit.release();
        GODWIT_CO_TRY(permit, co_await pool.permit(context));
        if (std::unique_ptr<Connection> freed = pool.take(origin)) co_return std::move(freed);
    }
}

// A server may answer before it has read the whole request, and may then close: its answer says why,
// the broken pipe does not. So the answer is looked for after a failed send, too.
Task<Result<ResponseHead>> HttpClient::State::converse(Context& context, Connection& connection,
                                                       const HttpRequest& request, Conversation& talk) {
    connection.begin_exchange();
    for (int heads = 0; heads < kInterimHeadsMax; ++heads) {
        auto sent = co_await connection.send(context, talk.request);
        bool is_over = !sent && (talk.request.source_failed || !peer_has_gone(sent.error()));
        if (is_over) co_return std::move(sent.error());
        bool likely_there = !sent || !talk.request.is_sent();
        auto head = co_await next_head(context, connection, request, likely_there);
        if (!head) co_return std::move(sent ? head.error() : sent.error());
        talk.heard_anything = true;
        if (!head->is_interim()) co_return settled(std::move(*head), connection, talk);
        if (!sent) co_return std::move(sent.error());
    }
    co_return bad_answer(connection.origin(), "TooManyInterim",
                         fmt::format("{} interim answers", kInterimHeadsMax));
}

Task<Result<ResponseHead>> HttpClient::State::next_head(Context& context, Connection& connection,
                                                        const HttpRequest& request, bool likely_there) {
    Duration timeout = request.answer_timeout.value_or(options.answer_timeout);
    Context limit(context, timeout, "answer");
    auto head = co_await connection.read_head(limit, likely_there);
    if (!head && limit.is_cancelled() && !context.is_cancelled())
        co_return no_answer(connection.origin(), timeout);
    if (head && head->status == 101) {
        co_return bad_answer(connection.origin(), "NotHttp", "101: nobody asked for another protocol");
    }
    co_return head;
}

HttpResponse::HttpResponse(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpResponse::HttpResponse(HttpResponse&&) noexcept = default;
HttpResponse& HttpResponse::operator=(HttpResponse&&) noexcept = default;
HttpResponse::~HttpResponse() = default;

int HttpResponse::status() const {
    return state_->head.status;
}
const std::vector<HttpHeader>& HttpResponse::headers() const {
    return state_->head.headers;
}
std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
    return state_->head.header(name);
}
std::optional<std::uint64_t> HttpResponse::content_length() const {
    return state_->content_length;
}

Task<Result<std::size_t>> HttpResponse::read(Context& context, std::span<std::byte> out) {
    GODWIT_CHECK(!out.empty(), "a read into nothing cannot tell the body's end");
    State& state = *state_;
    if (state.body.done()) co_return std::size_t{0};
    if (!state.connection) {
        co_return Error(ErrorKind::Lost, "read body of", "answer", "an earlier read has failed")
            .with_code("BodyCut");
    }
    auto count = co_await state.body.read(context, *state.connection, out);
    if (!count) {
        state.close();
    } else if (state.body.done()) {
        state.finish();
    }
    co_return count;
}

Task<Result<void>> HttpResponse::read_exactly(Context& context, std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        std::span<std::byte> rest = out.subspan(filled);
        GODWIT_CO_TRY(std::size_t count, co_await read(context, rest));
        if (count == 0) {
            co_return Error(ErrorKind::Corrupt, "read body of", "answer",
                            fmt::format("{} bytes wanted, the body has {}", out.size(), filled))
                .with_code("BodyShort");
        }
        filled += count;
    }
    co_return {};
}

Task<Result<std::string>> HttpResponse::read_text(Context& context, std::size_t bytes_max) {
    std::string text;
    std::size_t filled = 0;
    for (;;) {
        // One byte more than allowed, to see that there is none.
        std::size_t wanted = state_->content_length ? *state_->content_length + 1 : filled + kTextGrowthBytes;
        text.resize(std::min({bytes_max + 1, std::max(wanted, filled + 1), filled + kTextGrowthBytes}));
        std::span<std::byte> room = std::as_writable_bytes(std::span<char>(text)).subspan(filled);
        GODWIT_CO_TRY(std::size_t count, co_await read(context, room));
        filled += count;
        if (filled > bytes_max) {
            state_->close();
            co_return Error(ErrorKind::Corrupt, "read body of", "answer",
                            fmt::format("more than {} bytes", bytes_max))
                .with_code("BodyTooLarge");
        }
        if (count > 0) continue;
        text.resize(filled);
        co_return text;
    }
}

}  // namespace godwit::net
