#include "posix/directory_change.h"

#include <cerrno>

#include "posix/file_status.h"

namespace godwit::posix {

DirectoryChange::DirectoryChange(ChangeTools tools, KeyPath path, const store::PutRequest& request)
    : NameChange(std::move(path)),
      tools_(tools),
      wanted_(wanted_attributes(tools.attributes, model::ObjectType::Directory, request.metadata)) {
    if (request.verify) verify_by_ = request.digest;
}

Result<void> DirectoryChange::prepare() {
    GODWIT_TRY(Descriptor parent, make_directories(tools_.root, tools_.unsynced, path().parent()));
    return {};
}

Result<void> DirectoryChange::apply(int directory) {
    Os& os = tools_.root.os();
    std::string subject = tools_.root.display(path().path);
    tools_.unsynced.note(path().parent());
    int failed = os.mkdirat(directory, path().name(), 0777);
    if (failed < 0 && failed != -EEXIST) return path_error(-failed, "make directory", subject);

    Opened opened = tools_.root.open_directory(path().path);
    if (!opened) return path_error(opened.error(), "open directory", subject);
    struct stat status{};
    failed = os.fstat(opened->get(), status);
    if (failed < 0) return path_error(-failed, "look at", subject);
    GODWIT_TRY(published_.warning,
               apply_attributes(os, tools_.attributes, wanted_, opened->get(), status, subject));
    failed = os.fsync(opened->get());
    if (failed < 0 && !means_no_directory_sync(-failed)) return path_error(-failed, "sync", subject);
    failed = os.fstat(opened->get(), status);
    if (failed < 0) return path_error(-failed, "look at", subject);
    published_.identity = identity_of(status);
    if (!verify_by_) return {};
    // It has no bytes, so nothing can differ.
    published_.level = model::EvidenceLevel::ReadBack;
    published_.digest = digest_of(*verify_by_, {});
    return {};
}

}  // namespace godwit::posix
