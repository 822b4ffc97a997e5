#include "net/resolver.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "runtime/group.h"

namespace godwit::net {
namespace {

using runtime::Context;
using runtime::IoLoop;
using runtime::Task;

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;

struct DnsReply {
    bool silent = false;
    std::uint8_t code = 0;  // 2 SERVFAIL, 3 NXDOMAIN
    std::vector<std::string> addresses = {};
    std::uint32_t ttl_seconds = 300;
};

// A name server on loopback that answers as the test says. Its script runs in its thread.
class DnsServer {
  public:
    using Script = std::function<DnsReply(std::uint16_t type)>;

    explicit DnsServer(Script script) : script_(std::move(script)) {
        fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        Address address = *Address::parse("127.0.0.1", 0);
        GODWIT_CHECK(bind(fd_, address.data(), address.size()) == 0);
        sockaddr_in bound{};
        socklen_t size = sizeof bound;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
        port_ = ntohs(bound.sin_port);
        GODWIT_CHECK(pipe(stop_) == 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~DnsServer() {
        close(stop_[1]);
        thread_.join();
        close(stop_[0]);
        close(fd_);
    }
    std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
    int questions() const { return questions_; }

  private:
    void serve() {
        for (;;) {
            pollfd fds[2] = {{.fd = fd_, .events = POLLIN, .revents = 0},
                             {.fd = stop_[0], .events = POLLIN, .revents = 0}};
            poll(fds, 2, -1);
            if (fds[1].revents) return;
            sockaddr_in from{};
            socklen_t size = sizeof from;
            char bytes[512];
            ssize_t count = recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (count < 17) continue;
            ++questions_;
            std::string reply = answer({bytes, static_cast<std::size_t>(count)});
            if (!reply.empty())
                sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
        }
    }

    // The question's header and name again, then the records (RFC 1035 §4).
    std::string answer(std::string_view query) {
        std::size_t name_end = query.find('\0', 12) + 1;
        auto type = static_cast<std::uint16_t>(query[name_end] << 8 | query[name_end + 1]);
        DnsReply reply = script_(type);
        if (reply.silent) return "";
        std::string records;
        std::uint16_t count = 0;
        for (const std::string& text : reply.addresses) {
            Address address = *Address::parse(text, 0);
            if ((address.family() == AF_INET ? kTypeA : kTypeAaaa) != type) continue;
            ++count;
            records += "\xc0\x0c" + number16(type) + number16(1) +
                       number16(static_cast<std::uint16_t>(reply.ttl_seconds >> 16)) +
                       number16(static_cast<std::uint16_t>(reply.ttl_seconds)) +
                       number16(static_cast<std::uint16_t>(address.ip_bytes().size())) +
                       std::string(address.ip_bytes());
        }
        std::string out(query.substr(0, 2));
        out += number16(static_cast<std::uint16_t>(0x8180 | reply.code)) + number16(1) + number16(count) +
               number16(0) + number16(0);
        return out + std::string(query.substr(12, name_end + 4 - 12)) + records;
    }
    static std::string number16(std::uint16_t value) {
        return {static_cast<char>(value >> 8), static_cast<char>(value)};
    }

    Script script_;
    int fd_ = -1;
    int stop_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    std::atomic<int> questions_ = 0;
    std::thread thread_;
};

struct ResolverTest : testing::Test {
    IoLoop loop;

    ResolverOptions options_for(const DnsServer& server) {
        ResolverOptions options;
        options.lookup.servers = server.address();
        options.lookup.try_timeout = std::chrono::milliseconds(200);
        options.lookup.tries = 2;
        return options;
    }
    static Task<Result<std::vector<Address>>> resolve_in(IoLoop& loop, Resolver& resolver, std::string host) {
        Context context(loop);
        co_return co_await resolver.resolve(context, host, 443);
    }
    // The addresses as text, or the error's code.
    std::vector<std::string> resolve(Resolver& resolver, const std::string& host) {
        auto result = loop.block_on(resolve_in(loop, resolver, host));
        if (!result) return {result.error().code()};
        std::vector<std::string> out;
        for (const Address& address : *result) out.push_back(address.display());
        return out;
    }
};

TEST_F(ResolverTest, gives_all_addresses_of_both_families_with_the_port) {
    DnsServer server(
        [](std::uint16_t) { return DnsReply{.addresses = {"192.0.2.1", "192.0.2.2", "2001:db8::1"}}; });
    Resolver resolver(loop, options_for(server));
    auto addresses = resolve(resolver, "s3.example.test");
    std::sort(addresses.begin(), addresses.end());
    EXPECT_EQ(addresses, (std::vector<std::string>{"192.0.2.1:443", "192.0.2.2:443", "[2001:db8::1]:443"}));
}

TEST_F(ResolverTest, answers_literals_and_localhost_without_asking) {
    DnsServer server([](std::uint16_t) { return DnsReply{.code = 3}; });
    Resolver resolver(loop, options_for(server));
    EXPECT_EQ(resolve(resolver, "192.0.2.7"), std::vector<std::string>{"192.0.2.7:443"});
    EXPECT_EQ(resolve(resolver, "::1"), std::vector<std::string>{"[::1]:443"});
    for (const char* name : {"localhost", "bucket.localhost"}) {
        EXPECT_EQ(resolve(resolver, name), (std::vector<std::string>{"127.0.0.1:443", "[::1]:443"}));
    }
    EXPECT_EQ(server.questions(), 0);
}

TEST_F(ResolverTest, remembers_an_answer_for_its_time_to_live) {
    DnsServer server([](std::uint16_t) { return DnsReply{.addresses = {"192.0.2.1"}, .ttl_seconds = 3600}; });
    Resolver resolver(loop, options_for(server));
    resolve(resolver, "a.test");
    resolve(resolver, "a.test");
    EXPECT_EQ(resolver.lookups(), 1u);
}

TEST_F(ResolverTest, asks_again_when_an_answer_is_stale) {
    DnsServer server([](std::uint16_t) { return DnsReply{.addresses = {"192.0.2.1"}, .ttl_seconds = 3600}; });
    ResolverOptions options = options_for(server);
    options.fresh_min = options.fresh_max = std::chrono::nanoseconds(1);
    Resolver resolver(loop, options);
    EXPECT_EQ(resolve(resolver, "a.test"), std::vector<std::string>{"192.0.2.1:443"});
    EXPECT_EQ(resolve(resolver, "a.test"), std::vector<std::string>{"192.0.2.1:443"});
    EXPECT_EQ(resolver.lookups(), 2u);
}

TEST_F(ResolverTest, D40_says_that_a_host_does_not_exist_and_remembers_it_briefly) {
    DnsServer server([](std::uint16_t) { return DnsReply{.code = 3}; });
    Resolver resolver(loop, options_for(server));
    EXPECT_EQ(resolve(resolver, "no.such.test"), std::vector<std::string>{"NameNotFound"});
    EXPECT_EQ(resolve(resolver, "no.such.test"), std::vector<std::string>{"NameNotFound"});
    EXPECT_EQ(resolver.lookups(), 1u);
}

TEST_F(ResolverTest, D40_goes_on_with_old_addresses_when_the_name_server_fails) {
    std::atomic<bool> broken = false;
    DnsServer server(
        [&](std::uint16_t) { return broken ? DnsReply{.code = 2} : DnsReply{.addresses = {"192.0.2.1"}}; });
    ResolverOptions options = options_for(server);
    options.fresh_min = options.fresh_max = std::chrono::nanoseconds(1);
    Resolver resolver(loop, options);
    resolve(resolver, "a.test");
    broken = true;
    EXPECT_EQ(resolve(resolver, "a.test"), std::vector<std::string>{"192.0.2.1:443"});
    EXPECT_EQ(resolve(resolver, "b.test"), std::vector<std::string>{"NameServerFailed"});
}

TEST_F(ResolverTest, D40_does_not_wait_for_a_server_that_drops_aaaa_questions) {
    DnsServer server([](std::uint16_t type) {
        return type == kTypeAaaa ? DnsReply{.silent = true} : DnsReply{.addresses = {"192.0.2.1"}};
    });
    ResolverOptions options = options_for(server);
    options.lookup.try_timeout = std::chrono::seconds(30);
    options.lookup.second_family_patience = std::chrono::milliseconds(20);
    Resolver resolver(loop, options);
    Instant began = loop.now();
    EXPECT_EQ(resolve(resolver, "a.test"), std::vector<std::string>{"192.0.2.1:443"});
    EXPECT_LT(loop.now() - began, std::chrono::seconds(10));
}

TEST_F(ResolverTest, D40_gives_up_on_silent_servers) {
    DnsServer server([](std::uint16_t) { return DnsReply{.silent = true}; });
    ResolverOptions options = options_for(server);
    options.lookup.try_timeout = std::chrono::milliseconds(20);
    Resolver resolver(loop, options);
    EXPECT_EQ(resolve(resolver, "a.test"), std::vector<std::string>{"NameServerFailed"});
    EXPECT_GE(server.questions(), 2);
}

Task<void> resolve_into(Context& context, Resolver& resolver, std::vector<std::string>& out) {
    const std::string host = "a.test";
    auto result = co_await resolver.resolve(context, host, 1);
    out.push_back(result ? result->front().display() : result.error().code());
}

TEST_F(ResolverTest, shares_one_lookup_among_callers) {
    DnsServer server([](std::uint16_t) { return DnsReply{.addresses = {"192.0.2.1"}}; });
    Resolver resolver(loop, options_for(server));
    std::vector<std::string> results;
    auto all = [&]() -> Task<int> {
        Context context(loop);
        runtime::TaskGroup group(loop);
        for (int i = 0; i < 50; ++i) group.spawn(resolve_into(context, resolver, results));
        co_await group.wait();
        co_return 0;
    };
    loop.block_on(all());
    EXPECT_EQ(results, std::vector<std::string>(50, "192.0.2.1:1"));
    EXPECT_EQ(resolver.lookups(), 1u);
}

TEST_F(ResolverTest, hands_the_lookup_on_when_its_asker_is_cancelled) {
    std::atomic<bool> silent = true;
    DnsServer server([&](std::uint16_t) {
        return silent ? DnsReply{.silent = true} : DnsReply{.addresses = {"192.0.2.1"}};
    });
    ResolverOptions options = options_for(server);
    options.lookup.try_timeout = std::chrono::seconds(30);
    Resolver resolver(loop, options);
    std::vector<std::string> first, second;
    auto both = [&]() -> Task<int> {
        Context context(loop);
        Context doomed(context);
        runtime::TaskGroup group(loop);
        group.spawn(resolve_into(doomed, resolver, first));
        group.spawn(resolve_into(context, resolver, second));
        silent = false;
        doomed.cancel(runtime::stop_requested());
        co_await group.wait();
        co_return 0;
    };
    loop.block_on(both());
    EXPECT_EQ(first, std::vector<std::string>{"Cancelled"});
    EXPECT_EQ(second, std::vector<std::string>{"192.0.2.1:1"});
    EXPECT_EQ(resolver.lookups(), 2u);
}

}  // namespace
}  // namespace godwit::net
