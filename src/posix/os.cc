#include "posix/os.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace godwit::posix {
namespace {

static_assert(sizeof(OpenHow) == sizeof(struct open_how));

std::string path_of_descriptor(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

// -errno instead of -1, and again after a signal.
template <class F>
auto checked(F call) -> decltype(call()) {
    for (;;) {
        auto result = call();
        if (result >= 0) return result;
        if (errno != EINTR) return -errno;
    }
}

class SystemOs final : public Os {
  public:
    int openat2(int directory, const char* path, const OpenHow& how) override {
        return static_cast<int>(
            checked([&] { return syscall(SYS_openat2, directory, path, &how, sizeof how); }));
    }
    // Never repeated: Linux has freed the descriptor even when it answers EINTR.
    int close(int fd) override { return ::close(fd) == 0 || errno == EINTR ? 0 : -errno; }
    ssize_t pread(int fd, void* out, std::size_t size_bytes, std::uint64_t offset_bytes) override {
        return checked([&] { return ::pread(fd, out, size_bytes, static_cast<off_t>(offset_bytes)); });
    }
    ssize_t pwrite(int fd, const void* data, std::size_t size_bytes, std::uint64_t offset_bytes) override {
        return checked([&] { return ::pwrite(fd, data, size_bytes, static_cast<off_t>(offset_bytes)); });
    }
    int ftruncate(int fd, std::uint64_t size_bytes) override {
        return checked([&] { return ::ftruncate(fd, static_cast<off_t>(size_bytes)); });
    }
    int fsync(int fd) override {
        return checked([&] { return ::fsync(fd); });
    }
    int clone(int to, int from) override {
        return checked([&] { return ::ioctl(to, FICLONE, from); });
    }
    std::int64_t seek(int fd, std::uint64_t offset_bytes, int whence) override {
        return checked([&] { return ::lseek(fd, static_cast<off_t>(offset_bytes), whence); });
    }
    // Waits for no disk but where a page that is being written back may have been written to again.
    void start_writeback(int fd) override {
        ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
    }
    ssize_t getdents64(int fd, void* out, std::size_t size_bytes) override {
        return checked([&] { return ::getdents64(fd, out, size_bytes); });
    }
    int fstat(int fd, struct stat& out) override {
        return checked([&] { return ::fstat(fd, &out); });
    }
    int fstatat(int directory, const char* name, struct stat& out) override {
        return checked([&] { return ::fstatat(directory, name, &out, AT_SYMLINK_NOFOLLOW); });
    }
    ssize_t readlinkat(int directory, const char* name, char* out, std::size_t size_bytes) override {
        return checked([&] { return ::readlinkat(directory, name, out, size_bytes); });
    }
    int mkdirat(int directory, const char* name, mode_t mode) override {
        return checked([&] { return ::mkdirat(directory, name, mode); });
    }
    int symlinkat(const char* target, int directory, const char* name) override {
        return checked([&] { return ::symlinkat(target, directory, name); });
    }
    int rename(int directory, const char* from, const char* to, unsigned flags) override {
        return checked([&] { return ::renameat2(directory, from, directory, to, flags); });
    }
    int link(int fd, int directory, const char* name) override {
        int linked = checked([&] { return ::linkat(fd, "", directory, name, AT_EMPTY_PATH); });
        // Without privilege (CAP_DAC_READ_SEARCH) a descriptor has a path in /proc alone.
        if (linked != -ENOENT) return linked;
        std::string self = path_of_descriptor(fd);
        return checked([&] { return ::linkat(AT_FDCWD, self.c_str(), directory, name, AT_SYMLINK_FOLLOW); });
    }
    int unlinkat(int directory, const char* name, int flags) override {
        return checked([&] { return ::unlinkat(directory, name, flags); });
    }
    int fchmod(int fd, mode_t mode) override {
        return checked([&] { return ::fchmod(fd, mode); });
    }
    int fchown(int fd, uid_t uid, gid_t gid) override {
        return checked([&] { return ::fchown(fd, uid, gid); });
    }
    int fchownat(int directory, const char* name, uid_t uid, gid_t gid) override {
        return checked([&] { return ::fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW); });
    }
    int futimens(int fd, const struct timespec times[2]) override {
        return checked([&] { return ::futimens(fd, times); });
    }
    int utimensat(int directory, const char* name, const struct timespec times[2]) override {
        return checked([&] { return ::utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW); });
    }
    ssize_t listxattr(int fd, char* out, std::size_t size_bytes) override {
        return by_descriptor(
            fd, [&] { return ::flistxattr(fd, out, size_bytes); },
            [&](const char* path) { return ::listxattr(path, out, size_bytes); });
    }
    ssize_t getxattr(int fd, const char* name, char* out, std::size_t size_bytes) override {
        return by_descriptor(
            fd, [&] { return ::fgetxattr(fd, name, out, size_bytes); },
            [&](const char* path) { return ::getxattr(path, name, out, size_bytes); });
    }
    int setxattr(int fd, const char* name, const void* value, std::size_t size_bytes) override {
        return by_descriptor(
            fd, [&] { return ::fsetxattr(fd, name, value, size_bytes, 0); },
            [&](const char* path) { return ::setxattr(path, name, value, size_bytes, 0); });
    }
    int removexattr(int fd, const char* name) override {
        return by_descriptor(
            fd, [&] { return ::fremovexattr(fd, name); },
            [&](const char* path) { return ::removexattr(path, name); });
    }

  private:
    // A descriptor opened with O_PATH is good for none of them (EBADF), but its path in /proc leads to just
    // what is open, be it a link. Where no /proc is mounted that says nothing about the file.
    template <class ByFd, class ByPath>
    auto by_descriptor(int fd, ByFd by_fd, ByPath by_path) -> decltype(by_fd()) {
        auto result = checked(by_fd);
        if (result != -EBADF) return result;
        std::string path = path_of_descriptor(fd);
        result = checked([&] { return by_path(path.c_str()); });
        return result == -ENOENT ? -ENOSYS : result;
    }
};

}  // namespace

Os& system_os() {
    static SystemOs os;
    return os;
}

}  // namespace godwit::posix
