#include "app/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace godwit::app {

Result<NewFile> NewFile::create(const std::string& path) {
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return errno_error(errno, "create", path);
    return NewFile(fd, path);
}

NewFile::~NewFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(path_.c_str());
}

Stream NewFile::stream(const Environment& environment) const {
    Stream stream = stream_on(fd_, environment);
    stream.colour = false;
    return stream;
}

Result<void> NewFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t wrote = ::write(fd_, bytes.data(), bytes.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return errno_error(errno, "write", path_);
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

Result<void> NewFile::finish() {
    if (::fsync(fd_) != 0) return errno_error(errno, "sync", path_);
    int failed = ::close(std::exchange(fd_, -1));
    if (failed != 0) return errno_error(errno, "close", path_);
    return {};
}

}  // namespace godwit::app
