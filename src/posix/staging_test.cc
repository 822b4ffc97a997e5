#include "posix/staging.h"

#include <fcntl.h>
#include <unistd.h>

#include "posix/testing.h"

namespace godwit::posix {
namespace {

using model::Key;
using testing::kTestToken;
using testing::open_root;
using testing::TempDirectory;

TEST(StagingNames, F68_differ_by_key_and_token_and_know_their_own) {
    StagingNames names(kTestToken), others("another token for tests");
    std::string name = names.name_for(Key("a/b"));
    EXPECT_TRUE(name.starts_with(".godwit-"));
    EXPECT_TRUE(name.ends_with("~"));
    EXPECT_LE(name.size(), 64u);
    EXPECT_EQ(name, names.name_for(Key("a/b")));
    EXPECT_NE(name, names.name_for(Key("a/c")));
    EXPECT_NE(name, others.name_for(Key("a/b")));
    EXPECT_TRUE(names.is_ours(name));
    EXPECT_FALSE(others.is_ours(name));
    std::string forged = name;
    forged[10] = forged[10] == '0' ? '1' : '0';
    EXPECT_FALSE(names.is_ours(forged));
    EXPECT_FALSE(names.is_ours(name + "~"));
    EXPECT_FALSE(names.is_ours(""));
}

class Staging : public ::testing::Test {
  protected:
    Result<StagedFile> create(const std::string& key) {
        auto path = key_path(Key(key));
        return create_staged(*root_, unsynced_, *path, names_.name_for(Key(key)), 0600);
    }
    Result<void> discard(const std::string& key) {
        return discard_staged(*root_, *key_path(Key(key)), names_.name_for(Key(key)));
    }
    TempDirectory tree_;
    std::shared_ptr<const Root> root_ = open_root(tree_.path());
    UnsyncedDirectories unsynced_;
    StagingNames names_{kTestToken};
};

TEST_F(Staging, makes_the_file_and_its_directories) {
    auto staged = create("a/b/c");
    ASSERT_TRUE(staged) << staged.error().message();
    EXPECT_EQ(tree_.names("a/b"), (std::set<std::string>{names_.name_for(Key("a/b/c"))}));
    EXPECT_EQ(staged->path, "a/b/" + staged->name);
    // The directories that have gained one.
    std::vector<std::string> noted;
    for (const auto& item : unsynced_.above("a/b")) noted.push_back(item.path);
    EXPECT_EQ(noted, (std::vector<std::string>{"a", ""}));
}

TEST_F(Staging, C32_replaces_a_leftover_of_a_crashed_run) {
    std::string name = names_.name_for(Key("k"));
    tree_.write(name, "left by a run that died");
    auto staged = create("k");
    ASSERT_TRUE(staged) << staged.error().message();
    EXPECT_EQ(staged->status.st_size, 0);
}

TEST_F(Staging, C32_leaves_alone_what_a_living_process_is_writing) {
    auto first = create("k");
    ASSERT_TRUE(first);
    auto second = create("k");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind(), ErrorKind::Busy);
    EXPECT_EQ(second.error().code(), "StagedElsewhere");
    EXPECT_EQ(discard("k").error().code(), "StagedElsewhere");
    first->fd.close();
    EXPECT_TRUE(create("k"));
}

TEST_F(Staging, C32_discards_by_key_and_only_its_own) {
    tree_.write(names_.name_for(Key("k")));
    tree_.write("k", "the object");
    tree_.write(".godwit-user~");
    EXPECT_TRUE(discard("k"));
    EXPECT_TRUE(discard("k")) << "nothing there is success";
    EXPECT_TRUE(discard("no/such/directory/k"));
    EXPECT_EQ(tree_.names(), (std::set<std::string>{"k", ".godwit-user~"}));
}

TEST_F(Staging, B16_refuses_a_symbolic_link_on_the_way) {
    TempDirectory outside;
    ASSERT_EQ(::symlink(outside.path().c_str(), (tree_ / "a").c_str()), 0);
    auto staged = create("a/b/c");
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().kind(), ErrorKind::Exists);
    EXPECT_TRUE(outside.names().empty());
}

TEST_F(Staging, refuses_a_file_where_a_directory_is_needed) {
    tree_.write("a", "a file");
    auto staged = create("a/b");
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().kind(), ErrorKind::Exists);
    EXPECT_EQ(staged.error().code(), "ENOTDIR");
    EXPECT_EQ(tree_.read("a"), "a file");
}

TEST(UnsyncedDirectories, stay_noted_when_they_change_while_they_are_synced) {
    UnsyncedDirectories unsynced;
    unsynced.note("a/b");
    unsynced.note("");
    EXPECT_EQ(unsynced.above("a").size(), 1u);
    auto items = unsynced.above("a/b/c");
    ASSERT_EQ(items.size(), 2u);
    unsynced.note("a/b");
    for (const auto& item : items) unsynced.synced(item);
    items = unsynced.above("a/b/c");
    ASSERT_EQ(items.size(), 1u);
    EXPECT_EQ(items[0].path, "a/b");
    unsynced.poison(items[0]);
    unsynced.note("a/b");
    EXPECT_TRUE(unsynced.is_poisoned("a/b"));
    EXPECT_FALSE(unsynced.is_poisoned("a"));
}

}  // namespace
}  // namespace godwit::posix
