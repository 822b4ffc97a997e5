// Kills a program that runs in this process, at the effect that is asked for.
//
// Everything that a run does to the world outside of it is an effect, and goes through a seam that asks
// this switch first: a system call that changes the tree (KillableOs), a commit of SQLite
// (KillableSqlite), a request that changes a bucket (the S3 double's `admits`). From the effect that it
// is killed at, nothing happens any more, however the code that is still running winds up; what it held
// in memory is dropped with it. That is what kill -9 leaves behind.
//
// Being killed after an effect is being killed before the next one: between the two nothing changes. So
// K effects have K + 1 points to be killed at, and a run that ends unharmed is the last of them.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "crash/file_faults.h"

namespace godwit::crash {

// Any thread.
class KillSwitch {
  public:
    // A new run, to be killed before its `nth` effect; 0: never.
    void arm(std::uint64_t nth) {
        std::lock_guard lock(mutex_);
        nth_ = nth;
        killed_ = false;
        effects_.clear();
    }

    // `told` is called at the kill, on the thread that asked for the effect; an empty one: nobody is told.
    void when_killed(std::function<void()> told) {
        std::lock_guard lock(mutex_);
        told_ = std::move(told);
    }

    // Counts one effect. False: it must not happen.
    bool happens(std::string_view effect) {
        std::lock_guard lock(mutex_);
        if (killed_) return false;
        effects_.emplace_back(effect);
        killed_ = effects_.size() == nth_;
        if (killed_ && told_) told_();
        return !killed_;
    }

    // Calls of the file layer that fail, in a run that nobody kills.
    FileFaults file_faults;

    bool killed() const {
        std::lock_guard lock(mutex_);
        return killed_;
    }
    // Since arm(), in order; of a killed run the last is the one that did not happen.
    std::vector<std::string> effects() const {
        std::lock_guard lock(mutex_);
        return effects_;
    }

  private:
    mutable std::mutex mutex_;
    std::uint64_t nth_ = 0;
    bool killed_ = false;
    std::function<void()> told_;
    std::vector<std::string> effects_;
};

}  // namespace godwit::crash
