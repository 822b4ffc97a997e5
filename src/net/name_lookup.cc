#include "net/name_lookup.h"

#include <ares.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace godwit::net {
namespace {

using runtime::Context;
using runtime::FdWatch;
using runtime::IoLoop;
using runtime::Task;

constexpr int kEventsMax = 16;
constexpr std::size_t kAddressesMax = 64;

Error lookup_error(const std::string& host, int status) {
    bool unknown = status == ARES_ENOTFOUND || status == ARES_ENODATA;
    std::string cause = unknown ? "no such host" : ares_strerror(status);
    return Error(ErrorKind::Lost, "look up", host, std::move(cause))
        .with_code(unknown ? "NameNotFound" : "NameServerFailed");
}

// The answer for one address family.
struct FamilyAnswer {
    int status = ARES_SUCCESS;
    bool done = false;
    HostAddresses found{.addresses = {}, .time_to_live = Duration::max()};
};

// c-ares keeps its sockets in an epoll set of ours, and the loop watches that set as one descriptor:
// c-ares opens and closes sockets as it likes, and no watch of the loop dangles.
class Lookup {
  public:
    Lookup(IoLoop& loop, int epoll_fd) : loop_(loop), epoll_fd_(epoll_fd), watch_(loop, epoll_fd) {}
    // Queries that still run are ended by c-ares with their callback, so the channel goes first.
    ~Lookup() {
        if (channel_) ares_destroy(channel_);
    }
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;

    Result<void> open(const NameLookupOptions& options, const std::string& host);
    Task<Result<HostAddresses>> run(Context& context, const NameLookupOptions& options,
                                    const std::string& host);

  private:
    static void socket_changed(void* self, ares_socket_t fd, int readable, int writable);
    static void answered(void* family, int status, int timeouts, ares_addrinfo* answer);
    void ask(const std::string& host);
    void process();
    Duration until_next_timeout() const;
    bool has_addresses() const;
    bool done() const { return families_[0].done && families_[1].done; }
    Result<HostAddresses> result(const std::string& host);

    IoLoop& loop_;
    int epoll_fd_;
    FdWatch watch_;
    ares_channel channel_ = nullptr;
    std::array<FamilyAnswer, 2> families_;
};

Result<void> Lookup::open(const NameLookupOptions& options, const std::string& host) {
    ares_options settings{};
    settings.timeout = static_cast<int>(options.try_timeout / std::chrono::milliseconds(1));
    settings.tries = options.tries;
    settings.sock_state_cb = &Lookup::socket_changed;
    settings.sock_state_cb_data = this;
    int status =
        ares_init_options(&channel_, &settings, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS && !options.servers.empty()) {
        status = ares_set_servers_ports_csv(channel_, options.servers.c_str());
    }
    if (status != ARES_SUCCESS) return lookup_error(host, status);
    ask(host);
    return {};
}

void Lookup::ask(const std::string& host) {
    for (std::size_t i = 0; i < families_.size(); ++i) {
        ares_addrinfo_hints hints{};
        hints.ai_family = i == 0 ? AF_INET6 : AF_INET;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Lookup::answered, &families_[i]);
    }
}

void Lookup::socket_changed(void* self, ares_socket_t fd, int readable, int writable) {
    int epoll_fd = static_cast<Lookup*>(self)->epoll_fd_;
    epoll_event event{};
    event.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
    event.data.fd = fd;
    if (event.events == 0) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, nullptr);
    } else if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0) {
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

void Lookup::answered(void* family, int status, int, ares_addrinfo* answer) {
    auto& mine = *static_cast<FamilyAnswer*>(family);
    mine.done = true;
    mine.status = status;
    if (!answer) return;
    for (ares_addrinfo_node* node = answer->nodes; node; node = node->ai_next) {
        std::optional<Address> address = Address::from(node->ai_addr);
        if (!address || mine.found.addresses.size() == kAddressesMax) continue;
        mine.found.addresses.push_back(address->with_port(0));
        mine.found.time_to_live =
            std::min<Duration>(mine.found.time_to_live, std::chrono::seconds(std::max(node->ai_ttl, 0)));
    }
    ares_freeaddrinfo(answer);
}

Duration Lookup::until_next_timeout() const {
    timeval limit{.tv_sec = 60, .tv_usec = 0};
    timeval storage{};
    timeval* next = ares_timeout(channel_, &limit, &storage);
    return std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec);
}

bool Lookup::has_addresses() const {
    return std::any_of(families_.begin(), families_.end(),
                       [](const FamilyAnswer& family) { return !family.found.addresses.empty(); });
}

void Lookup::process() {
    std::array<epoll_event, kEventsMax> events;
    int count = epoll_wait(epoll_fd_, events.data(), kEventsMax, 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        bool readable = event.events & (EPOLLIN | EPOLLERR | EPOLLHUP);
        bool writable = event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP);
        ares_process_fd(channel_, readable ? event.data.fd : ARES_SOCKET_BAD,
                        writable ? event.data.fd : ARES_SOCKET_BAD);
    }
    // Time-outs only.
    if (count <= 0) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

Result<HostAddresses> Lookup::result(const std::string& host) {
    HostAddresses out = std::move(families_[0].found);
    HostAddresses& v4 = families_[1].found;
    out.addresses.insert(out.addresses.end(), v4.addresses.begin(), v4.addresses.end());
    out.time_to_live = std::min(out.time_to_live, v4.time_to_live);
    if (!out.addresses.empty()) return out;
    // "No such host" only if neither family failed for another reason.
    bool unknown = families_[1].status == ARES_ENOTFOUND || families_[1].status == ARES_ENODATA;
    return lookup_error(host, unknown ? families_[0].status : families_[1].status);
}

Task<Result<HostAddresses>> Lookup::run(Context& context, const NameLookupOptions& options,
                                        const std::string& host) {
    GODWIT_CO_TRY_VOID(open(options, host));
    Instant give_up = Instant::max();
    while (!done()) {
        if (has_addresses() && give_up == Instant::max())
            give_up = loop_.now() + options.second_family_patience;
        if (loop_.now() >= give_up) break;
        Context turn(context, std::min(until_next_timeout(), give_up - loop_.now()), "name servers");
        // Ready or timed out: c-ares is asked in both cases.
        auto ready = co_await watch_.readable(turn);
        if (!ready) GODWIT_CO_TRY_VOID(context.check());
        process();
    }
    co_return result(host);
}

// Closes after the watch has let go.
struct EpollSet {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    ~EpollSet() {
        if (fd >= 0) close(fd);
    }
};

}  // namespace

Task<Result<HostAddresses>> look_up(IoLoop& loop, Context& context, const NameLookupOptions& options,
                                    const std::string& host) {
    GODWIT_CO_TRY_VOID(context.check());
    EpollSet set;
    if (set.fd < 0) co_return errno_error(errno, "look up", host);
    Lookup lookup(loop, set.fd);
    co_return co_await lookup.run(context, options, host);
}

}  // namespace godwit::net
