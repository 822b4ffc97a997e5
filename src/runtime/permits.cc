#include "runtime/permits.h"

#include <algorithm>

namespace godwit::runtime {

void Permit::release() {
    if (Permits* permits = std::exchange(permits_, nullptr)) permits->give_back(std::exchange(count_, 0));
}

bool Permits::Acquire::await_suspend(std::coroutine_handle<> handle) {
    count_ = std::min(count_, permits_.total_);
    if (permits_.waiting_.empty() && permits_.fits(count_) && !context().is_cancelled()) {
        permits_.taken_ += count_;
        granted_ = true;
        return false;
    }
    if (!suspend(handle)) return false;
    permits_.waiting_.push_back(*this);
    return true;
}

Result<Permit> Permits::Acquire::await_resume() {
    if (granted_) return Permit(permits_, count_);
    GODWIT_TRY_VOID(outcome());
    GODWIT_CHECK(false, "a permit wait ended without permit or reason");
}

// Whoever stands behind may need less.
void Permits::Acquire::forget() {
    Queue::unlink();
    permits_.grant_waiting();
}

void Permits::Acquire::grant() {
    granted_ = true;
    complete();
}

void Permits::set_total(std::uint64_t total) {
    total_ = std::max<std::uint64_t>(total, 1);
    grant_waiting();
}

void Permits::give_back(std::uint64_t count) {
    GODWIT_CHECK(count <= taken_, "{} permits given back, {} taken", count, taken_);
    taken_ -= count;
    grant_waiting();
}

void Permits::grant_waiting() {
    while (!waiting_.empty()) {
        Acquire& first = waiting_.front();
        first.count_ = std::min(first.count_, total_);
        if (!fits(first.count_)) return;
        taken_ += first.count_;
        waiting_.pop_front();
        first.grant();
    }
}

}  // namespace godwit::runtime
