// IoLoop: the loop of real life, on Boost.Asio's io_context: real time, sockets, other threads.
//
// FdWatch waits until a descriptor is readable or writable. It is the only way in which sockets
// reach the rest of Godwit, so that no header but this module's and net's knows Asio.
#pragma once

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

    struct Impl;
    Impl& impl() { return *impl_; }

  private:
    template <class T>
    static Task<void> keep(Task<T> task, std::optional<T>& value, IoLoop& loop) {
        value.emplace(co_await std::move(task));
        loop.stop();
    }
    void wake() override;
    void want_turn() override;
    void arm(Instant due) override;

    std::unique_ptr<Impl> impl_;
};

// Watches one descriptor, which must be non-blocking, stay open, and outlive the watch. One reader
// and one writer may wait at the same time. Loop thread only.
class FdWatch {
  public:
    FdWatch(IoLoop& loop, int fd);
    ~FdWatch();
    FdWatch(FdWatch&&) noexcept;

    enum class Direction : std::uint8_t { Read, Write };

    // Resumes when the descriptor is ready, or seems to be: try the operation, then wait again.
    class Ready : private Cancellable {
      public:
        Ready(FdWatch& watch, Context& wait_context, Direction direction)
            : watch_(watch), context_(wait_context), direction_(direction) {}
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> handle);
        Result<void> await_resume() const { return context_.check(); }

      private:
        friend class FdWatch;
        void cancelled() override;
        void became_ready();

        FdWatch& watch_;
        Context& context_;
        Direction direction_;
        std::coroutine_handle<> handle_;
    };

    // Resumes when the descriptor is readable or writable, and says which came first. Nobody else may
    // wait at the same time.
    class Either : private Cancellable {
      public:
        Either(FdWatch& watch, Context& wait_context) : watch_(watch), context_(wait_context) {}
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> handle);
        Result<Direction> await_resume() const;

      private:
        friend class FdWatch;
        void cancelled() override;
        void start(Direction direction);
        void ended(Direction direction, bool is_ready);

        FdWatch& watch_;
        Context& context_;
        std::optional<Direction> first_;
        int running_ = 0;
        std::coroutine_handle<> handle_;
    };

    Ready readable(Context& context) { return Ready(*this, context, Direction::Read); }
    Ready writable(Context& context) { return Ready(*this, context, Direction::Write); }
    Either either(Context& context) { return Either(*this, context); }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace godwit::runtime
