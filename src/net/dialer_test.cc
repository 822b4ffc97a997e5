#include "net/dialer.h"

#include <gtest/gtest.h>

#include "net/scripted_server.h"

namespace godwit::net {
namespace {

using runtime::Context;
using runtime::IoLoop;
using runtime::Task;

Address at(const char* ip, std::uint16_t port) {
    return *Address::parse(ip, port);
}

struct DialerTest : testing::Test {
    IoLoop loop;
    DialerOptions options;

    static Task<Result<std::unique_ptr<Stream>>> dial_in(IoLoop& loop, Dialer& dialer,
                                                         std::vector<Address> addresses, Duration timeout) {
        Context root(loop);
        Context context(root, timeout, "test");
        co_return co_await dialer.dial_any(context, std::move(addresses));
    }
    Result<std::unique_ptr<Stream>> dial(Dialer& dialer, std::vector<Address> addresses,
                                         Duration timeout = std::chrono::seconds(20)) {
        return loop.block_on(dial_in(loop, dialer, std::move(addresses), timeout));
    }
};

TEST_F(DialerTest, takes_the_first_address_that_connects) {
    ScriptedServer server([](Peer& peer, int) { peer.hold(); });
    Dialer dialer(loop, options);
    EXPECT_TRUE(dial(dialer, {at("127.0.0.1", server.port())}));
    EXPECT_TRUE(dial(dialer, {at("127.0.0.1", free_port()), at("127.0.0.1", server.port())}));
}

TEST_F(DialerTest, D40_passes_by_an_address_that_swallows_packets) {
    ScriptedServer server([](Peer& peer, int) { peer.hold(); });
    BlackHole hole("127.0.0.1");
    options.head_start = std::chrono::milliseconds(20);
    Dialer dialer(loop, options);
    std::vector<Address> addresses{at("127.0.0.1", hole.port()), at("127.0.0.1", server.port())};
    EXPECT_TRUE(dial(dialer, addresses));
    // And remembers it.
    EXPECT_EQ(dialer.spread(addresses).front(), addresses[1]);
    EXPECT_EQ(dialer.spread(addresses).front(), addresses[1]);
}

TEST_F(DialerTest, fails_with_the_first_addresss_reason_when_none_connects) {
    Dialer dialer(loop, options);
    std::uint16_t port = free_port();
    auto stream = dial(dialer, {at("127.0.0.1", port), at("127.0.0.2", port)});
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().kind(), ErrorKind::Lost);
    EXPECT_EQ(stream.error().code(), "ECONNREFUSED");
    EXPECT_EQ(stream.error().subject(), at("127.0.0.1", port).display());
}

TEST_F(DialerTest, gives_up_when_its_context_ends_and_leaves_no_descriptor) {
    BlackHole hole("127.0.0.1");
    options.head_start = std::chrono::milliseconds(5);
    Dialer dialer(loop, options);
    std::size_t before = open_descriptors();
    auto stream = dial(dialer, {at("127.0.0.1", hole.port()), at("127.0.0.1", hole.port())},
                       std::chrono::milliseconds(60));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), "Timeout");
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(DialerTest, spreads_over_all_addresses_and_lets_families_take_turns) {
    Dialer dialer(loop, options);
    std::vector<Address> addresses{at("::1", 1), at("::2", 1), at("10.0.0.1", 1), at("10.0.0.2", 1),
                                   at("10.0.0.3", 1)};
    std::map<std::string, int> firsts;
    for (int i = 0; i < 6; ++i) {
        std::vector<Address> order = dialer.spread(addresses);
        ASSERT_EQ(order.size(), addresses.size());
        ++firsts[order[0].display()];
        EXPECT_EQ(order[0].family(), AF_INET6);
        EXPECT_EQ(order[1].family(), AF_INET);
        EXPECT_EQ(order[4].family(), AF_INET);
    }
    EXPECT_EQ(firsts, (std::map<std::string, int>{{"[::1]:1", 3}, {"[::2]:1", 3}}));
}

}  // namespace
}  // namespace godwit::net
