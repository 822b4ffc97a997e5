// IoLoop: the loop of real life: real time, descriptors (epoll), other threads.
//
// FdWatch waits until a descriptor is readable or writable. It is the only way in which sockets
// reach the rest of Godwit.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "runtime/context.h"
#include "runtime/wait.h"

namespace godwit::runtime {

class IoLoop final : public Loop {
  public:
    IoLoop();
    ~IoLoop() override;

    Instant now() const override;
    std::int64_t unix_time_ns() const override;

    // Runs until stop(). The calling thread becomes the loop's thread.
    void run();
    // Makes run() return once it has finished its turn; the next run(), if none is running. Any thread.
    void stop();

    // Runs the task to its end on this thread and returns its value.
    template <class T>
    T block_on(Task<T> task) {
        std::optional<T> value;
        spawn(keep(std::move(task), value, *this));
        while (!value) run();
        return std::move(*value);
    }

  private:
    friend class FdWatch;
    template <class T>
    static Task<void> keep(Task<T> task, std::optional<T>& value, IoLoop& loop) {
        value.emplace(co_await std::move(task));
        loop.stop();
    }
    void wake() override;
    void wait_for_events(bool more_to_do);
    int patience_ms() const;
    void hear_wake() const;

    int epoll_fd_;
    int wake_fd_;
    std::atomic<bool> stopping_ = false;
};

// Watches one descriptor, which must be non-blocking, pollable (no regular file), stay open, and outlive
// the watch. One reader and one writer may wait at the same time. Loop thread only.
//
// The kernel is asked to tell of changes only (edge-triggered), and once for the watch's whole life. So
// there are two ways to wait: readable(), writable() and either() ask for the state first, by a system
// call, and are always right. more_readable() saves that call and is for those who know that they
// have read everything.
class FdWatch {
  public:
    FdWatch(IoLoop& loop, int fd);
    ~FdWatch();
    FdWatch(FdWatch&&) noexcept;

    enum class Direction : std::uint8_t { Read, Write };

    // Resumes when the descriptor is ready, or seems to be: try the operation, then wait again.
    class Ready : private Wait {
      public:
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> handle);
        Result<void> await_resume() const { return outcome(); }

      protected:
        friend class FdWatch;
        struct Wanted {
            bool read, write;
            bool ask_first;
        };
        Ready(FdWatch& watch, Context& wait_context, Wanted wanted)
            : Wait(wait_context), watch_(watch), wanted_(wanted) {}
        Direction direction() const { return direction_; }
        Result<void> end() const { return outcome(); }

      private:
        bool is_ready_now();
        void become_ready(Direction direction);
        void forget() override;

        FdWatch& watch_;
        Wanted wanted_;
        Direction direction_ = Direction::Write;
    };

    // Resumes when the descriptor is readable or writable, and says which came first. Nobody else may
    // wait at the same time.
    class Either : public Ready {
      public:
        Result<Direction> await_resume() const;

      private:
        friend class FdWatch;
        using Ready::Ready;
    };

    Ready readable(Context& context) {
        return {*this, context, {.read = true, .write = false, .ask_first = true}};
    }
    Ready writable(Context& context) {
        return {*this, context, {.read = false, .write = true, .ask_first = true}};
    }
    Either either(Context& context) {
        return {*this, context, {.read = true, .write = true, .ask_first = true}};
    }

    // Resumes when something has come since the last will_read(). Only for who has read all that was
    // there then: the read came back short, or with EAGAIN.
    Ready more_readable(Context& context) {
        return {*this, context, {.read = true, .write = false, .ask_first = false}};
    }
    // A read is about to begin: what has come until now is not news any more.
    void will_read();
    // Has anything come, the peer's end included, since the last will_read()? As the loop knows it: what
    // came during this turn is not seen yet.
    bool has_news() const;

  private:
    struct Impl;
    friend class IoLoop;
    std::unique_ptr<Impl> impl_;
};

}  // namespace godwit::runtime
