#include "posix/staging.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/encoding.h"
#include "base/sabotage.h"

namespace godwit::posix {
namespace {

constexpr std::string_view kPrefix = ".godwit-";
constexpr std::size_t kKeyDigits = 20;
constexpr std::size_t kSealDigits = 8;

std::string beside(const KeyPath& path, const std::string& name) {
    return path.path.substr(0, path.name_offset) + name;
}

Error staged_elsewhere(const Root& root, const std::string& path) {
    return Error(ErrorKind::Busy, "stage", root.display(path), "another process is writing it")
        .with_code("StagedElsewhere");
}

// Locks that the file system does not offer are done without.
bool lock_or_unsupported(int fd) {
    if (GODWIT_SABOTAGE(steal_staged_file)) return true;
    return ::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

// Between creation and lock somebody may have taken the file for a leftover and removed it.
Result<StagedFile> locked(const Root& root, Descriptor fd, std::string path, const std::string& name) {
    StagedFile staged{.fd = std::move(fd), .path = std::move(path), .name = name};
    if (!lock_or_unsupported(staged.fd.get())) return staged_elsewhere(root, staged.path);
    int failed = root.os().fstat(staged.fd.get(), staged.status);
    if (failed < 0) return path_error(-failed, "look at", root.display(staged.path));
    if (!S_ISREG(staged.status.st_mode) || staged.status.st_nlink != 1)
        return staged_elsewhere(root, staged.path);
    return staged;
}

Opened open_new(const Root& root, const std::string& path, mode_t mode) {
    return root.open_at(path, O_RDWR | O_CREAT | O_EXCL, mode);
}

}  // namespace

StagingNames::StagingNames(std::string_view token) : mac_(bytes_of(token)) {
    GODWIT_CHECK(token.size() >= kTokenBytesMin, "a staging token of {} bytes", token.size());
}

std::string StagingNames::seal(std::string_view digits) const {
    return mac_.of(bytes_of("seal:" + std::string(digits))).hex().substr(0, kSealDigits);
}

std::string StagingNames::name_of(std::string_view what) const {
    std::string digits = mac_.of(bytes_of(what)).hex().substr(0, kKeyDigits);
    return std::string(kPrefix) + digits + seal(digits) + '~';
}

std::string StagingNames::name_for(const model::Key& key) const {
    return name_of("key:" + key.bytes());
}

std::string StagingNames::removal_name_for(const model::Key& key) const {
    return name_of("removal:" + key.bytes());
}

bool StagingNames::has_the_form(std::string_view name) {
    if (name.size() != kPrefix.size() + kKeyDigits + kSealDigits + 1) return false;
    if (!name.starts_with(kPrefix) || !name.ends_with('~')) return false;
    std::string_view digits = name.substr(kPrefix.size(), kKeyDigits + kSealDigits);
    return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool StagingNames::is_ours(std::string_view name) const {
    if (!has_the_form(name)) return false;
    std::string_view digits = name.substr(kPrefix.size(), kKeyDigits);
    return name.substr(kPrefix.size() + kKeyDigits, kSealDigits) == seal(digits) ||
           GODWIT_SABOTAGE(own_names_of_like_form);
}

Result<StagedFile> create_staged(const Root& root, UnsyncedDirectories& unsynced, const KeyPath& path,
                                 const std::string& name, mode_t mode) {
    std::string staged_path = beside(path, name);
    Opened opened = open_new(root, staged_path, mode);
    if (!opened && opened.error() == ENOENT) {
        GODWIT_TRY_VOID(make_directories(root, unsynced, path.parent()));
        opened = open_new(root, staged_path, mode);
    }
    if (!opened && opened.error() == EEXIST) {
        GODWIT_TRY_VOID(discard_staged(root, path, name));
        opened = open_new(root, staged_path, mode);
    }
    if (!opened) return path_error(opened.error(), "stage", root.display(path.path));
    return locked(root, std::move(*opened), std::move(staged_path), name);
}

Result<StagedFile> create_unnamed(const Root& root, UnsyncedDirectories& unsynced, const KeyPath& path,
                                  mode_t mode) {
    std::string parent = path.parent();
    Opened opened = root.open_at(parent, O_RDWR | O_TMPFILE, mode);
    if (!opened && opened.error() == ENOENT) {
        GODWIT_TRY_VOID(make_directories(root, unsynced, parent));
        opened = root.open_at(parent, O_RDWR | O_TMPFILE, mode);
    }
    if (!opened) return path_error(opened.error(), "stage", root.display(path.path));
    StagedFile staged{.fd = std::move(*opened)};
    int failed = root.os().fstat(staged.fd.get(), staged.status);
    if (failed < 0) return path_error(-failed, "look at", root.display(path.path));
    return staged;
}

Result<StagedFile> open_staged(const Root& root, const KeyPath& path, const std::string& name) {
    std::string staged_path = beside(path, name);
    Opened opened = root.open_at(staged_path, O_RDWR | O_NONBLOCK);
    if (!opened) return path_error(opened.error(), "open staged file of", root.display(path.path));
    return locked(root, std::move(*opened), std::move(staged_path), name);
}

Result<void> discard_staged(const Root& root, const KeyPath& path, const std::string& name) {
    Opened directory = root.open_directory(path.parent());
    if (!directory) {
        if (directory.error() == ENOENT || directory.error() == ENOTDIR) return {};
        return path_error(directory.error(), "open directory", root.display(path.parent()));
    }
    // Only regular files are locked; a staged symbolic link is made and renamed in one job.
    Opened staged = root.open_at(beside(path, name), O_RDONLY | O_NONBLOCK);
    if (!staged && staged.error() == ENOENT) return {};
    bool lockless =
        !staged && (staged.error() == ELOOP || staged.error() == EACCES || staged.error() == ENXIO);
    if (!staged && !lockless)
        return path_error(staged.error(), "open staged file of", root.display(path.path));
    if (staged && !lock_or_unsupported(staged->get())) return staged_elsewhere(root, beside(path, name));
    int failed = root.os().unlinkat(directory->get(), name.c_str(), 0);
    if (failed == 0 || failed == -ENOENT) return {};
    return path_error(-failed, "remove staged file of", root.display(path.path));
}

Result<void> discard_own(const Root& root, const StagedFile& staged, const KeyPath& path) {
    Opened directory = root.open_directory(path.parent());
    int failed =
        directory ? root.os().unlinkat(directory->get(), staged.name.c_str(), 0) : -directory.error();
    if (failed < 0) return path_error(-failed, "remove staged file of", root.display(path.path));
    return {};
}

Result<Descriptor> make_directories(const Root& root, UnsyncedDirectories& unsynced,
                                    const std::string& path) {
    Opened found = root.open_directory(path);
    if (found) return std::move(*found);
    if (found.error() != ENOENT || path.empty()) {
        return path_error(found.error(), "open directory", root.display(path));
    }
    std::size_t slash = path.rfind('/');
    std::string above = slash == std::string::npos ? std::string() : path.substr(0, slash);
    GODWIT_TRY(Descriptor parent, make_directories(root, unsynced, above));
    if (!GODWIT_SABOTAGE(skip_sync_of_new_directories)) unsynced.note(above);
    int failed =
        root.os().mkdirat(parent.get(), path.c_str() + (slash == std::string::npos ? 0 : slash + 1), 0777);
    if (failed < 0 && failed != -EEXIST) return path_error(-failed, "make directory", root.display(path));
    found = root.open_directory(path);
    if (!found) return path_error(found.error(), "open directory", root.display(path));
    return std::move(*found);
}

}  // namespace godwit::posix
