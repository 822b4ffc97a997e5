#include "posix/removal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/sabotage.h"
#include "posix/file_status.h"

namespace godwit::posix {
namespace {

// Equal but for ctime, which the move aside has changed.
bool same_but_moved(const struct stat& before, struct stat after) {
    after.st_ctim = before.st_ctim;
    return same_generation(before, after);
}

std::string path_aside(const KeyPath& path, const std::string& name) {
    return path.path.substr(0, path.name_offset) + name;
}

}  // namespace

Removal::Removal(ChangeTools tools, KeyPath path, model::Identity expected, std::string name_aside)
    : NameChange(std::move(path)),
      tools_(tools),
      expected_(std::move(expected)),
      name_aside_(std::move(name_aside)) {}

Result<void> Removal::apply_without_directory(Error missing) {
    if (missing.kind() == ErrorKind::NotFound) return {};
    return missing;
}

Result<void> Removal::apply(int directory) {
    struct stat seen{};
    int failed = tools_.root.os().fstatat(directory, path().name(), seen);
    if (failed == -ENOENT) return finish_earlier(directory);
    if (failed < 0) return path_error(-failed, "look at", subject());
    bool is_directory = S_ISDIR(seen.st_mode);
    if (is_directory != path().is_directory ||
        (!is_directory && identity_of(seen) != expected_ && !GODWIT_SABOTAGE(delete_any_generation))) {
        return changed("remove", subject(), expected_, identity_of(seen));
    }
    return is_directory ? remove_directory(directory) : remove_file(directory, seen);
}

Result<void> Removal::remove_directory(int directory) const {
    int failed = tools_.root.os().unlinkat(directory, path().name(), AT_REMOVEDIR);
    if (failed == 0 || failed == -ENOENT) return {};
    return path_error(-failed, "remove directory", subject());
}

Result<void> Removal::remove_file(int directory, const struct stat& seen) const {
    Os& os = tools_.root.os();
    const char* name = path().name();
    const char* aside = name_aside_.c_str();
    int failed = os.rename(directory, name, aside, RENAME_NOREPLACE);
    if (failed == -EEXIST) {
        GODWIT_TRY_VOID(finish_earlier(directory));
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

// What a killed removal of this key has left aside, if there is anything: it goes when it is what is to be
// removed (its ctime has moved with its name), else nobody has asked for that.
Result<void> Removal::finish_earlier(int directory) const {
    Os& os = tools_.root.os();
    struct stat aside{};
    int failed = os.fstatat(directory, name_aside_.c_str(), aside);
    if (failed == 0 && same_but_ctime(identity_of(aside), expected_))
        failed = os.unlinkat(directory, name_aside_.c_str(), 0);
    else if (failed == 0)
        return path_error(EEXIST, "move aside to", tools_.root.display(path_aside(path(), name_aside_)));
    if (failed == 0 || failed == -ENOENT) return {};
    return path_error(-failed, "remove", tools_.root.display(path_aside(path(), name_aside_)));
}

Result<void> Removal::remove_moved(int directory, const struct stat& seen) const {
    Os& os = tools_.root.os();
    const char* aside = name_aside_.c_str();
    struct stat moved{};
    int failed = os.fstatat(directory, aside, moved);
    if (failed == 0 && same_but_moved(seen, moved)) {
        failed = os.unlinkat(directory, aside, 0);
        if (failed == 0) return {};
    }
    int back = os.rename(directory, aside, path().name(), RENAME_NOREPLACE);
    if (back < 0) {
        return path_error(-back, "give its name back to",
                          tools_.root.display(path_aside(path(), name_aside_)));
    }
    if (failed < 0) return path_error(-failed, "remove", subject());
    return changed("remove", subject(), expected_, identity_of(moved));
}

Result<void> undo_removal(const Root& root, const KeyPath& path, const std::string& name_aside) {
    Opened directory = root.open_directory(path.parent());
    if (!directory && (directory.error() == ENOENT || directory.error() == ENOTDIR)) return {};
    if (!directory) return path_error(directory.error(), "open directory", root.display(path.parent()));
    int failed = root.os().rename(directory->get(), name_aside.c_str(), path.name(), RENAME_NOREPLACE);
    // Without a move that replaces nothing, nothing was moved aside.
    if (failed == 0 || failed == -ENOENT || failed == -EINVAL) return {};
    return path_error(-failed, "give its name back to", root.display(path_aside(path, name_aside)));
}

}  // namespace godwit::posix
