#include "app/process.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace godwit::app {
namespace {

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

}  // namespace

void let_writes_fail() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    // A limit that cannot be raised is lived with: permits are cut from what is there.
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint64_t descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    return limit.rlim_cur;
}

void hold_stop_signals() {
    sigset_t set = stop_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<std::unique_ptr<StopSignals>> StopSignals::open(runtime::IoLoop& loop) {
    sigset_t set = stop_signals();
    int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) return errno_error(errno, "listen for", "signals");
    return std::unique_ptr<StopSignals>(new StopSignals(loop, fd));
}

StopSignals::StopSignals(runtime::IoLoop& loop, int fd) : fd_{fd}, watch_(loop, fd) {}

StopSignals::OwnedFd::~OwnedFd() {
    ::close(number);
}

runtime::Task<void> StopSignals::watch(runtime::Context& context, std::function<void(int, int)> heard) {
    int count = 0;
    for (;;) {
        Result<void> ready = co_await watch_.readable(context);
        if (!ready) co_return;
        signalfd_siginfo info{};
        while (::read(fd_.number, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
            heard(static_cast<int>(info.ssi_signo), ++count);
        }
    }
}

}  // namespace godwit::app
