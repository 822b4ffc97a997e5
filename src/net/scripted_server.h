// Servers for tests: blocking sockets in threads, which send exactly the bytes that a test says, right
// or wrong. Part of the test program only.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/http_client.h"

namespace godwit::net {

// The server's end of one connection. Calls block; after the client has gone they return quickly.
class Peer {
  public:
    explicit Peer(int fd) : fd_(fd) {}
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    bool start_tls(SSL_CTX* context);
    // Up to and with the empty line; empty when the client has closed.
    std::string read_head();
    std::string read_exactly(std::size_t bytes);
    void write(std::string_view bytes);
    // Says that no more will come: FIN, over TLS after a close_notify.
    void finish();
    // FIN without a close_notify.
    void cut();
    // RST.
    void reset();
    // Until the client has closed.
    void hold();
    // Lets time pass, but no longer than the client stays. False when it has gone.
    bool pause(int milliseconds);
    // Of TLS connections: the name that the client asked for; whether it came back with a session.
    std::string server_name() const;
    bool session_was_resumed() const { return SSL_session_reused(ssl_); }
    int fd() const { return fd_; }

  private:
    long read_some(char* out, std::size_t bytes);
    int fd_;
    SSL* ssl_ = nullptr;
    std::string unread_;
};

class ScriptedServer {
  public:
    // Runs in a thread of its own for each connection; `number` counts them from 0. The connection is
    // closed when it returns.
    using Script = std::function<void(Peer&, int number)>;

    // Listens on a free port of `ip`. With `tls` every connection begins with a handshake.
    explicit ScriptedServer(Script script, SSL_CTX* tls = nullptr, const char* ip = "127.0.0.1");
    // Ends all connections and waits for the scripts to return.
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    Origin origin() const;
    std::uint16_t port() const { return port_; }
    int connections() const { return connections_; }

  private:
    void accept_all();
    void serve(int fd, int number);

    Script script_;
    SSL_CTX* tls_;
    std::string ip_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::mutex mutex_;
    std::vector<int> open_;  // guarded by mutex_
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

// Answers every request on a connection with `answer` until the client goes. Requests have no body.
ScriptedServer::Script answer_all(std::string answer);

// A socket that listens on a free port and never accepts: with its queue filled, connecting to it
// takes for ever.
class BlackHole {
  public:
    explicit BlackHole(const char* ip);
    ~BlackHole();
    std::uint16_t port() const { return port_; }

  private:
    std::uint16_t port_ = 0;
    std::vector<int> fds_;
};

// Descriptors that this process has open.
std::size_t open_descriptors();
// A port of 127.0.0.1 on which nobody listens.
std::uint16_t free_port();

// What a whole exchange gave.
struct Answer {
    int status = 0;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

// Makes the exchange and reads its body to the end.
runtime::Task<Result<Answer>> fetch(runtime::Context& context, HttpClient& client, const Origin& origin,
                                    const HttpRequest& request);
// "GET path HTTP/1.1" with the headers that are needed.
HttpRequest get_request(const Origin& origin, std::string_view path = "/");
HttpRequest put_request(const Origin& origin, std::string_view body);

}  // namespace godwit::net
