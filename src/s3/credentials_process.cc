#include "s3/credentials_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
// glibc 2.36 declares pidfd_open() without C linkage.
extern "C" {
#include <sys/pidfd.h>
}
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "s3/credentials_json.h"
#include "s3/file_descriptor.h"
#include "s3/shell_words.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kOperation = "run credential_process";

// A started program. When it is destroyed before it was waited for, it is killed.
class Child {
  public:
    Child(pid_t pid, FileDescriptor handle, FileDescriptor output)
        : pid_(pid), handle_(std::move(handle)), output_(std::move(output)) {}
    ~Child() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        reap();
    }
    Child(Child&& other) noexcept
        : pid_(std::exchange(other.pid_, 0)),
          handle_(std::move(other.handle_)),
          output_(std::move(other.output_)) {}

    int handle() const { return handle_.get(); }
    int output() const { return output_.get(); }
    // The wait status; blocks unless handle() was readable.
    int reap() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = 0;
        return status;
    }

  private:
    pid_t pid_;
    FileDescriptor handle_;
    FileDescriptor output_;
};

// The descriptors and signals that the program starts with: ours but for standard input and output, SIGPIPE
// as usual, and no signal blocked.
class SpawnSetup {
  public:
    explicit SpawnSetup(int output) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        posix_spawnattr_init(&attributes_);
        sigset_t ignored, blocked;
        sigemptyset(&blocked);
        sigemptyset(&ignored);
        sigaddset(&ignored, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes_, &ignored);
        posix_spawnattr_setsigmask(&attributes_, &blocked);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    ~SpawnSetup() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;

    // 0 or an error number.
    int start(std::vector<std::string>& words, pid_t& pid) const {
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        return ::posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments.data(), environ);
    }

  private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

Error failed(ErrorKind kind, std::string_view program, std::string cause) {
    return Error(kind, std::string(kOperation), std::string(program), std::move(cause));
}

Result<Child> start_child(std::vector<std::string>& words) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return errno_error(errno, std::string(kOperation), words.front());
    FileDescriptor reading(ends[0]), writing(ends[1]);
    // Only our end: the program may not expect a non-blocking output.
    ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
    pid_t pid = 0;
    if (int error = SpawnSetup(writing.get()).start(words, pid); error != 0) {
        return errno_error(error, std::string(kOperation), words.front());
    }
    FileDescriptor handle(::pidfd_open(pid, PIDFD_NONBLOCK));
    int pidfd_error = errno;
    bool has_handle = handle.is_open();
    Child child(pid, std::move(handle), std::move(reading));
    if (!has_handle) return errno_error(pidfd_error, std::string(kOperation), words.front());
    return child;
}

// Reads to the end of the program's output.
Task<Result<std::string>> read_output(Context& context, runtime::IoLoop& loop, const Child& child,
                                      const std::string& program, std::size_t bytes_max) {
    runtime::FdWatch watch(loop, child.output());
    std::string out;
    std::array<char, 4096> chunk;
    while (true) {
        ssize_t count = ::read(child.output(), chunk.data(), chunk.size());
        if (count == 0) co_return std::move(out);
        if (count > 0) out.append(chunk.data(), static_cast<std::size_t>(count));
        if (out.size() > bytes_max) {
            co_return failed(ErrorKind::Corrupt, program,
                             fmt::format("it wrote more than {} bytes", bytes_max));
        }
        if (count < 0 && errno != EAGAIN && errno != EINTR)
            co_return errno_error(errno, "read from", program);
        if (count < 0) GODWIT_CO_TRY_VOID(co_await watch.readable(context));
    }
}

Result<void> check_status(int status, const std::string& program) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    std::string cause = WIFEXITED(status) ? fmt::format("it ended with exit status {}", WEXITSTATUS(status))
                                          : fmt::format("signal {} ended it", WTERMSIG(status));
    return failed(ErrorKind::Invalid, program, std::move(cause));
}

class ProcessCredentials final : public CredentialsProvider {
  public:
    ProcessCredentials(runtime::IoLoop& loop, std::string command, std::string profile, ProcessLimits limits)
        : loop_(loop), command_(std::move(command)), profile_(std::move(profile)), limits_(limits) {}

    Task<Result<Credentials>> get(Context& context) override {
        GODWIT_CO_TRY(std::string output, co_await run_process(context, loop_, command_, limits_));
        co_return parse_credentials_json(output, JsonDialect::Process, describe());
    }
    // Not the whole command: people put secrets there.
    std::string describe() const override { return "credential_process of profile " + profile_; }

  private:
    runtime::IoLoop& loop_;
    std::string command_;
    std::string profile_;
    ProcessLimits limits_;
};

}  // namespace

Task<Result<std::string>> run_process(Context& context, runtime::IoLoop& loop, const std::string& command,
                                      const ProcessLimits& limits) {
    std::optional<std::vector<std::string>> words = shell_words(command);
    if (!words) co_return failed(ErrorKind::Invalid, "", "a quote in the command is not closed");
    if (words->empty()) co_return failed(ErrorKind::Invalid, "", "the command is empty");
    const std::string program = words->front();
    std::string what = fmt::format("{} took longer than {} s", program,
                                   std::chrono::duration_cast<std::chrono::seconds>(limits.timeout).count());
    Context limited(context, limits.timeout, std::move(what));
    GODWIT_CO_TRY(Child child, start_child(*words));
    GODWIT_CO_TRY(std::string output,
                  co_await read_output(limited, loop, child, program, limits.output_bytes_max));
    // It may live on after closing its output.
    runtime::FdWatch ended(loop, child.handle());
    GODWIT_CO_TRY_VOID(co_await ended.readable(limited));
    GODWIT_CO_TRY_VOID(check_status(child.reap(), program));
    co_return std::move(output);
}

std::unique_ptr<CredentialsProvider> process_credentials(runtime::IoLoop& loop, std::string command,
                                                         std::string profile, ProcessLimits limits) {
    return std::make_unique<ProcessCredentials>(loop, std::move(command), std::move(profile), limits);
}

}  // namespace godwit::s3
