// Wait: one suspended coroutine that is resumed exactly once, by what it waits for or by its
// context's end. Every awaitable of this module that can be cut short is built on it.
#pragma once

#include <coroutine>

#include "runtime/context.h"

namespace godwit::runtime {

// Derive, register in await_suspend with suspend(), and resume with complete(). Loop thread only.
class Wait : private Cancellable {
  public:
    explicit Wait(Context& context) : context_(context) {}

  protected:
    // Remembers the coroutine. False when the context has ended already: then do not suspend.
    bool suspend(std::coroutine_handle<> handle) {
        if (context_.is_cancelled()) return false;
        handle_ = handle;
        context_.watch(*this);
        return true;
    }
    // What was awaited has come. Called at most once.
    void complete() {
        completed_ = true;
        this->unlink();
        context_.loop().resume_soon(handle_);
    }
    // Success when complete() was called, else why the context ended.
    Result<void> outcome() const {
        if (completed_) return {};
        return context_.check();
    }
    void mark_completed() { completed_ = true; }
    Context& context() const { return context_; }

  private:
    // Take yourself out of whatever would complete you.
    virtual void forget() = 0;
    void cancelled() final {
        forget();
        context_.loop().resume_soon(handle_);
    }

    Context& context_;
    std::coroutine_handle<> handle_;
    bool completed_ = false;
};

// Suspends for `duration`. Fails when the context ends first.
class Sleep : private Wait, private Timer {
  public:
    Sleep(Context& wait_context, Duration duration) : Wait(wait_context), duration_(duration) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
        if (!suspend(handle)) return false;
        context().loop().start_timer(*this, context().loop().now() + duration_);
        return true;
    }
    Result<void> await_resume() const { return outcome(); }

  private:
    void expired() override { complete(); }
    void forget() override { Loop::stop_timer(*this); }
    Duration duration_;
};

inline Sleep sleep(Context& context, Duration duration) {
    return Sleep(context, duration);
}

}  // namespace godwit::runtime
