#include "posix/metadata_change.h"

#include <fcntl.h>

#include <cerrno>

#include "posix/file_status.h"

namespace godwit::posix {
namespace {

using model::Identity;
using model::ObjectType;

// What is there is of the right kind, and of the right generation where there are generations.
Result<void> check_expected(const store::PutRequest& request, const Identity& expected,
                            const struct stat& found, const std::string& subject) {
    bool same_kind = object_type(found) == request.type;
    if (same_kind && (request.type == ObjectType::Directory || identity_of(found) == expected)) return {};
    return changed("set attributes of", subject, expected, identity_of(found));
}

Result<Published> change_link(const ChangeTools& tools, const KeyPath& path, const store::PutRequest& request,
                              const Identity& expected) {
    std::string subject = tools.root.display(path.path);
    Os& os = tools.root.os();
    Opened directory = tools.root.open_directory(path.parent());
    if (!directory) return path_error(directory.error(), "open directory", subject);
    struct stat status{};
    int failed = os.fstatat(directory->get(), path.name(), status);
    if (failed < 0) return path_error(-failed, "look at", subject);
    GODWIT_TRY_VOID(check_expected(request, expected, status, subject));
    Published published;
    WantedAttributes wanted = wanted_attributes(tools.attributes, request.type, request.metadata);
    GODWIT_TRY(published.warning,
               apply_link_attributes(os, tools.attributes, wanted, directory->get(), path.name(), subject));
    failed = os.fsync(directory->get());
    if (means_no_directory_sync(-failed)) failed = 0;
    if (failed == 0) failed = os.fstatat(directory->get(), path.name(), status);
    if (failed < 0) return path_error(-failed, "sync", subject);
    published.identity = identity_of(status);
    return published;
}

}  // namespace

Result<Published> change_metadata(const ChangeTools& tools, const KeyPath& path,
                                  const store::PutRequest& request, const Identity& expected) {
    if (request.type == ObjectType::Symlink) return change_link(tools, path, request, expected);
    std::string subject = tools.root.display(path.path);
    Os& os = tools.root.os();
    Opened opened = tools.root.open_at(path.path, O_RDONLY | O_NONBLOCK);
    if (!opened) return path_error(opened.error(), "open", subject);
    struct stat status{};
    int failed = os.fstat(opened->get(), status);
    if (failed < 0) return path_error(-failed, "look at", subject);
    GODWIT_TRY_VOID(check_expected(request, expected, status, subject));
    Published published;
    WantedAttributes wanted = wanted_attributes(tools.attributes, request.type, request.metadata);
    GODWIT_TRY(published.warning,
               apply_attributes(os, tools.attributes, wanted, opened->get(), status, subject));
    failed = os.fsync(opened->get());
    if (S_ISDIR(status.st_mode) && means_no_directory_sync(-failed)) failed = 0;
    if (failed == 0) failed = os.fstat(opened->get(), status);
    if (failed < 0) return path_error(-failed, "sync", subject);
    published.identity = identity_of(status);
    return published;
}

}  // namespace godwit::posix
