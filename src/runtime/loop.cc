#include "runtime/loop.h"

namespace godwit::runtime {
namespace {

// How many coroutines one turn resumes before sockets get their say.
constexpr int kResumesPerTurnMax = 256;

Detached run_detached(Task<void> task) {
    co_await std::move(task);
}

}  // namespace

void Loop::post(std::move_only_function<void()> work) {
    bool wake_needed;
    {
        std::lock_guard lock(mutex_);
        posted_.push_back(std::move(work));
        wake_needed = std::exchange(asleep_, false);
    }
    if (wake_needed) wake();
}

void Loop::resume_from_thread(RemoteResumes& nodes) {
    bool wake_needed;
    {
        std::lock_guard lock(mutex_);
        remote_.splice(nodes);
        wake_needed = std::exchange(asleep_, false);
    }
    if (wake_needed) wake();
}

void Loop::resume_soon(std::coroutine_handle<> handle) {
    ready_.push_back(handle);
}

void Loop::at_turn_end(TurnEnd& end) {
    if (!std::exchange(end.is_wanted_, true)) turn_ends_.push_back(&end);
}

void Loop::spawn(Task<void> task) {
    run_detached(std::move(task));
}

void Loop::start_timer(Timer& timer, Instant due) {
    GODWIT_CHECK(!timer.is_linked(), "a running timer was started again");
    timer.due_ = due;
    timers_.insert(timer);
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
    RemoteResumes nodes;
    {
        std::lock_guard lock(mutex_);
        posted.swap(posted_);
        nodes.splice(remote_);
        asleep_ = false;
    }
    for (auto& work : posted) work();
    while (RemoteResume* node = nodes.pop_front()) ready_.push_back(node->handle);
}

bool Loop::may_sleep() {
    std::lock_guard lock(mutex_);
    asleep_ = remote_.empty() && posted_.empty();
    return asleep_;
}

// What one of them makes ready or asks for is the next turn's.
void Loop::end_turn() {
    std::vector<TurnEnd*> ends;
    ends.swap(turn_ends_);
    for (TurnEnd* end : ends) {
        end->is_wanted_ = false;
        end->turn_ended();
    }
}

bool Loop::run_ready() {
    take_remote();
    for (int resumed = 0; resumed < kResumesPerTurnMax && !ready_.empty(); ++resumed) {
        std::coroutine_handle<> handle = ready_.front();
        ready_.pop_front();
        handle.resume();
    }
    end_turn();
    return !ready_.empty() || !turn_ends_.empty();
}

}  // namespace godwit::runtime
