#include "s3double/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/buffer.h"
#include "base/check.h"
#include "s3double/certificate.h"
#include "s3double/connection.h"
#include "s3double/event_loop.h"

namespace godwit::s3double {

namespace {

constexpr std::size_t kScratchBytes = 256u << 10;
constexpr int kBacklog = 4096;
constexpr int kAcceptsPerTurnMax = 256;

Result<int> listen_on(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    std::string where = host + ":" + std::to_string(port);
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
        return Error(ErrorKind::Invalid, "listen on", where, "the host is no IPv4 address");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno_error(errno, "make socket for", where);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, kBacklog) != 0) {
        int failure = errno;
        close(fd);
        return errno_error(failure, "listen on", where);
    }
    return fd;
}

std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

}  // namespace

class Server::Impl final : public ConnectionHost, public Watcher {
  public:
    Impl(const Options& options, std::unique_ptr<EventLoop> loop, int listener, ServerIdentity identity)
        : options_(options),
          service_(options),
          loop_(std::move(loop)),
          listener_(listener),
          port_(port_of(listener)),
          identity_(std::move(identity)) {}

    ~Impl() override {
        loop_->stop();
        if (thread_.joinable()) thread_.join();
        connections_.clear();
        close(listener_);
    }

    Result<void> run() {
        if (!options_.audit_file.empty()) GODWIT_TRY_VOID(service_.audit().open_file(options_.audit_file));
        GODWIT_TRY_VOID(loop_->watch(listener_, EPOLLIN, this));
        thread_ = std::thread([this] { loop_->run([this] { mutex_.lock(); }, [this] { end_batch(); }); });
        return {};
    }

    // ConnectionHost
    EventLoop& loop() override { return *loop_; }
    Service& service() override { return service_; }
    std::span<std::byte> scratch() override { return scratch_.span(); }
    Connection* find(std::uint64_t id) override {
        auto found = connections_.find(id);
        return found == connections_.end() ? nullptr : found->second.get();
    }
    void bury(std::uint64_t id) override {
        auto found = connections_.find(id);
        dead_.push_back(std::move(found->second));
        connections_.erase(found);
    }

    // Watcher: the listener.
    void ready(std::uint32_t) override {
        for (int i = 0; i < kAcceptsPerTurnMax; ++i) {
            int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            adopt(fd);
        }
    }

    // Everything that clients can change is under this lock; the loop holds it while it works.
    std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
    Bucket& bucket(std::string_view name) {
        Bucket* found = service_.world().find_bucket(name);
        GODWIT_CHECK(found, "no bucket {}", name);
        return *found;
    }
    const Options& options() const { return options_; }
    std::uint16_t port() const { return port_; }
    const std::string& authority_pem() const { return identity_.authority_pem; }

  private:
    void adopt(int fd) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::uint64_t id = ++last_id_;
        auto connection = std::make_unique<Connection>(*this, id, fd, identity_.context.get());
        if (!connection->open()) return;
        connections_.emplace(id, std::move(connection));
    }

    void end_batch() {
        dead_.clear();
        service_.audit().flush();
        mutex_.unlock();
    }

    Options options_;
    Service service_;
    std::unique_ptr<EventLoop> loop_;
    int listener_;
    std::uint16_t port_;
    ServerIdentity identity_;
    Buffer scratch_{kScratchBytes};
    std::mutex mutex_;
    std::uint64_t last_id_ = 0;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::vector<std::unique_ptr<Connection>> dead_;
    std::thread thread_;
};

Result<std::unique_ptr<Server>> Server::start(const Options& options) {
    ServerIdentity identity;
    if (options.tls) {
        GODWIT_TRY(identity, make_identity(options));
    }
    GODWIT_TRY(auto loop, EventLoop::open());
    GODWIT_TRY(int listener, listen_on(options.host, options.port));
    auto impl = std::make_unique<Impl>(options, std::move(loop), listener, std::move(identity));
    GODWIT_TRY_VOID(impl->run());
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

std::uint16_t Server::port() const {
    return impl_->port();
}
const std::string& Server::authority_pem() const {
    return impl_->authority_pem();
}

std::string Server::endpoint() const {
    return (impl_->options().tls ? "https://" : "http://") + impl_->options().host + ":" +
           std::to_string(port());
}

void Server::make_bucket(std::string_view name, bool versioned) {
    auto held = impl_->lock();
    Service& service = impl_->service();
    service.world().make_bucket(name, impl_->options().region, service.now_ns()).versioned = versioned;
}

void Server::make_synthetic_bucket(std::string_view name, Synthetic synthetic) {
    auto held = impl_->lock();
    Service& service = impl_->service();
    service.world().make_bucket(name, impl_->options().region, service.now_ns()).synthetic =
        std::move(synthetic);
}

std::string Server::put_object(std::string_view bucket, std::string_view key, std::string_view bytes,
                               Attributes attributes) {
    auto held = impl_->lock();
    auto version = std::make_shared<ObjectVersion>();
    version->body = std::make_shared<const Body>(Body::of(bytes));
    version->etag = digest_of(DigestAlgorithm::Md5, *version->body).hex();
    if (impl_->options().checksums == ChecksumMode::On)
        version->checksum = StoredChecksum{digest_of(DigestAlgorithm::Crc64Nvme, *version->body), 0};
    version->attributes = std::move(attributes);
    version->modified_ns = impl_->service().now_ns();
    std::string etag = version->etag;
    impl_->service().world().put(impl_->bucket(bucket), key, std::move(version));
    return etag;
}

void Server::remove_object(std::string_view bucket, std::string_view key) {
    auto held = impl_->lock();
    impl_->service().world().remove(impl_->bucket(bucket), key, impl_->service().now_ns());
}

VersionPtr Server::object(std::string_view bucket, std::string_view key) const {
    auto held = impl_->lock();
    return impl_->bucket(bucket).current(key);
}

std::vector<std::string> Server::keys(std::string_view bucket) const {
    auto held = impl_->lock();
    std::vector<std::string> names;
    for (const auto& [key, history] : impl_->bucket(bucket).objects)
        if (history.current()) names.push_back(key);
    return names;
}

std::vector<std::string> Server::open_uploads(std::string_view bucket) const {
    auto held = impl_->lock();
    std::vector<std::string> ids;
    for (const auto& [id, upload] : impl_->bucket(bucket).uploads) ids.push_back(id);
    return ids;
}

void Server::set_rules(std::vector<Rule> rules) {
    auto held = impl_->lock();
    impl_->service().set_rules(std::move(rules));
}

void Server::add_rule(Rule rule) {
    auto held = impl_->lock();
    if (rule.effects.stale) impl_->service().world().keep_history = true;
    impl_->service().rules().add(std::move(rule));
}

std::uint64_t Server::fired(std::string_view name) const {
    auto held = impl_->lock();
    for (const auto& [rule, count] : impl_->service().rules().fired())
        if (rule == name) return count;
    return 0;
}

std::vector<AuditRecord> Server::audit() const {
    auto held = impl_->lock();
    return impl_->service().audit().records();
}

std::uint64_t Server::count(Operation operation) const {
    auto held = impl_->lock();
    return impl_->service().audit().count_of(operation).requests;
}

std::uint64_t Server::requests() const {
    auto held = impl_->lock();
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kOperationCount; ++i)
        sum += impl_->service().audit().count_of(static_cast<Operation>(i)).requests;
    return sum;
}

void Server::reset_counts() {
    auto held = impl_->lock();
    impl_->service().audit().reset_counts();
}

ConnectionCounts Server::connections() const {
    auto held = impl_->lock();
    return impl_->service().connections();
}

}  // namespace godwit::s3double
