// Opens the connection for an origin, whatever lies between: names, proxies, tunnels, TLS.
#pragma once

#include <memory>

#include "net/connection.h"
#include "net/dialer.h"
#include "net/proxy.h"
#include "net/tls.h"

namespace godwit::net {

class Route {
  public:
    // Fails with Invalid when the CA file or a proxy cannot be used.
    static Result<std::unique_ptr<Route>> make(runtime::IoLoop& loop, const HttpClientOptions& options);

    // Ready for the first request, within the connect time-out. Fails with Denied (certificate or
    // proxy credentials refused), Busy (no descriptors left), the context's reason, else with Lost and
    // code "ConnectFailed" or "NoLocalPort": no byte of a request was sent.
    runtime::Task<Result<std::unique_ptr<Connection>>> open(runtime::Context& context,
                                                            ConnectionShared& shared, const Origin& origin);
    // The proxy that wants absolute-form requests for `origin`, or null.
    const Proxy* plain_proxy(const Origin& origin) const {
        return origin.tls ? nullptr : proxies_.proxy_for(origin);
    }

  private:
    Route(runtime::IoLoop& loop, const HttpClientOptions& options, Proxies proxies)
        : options_(options), proxies_(std::move(proxies)), dialer_(loop, DialerOptions()) {}
    runtime::Task<Result<std::unique_ptr<Connection>>> connect(runtime::Context& context,
                                                               ConnectionShared& shared,
                                                               const Origin& origin);
    runtime::Task<Result<void>> open_tunnel(runtime::Context& context, Connection& connection,
                                            const Proxy& proxy);
    Result<TlsContext*> tls();
    Error connect_failed(const Origin& origin, const Error& error) const;

    const HttpClientOptions& options_;
    Proxies proxies_;
    Dialer dialer_;
    std::unique_ptr<TlsContext> tls_;  // made when first needed: the system's authorities take 10 ms
};

}  // namespace godwit::net
