#include "posix/publish_group.h"

#include <cerrno>
#include <map>

#include "base/check.h"
#include "base/sabotage.h"
#include "posix/pool_lanes.h"

namespace godwit::posix {
namespace {

using runtime::Task;

Error poisoned(const Root& root, const std::string& path) {
    return Error(ErrorKind::Corrupt, "sync directory", root.display(path),
                 "an earlier sync of it failed, so what it held may be lost; start again after checking the "
                 "disk")
        .with_code("DirectoryPoisoned");
}

void prepare_change(NameChange& change) {
    if (Result<void> prepared = change.prepare(); !prepared) change.fail(std::move(prepared.error()));
}

}  // namespace

// Suspends the task that has just joined, and only then lets the group start: by the time that it
// ends, the member knows whom to resume.
struct PublishGroup::Parked {
    PublishGroup& group;
    Arrival& arrival;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        group.waiting_.back().waiting = handle;
        arrival.end();
    }
    void await_resume() const noexcept {}
};

PublishGroup::PublishGroup(runtime::Loop& loop, runtime::Pool& pool, UnsyncedDirectories& unsynced,
                           std::function<void(const Error&)> warn)
    : loop_(loop), pool_(pool), unsynced_(unsynced), warn_(std::move(warn)), running_tasks_(loop) {}

PublishGroup::~PublishGroup() {
    GODWIT_CHECK(waiting_.empty(), "{} changes wait for no group", waiting_.size());
}

Task<Result<void>> PublishGroup::join(runtime::Context& context, std::shared_ptr<const Root> root,
                                      NameChange& change, Arrival arrival) {
    if (waiting_.empty()) loop_.start_timer(*this, loop_.now() + kGroupWaitMax);
    Member member{.context = &context, .root = std::move(root), .change = &change, .waiting = {}};
    waiting_bytes_ += change.size_bytes();
    waiting_.push_back(std::move(member));
    Parked parked{*this, arrival};
    co_await parked;
    if (change.failure()) co_return change.failure()->clone();
    co_return {};
}

Task<void> PublishGroup::drain() {
    co_await running_tasks_.wait();
}

void PublishGroup::expired() {
    waited_long_ = true;
    start_if_due();
}

void PublishGroup::arrived() {
    GODWIT_CHECK(arriving_ > 0);
    --arriving_;
    start_if_due();
}

void PublishGroup::start_if_due() {
    while (!waiting_.empty() && running_ < kGroupsRunningMax) {
        bool full = waiting_.size() >= kChangesMax || waiting_bytes_ >= kGroupBytesMax;
        if (!full && !waited_long_ && arriving_ > 0) return;
        ++running_;
        running_tasks_.spawn(run(take_members()));
    }
}

// The oldest, up to the limits of a group, at least one.
PublishGroup::Members PublishGroup::take_members() {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    while (count < waiting_.size() && count < kChangesMax) {
        std::uint64_t size = waiting_[count].change->size_bytes();
        if (count > 0 && bytes + size > kGroupBytesMax) break;
        bytes += size;
        ++count;
    }
    auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    Members members(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    waiting_bytes_ -= bytes;
    waited_long_ = false;
    runtime::Loop::stop_timer(*this);
    if (!waiting_.empty()) loop_.start_timer(*this, loop_.now() + kGroupWaitMax);
    return members;
}

Task<void> PublishGroup::run(Members members) {
    std::vector<NameChange*> changes;
    for (const Member& member : members) changes.push_back(member.change);
    auto prepare = [](NameChange* change) { prepare_change(*change); };
    co_await for_each_in_pool(loop_, pool_, changes, prepare);

    // No name appears for work whose time is over: its lease may be another's by now.
    for (const Member& member : members) {
        if (Result<void> alive = member.context->check(); !alive)
            member.change->fail(std::move(alive.error()));
    }
    co_await apply(members);

    for (const Member& member : members) loop_.resume_soon(member.waiting);
    if (cannot_sync_directories_ && !std::exchange(warned_, true) && warn_) {
        warn_(Error(ErrorKind::Unsupported, "sync directory", members.front().root->canonical_path(),
                    "the file system cannot sync directories: a power cut may take new names back"));
    }
    --running_;
    start_if_due();
}

// By directory, in order of the paths; those that have failed go to `abandoned`.
std::vector<PublishGroup::DirectoryBatch> PublishGroup::by_directory(const Members& members,
                                                                     std::vector<NameChange*>& abandoned) {
    std::map<RootedPath, DirectoryBatch> batches;
    for (const Member& member : members) {
        if (member.change->failure()) {
            abandoned.push_back(member.change);
            continue;
        }
        std::string parent = member.change->path().parent();
        DirectoryBatch& batch = batches[{member.root.get(), parent}];
        batch.root = member.root;
        batch.path = std::move(parent);
        batch.changes.push_back(member.change);
    }
    std::vector<DirectoryBatch> result;
    for (auto& [path, batch] : batches) result.push_back(std::move(batch));
    return result;
}

Task<void> PublishGroup::apply(const Members& members) {
    std::vector<NameChange*> abandoned;
    std::vector<DirectoryBatch> batches = by_directory(members, abandoned);
    auto abandon = [](NameChange* change) { change->abandon(); };
    co_await for_each_in_pool(loop_, pool_, abandoned, abandon);
    auto commit = [this](DirectoryBatch& batch) { commit_directory(batch); };
    co_await for_each_in_pool(loop_, pool_, batches, commit);
    co_await sync_above(batches);
}

// Each new directory above once, however many batches lie below it.
Task<void> PublishGroup::sync_above(std::vector<DirectoryBatch>& batches) {
    std::map<RootedPath, std::size_t> index;
    std::vector<Ancestor> ancestors;
    for (const DirectoryBatch& batch : batches) {
        for (const UnsyncedDirectories::Item& item : batch.above) {
            bool fresh = index.try_emplace({batch.root.get(), item.path}, ancestors.size()).second;
            if (fresh) ancestors.push_back({.root = batch.root, .item = item, .failure = {}});
        }
    }
    auto sync_it = [this](Ancestor& ancestor) { sync_ancestor(ancestor); };
    co_await for_each_in_pool(loop_, pool_, ancestors, sync_it);
    for (DirectoryBatch& batch : batches) {
        for (const UnsyncedDirectories::Item& item : batch.above) {
            const std::optional<Error>& failure = ancestors[index[{batch.root.get(), item.path}]].failure;
            if (failure) fail_all(batch, *failure);
        }
    }
}

// On a pool thread: all changes of one directory, then one sync of it.
void PublishGroup::commit_directory(DirectoryBatch& batch) const {
    const Root& root = *batch.root;
    Opened directory = root.open_directory(batch.path);
    if (!directory) {
        Error missing = path_error(directory.error(), "open directory", root.display(batch.path));
        for (NameChange* change : batch.changes) {
            Result<void> applied = change->apply_without_directory(missing.clone());
            if (applied) continue;
            change->fail(std::move(applied.error()));
            change->abandon();
        }
        return;
    }
    for (NameChange* change : batch.changes) {
        Result<void> applied = change->apply(directory->get());
        if (!applied) change->fail(std::move(applied.error()));
    }
    batch.above = unsynced_.above(batch.path);
    UnsyncedDirectories::Item self{.path = batch.path, .generation = 0};
    if (!batch.above.empty() && batch.above.front().path == batch.path) {
        self = batch.above.front();
        batch.above.erase(batch.above.begin());
    }
    if (Result<void> synced = sync(root, directory->get(), self); !synced) {
        fail_all(batch, synced.error());
    }
}

void PublishGroup::sync_ancestor(Ancestor& ancestor) const {
    Opened directory = ancestor.root->open_directory(ancestor.item.path);
    if (!directory) {
        ancestor.failure.emplace(
            path_error(directory.error(), "open directory", ancestor.root->display(ancestor.item.path)));
        return;
    }
    Result<void> synced = sync(*ancestor.root, directory->get(), ancestor.item);
    if (!synced) ancestor.failure.emplace(std::move(synced.error()));
}

void PublishGroup::fail_all(DirectoryBatch& batch, const Error& error) {
    for (NameChange* change : batch.changes) change->fail(error.clone());
}

Result<void> PublishGroup::sync(const Root& root, int fd, const UnsyncedDirectories::Item& item) const {
    if (unsynced_.is_poisoned(item.path)) return poisoned(root, item.path);
    int failed = GODWIT_SABOTAGE(skip_directory_sync) ? 0 : root.os().fsync(fd);
    if (means_no_directory_sync(-failed)) {
        cannot_sync_directories_ = true;
        failed = 0;
    }
    if (failed == -EIO && !GODWIT_SABOTAGE(forgive_directory_sync)) unsynced_.poison(item);
    if (failed < 0) return path_error(-failed, "sync directory", root.display(item.path));
    unsynced_.synced(item);
    return {};
}

}  // namespace godwit::posix
