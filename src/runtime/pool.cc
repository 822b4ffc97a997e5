#include "runtime/pool.h"

#include <pthread.h>

#include <algorithm>
#include <system_error>

namespace godwit::runtime {

namespace {

// Finished jobs wait no longer than this for others to be given back with.
constexpr Duration kHoldTime = std::chrono::microseconds(200);
// Work for so long is worth waking a thread for.
constexpr Duration kWorthWaking = std::chrono::microseconds(200);
// The newest job's part of the mean is one in so many.
constexpr int kMeanWeight = 8;
// Jobs that have waited for so long are worth more threads.
constexpr Duration kPatience = std::chrono::milliseconds(1);

}  // namespace

Pool::Pool(Loop& loop, std::size_t threads, const char* name)
    : loop_(loop), name_(name), threads_max_(std::max<std::size_t>(threads, 1)) {
    start();
}

// It counts as busy until it waits for the first time.
void Pool::start() {
    std::lock_guard lock(mutex_);
    Worker& worker = workers_.emplace_back();
    try {
        worker.thread = std::thread([this, &worker] { serve(worker); });
    } catch (const std::system_error&) {
        workers_.pop_back();
        throw;
    }
    pthread_setname_np(worker.thread.native_handle(), name_);
}

// What the system refuses once is not asked for again.
bool Pool::start_another() {
    if (stopping_ || workers_.size() >= threads_max_) return false;
    try {
        start();
        return true;
    } catch (const std::system_error&) {
        threads_max_ = workers_.size();
        return false;
    }
}

Pool::~Pool() {
    GODWIT_CHECK(outbox_.empty(), "{} jobs were not handed in", outbox_.size());
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    call(workers_.size());
    for (Worker& worker : workers_) worker.thread.join();
}

// So many threads, idle ones first. They are notified when the lock is free for them.
void Pool::call(std::size_t count) {
    for (; count > 0; --count) {
        std::unique_lock lock(mutex_);
        if (idle_.empty()) {
            lock.unlock();
            if (!start_another()) return;
            continue;
        }
        Worker* worker = idle_.back();
        idle_.pop_back();
        worker->is_called = true;
        lock.unlock();
        worker->called.notify_one();
    }
}

void Pool::submit(Job& job) {
    outbox_.push_back(job);
    loop_.at_turn_end(*this);
}

// Who is at work looks into the queue before it waits.
void Pool::turn_ended() {
    std::size_t more;
    {
        std::lock_guard lock(mutex_);
        queued_sum_ += outbox_.size();
        queue_.splice(outbox_);
        std::size_t due = threads_due_locked(), busy = busy_locked();
        more = due > busy ? due - busy : 0;
        if (!is_linked()) due_sum_ = queued_sum_;
    }
    call(more);
    if (!is_linked()) loop_.start_timer(*this, loop_.now() + kPatience);
}

// One, or so many that each has work for a while.
std::size_t Pool::threads_due_locked() const {
    auto worth =
        static_cast<std::size_t>(mean_job_time_ * static_cast<std::int64_t>(queue_.size()) / kWorthWaking);
    return std::clamp<std::size_t>(worth, !queue_.empty() ? 1 : 0, threads_max_);
}

// Jobs that nobody has taken since the timer was started get twice as many threads, and what is finished
// does not wait for a job that hangs.
void Pool::expired() {
    RemoteResumes finished;
    std::size_t more = 0;
    {
        std::lock_guard lock(mutex_);
        finished.splice(finished_);
        if (taken_sum_ < due_sum_) more = busy_locked();
        due_sum_ = queued_sum_;
        if (busy_locked() > 0) loop_.start_timer(*this, loop_.now() + kPatience);
    }
    call(more);
    loop_.resume_from_thread(finished);
}

// Notes that `done` (null: nothing) is finished; the finished ones to be given back now, if any.
RemoteResumes Pool::finish_locked(Worker& worker, Job* done) {
    RemoteResumes given;
    Instant now = system_clock().now();
    if (done) {
        mean_job_time_ += (now - worker.began - mean_job_time_) / kMeanWeight;
        if (finished_.empty()) finished_since_ = now;
        finished_.push_back(done->resume_);
    }
    worker.began = now;
    if (queue_.empty() || now - finished_since_ >= kHoldTime) given.splice(finished_);
    return given;
}

// Waits for a job; null when the pool ends. `done` is the last one, null before the first.
Pool::Job* Pool::next_job(Worker& worker, Job* done) {
    std::unique_lock lock(mutex_);
    if (RemoteResumes given = finish_locked(worker, done); !given.empty()) {
        lock.unlock();
        loop_.resume_from_thread(given);
        lock.lock();
    }
    while (queue_.empty() && !stopping_) {
        idle_.push_back(&worker);
        worker.called.wait(lock, [&] { return std::exchange(worker.is_called, false); });
        worker.began = system_clock().now();
    }
    if (!queue_.empty()) ++taken_sum_;
    return queue_.pop_front();
}

void Pool::serve(Worker& worker) {
    Job* job = nullptr;
    while ((job = next_job(worker, job))) job->work();
}

}  // namespace godwit::runtime
