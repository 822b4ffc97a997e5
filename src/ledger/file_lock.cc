#include "ledger/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace godwit::ledger {
namespace {

constexpr std::chrono::milliseconds kPause{10};

struct flock whole_file() {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

std::string holder_of(int fd) {
    std::array<char, 32> text{};
    ssize_t size = ::pread(fd, text.data(), text.size(), 0);
    std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
    return pid.empty() ? "another process" : "process " + printable(pid);
}

void write_pid(int fd) {
    std::string pid = fmt::format("{}\n", ::getpid());
    // For people only: a disk that is full does not keep us from holding the lock.
    if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, pid.data(), pid.size(), 0);
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& path, std::chrono::milliseconds wait_max) {
    int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return errno_error(errno, "open", path);
    FileLock lock(fd);
    auto until = std::chrono::steady_clock::now() + wait_max;
    struct flock wanted = whole_file();
    while (::fcntl(fd, F_OFD_SETLK, &wanted) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) return errno_error(errno, "lock", path);
        if (std::chrono::steady_clock::now() >= until)
            return Error(ErrorKind::Busy, "lock", path, fmt::format("it is held by {}", holder_of(fd)))
                .with_code("Locked");
        // There is no call that waits for such a lock with a deadline.
        ::poll(nullptr, 0, static_cast<int>(kPause.count()));
    }
    write_pid(fd);
    return lock;
}

bool FileLock::is_held(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return false;
    FileLock looked(fd);
    // A read lock is what a descriptor without write access may ask about.
    struct flock asked = whole_file();
    asked.l_type = F_RDLCK;
    return ::fcntl(fd, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace godwit::ledger
