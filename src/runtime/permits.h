// Permits: a counted resource (bytes of memory, connections, requests in flight) that work takes
// before it begins. Waiting for a permit is Godwit's only back-pressure. First come, first served.
// Loop thread only.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>

#include "runtime/wait.h"

namespace godwit::runtime {

class Permits;

// Held permits; given back on destruction. Must not outlive its Permits.
class Permit {
  public:
    Permit() = default;
    Permit(Permits& permits, std::uint64_t count) : permits_(&permits), count_(count) {}
    Permit(Permit&& other) noexcept
        : permits_(std::exchange(other.permits_, nullptr)), count_(std::exchange(other.count_, 0)) {}
    Permit& operator=(Permit&& other) noexcept {
        if (this != &other) {
            release();
            permits_ = std::exchange(other.permits_, nullptr);
            count_ = std::exchange(other.count_, 0);
        }
        return *this;
    }
    ~Permit() { release(); }
    void release();
    std::uint64_t count() const { return count_; }

  private:
    Permits* permits_ = nullptr;
    std::uint64_t count_ = 0;
};

class Permits {
  public:
    // `total` must be at least 1.
    explicit Permits(std::uint64_t total) : total_(total) {}
    ~Permits() { GODWIT_CHECK(waiting_.empty() && taken_ == 0, "{} permits still held", taken_); }

    class Acquire
        : private Wait,
          public boost::intrusive::list_base_hook<
              boost::intrusive::tag<Permits>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
      public:
        Acquire(Permits& permits, Context& wait_context, std::uint64_t count)
            : Wait(wait_context), permits_(permits), count_(count) {}
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> handle);
        Result<Permit> await_resume();

      private:
        friend class Permits;
        using Queue =
            boost::intrusive::list_base_hook<boost::intrusive::tag<Permits>,
                                             boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
        void forget() override;
        void grant();

        Permits& permits_;
        std::uint64_t count_;
        bool granted_ = false;
    };

    // Waits for `count` permits. More than the total is cut to the total, so that one piece of work
    // larger than the bound runs alone instead of never.
    Acquire acquire(Context& context, std::uint64_t count) { return Acquire(*this, context, count); }

    // Changes the bound while in use. Permits that are held stay held.
    void set_total(std::uint64_t total);
    std::uint64_t total() const { return total_; }
    std::uint64_t taken() const { return taken_; }
    bool anyone_waiting() const { return !waiting_.empty(); }

  private:
    friend class Permit;
    bool fits(std::uint64_t count) const { return taken_ == 0 || taken_ + count <= total_; }
    void give_back(std::uint64_t count);
    void grant_waiting();

    std::uint64_t total_;
    std::uint64_t taken_ = 0;
    boost::intrusive::list<Acquire, boost::intrusive::base_hook<Acquire::Queue>,
                           boost::intrusive::constant_time_size<false>>
        waiting_;
};

}  // namespace godwit::runtime
