// One piece of work on a loop of its own, with Ctrl-C: what every command that touches a store does.
//
// The first SIGINT or SIGTERM drains: what is under way is finished, nothing new is begun. The second
// stops: every wait ends at once. The third ends the process. After each the run can be carried on.
#pragma once

#include <functional>
#include <optional>

#include "app/exit_code.h"
#include "app/process.h"
#include "app/session.h"
#include "runtime/group.h"
#include "runtime/io_loop.h"

namespace godwit::app {

class LoopRun {
  public:
    using Work = std::function<runtime::Task<Result<ExitCode>>(LoopRun&)>;

    // Holds back the signals: threads that are to inherit that are started after it.
    explicit LoopRun(Session& session);
    LoopRun(const LoopRun&) = delete;

    // Runs `work` to its end. When a signal stopped it the exit code says so, whatever it returned.
    Result<ExitCode> run(const Work& work);

    runtime::IoLoop& loop() { return loop_; }
    // Of the work: it ends with the second signal, or the first where nothing can be drained.
    runtime::Context& context() { return context_; }
    Session& session() { return session_; }

    // What to do at the first signal. Must be taken back (by an empty function) before what it refers
    // to goes away.
    void on_drain(std::function<void()> drain) { drain_ = std::move(drain); }
    // Interrupted, Terminated or HungUp, once a signal has come.
    std::optional<ExitCode> stopped() const { return stopped_; }

  private:
    runtime::Task<Result<ExitCode>> run_with_signals(const Work& work, StopSignals& signals);
    void heard(int signal, int count);

    Session& session_;
    runtime::IoLoop loop_;
    runtime::Context context_{loop_};
    std::function<void()> drain_;
    std::optional<ExitCode> stopped_;
};

}  // namespace godwit::app
