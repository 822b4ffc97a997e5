// A Loop runs coroutines on one thread. Everything that belongs to a loop is touched by its thread
// only, so there are no locks above this page; the few calls that any thread may make say so.
//
// This class holds what every loop shares: the queue of coroutines to resume, the timers, the way in
// from other threads. IoLoop adds sockets and real time, ManualLoop a clock that tests turn by hand.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <random>
#include <vector>

#include "base/clock.h"
#include "runtime/chain.h"
#include "runtime/task.h"

namespace godwit::runtime {

// Something that happens at an instant. Unlinks itself when destroyed. Loop thread only.
class Timer
    : public boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual ~Timer() = default;
    Instant due() const { return due_; }
    friend bool operator<(const Timer& a, const Timer& b) { return a.due_ < b.due_; }

  private:
    friend class Loop;
    // Called once on the loop's thread, after the timer was taken out of the loop's set.
    virtual void expired() = 0;
    Instant due_{};
};

// A suspended coroutine that another thread will resume. Lives in the awaiter, so that crossing
// threads allocates nothing.
struct RemoteResume : ChainHook {
    std::coroutine_handle<> handle;
};

// Handed over at once they cost one lock and at most one wake-up.
using RemoteResumes = Chain<RemoteResume>;

// Something to be done once at the end of the loop's turn, for all that asked for it in the turn.
class TurnEnd {
  public:
    virtual ~TurnEnd() = default;

  private:
    friend class Loop;
    virtual void turn_ended() = 0;
    bool is_wanted_ = false;
};

class Loop {
  public:
    virtual ~Loop() = default;
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    virtual Instant now() const = 0;
    // Wall clock (see Clock::unix_time_ns).
    virtual std::int64_t unix_time_ns() const = 0;

    // Runs `work` on the loop's thread, in order. Any thread.
    void post(std::move_only_function<void()> work);
    // Resumes each node's handle on the loop's thread. Any thread; the nodes live until then. `nodes`
    // is empty afterwards.
    void resume_from_thread(RemoteResumes& nodes);
    void resume_from_thread(RemoteResume& node) {
        RemoteResumes one;
        one.push_back(node);
        resume_from_thread(one);
    }

    // The rest: loop thread only.

    // Resumes the coroutine after the running one has suspended. Order is kept.
    void resume_soon(std::coroutine_handle<> handle);
    // Calls `end` once, after the coroutines of this turn have run. It lives until then.
    void at_turn_end(TurnEnd& end);
    // Runs a task that nobody awaits; its frame is freed at its end. Prefer TaskGroup.
    void spawn(Task<void> task);
    // `timer` must not be running. A due instant in the past fires in the next turn.
    void start_timer(Timer& timer, Instant due);
    static void stop_timer(Timer& timer) { timer.unlink(); }
    // For jitter only; seeded by the loop's maker, so that a simulation repeats itself.
    std::uint64_t random() { return random_(); }

  protected:
    explicit Loop(std::uint64_t seed) : random_(seed) {}

    // One turn: resumes all that is ready, with what that makes ready, up to a bound that keeps the
    // loop's sockets served; then what waits for the turn's end. True if more is waiting.
    bool run_ready();
    // Fires every timer that is due.
    void run_timers();
    // When the next timer is due; Instant::max() if none runs.
    Instant next_timer() const;

    // May the loop's thread wait now? False when other threads have handed something in; once it was
    // true, the next of them calls wake(). The next turn ends that.
    bool may_sleep();
    // Ends the wait of the loop's thread. Any thread.
    virtual void wake() = 0;

  private:
    using Timers = boost::intrusive::multiset<Timer, boost::intrusive::constant_time_size<false>>;
    void take_remote();
    void end_turn();

    std::deque<std::coroutine_handle<>> ready_;
    Timers timers_;
    std::vector<TurnEnd*> turn_ends_;
    std::mt19937_64 random_;

    std::mutex mutex_;  // guards what other threads hand in
    RemoteResumes remote_;
    std::vector<std::move_only_function<void()>> posted_;
    bool asleep_ = false;
};

}  // namespace godwit::runtime
