#include "net/route.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace godwit::net {

using runtime::Context;
using runtime::Task;

Result<std::unique_ptr<Route>> Route::make(runtime::IoLoop& loop, const HttpClientOptions& options) {
    GODWIT_TRY(Proxies proxies, Proxies::parse(options));
    std::unique_ptr<Route> route(new Route(loop, options, std::move(proxies)));
    if (!options.tls.ca_file.empty()) GODWIT_TRY_VOID(route->tls());
    return route;
}

Result<TlsContext*> Route::tls() {
    if (!tls_) {
        GODWIT_TRY(tls_, TlsContext::make(options_.tls));
    }
    return tls_.get();
}

Task<Result<std::unique_ptr<Connection>>> Route::open(Context& context, ConnectionShared& shared,
                                                      const Origin& origin) {
    Context limit(context, options_.connect_timeout, "connection");
    auto connection = co_await connect(limit, shared, origin);
    if (connection) {
        ++shared.stats.connects;
        co_return connection;
    }
    GODWIT_CO_TRY_VOID(context.check());
    co_return connect_failed(origin, connection.error());
}

// What was before the request cannot have had an effect, so nearly all of it is one kind of failure.
Error Route::connect_failed(const Origin& origin, const Error& error) const {
    bool passes = error.kind() == ErrorKind::Denied || error.kind() == ErrorKind::Busy ||
                  error.kind() == ErrorKind::Invalid;
    if (passes) return error.clone();
    std::string cause = fmt::format("{} {}: {}", error.operation(), error.subject(), error.cause());
    if (error.code() == "Timeout") {
        auto seconds = std::chrono::duration<double>(options_.connect_timeout).count();
        cause = fmt::format("no connection within {} s", seconds);
    }
    const char* code = error.code() == "NoLocalPort" ? "NoLocalPort" : "ConnectFailed";
    return Error(ErrorKind::Lost, "connect to", origin.display(), std::move(cause)).with_code(code);
}

Task<Result<std::unique_ptr<Connection>>> Route::connect(Context& context, ConnectionShared& shared,
                                                         const Origin& origin) {
    const Proxy* proxy = proxies_.proxy_for(origin);
    const Origin& next_hop = proxy ? proxy->origin : origin;
    GODWIT_CO_TRY(std::unique_ptr<Stream> stream,
                  co_await dialer_.dial(context, next_hop.host, next_hop.port));
    auto connection = std::make_unique<Connection>(shared, origin, std::move(stream));
    if (!origin.tls) co_return std::move(connection);
    if (proxy) GODWIT_CO_TRY_VOID(co_await open_tunnel(context, *connection, *proxy));
    GODWIT_CO_TRY(TlsContext * trust, tls());
    GODWIT_CO_TRY_VOID(co_await connection->stream().start_tls(context, *trust, origin));
    co_return std::move(connection);
}

Task<Result<void>> Route::open_tunnel(Context& context, Connection& connection, const Proxy& proxy) {
    std::string head = connect_head(proxy, connection.origin());
    OutgoingRequest request{.head = bytes_of(head), .body = {}};
    GODWIT_CO_TRY_VOID(co_await connection.send(context, request));
    GODWIT_CO_TRY(ResponseHead answer, co_await connection.read_head(context, false));
    auto refused = [&](ErrorKind kind, const char* code) {
        return Error(kind, "open tunnel through", proxy.origin.display(),
                     fmt::format("the proxy answered {} for {}", answer.status,
                                 connection.origin().host_and_port()))
            .with_code(code);
    };
    if (answer.status == 407) co_return refused(ErrorKind::Denied, "ProxyAuthenticationRequired");
    if (answer.status / 100 != 2) co_return refused(ErrorKind::Lost, "ProxyRefused");
    // TLS begins with us: whatever came now is not from the origin.
    if (!connection.received().empty()) co_return refused(ErrorKind::Lost, "ProxyRefused");
    co_return {};
}

}  // namespace godwit::net
