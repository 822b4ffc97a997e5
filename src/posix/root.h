// The held root: every path of a location is opened below one directory descriptor, by openat2(2)
// with RESOLVE_BENEATH, NO_SYMLINKS and NO_MAGICLINKS. So nothing outside the root is read or
// written, whatever others do to the tree meanwhile (I5); a symbolic link in the middle of a path is
// an obstacle, never a way.
//
// Immutable after open(), hence usable from any thread. All calls block.
#pragma once

#include <sys/stat.h>

#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"
#include "posix/descriptor.h"
#include "posix/key_path.h"

namespace godwit::posix {

// A descriptor, or the errno why there is none.
using Opened = std::expected<Descriptor, int>;

struct RootOptions {
    // As the operator wrote it. Symbolic links in it are followed, once.
    std::string path;
    // Make the root and its parents when they are missing.
    bool create = false;
    // Refuse to cross into file systems that are mounted below the root.
    bool one_file_system = false;
};

class Root {
  public:
    // Fails with Exists, code "ENOTDIR", when something else than a directory is there; with
    // Unsupported when the kernel lacks openat2 (before Linux 5.6).
    static Result<Root> open(Os& os, const RootOptions& options);

    // `path` is relative to the root, "" the root itself; it may be longer than PATH_MAX. O_CLOEXEC
    // and O_NOFOLLOW are added. With O_CREAT `mode` counts.
    Opened open_at(std::string_view path, int flags, mode_t mode = 0) const;
    Opened open_directory(std::string_view path) const;

    // Where the root is, without symbolic links.
    const std::string& canonical_path() const { return canonical_path_; }
    // Names this directory for good: file system and inode.
    const std::string& identity() const { return identity_; }
    // For messages.
    std::string display(std::string_view path) const;
    Os& os() const { return *os_; }
    dev_t device() const { return device_; }
    // statfs(2)'s f_type of the root's file system.
    std::uint64_t file_system_type() const { return file_system_type_; }

  private:
    Root() = default;
    Opened open_once(int directory, const char* path, int flags, mode_t mode) const;

    Os* os_ = nullptr;
    Descriptor fd_;
    std::uint64_t resolve_ = 0;
    std::string canonical_path_;
    std::string identity_;
    dev_t device_ = 0;
    std::uint64_t file_system_type_ = 0;
};

// An Error from an errno met on a path below a root. Differs from errno_error() in one row: ELOOP,
// a symbolic link where a directory or file is needed, is Exists, code "SymlinkInPath".
Error path_error(int error_number, std::string operation, std::string subject);

}  // namespace godwit::posix
