#include "posix/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>

#include <array>
#include <cerrno>

#include "base/random.h"
#include "posix/directory_change.h"
#include "posix/file_status.h"
#include "posix/link_change.h"
#include "posix/listing.h"
#include "posix/medium.h"
#include "posix/metadata_change.h"
#include "posix/removal.h"
#include "posix/sink.h"
#include "posix/source.h"
#include "posix/xattrs.h"

namespace godwit::posix {
namespace {

using model::EvidenceLevel;
using model::ObjectType;
using runtime::Task;
using store::Context;
using store::Key;
using store::ObjectInfo;
using store::Receipt;

// Looks at what stands at the path. Absent: nothing, or a file where the key means a directory, or
// the other way round.
Result<std::optional<ObjectInfo>> look(const Workshop& workshop, const Root& root, const Key& key) {
    model::XattrClasses classes = workshop.options.attributes.xattrs;
    std::optional<ObjectInfo> info;
    Result<KeyPath> path = key_path(key);
    if (!path) return info;  // what cannot be held is not there
    Opened opened = root.open_at(path->path, O_PATH);
    if (!opened && (opened.error() == ENOENT || opened.error() == ENOTDIR)) return info;
    if (!opened) return path_error(opened.error(), "look at", root.display(path->path));
    std::string subject = root.display(path->path);
    GODWIT_TRY(model::NamedValues xattrs, read_xattrs(root.os(), opened->get(), classes, subject));
    struct stat status{};
    int failed = root.os().fstat(opened->get(), status);
    if (failed < 0) return path_error(-failed, "look at", subject);
    if (S_ISDIR(status.st_mode) != path->is_directory) return info;
    info.emplace();
    info->entry = entry_of(key, status);
    info->metadata.posix = info->entry.posix;
    info->metadata.xattrs = std::move(xattrs);
    info->metadata.told_xattrs = classes;
    workshop.tell_file_id(*info);
    return info;
}

// Those of which it is known that a synced file without a name, given one in a directory that is synced then,
// is there after a power cut (tests/e2e/test_power_cut.py shows it for ext4 and XFS).
bool keeps_unnamed(std::uint64_t file_system_type) {
    return file_system_type == EXT4_SUPER_MAGIC || file_system_type == XFS_SUPER_MAGIC ||
           file_system_type == TMPFS_MAGIC;
}

// Could `file`, which has no name, be given one? Asked for a name that is taken, so that a crash can leave
// none.
bool can_take_a_name(const Root& root, const StagedFile& file) {
    Opened directory = root.open_directory("");
    return directory && root.os().link(file.fd.get(), directory->get(), ".") == -EEXIST;
}

// What a destination can do.
struct Abilities {
    EvidenceLevel evidence = EvidenceLevel::None;
    bool stages_unnamed = false;
    std::int64_t now_ns = 0;  // by the file system's clock
};

// A file without a name, or one that loses it at once where there is no such thing.
Result<StagedFile> create_probe(const Root& root, const StagingNames& staging, bool& unnamed) {
    Key key(random_hex(system_random(), 16));
    UnsyncedDirectories unsynced;
    GODWIT_TRY(KeyPath path, key_path(key));
    Result<StagedFile> file = create_unnamed(root, unsynced, path, 0600);
    unnamed = file.has_value();
    if (unnamed) return file;
    GODWIT_TRY(file, create_staged(root, unsynced, path, staging.name_for(key), 0600));
    GODWIT_TRY_VOID(discard_own(root, *file, path));
    return file;
}

// Writes a file, syncs it and looks how it can be read back: what a destination can prove, and early
// whether it can be written at all.
Result<Abilities> probe(const Root& root, const StagingNames& staging) {
    bool unnamed = false;
    GODWIT_TRY(StagedFile file, create_probe(root, staging, unnamed));
    std::array<std::byte, AlignedBuffer::kAlignmentBytes> bytes{};
    Os& os = root.os();
    std::string subject = root.display("");
    ssize_t wrote = os.pwrite(file.fd.get(), bytes.data(), bytes.size(), 0);
    if (wrote < 0) return path_error(static_cast<int>(-wrote), "write a probe into", subject);
    int failed = os.fsync(file.fd.get());
    if (failed < 0) return path_error(-failed, "sync a probe in", subject);
    file.status.st_size = static_cast<off_t>(bytes.size());
    auto medium = Medium::past_cache(root, file.fd.get(), file.status);
    auto ignore = [](std::span<const std::byte>) {};
    auto got = medium->read(0, bytes.size(), ignore);
    if (!got) return path_error(got.error(), "read a probe from", subject);
    bool stages_unnamed = unnamed && keeps_unnamed(root.file_system_type()) && can_take_a_name(root, file);
    return Abilities{medium->level(), stages_unnamed, nanoseconds(file.status.st_ctim)};
}

struct Attached {
    std::shared_ptr<const Root> root;
    Abilities abilities;
};

Result<Attached> attach_now(const Workshop& workshop, store::Role role) {
    bool destination = role == store::Role::Destination;
    RootOptions options{.path = workshop.options.root,
                        .create = destination,
                        .one_file_system = workshop.options.one_file_system};
    GODWIT_TRY(Root root, Root::open(workshop.os, options));
    Attached attached;
    if (destination) {
        GODWIT_TRY(attached.abilities, probe(root, *workshop.staging));
    }
    attached.root = std::make_shared<const Root>(std::move(root));
    return attached;
}

// A directory has no bytes, and only a directory's key ends in '/'.
Result<void> check_shape(const store::PutRequest& request, const KeyPath& path, std::size_t size_bytes) {
    if (size_bytes != request.size_bytes) {
        return Error(ErrorKind::Invalid, "publish", request.key.bytes(),
                     fmt::format("{} bytes were given for an object of {}", size_bytes, request.size_bytes));
    }
    bool directory = request.type == ObjectType::Directory;
    if (directory == path.is_directory && (!directory || size_bytes == 0)) return {};
    return Error(ErrorKind::Unsupported, "publish", request.key.bytes(),
                 "a key that ends in '/' is a directory here, and a directory holds no bytes of its own")
        .with_code("UnrepresentableKey");
}

}  // namespace

PosixStore::PosixStore(runtime::Loop& loop, runtime::Pool& pool, PosixOptions options, Os& os)
    : workshop_(std::make_shared<Workshop>(loop, pool, os, std::move(options))) {
    capabilities_.hierarchical = true;
    capabilities_.lists_posix = true;
    capabilities_.commit_group_objects = PublishGroup::kChangesMax;
    capabilities_.put_bytes_max = workshop_->options.put_bytes_max;
}

PosixStore::~PosixStore() = default;

Task<Result<store::RootIdentity>> PosixStore::attach(Context& context, store::Role role) {
    GODWIT_CO_TRY_VOID(context.check());
    auto job = [&] { return attach_now(*workshop_, role); };
    GODWIT_CO_TRY(Attached attached, co_await workshop_->pool.run(job));
    workshop_->root = std::move(attached.root);
    capabilities_.commit_evidence = attached.abilities.evidence;
    workshop_->stages_unnamed = workshop_->options.stages_unnamed && attached.abilities.stages_unnamed;
    if (role == store::Role::Destination)
        workshop_->clock_ahead_ns = attached.abilities.now_ns - workshop_->loop.unix_time_ns();
    store::RootIdentity identity;
    identity.canonical = "posix:" + workshop_->root->canonical_path();
    identity.identity = workshop_->root->identity();
    co_return identity;
}

std::string PosixStore::uri(const Key& key) const {
    if (workshop_->root) return workshop_->root->display(key.bytes());
    return workshop_->options.root + "/" + key.bytes();
}

std::unique_ptr<store::Listing> PosixStore::list(store::ListedKeys keys) {
    return make_listing(workshop_, std::move(keys));
}

Task<Result<std::optional<ObjectInfo>>> PosixStore::stat(Context& context, const Key& key, bool) {
    GODWIT_CO_TRY_VOID(context.check());
    std::shared_ptr<const Root> root = workshop_->root;
    auto job = [&] { return look(*workshop_, *root, key); };
    co_return co_await workshop_->pool.run(job);
}

Task<Result<std::unique_ptr<store::Source>>> PosixStore::open(Context& context,
                                                              const store::OpenRequest& request) {
    GODWIT_CO_TRY_VOID(context.check());
    std::shared_ptr<const Root> root = workshop_->root;
    auto job = [&] { return open_source(workshop_, root, request); };
    co_return co_await workshop_->pool.run(job);
}

Task<Result<Receipt>> PosixStore::put(Context& context, const store::PutRequest& request,
                                      std::span<const std::byte> bytes, const Digest& digest) {
    GODWIT_CO_TRY_VOID(context.check());
    GODWIT_CO_TRY(KeyPath path, key_path(request.key));
    GODWIT_CO_TRY_VOID(check_shape(request, path, bytes.size()));
    if (request.type == ObjectType::File) co_return co_await put_file(context, request, bytes, digest);

    std::shared_ptr<const Root> root = workshop_->root;
    PublishGroup::Arrival arrival = workshop_->group.expect();
    if (request.type == ObjectType::Directory) {
        DirectoryChange change(workshop_->tools(*root), std::move(path), request);
        GODWIT_CO_TRY_VOID(co_await workshop_->group.join(context, root, change, std::move(arrival)));
        co_return workshop_->receipt_for(change.published());
    }
    std::string name = workshop_->staging->name_for(request.key);
    std::string target(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    LinkReplacement change(workshop_->tools(*root), std::move(path), request, std::move(name),
                           std::move(target));
    GODWIT_CO_TRY_VOID(co_await workshop_->group.join(context, root, change, std::move(arrival)));
    co_return workshop_->receipt_for(change.published());
}

Task<Result<Receipt>> PosixStore::put_file(Context& context, const store::PutRequest& request,
                                           std::span<const std::byte> bytes, const Digest& digest) {
    std::shared_ptr<const Root> root = workshop_->root;
    PublishGroup::Arrival arrival = workshop_->group.expect();
    GODWIT_CO_TRY(KeyPath path, key_path(request.key));
    bool unnamed = workshop_->stages_unnamed && !request.replaces;
    std::string name = unnamed ? std::string() : workshop_->staging->name_for(request.key);
    FileReplacement change(workshop_->tools(*root), std::move(path), request, std::move(name));
    if (request.verify) change.prove(digest);
    auto stage = [&]() -> Result<void> {
        GODWIT_TRY_VOID(change.stage());
        Result<void> staged = change.fill(bytes, request.source);
        if (staged) staged = change.set_attributes();
        if (!staged) change.remove();
        return staged;
    };
    GODWIT_CO_TRY_VOID(co_await workshop_->pool.run(stage));
    GODWIT_CO_TRY_VOID(co_await workshop_->group.join(context, root, change, std::move(arrival)));
    co_return workshop_->receipt_for(change.published());
}

Task<Result<std::unique_ptr<store::Sink>>> PosixStore::begin(Context& context,
                                                             const store::PutRequest& request) {
    GODWIT_CO_TRY_VOID(context.check());
    co_return co_await begin_sink(workshop_, request);
}

Task<Result<std::unique_ptr<store::Sink>>> PosixStore::resume(Context& context,
                                                              const store::PutRequest& request,
                                                              const std::string& checkpoint) {
    GODWIT_CO_TRY_VOID(context.check());
    co_return co_await resume_sink(workshop_, request, checkpoint);
}

Task<Result<void>> PosixStore::discard(Context& context, const Key& key, const std::string& checkpoint,
                                       std::int64_t) {
    GODWIT_CO_TRY_VOID(context.check());
    Result<KeyPath> path = key_path(key);
    if (!path) co_return {};  // nothing can have been staged for it
    std::optional<Checkpoint> parsed = parse_checkpoint(checkpoint);
    std::string name = parsed ? parsed->staged_name : workshop_->staging->name_for(key);
    std::shared_ptr<const Root> root = workshop_->root;
    std::string aside = workshop_->staging->removal_name_for(key);
    auto job = [&]() -> Result<void> {
        GODWIT_TRY_VOID(discard_staged(*root, *path, name));
        return undo_removal(*root, *path, aside);
    };
    co_return co_await workshop_->pool.run(job);
}

Task<Result<Receipt>> PosixStore::copy_from(Context&, store::Store&, const store::CopyRequest& request) {
    co_return Error(ErrorKind::Unsupported, "copy inside the store", uri(request.put.key),
                    "a file system copies through us");
}

Task<Result<store::Linked>> PosixStore::link(Context& context, const store::LinkRequest& request) {
    GODWIT_CO_TRY_VOID(context.check());
    GODWIT_CO_TRY(KeyPath path, key_path(request.key));
    GODWIT_CO_TRY(KeyPath first, key_path(request.first));
    std::shared_ptr<const Root> root = workshop_->root;
    PublishGroup::Arrival arrival = workshop_->group.expect();
    std::string name = workshop_->staging->name_for(request.key);
    LinkChange change(workshop_->tools(*root), std::move(path), std::move(first), request, std::move(name));
    Result<void> linked = co_await workshop_->group.join(context, root, change, std::move(arrival));
    if (!linked && linked.error().code() == "NoHardLink") workshop_->warn(linked.error());
    GODWIT_CO_TRY_VOID(std::move(linked));
    co_return change.linked();
}

Task<Result<Receipt>> PosixStore::set_metadata(Context& context, const store::PutRequest& request,
                                               const store::Identity& expected) {
    GODWIT_CO_TRY_VOID(context.check());
    GODWIT_CO_TRY(KeyPath path, key_path(request.key));
    std::shared_ptr<const Root> root = workshop_->root;
    ChangeTools tools = workshop_->tools(*root);
    auto job = [&] { return change_metadata(tools, path, request, expected); };
    GODWIT_CO_TRY(Published published, co_await workshop_->pool.run(job));
    co_return workshop_->receipt_for(published);
}

Task<Result<void>> PosixStore::remove(Context& context, const Key& key, const store::Identity& expected) {
    GODWIT_CO_TRY_VOID(context.check());
    Result<KeyPath> path = key_path(key);
    if (!path) co_return {};  // what cannot be held is not there
    std::shared_ptr<const Root> root = workshop_->root;
    std::string name = workshop_->staging->removal_name_for(key);
    PublishGroup::Arrival arrival = workshop_->group.expect();
    Removal change(workshop_->tools(*root), std::move(*path), expected, std::move(name));
    co_return co_await workshop_->group.join(context, root, change, std::move(arrival));
}

Task<Result<void>> PosixStore::verify_root(Context& context) {
    GODWIT_CO_TRY_VOID(context.check());
    std::shared_ptr<const Root> held = workshop_->root;
    auto job = [&]() -> Result<void> {
        GODWIT_TRY(Root now, Root::open(workshop_->os, {.path = workshop_->options.root}));
        if (now.identity() == held->identity()) return {};
        return Error(ErrorKind::Changed, "look up", held->display(""),
                     fmt::format("file system and inode were {}, and are {} now", held->identity(),
                                 now.identity()))
            .with_code("RootReplaced");
    };
    co_return co_await workshop_->pool.run(job);
}

bool PosixStore::may_be_newer(const store::Identity& generation, std::int64_t unix_ns) const {
    return ctime_ns(generation) > unix_ns + workshop_->clock_ahead_ns;
}

Task<void> PosixStore::close() {
    co_await workshop_->background.wait();
    co_await workshop_->group.drain();
}

}  // namespace godwit::posix
