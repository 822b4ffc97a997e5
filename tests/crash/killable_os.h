// The kernel, for a POSIX store that can be killed at each call that changes its tree.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "crash/kill_switch.h"
#include "posix/testing.h"

namespace godwit::crash {

class KillableOs final : public posix::testing::FaultyOs {
  public:
    explicit KillableOs(KillSwitch& kill) : kill_(kill) {
        set_hook([this](std::string_view call) {
            if (int error_number = kill_.file_faults.next(call)) return error_number;
            return !is_effect(call) || kill_.happens(call) ? 0 : EIO;
        });
    }

    int openat2(int directory, const char* path, const posix::OpenHow& how) override {
        bool creates = (how.flags & O_CREAT) != 0 || (how.flags & O_TMPFILE) == O_TMPFILE;
        if (creates && !kill_.happens("openat2")) return -EIO;
        return FaultyOs::openat2(directory, path, how);
    }
    // A killed process loses nothing that it has written; power cuts have a test of their own.
    int fsync(int) override { return -kill_.file_faults.next("fsync"); }
    void start_writeback(int) override {}

  private:
    static bool is_effect(std::string_view call) {
        static constexpr auto kEffects = std::to_array<std::string_view>(
            {"pwrite", "ftruncate", "mkdirat", "symlinkat", "rename", "link", "unlinkat", "fchmod", "fchown",
             "fchownat", "futimens", "utimensat"});
        return std::ranges::find(kEffects, call) != kEffects.end();
    }

    KillSwitch& kill_;
};

}  // namespace godwit::crash
