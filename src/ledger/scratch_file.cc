#include "ledger/scratch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace godwit::ledger {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;

}  // namespace

Result<ScratchFile> ScratchFile::create(const std::string& directory) {
    int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return ScratchFile(fd, directory);
    // There are file systems, and kernels, that make none without a name.
    bool unknown = errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL;
    if (!unknown) return errno_error(errno, "create a file in", directory);
    std::string path = directory + "/godwit-list-XXXXXX";
    fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) return errno_error(errno, "create a file in", directory);
    ScratchFile file(fd, path);
    if (::unlink(path.c_str()) != 0) return errno_error(errno, "unlink", path);
    return file;
}

Result<ScratchFile> ScratchFile::open(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno_error(errno, "open", path);
    return ScratchFile(fd, path);
}

ScratchFile::~ScratchFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> ScratchFile::write_at(std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t wrote = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return errno_error(errno, "write", path_);
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
        offset += static_cast<std::uint64_t>(wrote);
    }
    return {};
}

Result<std::size_t> ScratchFile::read_at(std::uint64_t offset, std::span<char> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
        ssize_t got = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno_error(errno, "read", path_);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Result<void> ScratchFile::sync() const {
    if (::fsync(fd_) != 0) return errno_error(errno, "sync", path_);
    return {};
}

Result<void> ScratchFile::copy_to(ScratchFile& file) const {
    std::vector<char> buffer(kCopyBytes);
    for (std::uint64_t offset = 0;;) {
        GODWIT_TRY(std::size_t got, read_at(offset, buffer));
        if (got == 0) return {};
        GODWIT_TRY_VOID(file.write_at(offset, {buffer.data(), got}));
        offset += got;
    }
}

Result<void> ScratchFile::keep(const std::string& path) const {
    std::string part = path + ".part";
    int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return errno_error(errno, "create", part);
    ScratchFile file(fd, part);
    Result<void> kept = copy_to(file);
    if (kept) kept = file.sync();
    if (kept && ::rename(part.c_str(), path.c_str()) != 0) kept = errno_error(errno, "rename", part);
    if (!kept) ::unlink(part.c_str());
    return kept;
}

}  // namespace godwit::ledger
