#include "runtime/io_loop.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

namespace godwit::runtime {

namespace {

constexpr int kEventsPerTurnMax = 256;

// A descriptor that the loop cannot do without.
int needed(int fd, const char* what) {
    GODWIT_CHECK(fd >= 0, "{}: errno {}", what, errno);
    return fd;
}

}  // namespace

struct FdWatch::Impl {
    int epoll_fd;
    int fd;
    bool news = false;
    Ready* reader = nullptr;
    Ready* writer = nullptr;

    void happened(std::uint32_t events);
};

// An error or the peer's end makes both directions ready: the operation will tell.
void FdWatch::Impl::happened(std::uint32_t events) {
    constexpr std::uint32_t kOver = EPOLLERR | EPOLLHUP;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI | kOver)) {
        if (reader) {
            reader->become_ready(Direction::Read);
        } else {
            news = true;
        }
    }
    if ((events & (EPOLLOUT | kOver)) && writer) writer->become_ready(Direction::Write);
}

IoLoop::IoLoop()
    : Loop(std::random_device{}()),
      epoll_fd_(needed(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_fd_(needed(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    int added = epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
    GODWIT_CHECK(added == 0, "epoll_ctl: errno {}", errno);
}

IoLoop::~IoLoop() {
    close(wake_fd_);
    close(epoll_fd_);
}

Instant IoLoop::now() const {
    return system_clock().now();
}
std::int64_t IoLoop::unix_time_ns() const {
    return system_clock().unix_time_ns();
}

void IoLoop::run() {
    while (!stopping_) {
        bool more_to_do = run_ready();
        if (stopping_) break;
        wait_for_events(more_to_do);
        run_timers();
    }
    // Afterwards, not before: a stop() that comes before run() counts.
    stopping_ = false;
}

void IoLoop::stop() {
    stopping_ = true;
    wake();
}

void IoLoop::wake() {
    std::uint64_t one = 1;
    // Full (it never is) would do as well: then the loop wakes anyway.
    ssize_t written = write(wake_fd_, &one, sizeof one);
    GODWIT_CHECK(written == sizeof one || errno == EAGAIN, "eventfd: errno {}", errno);
}

void IoLoop::hear_wake() const {
    std::uint64_t count;
    ssize_t got = read(wake_fd_, &count, sizeof count);
    GODWIT_CHECK(got == sizeof count || errno == EAGAIN, "eventfd: errno {}", errno);
}

// Never shorter than the next timer asks for.
int IoLoop::patience_ms() const {
    using Ms = std::chrono::milliseconds;
    constexpr Ms kLongest = std::chrono::hours(1);
    Instant due = next_timer();
    if (due == Instant::max()) return -1;
    Ms wait = std::chrono::ceil<Ms>(std::max(due - now(), Duration(0)));
    return static_cast<int>(std::min(wait, kLongest).count());
}

// Nobody runs while the events are handed out, so every watch that they name is still there.
void IoLoop::wait_for_events(bool more_to_do) {
    std::array<epoll_event, kEventsPerTurnMax> events;
    int patience = more_to_do || !may_sleep() ? 0 : patience_ms();
    int count = epoll_wait(epoll_fd_, events.data(), kEventsPerTurnMax, patience);
    GODWIT_CHECK(count >= 0 || errno == EINTR, "epoll_wait: errno {}", errno);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        auto* watch = static_cast<FdWatch::Impl*>(event.data.ptr);
        if (watch) {
            watch->happened(event.events);
        } else {
            hear_wake();
        }
    }
}

FdWatch::FdWatch(IoLoop& loop, int fd) : impl_(std::make_unique<Impl>(Impl{loop.epoll_fd_, fd})) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    event.data.ptr = impl_.get();
    int added = epoll_ctl(impl_->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    GODWIT_CHECK(added == 0, "epoll_ctl of {}: errno {}", fd, errno);
}

FdWatch::~FdWatch() {
    if (impl_) epoll_ctl(impl_->epoll_fd, EPOLL_CTL_DEL, impl_->fd, nullptr);
}

FdWatch::FdWatch(FdWatch&&) noexcept = default;

void FdWatch::will_read() {
    impl_->news = false;
}

bool FdWatch::has_news() const {
    return impl_->news;
}

bool FdWatch::Ready::await_suspend(std::coroutine_handle<> handle) {
    if (!suspend(handle)) return false;
    if (is_ready_now()) {
        complete();
        return true;
    }
    Impl& impl = *watch_.impl_;
    GODWIT_CHECK(!(wanted_.read && impl.reader) && !(wanted_.write && impl.writer), "a second waiter on {}",
                 impl.fd);
    if (wanted_.read) impl.reader = this;
    if (wanted_.write) impl.writer = this;
    return true;
}

bool FdWatch::Ready::is_ready_now() {
    if (!wanted_.ask_first) return std::exchange(watch_.impl_->news, false);
    pollfd state{.fd = watch_.impl_->fd, .events = 0, .revents = 0};
    if (wanted_.read) state.events |= POLLIN | POLLRDHUP | POLLPRI;
    if (wanted_.write) state.events |= POLLOUT;
    if (poll(&state, 1, 0) <= 0) return false;
    bool is_over = state.revents & (POLLERR | POLLHUP | POLLNVAL);
    bool may_write = wanted_.write && (is_over || (state.revents & POLLOUT));
    direction_ = may_write ? Direction::Write : Direction::Read;
    return true;
}

void FdWatch::Ready::become_ready(Direction direction) {
    direction_ = direction;
    forget();
    complete();
}

void FdWatch::Ready::forget() {
    if (watch_.impl_->reader == this) watch_.impl_->reader = nullptr;
    if (watch_.impl_->writer == this) watch_.impl_->writer = nullptr;
}

Result<FdWatch::Direction> FdWatch::Either::await_resume() const {
    GODWIT_TRY_VOID(end());
    return direction();
}

}  // namespace godwit::runtime
