#include "posix/attributes.h"

#include <fcntl.h>

#include <cerrno>

#include "posix/file_status.h"
#include "posix/root.h"
#include "posix/xattrs.h"

namespace godwit::posix {
namespace {

constexpr std::uint32_t kSetIdBits = S_ISUID | S_ISGID;
constexpr std::uint32_t kPermissionBits = 07777;

// Calls chown(uid, gid), and where that is not allowed gives away the group alone, which a member of
// both groups may. 0 or the errno of the first refusal.
template <class Chown>
int change_owner(Chown chown, const Owner& owner) {
    int failed = chown(owner.uid, owner.gid);
    if (failed != -EPERM) return -failed;
    return chown(static_cast<uid_t>(-1), owner.gid) == 0 ? EPERM : -failed;
}

Result<std::optional<Error>> owner_outcome(const AttributeOptions& options, int error_number,
                                           const std::string& subject) {
    if (error_number == 0) return std::optional<Error>();
    Error refused = path_error(error_number, "set owner of", subject);
    bool tolerable = error_number == EPERM || error_number == EINVAL || error_number == EOPNOTSUPP;
    if (options.demand_owner || !tolerable) return refused;
    return std::optional<Error>(std::move(refused));
}

void wanted_times(const WantedAttributes& wanted, struct timespec times[2]) {
    times[0] = wanted.atime_ns ? timespec_of(*wanted.atime_ns) : timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT};
    times[1] = wanted.mtime_ns ? timespec_of(*wanted.mtime_ns) : timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT};
}

bool wants_times(const WantedAttributes& wanted) {
    return wanted.mtime_ns || wanted.atime_ns;
}

Result<void> set_xattrs(Os& os, const AttributeOptions& options, const WantedAttributes& wanted, int fd,
                        const std::string& subject) {
    if (wanted.xattrs_malformed) {
        return Error(ErrorKind::Unsupported, "set extended attributes of", subject,
                     "what the source keeps for them cannot be read")
            .with_code("UnrepresentableMetadata");
    }
    return apply_xattrs(os, fd, options.xattrs, *wanted.xattrs, subject);
}

// Setting user.* takes the right to write, which the owner of a read-only file may give himself. Set-id bits,
// which a change of owner has cleared, do not come back that way.
Result<void> set_xattrs_of_file(Os& os, const AttributeOptions& options, const WantedAttributes& wanted,
                                int fd, const struct stat& status, const std::string& subject) {
    Result<void> set = set_xattrs(os, options, wanted, fd, subject);
    mode_t mode = status.st_mode & kPermissionBits & ~kSetIdBits;
    if (set || wanted.xattrs_malformed || (mode & S_IWUSR) || os.fchmod(fd, mode | S_IWUSR) < 0) return set;
    set = set_xattrs(os, options, wanted, fd, subject);
    int failed = os.fchmod(fd, mode);
    if (set && failed < 0) return path_error(-failed, "set mode of", subject);
    return set;
}

Result<void> set_xattrs_of_link(Os& os, const AttributeOptions& options, const WantedAttributes& wanted,
                                int directory, const char* name, const std::string& subject) {
    int opened = os.openat2(directory, name, {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC});
    if (opened < 0) return path_error(-opened, "open", subject);
    Descriptor link(os, opened);
    struct stat status{};
    int failed = os.fstat(link.get(), status);
    if (failed < 0) return path_error(-failed, "look at", subject);
    if (!S_ISLNK(status.st_mode)) {
        return Error(ErrorKind::Changed, "set extended attributes of", subject,
                     "something else was put in the link's place");
    }
    return set_xattrs(os, options, wanted, link.get(), subject);
}

}  // namespace

WantedAttributes wanted_attributes(const AttributeOptions& options, model::ObjectType type,
                                   const model::Metadata& metadata) {
    WantedAttributes wanted;
    if (options.xattrs.any()) {
        wanted.xattrs = options.xattrs.chosen_from(metadata.xattrs);
        wanted.xattrs_malformed = metadata.xattrs_malformed;
    }
    if (!metadata.posix) {
        wanted.owner = options.default_owner;
        bool directory = type == model::ObjectType::Directory;
        wanted.mode = directory ? options.default_directory_mode : options.default_file_mode;
        if (options.keep_times && !directory) wanted.mtime_ns = metadata.fallback_mtime_ns;
        return wanted;
    }
    const model::PosixAttributes& posix = *metadata.posix;
    if (options.keep_owner) wanted.owner = Owner{.uid = posix.uid, .gid = posix.gid};
    if (options.keep_mode) {
        wanted.mode =
            posix.mode & (options.keep_set_id_bits ? kPermissionBits : kPermissionBits & ~kSetIdBits);
    }
    if (options.keep_times) {
        wanted.mtime_ns = posix.mtime_ns;
        wanted.atime_ns = posix.atime_ns;
    }
    return wanted;
}

std::uint32_t staging_mode(const WantedAttributes& wanted) {
    return wanted.mode ? 0600 : 0666;
}

Result<std::optional<Error>> apply_attributes(Os& os, const AttributeOptions& options,
                                              const WantedAttributes& wanted, int fd,
                                              const struct stat& status, const std::string& subject) {
    std::optional<Error> warning;
    std::uint32_t mode = wanted.mode.value_or(0);
    if (wanted.owner && (wanted.owner->uid != status.st_uid || wanted.owner->gid != status.st_gid)) {
        auto chown = [&](uid_t uid, gid_t gid) { return os.fchown(fd, uid, gid); };
        GODWIT_TRY(warning, owner_outcome(options, change_owner(chown, *wanted.owner), subject));
        // A set-id bit for another owner than it was meant for would be a gift to that owner.
        if (warning) mode &= ~kSetIdBits;
    }
    Result<void> xattrs;
    if (wanted.xattrs) xattrs = set_xattrs_of_file(os, options, wanted, fd, status, subject);
    if (wanted.mode) {
        int failed = os.fchmod(fd, mode);
        if (failed < 0) return path_error(-failed, "set mode of", subject);
    }
    if (wants_times(wanted)) {
        struct timespec times[2];
        wanted_times(wanted, times);
        int failed = os.futimens(fd, times);
        if (failed < 0) return path_error(-failed, "set times of", subject);
    }
    if (!xattrs) return std::move(xattrs.error());
    return warning;
}

Result<std::optional<Error>> apply_link_attributes(Os& os, const AttributeOptions& options,
                                                   const WantedAttributes& wanted, int directory,
                                                   const char* name, const std::string& subject) {
    std::optional<Error> warning;
    if (wanted.owner) {
        auto chown = [&](uid_t uid, gid_t gid) { return os.fchownat(directory, name, uid, gid); };
        GODWIT_TRY(warning, owner_outcome(options, change_owner(chown, *wanted.owner), subject));
    }
    if (wanted.xattrs) GODWIT_TRY_VOID(set_xattrs_of_link(os, options, wanted, directory, name, subject));
    if (wants_times(wanted)) {
        struct timespec times[2];
        wanted_times(wanted, times);
        int failed = os.utimensat(directory, name, times);
        if (failed < 0) return path_error(-failed, "set times of", subject);
    }
    return warning;
}

}  // namespace godwit::posix
