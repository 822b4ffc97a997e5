#include "runtime/context.h"

#include <algorithm>

namespace godwit::runtime {

// NOLINTNEXTLINE(bugprone-copy-constructor-init): a child of `parent`, not a copy
Context::Context(Context& parent) : loop_(parent.loop_), parent_(&parent), deadline_(parent.deadline_) {
    if (parent.reason_) {
        reason_.emplace(parent.reason_->clone());
    } else {
        parent.watch(*this);
    }
}

Context::Context(Context& parent, Duration timeout, std::string what) : Context(parent) {
    what_ = std::move(what);
    Instant due = loop_.now() + timeout;
    deadline_ = std::min(deadline_, due);
    if (!reason_) loop_.start_timer(*this, due);
}

Context::~Context() {
    GODWIT_CHECK(waits_.empty(), "a context ended before the waits under it");
}

Result<void> Context::check() const {
    if (reason_) return reason_->clone();
    return {};
}

void Context::cancel(Error reason) {
    if (reason_) return;
    reason_.emplace(std::move(reason));
    Loop::stop_timer(*this);
    while (!waits_.empty()) {
        Cancellable& wait = waits_.front();
        waits_.pop_front();
        wait.cancelled();
    }
}

void Context::slow_down() {
    for (Context* context = this; context; context = context->parent_) {
        if (context->pressure_) return context->pressure_->overloaded();
    }
}

void Context::watch(Cancellable& wait) {
    GODWIT_CHECK(!reason_, "a wait began under an ended context");
    waits_.push_back(wait);
}

void Context::expired() {
    cancel(Error(ErrorKind::Lost, "wait for", what_, "deadline passed").with_code("Timeout"));
}

void Context::cancelled() {
    cancel(parent_->reason_->clone());
}

Error stop_requested() {
    return Error(ErrorKind::Cancelled, "run", "execution", "stopped on request").with_code("Cancelled");
}

}  // namespace godwit::runtime
