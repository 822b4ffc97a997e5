// The system calls that this module makes and that can fail for reasons of the world: one port, so
// that tests can let the Nth of them fail, change files between two of them, or make up a directory
// of ten million names.
//
// Results are those of the system call, but with -errno instead of -1. Interrupted calls (EINTR) are
// repeated below. May be called from any thread. Nothing here follows a symbolic link in the last
// component of a name. Advice to the kernel (read-ahead, early write-back) does not go through here:
// nothing may depend on it.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace godwit::posix {

// struct open_how of openat2(2), without the kernel's header.
struct OpenHow {
    std::uint64_t flags = 0;
    std::uint64_t mode = 0;
    std::uint64_t resolve = 0;
};

class Os {
  public:
    virtual ~Os() = default;

    virtual int openat2(int directory, const char* path, const OpenHow& how) = 0;
    virtual int close(int fd) = 0;
    virtual ssize_t pread(int fd, void* out, std::size_t size_bytes, std::uint64_t offset_bytes) = 0;
    virtual ssize_t pwrite(int fd, const void* data, std::size_t size_bytes, std::uint64_t offset_bytes) = 0;
    virtual int ftruncate(int fd, std::uint64_t size_bytes) = 0;
    virtual int fsync(int fd) = 0;
    // FICLONE of ioctl_ficlonerange(2): `to` shares all blocks of `from`, also those that were dirty in
    // memory. May fail half-way.
    virtual int clone(int to, int from) = 0;
    // SEEK_DATA and SEEK_HOLE of lseek(2): the offset found. Nothing else goes by a file's position.
    virtual std::int64_t seek(int fd, std::uint64_t offset_bytes, int whence) = 0;
    // Begins to write back what is dirty. From here on, until the file is written to again, a first write to
    // any page of it moves its mtime, also one through a mapping that was made before. Best effort.
    virtual void start_writeback(int fd) = 0;
    // Records of struct linux_dirent64.
    virtual ssize_t getdents64(int fd, void* out, std::size_t size_bytes) = 0;

    virtual int fstat(int fd, struct stat& out) = 0;
    virtual int fstatat(int directory, const char* name, struct stat& out) = 0;
    // An empty `name` means the symbolic link that `directory` itself is.
    virtual ssize_t readlinkat(int directory, const char* name, char* out, std::size_t size_bytes) = 0;

    virtual int mkdirat(int directory, const char* name, mode_t mode) = 0;
    virtual int symlinkat(const char* target, int directory, const char* name) = 0;
    // Both names are in `directory`. `flags` as for renameat2(2).
    virtual int rename(int directory, const char* from, const char* to, unsigned flags) = 0;
    // Gives an open file, whichever way it was opened, a name, where nothing has it.
    virtual int link(int fd, int directory, const char* name) = 0;
    virtual int unlinkat(int directory, const char* name, int flags) = 0;

    virtual int fchmod(int fd, mode_t mode) = 0;
    virtual int fchown(int fd, uid_t uid, gid_t gid) = 0;
    virtual int fchownat(int directory, const char* name, uid_t uid, gid_t gid) = 0;
    virtual int futimens(int fd, const struct timespec times[2]) = 0;
    virtual int utimensat(int directory, const char* name, const struct timespec times[2]) = 0;

    // Extended attributes of what is open, in whichever way: also a link, opened with O_PATH.
    virtual ssize_t listxattr(int fd, char* out, std::size_t size_bytes) = 0;
    virtual ssize_t getxattr(int fd, const char* name, char* out, std::size_t size_bytes) = 0;
    virtual int setxattr(int fd, const char* name, const void* value, std::size_t size_bytes) = 0;
    virtual int removexattr(int fd, const char* name) = 0;
};

// What fsync answers for a directory where the file system has no such thing (C33).
constexpr bool means_no_directory_sync(int error_number) {
    return error_number == EINVAL || error_number == EOPNOTSUPP;
}

// The kernel. Lives for ever.
Os& system_os();

}  // namespace godwit::posix
