#include "runtime/loop.h"

namespace godwit::runtime {
namespace {

// How many coroutines one turn resumes before sockets get their say.
constexpr int kResumesPerTurnMax = 256;

// Runs a task to its end and frees itself.
struct Detached {
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
};

Detached run_detached(Task<void> task) {
    co_await std::move(task);
}

}  // namespace

void Loop::post(std::move_only_function<void()> work) {
    bool wake_needed;
    {
        std::lock_guard lock(mutex_);
        posted_.push_back(std::move(work));
        wake_needed = !std::exchange(woken_, true);
    }
    if (wake_needed) wake();
}

void Loop::resume_from_thread(RemoteResume& node) {
    bool wake_needed;
    {
        std::lock_guard lock(mutex_);
        node.next = nullptr;
        (remote_tail_ ? remote_tail_->next : remote_head_) = &node;
        remote_tail_ = &node;
        wake_needed = !std::exchange(woken_, true);
    }
    if (wake_needed) wake();
}

void Loop::resume_soon(std::coroutine_handle<> handle) {
    if (ready_.empty()) want_turn();
    ready_.push_back(handle);
}

void Loop::spawn(Task<void> task) {
    run_detached(std::move(task));
}

void Loop::start_timer(Timer& timer, Instant due) {
    GODWIT_CHECK(!timer.is_linked(), "a running timer was started again");
    timer.due_ = due;
    bool earliest = timers_.empty() || due < timers_.begin()->due_;
    timers_.insert(timer);
    if (earliest) arm(due);
}

void Loop::run_timers() {
    Instant current = now();
    while (!timers_.empty() && timers_.begin()->due_ <= current) {
        Timer& timer = *timers_.begin();
        timer.unlink();
        timer.expired();
    }
}

Instant Loop::next_timer() const {
    return timers_.empty() ? Instant::max() : timers_.begin()->due_;
}

void Loop::take_remote() {
    std::vector<std::move_only_function<void()>> posted;
    RemoteResume* node;
    {
        std::lock_guard lock(mutex_);
        posted.swap(posted_);
        node = std::exchange(remote_head_, nullptr);
        remote_tail_ = nullptr;
        woken_ = false;
    }
    for (auto& work : posted) work();
    while (node) {
        RemoteResume* next = node->next;  // the node dies with the coroutine that it resumes
        ready_.push_back(node->handle);
        node = next;
    }
}

bool Loop::run_ready() {
    take_remote();
    for (int resumed = 0; resumed < kResumesPerTurnMax && !ready_.empty(); ++resumed) {
        std::coroutine_handle<> handle = ready_.front();
        ready_.pop_front();
        handle.resume();
    }
    return !ready_.empty();
}

}  // namespace godwit::runtime
