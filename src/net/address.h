// An IP address with a port, as the socket calls want it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace godwit::net {

class Address {
  public:
    // Absent when `ip` is no IPv4 (four decimal parts) or IPv6 address without zone.
    static std::optional<Address> parse(std::string_view ip, std::uint16_t port);
    // `address` is a sockaddr_in or sockaddr_in6; absent for other families.
    static std::optional<Address> from(const sockaddr* address);

    int family() const { return v6_.sin6_family; }
    std::uint16_t port() const;
    Address with_port(std::uint16_t port) const;
    const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&v6_); }
    socklen_t size() const;
    // "192.0.2.1:443", "[2001:db8::1]:443"
    std::string display() const;
    // The address alone, in network order: 4 or 16 bytes.
    std::string_view ip_bytes() const;

    friend bool operator==(const Address& a, const Address& b);
    friend bool operator<(const Address& a, const Address& b);

  private:
    Address() = default;
    union {
        sockaddr_in6 v6_{};
        sockaddr_in v4_;
    };
};

}  // namespace godwit::net
