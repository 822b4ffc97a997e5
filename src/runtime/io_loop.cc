#include "runtime/io_loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <random>

namespace godwit::runtime {

namespace asio = boost::asio;

struct IoLoop::Impl {
    // One thread runs it; others only post.
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
    // The executor's own type: behind any_io_executor each wait would cost virtual calls.
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                               asio::io_context::executor_type>
        timer{io};
    Instant armed = Instant::max();
    bool turn_wanted = false;
};

IoLoop::IoLoop() : Loop(std::random_device{}()), impl_(std::make_unique<Impl>()) {}
IoLoop::~IoLoop() = default;

Instant IoLoop::now() const {
    return system_clock().now();
}
std::int64_t IoLoop::unix_time_ns() const {
    return system_clock().unix_time_ns();
}

void IoLoop::run() {
    impl_->io.run();
    // Afterwards, not before: a stop() that comes before run() counts.
    impl_->io.restart();
}

void IoLoop::stop() {
    impl_->io.stop();
}

void IoLoop::wake() {
    asio::post(impl_->io, [this] {
        if (run_ready()) want_turn();
    });
}

void IoLoop::want_turn() {
    if (std::exchange(impl_->turn_wanted, true)) return;
    asio::post(impl_->io, [this] {
        impl_->turn_wanted = false;
        if (run_ready()) want_turn();
    });
}

void IoLoop::arm(Instant due) {
    // An alarm that is earlier than needed costs one empty turn; moving it costs more.
    if (impl_->armed <= due) return;
    impl_->armed = due;
    impl_->timer.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(due));
    impl_->timer.async_wait([this](const boost::system::error_code& error) {
        if (error) return;  // moved to an earlier instant
        impl_->armed = Instant::max();
        run_timers();
        if (Instant next = next_timer(); next != Instant::max()) arm(next);
    });
}

struct FdWatch::Impl {
    explicit Impl(asio::io_context& io, int fd) : descriptor(io, fd) {}
    // The descriptor is its owner's to close.
    ~Impl() { descriptor.release(); }
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor;
};

namespace {

asio::posix::descriptor_base::wait_type wait_type(FdWatch::Direction direction) {
    return direction == FdWatch::Direction::Read ? asio::posix::descriptor_base::wait_read
                                                 : asio::posix::descriptor_base::wait_write;
}

}  // namespace

FdWatch::FdWatch(IoLoop& loop, int fd) : impl_(std::make_unique<Impl>(loop.impl().io, fd)) {}
FdWatch::~FdWatch() = default;
FdWatch::FdWatch(FdWatch&&) noexcept = default;

bool FdWatch::Ready::await_suspend(std::coroutine_handle<> handle) {
    if (context_.is_cancelled()) return false;
    handle_ = handle;
    context_.watch(*this);
    // The handler runs in every case: also after cancel(), then with operation_aborted.
    watch_.impl_->descriptor.async_wait(wait_type(direction_),
                                        [this](const boost::system::error_code&) { became_ready(); });
    return true;
}

void FdWatch::Ready::became_ready() {
    this->unlink();
    handle_.resume();
}

// Also wakes the other direction's waiter, who will find that nothing is ready and wait again.
void FdWatch::Ready::cancelled() {
    watch_.impl_->descriptor.cancel();
}

bool FdWatch::Either::await_suspend(std::coroutine_handle<> handle) {
    if (context_.is_cancelled()) return false;
    handle_ = handle;
    context_.watch(*this);
    start(Direction::Read);
    start(Direction::Write);
    return true;
}

void FdWatch::Either::start(Direction direction) {
    ++running_;
    auto handler = [this, direction](const boost::system::error_code& error) { ended(direction, !error); };
    watch_.impl_->descriptor.async_wait(wait_type(direction), handler);
}

// The first takes the other back; both handlers must have run before this object may go.
void FdWatch::Either::ended(Direction direction, bool is_ready) {
    if (is_ready && !first_) first_ = direction;
    if (--running_ > 0) {
        watch_.impl_->descriptor.cancel();
        return;
    }
    this->unlink();
    handle_.resume();
}

void FdWatch::Either::cancelled() {
    watch_.impl_->descriptor.cancel();
}

Result<FdWatch::Direction> FdWatch::Either::await_resume() const {
    GODWIT_TRY_VOID(context_.check());
    return first_.value_or(Direction::Write);
}

}  // namespace godwit::runtime
