#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>

namespace godwit::net {

std::optional<Address> Address::parse(std::string_view ip, std::uint16_t port) {
    std::string text(ip);
    if (text.find('\0') != std::string::npos) return std::nullopt;
    Address address;
    if (inet_pton(AF_INET, text.c_str(), &address.v4_.sin_addr) == 1) {
        address.v4_.sin_family = AF_INET;
    } else if (inet_pton(AF_INET6, text.c_str(), &address.v6_.sin6_addr) == 1) {
        address.v6_.sin6_family = AF_INET6;
    } else {
        return std::nullopt;
    }
    return address.with_port(port);
}

std::optional<Address> Address::from(const sockaddr* address) {
    Address out;
    if (address->sa_family == AF_INET) {
        std::memcpy(&out.v4_, address, sizeof out.v4_);
    } else if (address->sa_family == AF_INET6) {
        std::memcpy(&out.v6_, address, sizeof out.v6_);
    } else {
        return std::nullopt;
    }
    return out;
}

// The port stands at the same place in both structures.
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));

std::uint16_t Address::port() const {
    return ntohs(v6_.sin6_port);
}

Address Address::with_port(std::uint16_t port) const {
    Address out = *this;
    out.v6_.sin6_port = htons(port);
    return out;
}

socklen_t Address::size() const {
    return family() == AF_INET ? sizeof v4_ : sizeof v6_;
}

std::string Address::display() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET) {
        inet_ntop(AF_INET, &v4_.sin_addr, text, sizeof text);
        return fmt::format("{}:{}", text, port());
    }
    inet_ntop(AF_INET6, &v6_.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, port());
}

std::string_view Address::ip_bytes() const {
    if (family() == AF_INET) return {reinterpret_cast<const char*>(&v4_.sin_addr), sizeof v4_.sin_addr};
    return {reinterpret_cast<const char*>(&v6_.sin6_addr), sizeof v6_.sin6_addr};
}

bool operator==(const Address& a, const Address& b) {
    return a.family() == b.family() && a.port() == b.port() && a.ip_bytes() == b.ip_bytes();
}

bool operator<(const Address& a, const Address& b) {
    if (a.family() != b.family()) return a.family() < b.family();
    if (a.port() != b.port()) return a.port() < b.port();
    return a.ip_bytes() < b.ip_bytes();
}

}  // namespace godwit::net
