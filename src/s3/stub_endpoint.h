// A small HTTP server for tests: one thread, plain sockets, one request a connection, answers as the
// test says. It stands for STS, a container's endpoint or the instance metadata service.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace godwit::s3 {

struct StubRequest {
    std::string head;
    std::string body;
    // "GET /path?query"
    std::string line() const { return head.substr(0, head.find(" HTTP/1.1")); }
    // The value of a header given in lower case; "(absent)" without one.
    std::string header(const std::string& name) const {
        std::size_t at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return "(absent)";
        at += name.size() + 4;
        return head.substr(at, head.find("\r\n", at) - at);
    }
};

class StubEndpoint {
  public:
    // Gives the status line and body: "200 OK", "{...}". Runs on the stub's thread.
    struct Reply {
        std::string status;
        std::string body;
    };
    using Answer = std::function<Reply(const StubRequest&)>;

    explicit StubEndpoint(Answer answer) : answer_(std::move(answer)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_, 16);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~StubEndpoint() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::vector<StubRequest> requests() const {
        std::lock_guard lock(mutex_);
        return requests_;
    }

  private:
    void serve() {
        while (true) {
            int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) return;
            StubRequest request = read(fd);
            if (!request.head.empty()) write(fd, request);
            ::close(fd);
        }
    }

    static StubRequest read(int fd) {
        StubRequest request;
        std::string text;
        while (!text.contains("\r\n\r\n")) {
            if (!more(fd, text)) return request;
        }
        std::size_t end = text.find("\r\n\r\n") + 4;
        request.head = text.substr(0, end);
        std::string length = request.header("content-length");
        std::size_t body_bytes = length == "(absent)" ? 0 : std::stoul(length);
        while (text.size() < end + body_bytes && more(fd, text)) {
        }
        request.body = text.substr(end);
        return request;
    }

    static bool more(int fd, std::string& text) {
        char chunk[4096];
        ssize_t count = ::read(fd, chunk, sizeof chunk);
        if (count <= 0) return false;
        text.append(chunk, static_cast<std::size_t>(count));
        return true;
    }

    void write(int fd, const StubRequest& request) {
        {
            std::lock_guard lock(mutex_);
            requests_.push_back(request);
        }
        Reply reply = answer_(request);
        std::string text = "HTTP/1.1 " + reply.status +
                           "\r\nContent-Length: " + std::to_string(reply.body.size()) +
                           "\r\nConnection: close\r\n\r\n" + reply.body;
        ssize_t written = ::write(fd, text.data(), text.size());
        static_cast<void>(written);
    }

    Answer answer_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<StubRequest> requests_;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace godwit::s3
