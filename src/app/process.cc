#include "app/process.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include "app/exit_code.h"

// Absent where a sanitizer brings its own allocator.
extern "C" [[gnu::weak]] void mi_register_error(void (*handler)(int, void*), void* argument);

namespace godwit::app {
namespace {

bool is_ignored(int signal) {
    struct sigaction action{};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Under nohup(1) the end of a terminal is no reason to stop.
sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (!is_ignored(SIGHUP)) sigaddset(&set, SIGHUP);
    return set;
}

// Allocates nothing: there may be nothing left.
void say(std::string_view text) {
    (void)!::write(STDERR_FILENO, text.data(), text.size());
}

iovec piece(std::string_view text) {
    return {const_cast<char*>(text.data()), text.size()};
}

// Many threads may find out at the same moment: the first one speaks, in one piece, and ends them all.
[[noreturn]] void end_for_lack(std::string_view of_what, std::string_view fix) {
    static std::atomic_flag is_said;
    while (is_said.test_and_set()) ::pause();
    std::array text = {piece("error: LOCAL: out of "), piece(of_what), piece("\n  fix: "), piece(fix),
                       piece("; the same command carries on\n")};
    (void)!::writev(STDERR_FILENO, text.data(), static_cast<int>(text.size()));
    ::_exit(static_cast<int>(ExitCode::NotClean));
}

[[noreturn]] void out_of_memory() {
    end_for_lack("memory", "allow more of it, or lower --memory");
}

// mimalloc calls no std::new_handler; it would end the process without a word.
void on_allocator_error(int error_number, void*) {
    if (error_number == ENOMEM) out_of_memory();
}

// Exceptions that come this far without being bugs: a thread that cannot be started, memory that is not had
// from an allocator with a handler.
[[noreturn]] void on_terminate() {
    try {
        if (std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
        out_of_memory();
    } catch (const std::system_error&) {
        end_for_lack("threads", "raise the limits of processes and of memory");
    } catch (const std::exception& bug) {
        say("godwit: ");
        say(bug.what());
        say("\n");
    }
    std::abort();
}

}  // namespace

void say_what_ran_out() {
    std::set_new_handler(out_of_memory);
    if (mi_register_error) mi_register_error(on_allocator_error, nullptr);
    std::set_terminate(on_terminate);
}

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
