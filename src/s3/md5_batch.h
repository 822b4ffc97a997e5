// MD5 of bodies, for stores that check nothing else, of several at once: what is asked for in a turn of
// the loop goes through the lanes of base/md5_lanes.h together.
//
// A lone body begins at the end of the turn, and others join it between two slices, after which sockets
// get their say. Parts wait for company where enough of them are under way: eight cost hardly more than
// two, and a store that is slower than we are would let them come one by one. At most half of them wait;
// the others keep the connections busy.
#pragma once

#include <coroutine>
#include <vector>

#include "base/md5_lanes.h"
#include "runtime/chain.h"
#include "runtime/loop.h"

namespace godwit::s3 {

// Belongs to one loop's thread. It outlives who waits for it, and their waiting ends by itself: it cannot
// be cut short.
class Md5Batch : private runtime::TurnEnd, private runtime::Timer {
  public:
    // All bodies together get so much in one turn: well below a millisecond where there are lanes.
    static constexpr std::size_t kTurnBytes = 1 << 20;
    // A pause for want of company is no longer than this: the others may hang.
    static constexpr Duration kPauseMax = std::chrono::milliseconds(250);

    // `loop` outlives it.
    explicit Md5Batch(runtime::Loop& loop) : loop_(loop) {}
    Md5Batch(const Md5Batch&) = delete;
    Md5Batch& operator=(const Md5Batch&) = delete;

    // A part is under way as long as this lives: from before its MD5 until the store has it.
    class Part {
      public:
        explicit Part(Md5Batch& batch) : batch_(batch) { ++batch.parts_; }
        ~Part() { batch_.part_ended(); }
        Part(const Part&) = delete;
        Part& operator=(const Part&) = delete;

      private:
        Md5Batch& batch_;
    };

    class Job;
    // Resumes when `message` is idle. It lives until then, and so do its bytes.
    Job take_in(Md5Message& message);
    // The MD5 of `bytes`, which stay as they are until then.
    runtime::Task<Digest> digest_of(std::span<const std::byte> bytes);

  private:
    void add(Job& job);
    void fill_lanes();
    void release_lanes();
    void part_ended();
    bool has_company() const;
    void advance_slice();
    void turn_ended() override;
    void expired() override;

    runtime::Loop& loop_;
    std::size_t parts_ = 0;
    std::size_t jobs_ = 0;         // at work or waiting
    bool paused_enough_ = false;   // until there is no job any more
    std::vector<Job*> at_work_;    // at most one a lane
    runtime::Chain<Job> waiting_;  // for a lane
};

class Md5Batch::Job : public runtime::ChainHook {
  public:
    bool await_ready() const noexcept { return message_.is_idle(); }
    void await_suspend(std::coroutine_handle<> handle) {
        handle_ = handle;
        batch_.add(*this);
    }
    void await_resume() const noexcept {}

  private:
    friend class Md5Batch;
    Job(Md5Batch& batch, Md5Message& message) : batch_(batch), message_(message) {}

    Md5Batch& batch_;
    Md5Message& message_;
    std::coroutine_handle<> handle_;
};

inline Md5Batch::Job Md5Batch::take_in(Md5Message& message) {
    return Job(*this, message);
}

}  // namespace godwit::s3
