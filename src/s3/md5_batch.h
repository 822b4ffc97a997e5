// MD5 of bodies, for stores that check nothing else, of several at once: what is asked for in a turn of
// the loop goes through the lanes of base/md5_lanes.h together.
//
// Nobody waits for company: a lone body begins at the end of the turn, and others join it between two
// slices, after which sockets get their say. So the slower MD5 is for the rest, the more bodies meet.
#pragma once

#include <coroutine>
#include <vector>

#include "base/md5_lanes.h"
#include "runtime/chain.h"
#include "runtime/loop.h"

namespace godwit::s3 {

// Belongs to one loop's thread. It outlives who waits for it, and their waiting ends by itself: it cannot
// be cut short.
class Md5Batch : private runtime::TurnEnd {
  public:
    // All bodies together get so much in one turn: well below a millisecond where there are lanes.
    static constexpr std::size_t kTurnBytes = 1 << 20;

    // `loop` outlives it.
    explicit Md5Batch(runtime::Loop& loop) : loop_(loop) {}
    Md5Batch(const Md5Batch&) = delete;
    Md5Batch& operator=(const Md5Batch&) = delete;

    class Job;
    // Resumes when `message` is idle. It lives until then, and so do its bytes.
    Job take_in(Md5Message& message);
    // The MD5 of `bytes`, which stay as they are until then.
    runtime::Task<Digest> digest_of(std::span<const std::byte> bytes);

  private:
    void add(Job& job);
    void fill_lanes();
    void release_lanes();
    void turn_ended() override;

    runtime::Loop& loop_;
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
