// Lets one call of the file layer fail, in a run that goes on.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace godwit::crash {

// Any thread.
class FileFaults {
  public:
    // From now on the `nth` call that can fail so does, once, with this errno; 0: none.
    void arm(std::uint64_t nth, int error_number) {
        std::lock_guard lock(mutex_);
        nth_ = nth;
        error_number_ = error_number;
        seen_ = 0;
        struck_.clear();
    }

    // What this call fails with, or 0.
    int next(std::string_view call) {
        std::lock_guard lock(mutex_);
        if (nth_ == 0 || (error_number_ == ENOSPC && !takes_space(call)) || ++seen_ != nth_) return 0;
        struck_ = call;
        return error_number_;
    }

    // The call that failed; empty: none has.
    std::string struck() const {
        std::lock_guard lock(mutex_);
        return struck_;
    }

  private:
    static bool takes_space(std::string_view call) {
        static constexpr auto kTakers = std::to_array<std::string_view>(
            {"pwrite", "ftruncate", "fsync", "mkdirat", "symlinkat", "rename", "link"});
        return std::ranges::find(kTakers, call) != kTakers.end();
    }

    mutable std::mutex mutex_;
    std::uint64_t nth_ = 0, seen_ = 0;
    int error_number_ = 0;
    std::string struck_;
};

}  // namespace godwit::crash
