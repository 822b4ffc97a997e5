// TaskGroup: tasks that run beside one another and are all awaited before their owner goes on.
//
//     TaskGroup group(loop);
//     for (...) group.spawn(copy(...));
//     co_await group.wait();
//
// Every task in it has ended when wait() resumes, so what the tasks refer to may live in the owner's
// frame. To stop them early cancel their context. Loop thread only.
#pragma once

#include <coroutine>
#include <cstddef>

#include "runtime/loop.h"

namespace godwit::runtime {

class TaskGroup {
  public:
    explicit TaskGroup(Loop& loop) : loop_(loop) {}
    ~TaskGroup() { GODWIT_CHECK(running_ == 0, "{} tasks outlive their group", running_); }
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Starts the task at once; it runs to its first wait.
    void spawn(Task<void> task) {
        ++running_;
        run(std::move(task));
    }
    std::size_t running() const { return running_; }

    // Resumes when fewer than `below` tasks run. One waiter at a time.
    auto wait(std::size_t below = 1) {
        struct Awaiter {
            TaskGroup& group;
            std::size_t below;
            bool await_ready() const noexcept { return group.running_ < below; }
            void await_suspend(std::coroutine_handle<> handle) noexcept {
                group.waiter_ = handle;
                group.below_ = below;
            }
            void await_resume() const noexcept {}
        };
        return Awaiter{*this, below};
    }

  private:
    Detached run(Task<void> task) {
        co_await std::move(task);
        --running_;
        if (waiter_ && running_ < below_) loop_.resume_soon(std::exchange(waiter_, {}));
    }

    Loop& loop_;
    std::size_t running_ = 0;
    std::size_t below_ = 1;
    std::coroutine_handle<> waiter_;
};

}  // namespace godwit::runtime
