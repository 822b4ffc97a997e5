#include "posix/replacement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"
#include "base/encoding.h"
#include "base/sabotage.h"
#include "model/spellings.h"
#include "posix/file_status.h"
#include "posix/holes.h"
#include "posix/medium.h"
#include "posix/source.h"

namespace godwit::posix {
namespace {

constexpr std::size_t kTargetBytesMax = 4095;  // PATH_MAX less the NUL

// Local file systems answer for all at fsync; of the others (NFS, SMB, FUSE ...) some report a lost
// write only when a descriptor is closed (C24).
bool reports_at_close(std::uint64_t file_system_type) {
    constexpr std::array<std::uint64_t, 7> kLocal = {EXT4_SUPER_MAGIC,     XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                                     TMPFS_MAGIC,          RAMFS_MAGIC,     F2FS_SUPER_MAGIC,
                                                     OVERLAYFS_SUPER_MAGIC};
    return std::ranges::find(kLocal, file_system_type) == kLocal.end();
}

}  // namespace

Error corrupt(std::string subject, const Digest& expected, const Digest& found) {
    return Error(ErrorKind::Corrupt, "read back", std::move(subject),
                 fmt::format("expected {}, stored {}", expected.display(), found.display()))
        .with_code("Mismatch");
}

Error changed(std::string operation, std::string subject, const model::Identity& expected,
              const model::Identity& found) {
    auto text = [](const model::Identity& identity) {
        if (identity.tag.empty()) return std::string("nothing");
        return fmt::format("{} bytes, mtime {} ns, inode and ctime {}", identity.size_bytes,
                           identity.mtime_ns, identity.tag);
    };
    return Error(ErrorKind::Changed, std::move(operation), std::move(subject),
                 fmt::format("expected {}, found {}", text(expected), text(found)));
}

Replacement::Replacement(ChangeTools tools, KeyPath path, const store::PutRequest& request,
                         std::string staged_name)
    : NameChange(std::move(path)),
      tools_(tools),
      wanted_(wanted_attributes(tools.attributes, request.type, request.metadata)),
      staged_name_(std::move(staged_name)),
      replaces_(request.replaces) {}

// What stands there answers to other spellings of the path as well: it may be another key's object.
bool Replacement::folds_names(const struct stat& found) const {
    const Root& root = tools_.root;
    return std::ranges::any_of(model::other_spellings(model::Key(path().path)), [&](const model::Key& other) {
        Opened opened = root.open_at(other.bytes(), O_PATH);
        struct stat status{};
        return opened && root.os().fstat(opened->get(), status) == 0 && status.st_ino == found.st_ino &&
               status.st_dev == found.st_dev;
    });
}

Error Replacement::in_the_way(const struct stat& found) const {
    if (S_ISDIR(found.st_mode)) {
        return Error(ErrorKind::Exists, "publish", subject(), "a directory of this name is in the way")
            .with_code("EISDIR");
    }
    // Whoever looks again would find another key's object under this name, and replace it.
    if (!replaces_ && !GODWIT_SABOTAGE(overwrite_folded_twin) && folds_names(found))
        return model::names_fold(subject());
    return changed("publish", subject(), replaces_.value_or(model::Identity{}), identity_of(found));
}

Result<void> Replacement::check_replaced(int directory) const {
    struct stat found{};
    int failed = tools_.root.os().fstatat(directory, path().name(), found);
    if (failed == -ENOENT && !replaces_) return {};
    if (failed == -ENOENT) return changed("publish", subject(), *replaces_, model::Identity{});
    if (failed < 0) return path_error(-failed, "look at", subject());
    // ctime does not count: replacing one name of a file moves it for the file's other names.
    if (!replaces_ || S_ISDIR(found.st_mode) || !same_but_ctime(identity_of(found), *replaces_))
        return in_the_way(found);
    return {};
}

Result<struct stat> Replacement::take_name(int directory) {
    Os& os = tools_.root.os();
    struct stat found{};
    int failed = -EINVAL;
    if (!replaces_) failed = take_free_name(directory);
    if (failed == -EEXIST) {
        failed = os.fstatat(directory, path().name(), found);
        if (failed == 0) return in_the_way(found);
    }
    // EINVAL: a file system without RENAME_NOREPLACE, where a look before has to do.
    if (failed == -EINVAL) {
        GODWIT_TRY_VOID(check_replaced(directory));
        failed = os.rename(directory, staged_name_.c_str(), path().name(), 0);
    }
    if (failed == 0) failed = os.fstatat(directory, path().name(), found);
    if (failed < 0) return path_error(-failed, "publish", subject());
    return found;
}

int Replacement::take_free_name(int directory) {
    return tools_.root.os().rename(directory, staged_name_.c_str(), path().name(),
                                   GODWIT_SABOTAGE(overwrite_what_appeared) ? 0 : RENAME_NOREPLACE);
}

void Replacement::remove_staged(int directory) const {
    if (staged_name_.empty()) return;
    tools_.root.os().unlinkat(directory, staged_name_.c_str(), 0);
}

FileReplacement::FileReplacement(ChangeTools tools, KeyPath path, const store::PutRequest& request,
                                 std::string staged_name)
    : Replacement(tools, std::move(path), request, std::move(staged_name)),
      size_bytes_(request.size_bytes),
      holes_(request.metadata.holes) {
    GODWIT_CHECK(!staged_name_.empty() || !request.replaces, "{} cannot be replaced without a staged name",
                 request.key.bytes());
}

Result<void> FileReplacement::stage() {
    GODWIT_TRY(staged_, make_staged());
    return {};
}

Result<StagedFile> FileReplacement::make_staged() {
    mode_t mode = staging_mode(wanted_);
    if (staged_name_.empty()) {
        Result<StagedFile> unnamed = create_unnamed(tools_.root, tools_.unsynced, path(), mode);
        // Another file system may be mounted below the root, of which nothing is known. And what is in the
        // way of the directory (a link, a file) only the other way can tell.
        bool with_a_name =
            unnamed ? unnamed->status.st_dev != tools_.root.device()
                    : unnamed.error().kind() == ErrorKind::Unsupported || unnamed.error().code() == "ENOTDIR";
        if (!with_a_name) return unnamed;
        staged_name_ = tools_.staging.name_for(model::Key(path().path));
    }
    return create_staged(tools_.root, tools_.unsynced, path(), staged_name_, mode);
}

int FileReplacement::take_free_name(int directory) {
    if (!staged_name_.empty()) return Replacement::take_free_name(directory);
    return tools_.root.os().link(staged_.fd.get(), directory, path().name());
}

Result<void> FileReplacement::resume() {
    GODWIT_TRY(staged_, open_staged(tools_.root, path(), staged_name_));
    return {};
}

Result<void> FileReplacement::write(std::uint64_t offset_bytes, std::span<const std::byte> bytes) {
    int fd = staged_.fd.get();
    std::uint64_t at = offset_bytes, size = bytes.size();
    while (!bytes.empty()) {
        ssize_t wrote = tools_.root.os().pwrite(fd, bytes.data(), bytes.size(), at);
        if (wrote <= 0) return path_error(wrote < 0 ? static_cast<int>(-wrote) : ENOSPC, "write", subject());
        bytes = bytes.subspan(static_cast<std::size_t>(wrote));
        at += static_cast<std::uint64_t>(wrote);
    }
    ::sync_file_range(fd, static_cast<off_t>(offset_bytes), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);
    return {};
}

Result<void> FileReplacement::write_into_hole(std::uint64_t offset_bytes, std::span<const std::byte> bytes) {
    if (!tools_.sparse) return all_zero(bytes) ? Result<void>() : write(offset_bytes, bytes);
    auto write_run = [this](std::uint64_t at, std::span<const std::byte> run) { return write(at, run); };
    return write_around_holes(offset_bytes, bytes, holes_, write_run);
}

Result<bool> FileReplacement::share(const store::Source* source) {
    if (!tools_.reflink || !source || size_bytes_ == 0) return false;
    Result<void> shared = clone_source(*source, staged_.fd.get());
    if (shared && expected_ && GODWIT_SABOTAGE(believe_the_clone))
        prepared(model::EvidenceLevel::ReadBack, expected_);
    if (shared) return true;
    // A source that has changed is its reader's to judge: what was read is written, as without sharing.
    const Error& why = shared.error();
    if (why.kind() != ErrorKind::Changed) {
        published_.not_shared =
            Error(why.kind(), why.operation(), why.subject(), why.cause() + "; they were copied")
                .with_code(why.code());
    }
    int failed = tools_.root.os().ftruncate(staged_.fd.get(), 0);
    if (failed < 0) return path_error(-failed, "empty", subject());
    return false;
}

Result<void> FileReplacement::fill(std::span<const std::byte> bytes, const store::Source* source) {
    GODWIT_TRY(bool shared, share(source));
    if (shared) return {};
    if (!tools_.sparse) return write(0, bytes);
    GODWIT_TRY_VOID(extend());
    return write_into_hole(0, bytes);
}

Result<void> FileReplacement::extend() {
    int failed = tools_.root.os().ftruncate(staged_.fd.get(), size_bytes_);
    if (failed < 0) return path_error(-failed, "make room for", subject());
    return {};
}

Result<void> FileReplacement::set_attributes() {
    GODWIT_TRY(published_.warning, apply_attributes(tools_.root.os(), tools_.attributes, wanted_,
                                                    staged_.fd.get(), staged_.status, subject()));
    return {};
}

Result<void> FileReplacement::sync() {
    Os& os = tools_.root.os();
    int failed = GODWIT_SABOTAGE(skip_file_sync) ? 0 : os.fsync(staged_.fd.get());
    if (failed < 0 && GODWIT_SABOTAGE(retry_failed_sync)) failed = os.fsync(staged_.fd.get());
    if (failed == 0 && reports_at_close(tools_.root.file_system_type())) {
        Descriptor second(os, ::fcntl(staged_.fd.get(), F_DUPFD_CLOEXEC, 0));
        if (second && !GODWIT_SABOTAGE(ignore_close_error)) failed = -second.close();
    }
    if (failed < 0) return path_error(-failed, "sync", subject());
    return {};
}

void FileReplacement::prepared(model::EvidenceLevel level, std::optional<Digest> digest) {
    prepared_ = true;
    proved(level, std::move(digest));
}

void FileReplacement::proved(model::EvidenceLevel level, std::optional<Digest> digest) {
    published_.level = level;
    published_.digest = std::move(digest);
}

Result<void> FileReplacement::prepare() {
    if (prepared_) return {};
    if (!GODWIT_SABOTAGE(name_before_sync)) GODWIT_TRY_VOID(sync());
    return GODWIT_SABOTAGE(name_before_read_back) ? Result<void>() : read_back();
}

Result<void> FileReplacement::read_back() {
    if (!expected_) return {};
    struct stat status = staged_.status;
    status.st_size = static_cast<off_t>(size_bytes_);
    auto medium = Medium::past_cache(tools_.root, staged_.fd.get(), status);
    Hasher hasher(expected_->algorithm());
    auto take = [&](std::span<const std::byte> piece) { hasher.update(piece); };
    auto got = medium->read(0, size_bytes_, take);
    if (!got) return path_error(got.error(), "read back", subject());
    Digest found = hasher.digest();
    bool equal = found == *expected_ || GODWIT_SABOTAGE(skip_read_back_compare);
    if (*got != size_bytes_ || !equal) return corrupt(subject(), *expected_, found);
    proved(medium->level(), found);
    return {};
}

Result<void> FileReplacement::apply(int directory) {
    Result<struct stat> named = take_name(directory);
    if (!named) {
        remove_staged(directory);
        return std::move(named.error());
    }
    if (named->st_ino != staged_.status.st_ino || named->st_dev != staged_.status.st_dev) {
        return Error(ErrorKind::Corrupt, "publish", subject(),
                     "another file was put in the staged one's place")
            .with_code("StagedFileSwapped");
    }
    if (GODWIT_SABOTAGE(name_before_sync)) GODWIT_TRY_VOID(sync());
    if (GODWIT_SABOTAGE(name_before_read_back)) GODWIT_TRY_VOID(read_back());
    published_.identity = identity_of(*named);
    if (published_.identity.size_bytes != size_bytes_) {
        return Error(ErrorKind::Corrupt, "publish", subject(),
                     fmt::format("expected {} bytes, found {}", size_bytes_, published_.identity.size_bytes))
            .with_code("Mismatch");
    }
    staged_.fd.close();
    return {};
}

void FileReplacement::abandon() {
    if (!prepared_) remove();
}

void FileReplacement::remove() {
    if (!staged_.fd) return;
    if (!staged_name_.empty()) {
        Opened directory = tools_.root.open_directory(path().parent());
        if (directory) remove_staged(directory->get());
    }
    staged_.fd.close();
}

LinkReplacement::LinkReplacement(ChangeTools tools, KeyPath path, const store::PutRequest& request,
                                 std::string staged_name, std::string target)
    : Replacement(tools, std::move(path), request, std::move(staged_name)), target_(std::move(target)) {
    if (request.verify) verify_by_ = request.digest;
}

Result<void> LinkReplacement::prepare() {
    if (target_.empty() || target_.size() > kTargetBytesMax || target_.find('\0') != std::string::npos) {
        return Error(ErrorKind::Unsupported, "make symbolic link", subject(),
                     fmt::format("a target of {} bytes; 1 to {} without a NUL are allowed", target_.size(),
                                 kTargetBytesMax))
            .with_code("UnrepresentableTarget");
    }
    GODWIT_TRY(Descriptor directory, make_directories(tools_.root, tools_.unsynced, path().parent()));
    return {};
}

Result<void> LinkReplacement::apply(int directory) {
    Result<void> made = make_and_name(directory);
    if (!made) remove_staged(directory);
    return made;
}

Result<void> LinkReplacement::make_and_name(int directory) {
    Os& os = tools_.root.os();
    int failed = os.symlinkat(target_.c_str(), directory, staged_name_.c_str());
    if (failed == -EEXIST) {
        remove_staged(directory);
        failed = os.symlinkat(target_.c_str(), directory, staged_name_.c_str());
    }
    if (failed < 0) return path_error(-failed, "make symbolic link", subject());
    GODWIT_TRY(published_.warning, apply_link_attributes(os, tools_.attributes, wanted_, directory,
                                                         staged_name_.c_str(), subject()));
    GODWIT_TRY(struct stat named, take_name(directory));
    published_.identity = identity_of(named);
    if (!verify_by_) return {};
    std::string stored(target_.size() + 1, '\0');
    ssize_t got = os.readlinkat(directory, path().name(), stored.data(), stored.size());
    if (got < 0) return path_error(static_cast<int>(-got), "read back", subject());
    stored.resize(static_cast<std::size_t>(got));
    if (stored != target_) {
        return Error(ErrorKind::Corrupt, "read back", subject(),
                     fmt::format("expected the target {}, stored {}", target_, stored))
            .with_code("Mismatch");
    }
    // A link lives in the directory's metadata, which no call reads past the cache.
    published_.level = model::EvidenceLevel::ReadBackCached;
    published_.digest = digest_of(*verify_by_, bytes_of(stored));
    return {};
}

}  // namespace godwit::posix
