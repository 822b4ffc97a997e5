#include "posix/removal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "posix/file_status.h"

namespace godwit::posix {
namespace {

// Equal but for ctime, which the move aside has changed.
bool same_but_moved(const struct stat& before, struct stat after) {
    after.st_ctim = before.st_ctim;
    return same_generation(before, after);
}

}  // namespace

Removal::Removal(ChangeTools tools, KeyPath path, model::Identity expected, std::string staged_name)
    : NameChange(std::move(path)),
      tools_(tools),
      expected_(std::move(expected)),
      staged_name_(std::move(staged_name)) {}

Result<void> Removal::apply_without_directory(Error missing) {
    if (missing.kind() == ErrorKind::NotFound) return {};
    return missing;
}

Result<void> Removal::apply(int directory) {
    struct stat seen{};
    int failed = tools_.root.os().fstatat(directory, path().name(), seen);
    if (failed == -ENOENT) return {};
    if (failed < 0) return path_error(-failed, "look at", subject());
    bool is_directory = S_ISDIR(seen.st_mode);
    if (is_directory != path().is_directory || (!is_directory && identity_of(seen) != expected_)) {
        return changed("remove", subject(), expected_, identity_of(seen));
    }
    return is_directory ? remove_directory(directory) : remove_aside(directory, seen);
}

Result<void> Removal::remove_directory(int directory) const {
    int failed = tools_.root.os().unlinkat(directory, path().name(), AT_REMOVEDIR);
    if (failed == 0 || failed == -ENOENT) return {};
    return path_error(-failed, "remove directory", subject());
}

Result<void> Removal::remove_aside(int directory, const struct stat& seen) const {
    Os& os = tools_.root.os();
    const char* name = path().name();
    const char* aside = staged_name_.c_str();
    int failed = os.rename(directory, name, aside, RENAME_NOREPLACE);
    if (failed == -EEXIST) {
        GODWIT_TRY_VOID(discard_staged(tools_.root, path(), staged_name_));
        failed = os.rename(directory, name, aside, RENAME_NOREPLACE);
    }
    // Where a file system can't move without replacing, the look before must do.
    if (failed == -EINVAL)
        failed = os.unlinkat(directory, name, 0);
    else if (failed == 0)
        return remove_moved(directory, seen);
    if (failed == 0 || failed == -ENOENT) return {};
    return path_error(-failed, "remove", subject());
}

Result<void> Removal::remove_moved(int directory, const struct stat& seen) const {
    Os& os = tools_.root.os();
    const char* aside = staged_name_.c_str();
    struct stat moved{};
    int failed = os.fstatat(directory, aside, moved);
    if (failed == 0 && same_but_moved(seen, moved)) {
        failed = os.unlinkat(directory, aside, 0);
        if (failed == 0) return {};
    }
    int back = os.rename(directory, aside, path().name(), RENAME_NOREPLACE);
    if (back < 0) {
        return path_error(-back, "give its name back to",
                          tools_.root.display(path().parent() + "/" + staged_name_));
    }
    if (failed < 0) return path_error(-failed, "remove", subject());
    return changed("remove", subject(), expected_, identity_of(moved));
}

}  // namespace godwit::posix
