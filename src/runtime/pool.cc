#include "runtime/pool.h"

#include <pthread.h>

#include <algorithm>

namespace godwit::runtime {

Pool::Pool(std::size_t threads, const char* name) {
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
        threads_.emplace_back([this] { serve(); });
        pthread_setname_np(threads_.back().native_handle(), name);
    }
}

Pool::~Pool() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Pool::submit(Job& job) {
    bool notify;
    {
        std::lock_guard lock(mutex_);
        GODWIT_CHECK(!stopping_, "a job was handed to a pool that is ending");
        job.next_ = nullptr;
        (tail_ ? tail_->next_ : head_) = &job;
        tail_ = &job;
        ++queued_;
        notify = wake_needed_locked();
    }
    if (notify) work_ready_.notify_one();
}

bool Pool::wake_needed_locked() {
    if (waking_ || idle_ == 0 || !head_) return false;
    waking_ = true;
    return true;
}

// A fair share of the queue, so that a burst of small files costs few wake-ups and large jobs
// still spread over the threads.
Pool::Job* Pool::grab_locked() {
    std::size_t share = std::clamp<std::size_t>(queued_ / threads_.size(), 1, kJobsPerGrabMax);
    Job* first = head_;
    Job* last = first;
    for (std::size_t i = 1; i < share; ++i) last = last->next_;
    head_ = last->next_;
    if (!head_) tail_ = nullptr;
    last->next_ = nullptr;
    queued_ -= share;
    return first;
}

void Pool::serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        work_ready_.wait(lock, [&] { return head_ || stopping_; });
        --idle_;
        waking_ = false;
        if (!head_) return;
        Job* job = grab_locked();
        bool wake_next = wake_needed_locked();
        lock.unlock();
        if (wake_next) work_ready_.notify_one();
        while (job) {
            Job* next = job->next_;
            job->work();
            job->finish();
            job = next;
        }
        lock.lock();
    }
}

}  // namespace godwit::runtime
