#include "posix/publish_group.h"

#include <fcntl.h>

#include "posix/testing.h"
#include "runtime/manual_loop.h"

namespace godwit::posix {
namespace {

using runtime::Context;
using runtime::Task;
using testing::open_root;
using testing::TempDirectory;

// A change that makes an empty file, and remembers what was asked of it.
class MakeFile final : public NameChange {
  public:
    MakeFile(const Root& root, const std::string& key, std::uint64_t size_bytes = 0)
        : NameChange(*key_path(model::Key(key))), root_(root), size_bytes_(size_bytes) {}

    std::uint64_t size_bytes() const override { return size_bytes_; }
    Result<void> prepare() override {
        prepared = true;
        if (refuse) return Error(ErrorKind::Corrupt, "prepare", path().path, "refused");
        return {};
    }
    Result<void> apply(int) override {
        applied = true;
        Opened made = root_.open_at(path().path, O_CREAT | O_WRONLY, 0600);
        if (!made) return path_error(made.error(), "make", path().path);
        return {};
    }
    void abandon() override { abandoned = true; }

    bool refuse = false;
    bool prepared = false, applied = false, abandoned = false;

  private:
    const Root& root_;
    std::uint64_t size_bytes_;
};

class Groups : public ::testing::Test {
  protected:
    using Changes = std::vector<std::unique_ptr<MakeFile>>;

    Changes changes(std::size_t count, const std::string& directory = "", std::uint64_t size_bytes = 0) {
        Changes made;
        for (std::size_t i = 0; i < count; ++i) {
            made.push_back(std::make_unique<MakeFile>(*root_, directory + std::to_string(i), size_bytes));
        }
        return made;
    }

    // Joins after it was announced; the outcome is in the change.
    static Task<void> join(PublishGroup& group, Context& context, std::shared_ptr<const Root> root,
                           NameChange& change, PublishGroup::Arrival arrival, int& done) {
        static_cast<void>(co_await group.join(context, std::move(root), change, std::move(arrival)));
        ++done;
    }

    // Announces all, then lets them join one after the other.
    Task<int> join_all(Changes& all) {
        std::vector<PublishGroup::Arrival> arrivals;
        for (std::size_t i = 0; i < all.size(); ++i) arrivals.push_back(group_.expect());
        runtime::TaskGroup tasks(loop_);
        int done = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            tasks.spawn(join(group_, context_, root_, *all[i], std::move(arrivals[i]), done));
        }
        co_await tasks.wait();
        co_return done;
    }

    TempDirectory tree_;
    testing::FaultyOs os_;
    std::shared_ptr<const Root> root_ = open_root(tree_.path(), os_);
    runtime::IoLoop loop_;
    runtime::Pool pool_{loop_, 4, "group-test"};
    Context context_{loop_};
    UnsyncedDirectories unsynced_;
    std::vector<std::string> warnings_;
    PublishGroup group_{loop_, pool_, unsynced_,
                        [this](const Error& error) { warnings_.push_back(error.message()); }};
};

TEST_F(Groups, sync_a_directory_once_for_all_its_files) {
    Changes all = changes(100);
    EXPECT_EQ(loop_.block_on(join_all(all)), 100);
    EXPECT_EQ(os_.calls()["fsync"], 1);
    EXPECT_EQ(tree_.names().size(), 100u);
}

TEST_F(Groups, hold_a_bounded_number_of_changes) {
    Changes all = changes(PublishGroup::kChangesMax + 10);
    EXPECT_EQ(loop_.block_on(join_all(all)), static_cast<int>(PublishGroup::kChangesMax) + 10);
    EXPECT_EQ(os_.calls()["fsync"], 2);
}

TEST_F(Groups, hold_a_bounded_number_of_bytes) {
    Changes all = changes(4, "", PublishGroup::kGroupBytesMax / 2);
    EXPECT_EQ(loop_.block_on(join_all(all)), 4);
    EXPECT_EQ(os_.calls()["fsync"], 2);
}

TEST_F(Groups, sync_each_directory_and_each_new_one_above_once) {
    UnsyncedDirectories& unsynced = unsynced_;
    ASSERT_TRUE(make_directories(*root_, unsynced, "a/b"));
    ASSERT_TRUE(make_directories(*root_, unsynced, "a/c"));
    Changes all = changes(3, "a/b/");
    for (auto& change : changes(3, "a/c/")) all.push_back(std::move(change));
    EXPECT_EQ(loop_.block_on(join_all(all)), 6);
    EXPECT_EQ(os_.calls()["fsync"], 4) << "a/b, a/c, a and the root";
    EXPECT_TRUE(unsynced_.above("a/b").empty());
}

TEST_F(Groups, let_no_file_be_safe_before_a_directory_that_another_task_made) {
    ASSERT_TRUE(make_directories(*root_, unsynced_, "a"));
    // Somebody else's directory, noted but not synced: the fsync of the root fails.
    os_.fail("fsync", EIO, 2);
    Changes all = changes(1, "a/");
    loop_.block_on(join_all(all));
    ASSERT_TRUE(all[0]->failure());
    EXPECT_EQ(all[0]->failure()->operation(), "sync directory");
}

TEST_F(Groups, go_on_without_those_that_fail) {
    Changes all = changes(3);
    all[1]->refuse = true;
    loop_.block_on(join_all(all));
    EXPECT_EQ(tree_.names(), (std::set<std::string>{"0", "2"}));
    EXPECT_TRUE(all[1]->abandoned);
    EXPECT_FALSE(all[1]->applied);
    EXPECT_TRUE(all[1]->failure());
    EXPECT_FALSE(all[0]->failure() || all[2]->failure() || all[0]->abandoned);
}

TEST_F(Groups, name_nothing_for_a_context_that_has_ended) {
    Changes all = changes(2);
    Context stopped(context_);
    stopped.cancel(runtime::stop_requested());
    int done = 0;
    auto both = [&]() -> Task<bool> {
        runtime::TaskGroup tasks(loop_);
        PublishGroup::Arrival first = group_.expect(), second = group_.expect();
        tasks.spawn(join(group_, stopped, root_, *all[0], std::move(first), done));
        tasks.spawn(join(group_, context_, root_, *all[1], std::move(second), done));
        co_await tasks.wait();
        co_return true;
    };
    loop_.block_on(both());
    EXPECT_EQ(tree_.names(), (std::set<std::string>{"1"}));
    EXPECT_TRUE(all[0]->abandoned);
    EXPECT_EQ(all[0]->failure()->kind(), ErrorKind::Cancelled);
}

TEST_F(Groups, abandon_what_was_staged_in_a_directory_that_is_gone) {
    Changes all = changes(1, "gone/");
    loop_.block_on(join_all(all));
    EXPECT_TRUE(all[0]->abandoned);
    EXPECT_EQ(all[0]->failure()->kind(), ErrorKind::NotFound);
}

// On a clock that the test turns: the bound on waiting is the only thing that can end the wait.
TEST(GroupWait, ends_after_its_bound_when_an_arrival_does_not_come) {
    TempDirectory tree;
    auto root = open_root(tree.path());
    runtime::ManualLoop loop;
    runtime::Pool pool(loop, 2, "group-test");
    Context context(loop);
    UnsyncedDirectories unsynced;
    PublishGroup group(loop, pool, unsynced, nullptr);
    MakeFile change(*root, "file");
    bool done = false;
    PublishGroup::Arrival late = group.expect();
    auto task = [](PublishGroup& to, Context& with, std::shared_ptr<const Root> held, NameChange& it,
                   bool& ended) -> Task<void> {
        PublishGroup::Arrival arrival = to.expect();
        static_cast<void>(co_await to.join(with, std::move(held), it, std::move(arrival)));
        ended = true;
    };
    loop.spawn(task(group, context, root, change, done));
    loop.advance(PublishGroup::kGroupWaitMax - std::chrono::milliseconds(1));
    EXPECT_FALSE(change.prepared) << "somebody else is still expected";
    loop.advance(std::chrono::milliseconds(1));
    while (!done) loop.run_until_idle();
    EXPECT_TRUE(tree.has("file"));
}

}  // namespace
}  // namespace godwit::posix
