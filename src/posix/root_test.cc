#include "posix/root.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "posix/testing.h"

namespace godwit::posix {
namespace {

using testing::open_root;
using testing::TempDirectory;

TEST(Root, opens_what_is_below_it) {
    TempDirectory tree;
    tree.write("a/b", "content");
    auto root = open_root(tree.path());
    EXPECT_TRUE(root->open_at("a/b", O_RDONLY));
    EXPECT_TRUE(root->open_directory("a"));
    EXPECT_TRUE(root->open_directory(""));
    EXPECT_EQ(root->open_at("a/c", O_RDONLY).error(), ENOENT);
    EXPECT_EQ(root->open_directory("a/b").error(), ENOTDIR);
}

TEST(Root, F61_never_leaves_itself) {
    TempDirectory outside, tree;
    outside.write("secret", "x");
    tree.write("a/");
    ASSERT_EQ(::symlink(outside.path().c_str(), (tree / "a/way_out").c_str()), 0);
    ASSERT_EQ(::symlink("../secret", (tree / "a/up").c_str()), 0);
    ASSERT_EQ(::symlink("b", (tree / "a/inside").c_str()), 0);
    tree.write("a/b");
    auto root = open_root(tree.path());
    EXPECT_EQ(root->open_at("a/way_out/secret", O_RDONLY).error(), ELOOP);
    EXPECT_EQ(root->open_directory("a/way_out").error(), ENOTDIR);
    EXPECT_EQ(root->open_at("a/up", O_RDONLY).error(), ELOOP);
    EXPECT_EQ(root->open_at("a/inside", O_RDONLY).error(), ELOOP)
        << "links inside the root are no way either";
    EXPECT_EQ(root->open_at("../secret", O_RDONLY).error(), EXDEV);
    EXPECT_EQ(root->open_at("/etc/passwd", O_RDONLY).error(), EXDEV);
    EXPECT_EQ(path_error(ELOOP, "open", "x").kind(), ErrorKind::Exists);
}

constexpr int kFlips = 1'000'000;

// B16: somebody swaps a directory for a symbolic link while paths through it are opened.
TEST(Root, B16_is_not_led_out_by_a_directory_that_flips) {
    TempDirectory outside, tree;
    outside.write("f", "outside");
    tree.write("dir/f", "inside");
    ASSERT_EQ(::symlink(outside.path().c_str(), (tree / "link").c_str()), 0);
    auto root = open_root(tree.path());
    std::atomic<int> flips = 0;
    std::jthread flipper([&] {
        std::string directory = tree / "dir", link = tree / "link";
        for (; flips < kFlips; ++flips)
            ::renameat2(AT_FDCWD, directory.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
    });
    int opened_count = 0, refused = 0;
    while (flips < kFlips) {
        Opened opened = root->open_at("dir/f", O_RDONLY);
        if (!opened) {
            ++refused;
            continue;
        }
        ++opened_count;
        char content[8] = {};
        ASSERT_EQ(::pread(opened->get(), content, sizeof content, 0), 6);
        ASSERT_STREQ(content, "inside");
    }
    EXPECT_GT(opened_count, 0);
    EXPECT_GT(refused, 0);
}

TEST(Root, F64_reaches_paths_longer_than_PATH_MAX) {
    TempDirectory tree;
    auto root = open_root(tree.path());
    std::string path, name(200, 'd');
    UnsyncedDirectories unsynced;
    for (int depth = 0; depth < 50; ++depth) path += (depth ? "/" : "") + name;
    ASSERT_GT(path.size(), 2u * PATH_MAX);
    auto made = make_directories(*root, unsynced, path);
    ASSERT_TRUE(made) << made.error().message();
    ASSERT_TRUE(root->open_at(path + "/file", O_WRONLY | O_CREAT, 0600));
    EXPECT_TRUE(root->open_at(path + "/file", O_RDONLY));
    EXPECT_EQ(root->open_at(path + "/other", O_RDONLY).error(), ENOENT);
}

TEST(Root, is_made_with_its_parents_when_asked_for) {
    TempDirectory tree;
    EXPECT_EQ(Root::open(system_os(), {.path = tree / "x/y"}).error().kind(), ErrorKind::NotFound);
    auto root = Root::open(system_os(), {.path = tree / "x/y/", .create = true});
    ASSERT_TRUE(root) << root.error().message();
    EXPECT_EQ(root->canonical_path(), std::filesystem::canonical(tree / "x/y").string());
    EXPECT_EQ(root->display("k"), root->canonical_path() + "/k");
}

TEST(Root, refuses_a_file) {
    TempDirectory tree;
    tree.write("file");
    for (bool create : {false, true}) {
        auto root = Root::open(system_os(), {.path = tree / "file", .create = create});
        ASSERT_FALSE(root);
        EXPECT_EQ(root.error().kind(), ErrorKind::Exists);
        EXPECT_EQ(root.error().code(), "ENOTDIR");
    }
}

TEST(Root, has_an_identity_that_tells_directories_apart) {
    TempDirectory tree;
    tree.write("a/");
    tree.write("b/");
    ASSERT_EQ(::symlink("a", (tree / "link").c_str()), 0);
    EXPECT_EQ(open_root(tree / "a")->identity(), open_root(tree / "link")->identity());
    EXPECT_EQ(open_root(tree / "a")->canonical_path(), open_root(tree / "link")->canonical_path());
    EXPECT_NE(open_root(tree / "a")->identity(), open_root(tree / "b")->identity());
}

}  // namespace
}  // namespace godwit::posix
