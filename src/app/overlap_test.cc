#include "app/overlap.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/random.h"

namespace godwit::app {
namespace {

namespace fs = std::filesystem;

class Overlap : public testing::Test {
  protected:
    void SetUp() override {
        root_ = fs::temp_directory_path() / ("godwit-overlap-" + random_hex(system_random(), 8));
        fs::create_directories(root_ / "a/inner");
        fs::create_directories(root_ / "b");
    }
    void TearDown() override { fs::remove_all(root_); }
    std::string path(const std::string& name) const { return (root_ / name).string(); }
    std::string verdict(const std::string& source, const std::string& destination) const {
        Result<void> apart = check_directories_apart(path(source), path(destination));
        if (apart) return "apart";
        EXPECT_EQ(apart.error().code(), "EndsOverlap");
        const std::string& cause = apart.error().cause();
        return cause.substr(0, cause.find(" the source"));
    }
    fs::path root_;
};

TEST_F(Overlap, neighbours_are_apart) {
    EXPECT_EQ(verdict("a", "b"), "apart");
    EXPECT_EQ(verdict("a", "ab"), "apart");
    EXPECT_EQ(verdict("a", "not/there/yet"), "apart");
}

TEST_F(Overlap, B15_one_within_the_other_is_seen) {
    EXPECT_EQ(verdict("a", "a"), "is the same directory as");
    EXPECT_EQ(verdict("a", "a/inner"), "lies within");
    EXPECT_EQ(verdict("a", "a/not/there/yet"), "lies within");
    EXPECT_EQ(verdict("a/inner", "a"), "contains");
    EXPECT_EQ(verdict("a", "b/../a/x"), "lies within");
}

TEST_F(Overlap, B15_symbolic_links_hide_nothing) {
    fs::create_directory_symlink(root_ / "a", root_ / "link");
    EXPECT_EQ(verdict("a", "link"), "is the same directory as");
    EXPECT_EQ(verdict("a", "link/new"), "lies within");
    EXPECT_EQ(verdict("link", "a/new"), "lies within");
}

TEST_F(Overlap, B15_one_file_under_two_names_is_seen) {
    std::ofstream(root_ / "a/file") << "x";
    fs::create_hard_link(root_ / "a/file", root_ / "b/same");
    EXPECT_FALSE(check_files_apart(path("a/file"), path("b/same")));
    EXPECT_TRUE(check_files_apart(path("a/file"), path("b/other")));
}

// What is mounted twice has two paths and, below the mount, no directory in common.
constexpr const char* kMounts =
    "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "22 21 0:20 / /proc rw - proc proc rw\n"
    "23 21 8:2 / /data rw - xfs /dev/sdb1 rw\n"
    "24 21 8:2 /src/sub /mnt/bind\\040here rw shared:1 - xfs /dev/sdb1 rw\n";

TEST(DevicePath, B15_is_the_path_within_the_file_system) {
    EXPECT_EQ(device_path(kMounts, "/etc/x").path, "/etc/x");
    EXPECT_EQ(device_path(kMounts, "/data/src/f").path, "/src/f");
    EXPECT_EQ(device_path(kMounts, "/data").path, "/");
    EXPECT_EQ(device_path(kMounts, "/data").device, "8:2");
    EXPECT_EQ(device_path(kMounts, "/mnt/bind here/new").path, "/src/sub/new");
    EXPECT_EQ(device_path(kMounts, "/mnt/bind here/new").device, "8:2");
    EXPECT_EQ(device_path(kMounts, "/database").device, "8:1");
}

TEST(DevicePath, is_nothing_where_nothing_is_mounted) {
    EXPECT_EQ(device_path("", "/x").path, "");
    EXPECT_EQ(device_path("garbage\n\n1 2 3\n", "/x").path, "");
}

TEST_F(Overlap, a_directory_beneath_a_root_has_a_key) {
    EXPECT_EQ(key_beneath("/nowhere/a", "/nowhere/a/b/c"), "b/c/");
    EXPECT_EQ(key_beneath("/nowhere/a/", "/nowhere/a/b/"), "b/");
    EXPECT_EQ(key_beneath("/", "/nowhere"), "nowhere/");
    EXPECT_EQ(key_beneath("/nowhere/a", "/nowhere/a"), std::nullopt);
    EXPECT_EQ(key_beneath("/nowhere/a", "/nowhere/ab"), std::nullopt);
    EXPECT_EQ(key_beneath("/nowhere/a/b", "/nowhere/a"), std::nullopt);
}

}  // namespace
}  // namespace godwit::app
