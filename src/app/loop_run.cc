#include "app/loop_run.h"

#include <csignal>
#include <cstdlib>

namespace godwit::app {
namespace {

ExitCode stopped_by(int signal) {
    if (signal == SIGINT) return ExitCode::Interrupted;
    return signal == SIGHUP ? ExitCode::HungUp : ExitCode::Terminated;
}

}  // namespace

LoopRun::LoopRun(Session& session) : session_(session) {
    hold_stop_signals();
}

Result<ExitCode> LoopRun::run(const Work& work) {
    GODWIT_TRY(std::unique_ptr<StopSignals> signals, StopSignals::open(loop_));
    Result<ExitCode> code = loop_.block_on(run_with_signals(work, *signals));
    if (!stopped_) return code;
    // That it was stopped is what the signal's sender knows already.
    if (code || code.error().kind() == ErrorKind::Cancelled) return *stopped_;
    return code;
}

runtime::Task<Result<ExitCode>> LoopRun::run_with_signals(const Work& work, StopSignals& signals) {
    runtime::Context listening(loop_);
    runtime::TaskGroup listeners(loop_);
    listeners.spawn(signals.watch(listening, [this](int signal, int count) { heard(signal, count); }));
    Result<ExitCode> code = co_await work(*this);
    listening.cancel(runtime::stop_requested());
    co_await listeners.wait();
    co_return std::move(code);
}

void LoopRun::heard(int signal, int count) {
    stopped_ = stopped_by(signal);
    // Somebody insists: everything that is durable is durable already.
    if (count >= 3) std::_Exit(static_cast<int>(*stopped_));
    if (count == 1 && drain_) {
        session_.terminal.say("stopping: what is under way is finished; once more stops at once");
        drain_();
        return;
    }
    if (count == 2) session_.terminal.say("stopping at once; once more if something hangs");
    context_.cancel(runtime::stop_requested());
}

}  // namespace godwit::app
