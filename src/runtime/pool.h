// Pool: threads for work that blocks (files, name-free system calls, digests of large parts).
//
//     auto job = [&] { return read_whole(fd); };
//     auto result = co_await pool.run(context, job);
//
// A job cannot be stopped once it runs; the waiting coroutine always resumes after its job has
// ended, so the job may use what the coroutine owns. A job that has not begun when its context ends
// is still run: jobs are short, and half-done work would be harder to reason about.
// A thread takes several jobs at a time when many wait: one wake-up for up to 32 small files.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "runtime/loop.h"

namespace godwit::runtime {

class Pool {
  public:
    static constexpr std::size_t kJobsPerGrabMax = 32;

    // Starts `threads` (at least 1) threads named `name` (at most 15 bytes).
    Pool(std::size_t threads, const char* name);
    // Finishes all jobs that were handed in, then ends the threads.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // A job in the queue; lives in the awaiting coroutine's frame.
    class Job {
      public:
        virtual ~Job() = default;

      private:
        friend class Pool;
        virtual void work() = 0;    // on a pool thread
        virtual void finish() = 0;  // on a pool thread, the last touch of this object
        Job* next_ = nullptr;
    };

    // Queues a job. Any thread. `job` lives until finish().
    void submit(Job& job);

    template <class F>
    class Run;

    // Runs `function` on a pool thread and resumes on `loop` with what it returned. `function` is
    // referred to, not copied: name it before the co_await.
    template <class F>
    Run<F> run(Loop& loop, F& function) {
        return Run<F>(*this, loop, function);
    }

    std::size_t threads() const { return threads_.size(); }

  private:
    void serve();
    Job* grab_locked();
    bool wake_needed_locked();

    std::mutex mutex_;  // guards the queue
    std::condition_variable work_ready_;
    Job* head_ = nullptr;
    Job* tail_ = nullptr;
    std::size_t queued_ = 0;
    std::size_t idle_ = 0;
    // A thread has been notified and has not come yet: it will see all that is queued until then, and
    // wakes the next one itself if there is more than its share.
    bool waking_ = false;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

template <class F>
class Pool::Run : public Pool::Job {
  public:
    using T = std::invoke_result_t<F&>;
    static_assert(!std::is_void_v<T>, "a job returns what became of it");

    Run(Pool& pool, Loop& loop, F& function) : pool_(pool), loop_(loop), function_(function) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        resume_.handle = handle;
        pool_.submit(*this);
    }
    T await_resume() { return std::move(*value_); }

  private:
    void work() override { value_.emplace(function_()); }
    void finish() override { loop_.resume_from_thread(resume_); }

    Pool& pool_;
    Loop& loop_;
    F& function_;
    std::optional<T> value_;
    RemoteResume resume_;
};

}  // namespace godwit::runtime
