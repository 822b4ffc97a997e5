// What the process arranges with the system before it does anything else.
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "runtime/context.h"
#include "runtime/io_loop.h"
#include "runtime/task.h"

namespace godwit::app {

// Writing to a connection or pipe whose reader has gone away (SIGPIPE), or past the limit of a file's
// size (SIGXFSZ), is an error and not the end of the process.
void let_writes_fail();
// Thousands of connections and open files need more descriptors than the usual soft limit gives.
void raise_descriptor_limit();
// What nothing here can go on without (memory, a thread) and the system refuses ends the process, with one
// message that says so, however many threads run into it. What was recorded until then stays recorded.
void say_what_ran_out();
// How many descriptors may be open at once.
std::uint64_t descriptor_limit();
// SIGINT, SIGTERM and, unless it is ignored, SIGHUP no longer end the process by themselves: StopSignals
// hears them. Before any thread is started: one that does not hold them back would still be ended by them.
void hold_stop_signals();

// SIGINT, SIGTERM and SIGHUP as something to wait for. Belongs to one loop's thread.
class StopSignals {
  public:
    // hold_stop_signals() has been called.
    static Result<std::unique_ptr<StopSignals>> open(runtime::IoLoop& loop);

    // Calls `heard` with each signal, and how many have come, until the context ends.
    runtime::Task<void> watch(runtime::Context& context, std::function<void(int signal, int count)> heard);

  private:
    // Closes last, when nothing watches it any more.
    struct OwnedFd {
        int number;
        ~OwnedFd();
    };
    StopSignals(runtime::IoLoop& loop, int fd);

    OwnedFd fd_;
    runtime::FdWatch watch_;
};

}  // namespace godwit::app
