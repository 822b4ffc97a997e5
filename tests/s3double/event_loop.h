// One epoll thread: readiness, timers, and a way in for other threads.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace godwit::s3double {

// Gets told what happens to its descriptor. Must be alive until forget() and the end of the batch
// in which that was called.
class Watcher {
  public:
    virtual ~Watcher() = default;
    virtual void ready(std::uint32_t events) = 0;
};

class EventLoop {
  public:
    static Result<std::unique_ptr<EventLoop>> open();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // Level-triggered. `events` as of epoll_ctl.
    Result<void> watch(int fd, std::uint32_t events, Watcher* watcher);
    void change(int fd, std::uint32_t events, Watcher* watcher);
    void forget(int fd);

    // Calls `task` on the loop's thread, not before `when`.
    void at(Instant when, std::function<void()> task);

    // Until stop(). `before` and `after` frame each batch of events: the server takes its lock
    // there, and buries the dead.
    void run(const std::function<void()>& before, const std::function<void()>& after);
    // From any thread.
    void stop();

  private:
    EventLoop(int epoll_fd, int wake_fd) : epoll_fd_(epoll_fd), wake_fd_(wake_fd) {}
    int wait_ms() const;
    void run_due_timers();

    struct Timer {
        Instant when;
        std::uint64_t order;
        std::function<void()> task;
        bool operator>(const Timer& other) const {
            return when != other.when ? when > other.when : order > other.order;
        }
    };
    int epoll_fd_, wake_fd_;
    std::atomic<bool> stopped_ = false;
    std::uint64_t last_order_ = 0;
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
};

}  // namespace godwit::s3double
