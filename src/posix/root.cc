#include "posix/root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "base/sabotage.h"

namespace godwit::posix {
namespace {

// Longer paths are opened in pieces that leave room for the terminating NUL.
constexpr std::size_t kPathPieceBytesMax = PATH_MAX - 1;

// As much of `path` as one call can take, cut at a slash.
std::string_view first_piece(std::string_view path) {
    if (path.size() <= kPathPieceBytesMax) return path;
    return path.substr(0, path.rfind('/', kPathPieceBytesMax));
}

// mkdir -p, each new name synced in its parent, so that a power cut can't take away the root that
// holds what was reported safe.
Result<void> make_root(const std::string& path) {
    for (std::size_t end = 1; end != std::string::npos;) {
        end = path.find('/', end + 1);
        std::string prefix = path.substr(0, end);
        if (::mkdir(prefix.c_str(), 0777) != 0) {
            if (errno == EEXIST) continue;
            return errno_error(errno, "make directory", prefix);
        }
        std::size_t slash = prefix.rfind('/', prefix.find_last_not_of('/'));
        std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : prefix.substr(0, slash);
        Descriptor fd(system_os(), ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        bool failed = !fd || (::fsync(fd.get()) != 0 && !means_no_directory_sync(errno));
        if (failed) return errno_error(errno, "sync directory", parent);
    }
    return {};
}

Result<std::string> real_path(const std::string& path) {
    std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    if (!real) return errno_error(errno, "open root", path);
    return std::string(real.get());
}

// The file system's own id survives a reboot where it has one; the device number may not.
std::string root_identity(const struct stat& status, const struct statfs& file_system) {
    std::uint64_t id = 0;
    static_assert(sizeof file_system.f_fsid == sizeof id);
    std::memcpy(&id, &file_system.f_fsid, sizeof id);
    if (id != 0) return fmt::format("fsid={:x} inode={}", id, status.st_ino);
    return fmt::format("dev={:x} inode={}", status.st_dev, status.st_ino);
}

}  // namespace

Result<Root> Root::open(Os& os, const RootOptions& options) {
    if (options.path.empty()) return Error(ErrorKind::Invalid, "open root", "", "the path is empty");
    if (options.create) GODWIT_TRY_VOID(make_root(options.path));
    Root root;
    root.os_ = &os;
    root.resolve_ = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    if (GODWIT_SABOTAGE(follow_symlinks)) root.resolve_ = RESOLVE_BENEATH;
    if (GODWIT_SABOTAGE(leave_the_root)) root.resolve_ = RESOLVE_NO_SYMLINKS;
    if (options.one_file_system) root.resolve_ |= RESOLVE_NO_XDEV;
    GODWIT_TRY(root.canonical_path_, real_path(options.path));
    root.fd_ = Descriptor(os, ::open(root.canonical_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root.fd_) return errno_error(errno, "open root", root.canonical_path_);

    struct stat status{};
    struct statfs file_system{};
    if (::fstat(root.fd_.get(), &status) != 0 || ::fstatfs(root.fd_.get(), &file_system) != 0) {
        return errno_error(errno, "look at root", root.canonical_path_);
    }
    root.device_ = status.st_dev;
    root.file_system_type_ = static_cast<std::uint64_t>(file_system.f_type);
    root.identity_ = root_identity(status, file_system);
    if (auto self = root.open_directory(""); !self) {
        return path_error(self.error(), "open below the root with openat2 (Linux 5.6)", root.canonical_path_);
    }
    return root;
}

Opened Root::open_once(int directory, const char* path, int flags, mode_t mode) const {
    OpenHow how;
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
    how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
    how.resolve = resolve_;
    int fd = os_->openat2(directory, path, how);
    if (fd < 0) return std::unexpected(-fd);
    return Descriptor(*os_, fd);
}

Opened Root::open_at(std::string_view path, int flags, mode_t mode) const {
    Descriptor below;
    int directory = fd_.get();
    for (;;) {
        std::string piece(first_piece(path));
        bool last = piece.size() == path.size();
        if (piece.empty()) piece = ".";
        Opened opened = last ? open_once(directory, piece.c_str(), flags, mode)
                             : open_once(directory, piece.c_str(), O_PATH | O_DIRECTORY, 0);
        if (!opened || last) return opened;
        below = std::move(*opened);
        directory = below.get();
        path.remove_prefix(piece.size() + 1);
    }
}

Opened Root::open_directory(std::string_view path) const {
    return open_at(path, O_RDONLY | O_DIRECTORY);
}

std::string Root::display(std::string_view path) const {
    return fmt::format("{}{}{}", canonical_path_, canonical_path_.ends_with('/') ? "" : "/", path);
}

Error path_error(int error_number, std::string operation, std::string subject) {
    if (error_number == ELOOP) {
        return Error(ErrorKind::Exists, std::move(operation), std::move(subject),
                     "a symbolic link stands where it may not be followed")
            .with_code("SymlinkInPath");
    }
    return errno_error(error_number, std::move(operation), std::move(subject));
}

}  // namespace godwit::posix
