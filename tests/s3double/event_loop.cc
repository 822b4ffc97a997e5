#include "s3double/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace godwit::s3double {

namespace {

constexpr std::size_t kBatchEventsMax = 256;

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::open() {
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) return errno_error(errno, "make", "epoll instance");
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::unique_ptr<EventLoop> loop(new EventLoop(epoll_fd, wake_fd));
    if (wake_fd < 0) return errno_error(errno, "make", "eventfd");
    GODWIT_TRY_VOID(loop->watch(wake_fd, EPOLLIN, nullptr));
    return loop;
}

EventLoop::~EventLoop() {
    close(epoll_fd_);
    if (wake_fd_ >= 0) close(wake_fd_);
}

Result<void> EventLoop::watch(int fd, std::uint32_t events, Watcher* watcher) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watcher;
    if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0)
        return errno_error(errno, "watch", "descriptor");
    return {};
}

void EventLoop::change(int fd, std::uint32_t events, Watcher* watcher) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watcher;
    epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::forget(int fd) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::at(Instant when, std::function<void()> task) {
    timers_.push({when, ++last_order_, std::move(task)});
}

int EventLoop::wait_ms() const {
    if (timers_.empty()) return -1;
    Duration left = timers_.top().when - system_clock().now();
    if (left <= Duration::zero()) return 0;
    // Rounded up: waking early would only spin.
    return static_cast<int>((left.count() + 999'999) / 1'000'000);
}

void EventLoop::run_due_timers() {
    if (timers_.empty()) return;
    Instant now = system_clock().now();
    while (!timers_.empty() && timers_.top().when <= now) {
        auto task = timers_.top().task;
        timers_.pop();
        task();
    }
}

void EventLoop::run(const std::function<void()>& before, const std::function<void()>& after) {
    std::array<epoll_event, kBatchEventsMax> events;
    while (!stopped_) {
        int count = epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), wait_ms());
        before();
        for (int i = 0; i < count; ++i) {
            auto* watcher = static_cast<Watcher*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (watcher) watcher->ready(events[static_cast<std::size_t>(i)].events);
        }
        run_due_timers();
        after();
    }
}

void EventLoop::stop() {
    stopped_ = true;
    std::uint64_t one = 1;
    // It can only fail when the counter is full, and then the loop is awake already.
    [[maybe_unused]] auto written = write(wake_fd_, &one, sizeof one);
}

}  // namespace godwit::s3double
