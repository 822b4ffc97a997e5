#include "net/scripted_server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/encoding.h"
#include "net/address.h"

namespace godwit::net {
namespace {

int listen_on(const char* ip, int backlog, std::uint16_t& port) {
    Address address = *Address::parse(ip, 0);
    int fd = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    GODWIT_CHECK(fd >= 0 && bind(fd, address.data(), address.size()) == 0 && listen(fd, backlog) == 0);
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
    port = Address::from(reinterpret_cast<const sockaddr*>(&bound))->port();
    return fd;
}

}  // namespace

Peer::~Peer() {
    SSL_free(ssl_);
    if (fd_ >= 0) close(fd_);
}

bool Peer::start_tls(SSL_CTX* context) {
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    return SSL_accept(ssl_) == 1;
}

long Peer::read_some(char* out, std::size_t bytes) {
    return ssl_ ? SSL_read(ssl_, out, static_cast<int>(bytes)) : recv(fd_, out, bytes, 0);
}

std::string Peer::read_head() {
    char bytes[4096];
    for (;;) {
        if (std::size_t end = unread_.find("\r\n\r\n"); end != std::string::npos) {
            std::string head = unread_.substr(0, end + 4);
            unread_.erase(0, end + 4);
            return head;
        }
        long count = read_some(bytes, sizeof bytes);
        if (count <= 0) return "";
        unread_.append(bytes, static_cast<std::size_t>(count));
    }
}

std::string Peer::read_exactly(std::size_t wanted) {
    std::string out = unread_.substr(0, wanted);
    unread_.erase(0, out.size());
    std::size_t filled = out.size();
    out.resize(wanted);
    while (filled < wanted) {
        long count = read_some(out.data() + filled, wanted - filled);
        if (count <= 0) break;
        filled += static_cast<std::size_t>(count);
    }
    out.resize(filled);
    return out;
}

void Peer::write(std::string_view bytes) {
    while (!bytes.empty()) {
        long count = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                          : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

void Peer::finish() {
    if (ssl_) SSL_shutdown(ssl_);
    cut();
}

void Peer::cut() {
    shutdown(fd_, SHUT_WR);
}

void Peer::reset() {
    linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd_);
    fd_ = -1;
}

void Peer::hold() {
    char bytes[4096];
    while (recv(fd_, bytes, sizeof bytes, 0) > 0) {
    }
}

bool Peer::pause(int milliseconds) {
    pollfd waiting{.fd = fd_, .events = POLLRDHUP, .revents = 0};
    return poll(&waiting, 1, milliseconds) == 0;
}

std::string Peer::server_name() const {
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
}

ScriptedServer::ScriptedServer(Script script, SSL_CTX* tls, const char* ip)
    : script_(std::move(script)), tls_(tls), ip_(ip) {
    // As main does: OpenSSL writes to sockets that the other side has closed.
    signal(SIGPIPE, SIG_IGN);
    listener_ = listen_on(ip, 4096, port_);
    acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
        std::lock_guard lock(mutex_);
        for (int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
}

void ScriptedServer::accept_all() {
    for (;;) {
        int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        // Else an answer may still wait for an acknowledgement when a reset throws it away.
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        int number = connections_++;
        std::lock_guard lock(mutex_);
        // Registered before the thread runs: the destructor must not miss it.
        open_.push_back(fd);
        threads_.emplace_back([this, fd, number] { serve(fd, number); });
    }
}

void ScriptedServer::serve(int fd, int number) {
    Peer peer(fd);
    if (!tls_ || peer.start_tls(tls_)) script_(peer, number);
    std::lock_guard lock(mutex_);
    // One entry only: after a reset() the number may have been given to another connection.
    open_.erase(std::find(open_.begin(), open_.end(), fd));
}

Origin ScriptedServer::origin() const {
    return {.tls = tls_ != nullptr, .host = ip_, .port = port_};
}

ScriptedServer::Script answer_all(std::string answer) {
    return [answer = std::move(answer)](Peer& peer, int) {
        while (!peer.read_head().empty()) peer.write(answer);
    };
}

BlackHole::BlackHole(const char* ip) {
    fds_.push_back(listen_on(ip, 0, port_));
    Address address = *Address::parse(ip, port_);
    // The queue takes one more than the backlog; what follows is dropped.
    for (int i = 0; i < 3; ++i) {
        int fd = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fd, address.data(), address.size());
        fds_.push_back(fd);
    }
}

BlackHole::~BlackHole() {
    for (int fd : fds_) close(fd);
}

std::size_t open_descriptors() {
    DIR* directory = opendir("/proc/self/fd");
    std::size_t count = 0;
    while (readdir(directory)) ++count;
    closedir(directory);
    return count;
}

std::uint16_t free_port() {
    std::uint16_t port = 0;
    close(listen_on("127.0.0.1", 1, port));
    return port;
}

runtime::Task<Result<Answer>> fetch(Context& context, HttpClient& client, const Origin& origin,
                                    const HttpRequest& request) {
    GODWIT_CO_TRY(HttpResponse response, co_await client.exchange(context, origin, request));
    Answer answer{.status = response.status(), .body = {}, .headers = {}};
    for (const HttpHeader& header : response.headers())
        answer.headers.emplace_back(header.name, header.value);
    GODWIT_CO_TRY(answer.body, co_await response.read_text(context, 64 << 20));
    co_return answer;
}

HttpRequest get_request(const Origin& origin, std::string_view path) {
    return {.head = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, origin.authority()), .body = {}};
}

HttpRequest put_request(const Origin& origin, std::string_view body) {
    return {.head = fmt::format("PUT /o HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
                                origin.authority(), body.size()),
            .body = bytes_of(body)};
}

}  // namespace godwit::net
