// Pool: threads for work that blocks (files, name-free system calls, digests of large parts).
//
//     auto job = [&] { return read_whole(fd); };
//     auto result = co_await pool.run(job);
//
// A job cannot be stopped once it runs; the waiting coroutine always resumes after its job has
// ended, so the job may use what the coroutine owns. A job that has not begun when its context ends
// is still run: jobs are short, and half-done work would be harder to reason about.
//
// Waking a thread costs as much as reading a small file. So a turn of the loop hands in its jobs
// together, and they are done by as many threads as what such jobs took until now makes worth waking; what is
// finished is given back together. More threads come for work that has waited for a while, and stay as
// long as there is any.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "runtime/loop.h"

namespace godwit::runtime {

class Pool : private TurnEnd, private Timer {
  public:
    // Up to `threads` (at least 1) threads named `name` (at most 15 bytes), for the coroutines of `loop`,
    // which outlives the pool. The first is started here, and std::system_error thrown where that fails; the
    // others when there is work for them, and fewer where the system gives no more.
    Pool(Loop& loop, std::size_t threads, const char* name);
    // Finishes all jobs that were handed in, then ends the threads.
    ~Pool() override;
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // A job in the queue; lives in the awaiting coroutine's frame.
    class Job : public ChainHook {
      public:
        virtual ~Job() = default;

      protected:
        RemoteResume resume_;

      private:
        friend class Pool;
        virtual void work() = 0;  // on a pool thread
    };

    template <class F>
    class Run;

    // Runs `function` on a pool thread and resumes on the loop with what it returned. `function` is
    // referred to, not copied: name it before the co_await. Loop thread only.
    template <class F>
    Run<F> run(F& function) {
        return Run<F>(*this, function);
    }

    std::size_t threads() const { return threads_max_; }

  private:
    struct Worker {
        std::condition_variable called;
        bool is_called = false;
        Instant began;  // its job
        std::thread thread;
    };

    void start();
    bool start_another();
    void submit(Job& job);
    void turn_ended() override;
    void expired() override;
    std::size_t busy_locked() const { return workers_.size() - idle_.size(); }
    void call(std::size_t count);
    void serve(Worker& worker);
    std::size_t threads_due_locked() const;
    RemoteResumes finish_locked(Worker& worker, Job* done);
    Job* next_job(Worker& worker, Job* done);

    Loop& loop_;
    const char* name_;
    std::size_t threads_max_;
    Chain<Job> outbox_;  // of this turn; the loop's thread only

    std::mutex mutex_;  // guards the rest
    Chain<Job> queue_;
    RemoteResumes finished_;
    Instant finished_since_;
    Duration mean_job_time_{0};
    std::uint64_t queued_sum_ = 0, taken_sum_ = 0;
    std::uint64_t due_sum_ = 0;  // so many jobs must have been taken when the timer expires
    std::vector<Worker*> idle_;  // the one that was busy last is called first
    bool stopping_ = false;
    std::deque<Worker> workers_;
};

template <class F>
class Pool::Run : public Pool::Job {
  public:
    using T = std::invoke_result_t<F&>;
    static_assert(!std::is_void_v<T>, "a job returns what became of it");

    Run(Pool& pool, F& function) : pool_(pool), function_(function) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        resume_.handle = handle;
        pool_.submit(*this);
    }
    T await_resume() { return std::move(*value_); }

  private:
    void work() override { value_.emplace(function_()); }

    Pool& pool_;
    F& function_;
    std::optional<T> value_;
};

}  // namespace godwit::runtime
