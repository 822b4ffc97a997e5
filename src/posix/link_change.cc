#include "posix/link_change.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "posix/file_status.h"

namespace godwit::posix {
namespace {

// Too many names; no hard links here, or not to this file for us; another file system.
bool means_no_hard_link(int error_number) {
    constexpr std::array kRefusals{EMLINK, EPERM, EOPNOTSUPP, ENOSYS, EXDEV};
    return std::ranges::find(kRefusals, error_number) != kRefusals.end();
}

// All that Replacement needs: a link has no attributes of its own.
store::PutRequest put_request(const store::LinkRequest& request) {
    store::PutRequest put;
    put.key = request.key;
    put.replaces = request.replaces;
    return put;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

LinkChange::LinkChange(ChangeTools tools, KeyPath path, KeyPath first, const store::LinkRequest& request,
                       std::string staged_name)
    : Replacement(tools, std::move(path), put_request(request), std::move(staged_name)),
      first_(std::move(first)),
      expected_(request.expected),
      replaces_(request.replaces.has_value()) {}

Result<void> LinkChange::prepare() {
    Opened opened = tools_.root.open_at(first_.path, O_PATH);
    std::string first = tools_.root.display(first_.path);
    if (!opened) return path_error(opened.error(), "link to", first);
    file_ = std::move(*opened);
    GODWIT_TRY(status_, look());
    if (!S_ISREG(status_.st_mode) || identity_of(status_) != expected_)
        return changed("link to", first, expected_, identity_of(status_));
    GODWIT_TRY(Descriptor directory, make_directories(tools_.root, tools_.unsynced, path().parent()));
    return {};
}

Result<struct stat> LinkChange::look() const {
    struct stat found{};
    int failed = tools_.root.os().fstat(file_.get(), found);
    if (failed < 0) return path_error(-failed, "look at", tools_.root.display(first_.path));
    return found;
}

Result<void> LinkChange::apply(int directory) {
    struct stat there{};
    int missing = tools_.root.os().fstatat(directory, path().name(), there);
    // What was not listed there and yet is the same file may be another key's name, where case is folded.
    linked_.was_linked = replaces_ && missing == 0 && is_same_file(there, status_);
    if (!linked_.was_linked) {
        Result<void> named = give_name(directory);
        // Between two names of one file rename does nothing and leaves both.
        if (!named || replaces_) remove_staged(directory);
        if (!named && refused_ != 0) {
            return Error(ErrorKind::Unsupported, "link", subject(),
                         "the file system gives " + tools_.root.display(first_.path) +
                             " no further name here: " + std::strerror(refused_))
                .with_code("NoHardLink");
        }
        GODWIT_TRY_VOID(std::move(named));
    }
    GODWIT_TRY(struct stat after, look());
    linked_.identity = identity_of(after);
    if (same_but_ctime(linked_.identity, expected_)) return {};
    return changed("link to", tools_.root.display(first_.path), expected_, linked_.identity);
}

Result<void> LinkChange::give_name(int directory) {
    if (replaces_) GODWIT_TRY_VOID(stage_link(directory));
    GODWIT_TRY(struct stat named, take_name(directory));
    if (is_same_file(named, status_)) return {};
    return Error(ErrorKind::Corrupt, "link", subject(), "another file was put in the staged one's place")
        .with_code("StagedFileSwapped");
}

// A leftover of this name is removed first.
Result<void> LinkChange::stage_link(int directory) {
    int failed = link_as(directory, staged_name_.c_str());
    if (failed == -EEXIST) {
        remove_staged(directory);
        failed = link_as(directory, staged_name_.c_str());
    }
    if (failed < 0) return path_error(-failed, "link", subject());
    return {};
}

int LinkChange::take_free_name(int directory) {
    int failed = link_as(directory, path().name());
    // Whether case is folded is asked with a name of our own.
    if (failed == -EEXIST) link_as(directory, staged_name_.c_str());
    return failed;
}

int LinkChange::link_as(int directory, const char* name) {
    int failed = tools_.root.os().link(file_.get(), directory, name);
    if (means_no_hard_link(-failed)) refused_ = -failed;
    return failed;
}

}  // namespace godwit::posix
