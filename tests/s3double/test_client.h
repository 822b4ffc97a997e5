// The plainest HTTP client, for the server's own tests: it sends just the bytes that it is told to,
// blocks with a deadline, and shows whether the server closed, reset or fell silent.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "s3double/http_request.h"

namespace godwit::s3double {

struct Reply {
    int status = 0;
    std::string head, body;
    enum class End : std::uint8_t { Open, Closed, Reset, Silent } end = End::Open;

    std::string header(std::string_view name) const {
        for (std::size_t at = head.find("\r\n"); at + 4 < head.size(); at = head.find("\r\n", at + 2)) {
            std::string_view line = std::string_view(head).substr(at + 2);
            line = line.substr(0, line.find("\r\n"));
            std::size_t colon = line.find(": ");
            if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name))
                return std::string(line.substr(colon + 2));
        }
        return "";
    }
};

class TestClient {
  public:
    explicit TestClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        wait_at_most(5000);
    }
    ~TestClient() { close(fd_); }
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    bool connected() const { return connected_; }
    void wait_at_most(int milliseconds) {
        timeval time{milliseconds / 1000, (milliseconds % 1000) * 1000};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    }

    bool send_raw(std::string_view bytes) {
        while (!bytes.empty()) {
            ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // Unsigned. `headers`: whole lines with CRLF.
    Reply request(std::string_view method, std::string_view target, std::string_view headers = "",
                  std::string_view body = "") {
        std::string text;
        text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
        if (!body.empty() || method == "PUT")
            text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        text.append(headers).append("\r\n").append(body);
        send_raw(text);
        return read_reply(method == "HEAD");
    }

    // One answer, by its Content-Length, or what came of it before the end.
    Reply read_reply(bool head_only = false) {
        Reply reply;
        std::size_t end;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
            if (!receive(reply)) {
                reply.head.swap(buffer_);
                return reply;
            }
        reply.head = buffer_.substr(0, end + 4);
        buffer_.erase(0, end + 4);
        if (reply.head.starts_with("HTTP/1.1 ")) reply.status = std::atoi(reply.head.c_str() + 9);
        std::size_t length =
            head_only ? 0 : std::strtoull(reply.header("content-length").c_str(), nullptr, 10);
        while (buffer_.size() < length && receive(reply)) {
        }
        reply.body = buffer_.substr(0, length);
        buffer_.erase(0, reply.body.size());
        return reply;
    }

    // Everything until the server ends or falls silent.
    Reply read_all() {
        Reply reply;
        while (receive(reply)) {
        }
        reply.body.swap(buffer_);
        return reply;
    }

  private:
    bool receive(Reply& reply) {
        char bytes[65536];
        ssize_t count = recv(fd_, bytes, sizeof bytes, 0);
        if (count > 0) {
            buffer_.append(bytes, static_cast<std::size_t>(count));
            return true;
        }
        reply.end = count == 0            ? Reply::End::Closed
                    : errno == ECONNRESET ? Reply::End::Reset
                                          : Reply::End::Silent;
        return false;
    }

    int fd_;
    bool connected_ = false;
    std::string buffer_;
};

}  // namespace godwit::s3double
