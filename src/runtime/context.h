// A Context carries a deadline and the wish to stop down a tree of work.
//
// Each piece of work gets a child of its caller's context. Cancelling a context, or its deadline
// passing, wakes every wait below it; each ends with the context's reason. Nothing waits without
// one, so everything can be stopped (I18). Belongs to one loop's thread.
#pragma once

#include <boost/intrusive/list.hpp>
#include <optional>

#include "base/result.h"
#include "runtime/loop.h"

namespace godwit::runtime {

class Context;

// A wait that a context's end cuts short. Unlinks itself when destroyed.
class Cancellable
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual ~Cancellable() = default;

  private:
    friend class Context;
    // Called at most once, already unlinked. Must not destroy the context.
    virtual void cancelled() = 0;
};

// What hears that the other side of some work asks for less of it.
class Pressure {
  public:
    virtual ~Pressure() = default;
    virtual void overloaded() = 0;
};

class Context : private Timer, private Cancellable {
  public:
    // A root: no deadline.
    explicit Context(Loop& loop) : loop_(loop) {}
    // A child: ends when its parent ends, or when cancelled itself. `parent` outlives it.
    explicit Context(Context& parent);
    // A child that also ends after `timeout`, with kind Lost, code "Timeout" and `what` as cause:
    // the caller may then try again under the parent.
    Context(Context& parent, Duration timeout, std::string what);
    ~Context() override;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    Loop& loop() const { return loop_; }
    bool is_cancelled() const { return reason_.has_value(); }
    // The earliest deadline on the way to the root; Instant::max() when there is none.
    Instant deadline() const { return deadline_; }
    // Success, or why this context has ended.
    Result<void> check() const;

    // Ends this context and all below it. Only the first reason counts.
    void cancel(Error reason);

    // Whom the work below this context tells that it was asked for less. `pressure` lives as long as
    // that work.
    void set_pressure(Pressure& pressure) { pressure_ = &pressure; }
    // The other side asked for less: the nearest Pressure on the way to the root hears of it.
    void slow_down();

    // Has `wait.cancelled()` called when this context ends. Must not have ended yet.
    void watch(Cancellable& wait);

  private:
    void expired() override;
    void cancelled() override;

    Loop& loop_;
    Context* parent_ = nullptr;
    Pressure* pressure_ = nullptr;
    Instant deadline_ = Instant::max();
    std::string what_;
    std::optional<Error> reason_;
    boost::intrusive::list<Cancellable, boost::intrusive::constant_time_size<false>> waits_;
};

// The reason of a stop that the user asked for.
Error stop_requested();

}  // namespace godwit::runtime
