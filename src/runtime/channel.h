// Channel<T>: a bounded queue between tasks of one loop. push() waits while it is full, pop() while
// it is empty; close() lets the readers finish what is in it and then end. Loop thread only.
#pragma once

#include <boost/intrusive/list.hpp>
#include <deque>
#include <optional>

#include "runtime/wait.h"

namespace godwit::runtime {

// Wakes waiting tasks when something has changed; they look for themselves what.
class Signal {
  public:
    class Await
        : private Wait,
          public boost::intrusive::list_base_hook<
              boost::intrusive::tag<Signal>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
      public:
        Await(Signal& signal, Context& wait_context) : Wait(wait_context), signal_(signal) {}
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> handle) {
            if (!suspend(handle)) return false;
            signal_.waiting_.push_back(*this);
            return true;
        }
        Result<void> await_resume() const { return outcome(); }

      private:
        friend class Signal;
        using Queue =
            boost::intrusive::list_base_hook<boost::intrusive::tag<Signal>,
                                             boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
        void forget() override { Queue::unlink(); }
        void wake() { complete(); }
        Signal& signal_;
    };

    ~Signal() { GODWIT_CHECK(waiting_.empty(), "a signal ended before its waits"); }
    Await wait(Context& context) { return Await(*this, context); }
    void notify_one() {
        if (!waiting_.empty()) take().wake();
    }
    void notify_all() {
        while (!waiting_.empty()) take().wake();
    }

  private:
    Await& take() {
        Await& first = waiting_.front();
        waiting_.pop_front();
        return first;
    }
    boost::intrusive::list<Await, boost::intrusive::base_hook<Await::Queue>,
                           boost::intrusive::constant_time_size<false>>
        waiting_;
};

template <class T>
class Channel {
  public:
    explicit Channel(std::size_t capacity_max) : capacity_max_(capacity_max) {}

    // Fails when the context ends. Pushing into a closed channel is a bug.
    Task<Result<void>> push(Context& context, T value) {
        while (items_.size() >= capacity_max_) GODWIT_CO_TRY_VOID(co_await room_.wait(context));
        GODWIT_CHECK(!closed_, "push into a closed channel");
        items_.push_back(std::move(value));
        filled_.notify_one();
        co_return {};
    }

    // Nothing once the channel is closed and empty.
    Task<Result<std::optional<T>>> pop(Context& context) {
        while (items_.empty()) {
            if (closed_) co_return std::optional<T>();
            GODWIT_CO_TRY_VOID(co_await filled_.wait(context));
        }
        std::optional<T> value(std::move(items_.front()));
        items_.pop_front();
        room_.notify_one();
        co_return std::move(value);
    }

    void close() {
        closed_ = true;
        filled_.notify_all();
    }
    std::size_t size() const { return items_.size(); }

  private:
    std::size_t capacity_max_;
    std::deque<T> items_;
    bool closed_ = false;
    Signal room_;
    Signal filled_;
};

}  // namespace godwit::runtime
