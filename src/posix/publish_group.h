// The group commit: many changes of names made durable with few syncs.
//
// Changes that are ready at about the same time form a group of at most kChangesMax changes and
// kGroupBytesMax; it closes after kGroupWaitMax, or at once when nobody else is on the way to it, so
// a lone file waits for nobody. The group then
//
//   1. prepares all changes, on all pool threads (fsync, read back from the medium),
//   2. drops those whose context has ended,
//   3. applies them directory by directory, one fsync for each directory after its last rename,
//   4. syncs the directories above that are new and not synced yet,
//   5. wakes each waiting task.
//
// While kGroupsRunningMax groups run, later changes gather in the next. Loop thread only.
#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "posix/name_change.h"
#include "posix/root.h"
#include "posix/unsynced.h"
#include "runtime/context.h"
#include "runtime/group.h"
#include "runtime/pool.h"

namespace godwit::posix {

class PublishGroup : private runtime::Timer {
  public:
    static constexpr std::size_t kChangesMax = 256;
    static constexpr std::uint64_t kGroupBytesMax = 256u << 20;
    static constexpr Duration kGroupWaitMax = std::chrono::milliseconds(50);
    static constexpr std::size_t kGroupsRunningMax = 2;

    // `unsynced` outlives the group's work. `warn` is told once when the file system cannot sync
    // directories (C33); on the loop's thread.
    PublishGroup(runtime::Loop& loop, runtime::Pool& pool, UnsyncedDirectories& unsynced,
                 std::function<void(const Error&)> warn);
    ~PublishGroup() override;

    // Somebody on the way to join(): as long as there is one, a group waits for more.
    class Arrival {
      public:
        explicit Arrival(PublishGroup& group) : group_(&group) { ++group.arriving_; }
        Arrival(Arrival&& other) noexcept : group_(std::exchange(other.group_, nullptr)) {}
        Arrival& operator=(Arrival&&) = delete;
        ~Arrival() { end(); }
        void end() {
            if (PublishGroup* group = std::exchange(group_, nullptr)) group->arrived();
        }

      private:
        PublishGroup* group_;
    };
    Arrival expect() { return Arrival(*this); }

    // Makes the change durable with its group. Returns when it is done or has failed, even if
    // `context` ends meanwhile: a change is never left half-way. Until then all arguments live.
    runtime::Task<Result<void>> join(runtime::Context& context, std::shared_ptr<const Root> root,
                                     NameChange& change, Arrival arrival);

    // Waits until no group runs.
    runtime::Task<void> drain();

  private:
    struct Member {
        runtime::Context* context = nullptr;
        std::shared_ptr<const Root> root;
        NameChange* change = nullptr;
        std::coroutine_handle<> waiting;
    };
    using Members = std::vector<Member>;
    using RootedPath = std::pair<const Root*, std::string>;
    struct Parked;
    // The changes of one directory, and what became of the directory.
    struct DirectoryBatch {
        std::shared_ptr<const Root> root;
        std::string path;
        std::vector<NameChange*> changes;
        std::vector<UnsyncedDirectories::Item> above;
    };
    // A directory above, to be synced.
    struct Ancestor {
        std::shared_ptr<const Root> root;
        UnsyncedDirectories::Item item;
        std::optional<Error> failure;
    };

    void expired() override;
    void arrived();
    void start_if_due();
    Members take_members();
    runtime::Task<void> run(Members members);
    static std::vector<DirectoryBatch> by_directory(const Members& members,
                                                    std::vector<NameChange*>& abandoned);
    static void fail_all(DirectoryBatch& batch, const Error& error);
    runtime::Task<void> apply(const Members& members);
    runtime::Task<void> sync_above(std::vector<DirectoryBatch>& batches);
    void commit_directory(DirectoryBatch& batch) const;
    void sync_ancestor(Ancestor& ancestor) const;
    Result<void> sync(const Root& root, int fd, const UnsyncedDirectories::Item& item) const;

    runtime::Loop& loop_;
    runtime::Pool& pool_;
    UnsyncedDirectories& unsynced_;
    std::function<void(const Error&)> warn_;
    runtime::TaskGroup running_tasks_;

    Members waiting_;
    std::uint64_t waiting_bytes_ = 0;
    std::size_t arriving_ = 0;
    std::size_t running_ = 0;
    bool waited_long_ = false;
    bool warned_ = false;
    mutable std::atomic<bool> cannot_sync_directories_ = false;  // set on pool threads
};

}  // namespace godwit::posix
