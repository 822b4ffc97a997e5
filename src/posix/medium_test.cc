#include "posix/medium.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "posix/testing.h"

namespace godwit::posix {
namespace {

using model::EvidenceLevel;
using testing::TempDirectory;

struct stat status_of(int fd) {
    struct stat status{};
    EXPECT_EQ(::fstat(fd, &status), 0);
    return status;
}

std::string read_all(const Medium& medium, std::uint64_t offset, std::uint64_t size) {
    std::string text;
    auto take = [&](std::span<const std::byte> piece) {
        text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    };
    auto got = medium.read(offset, size, take);
    EXPECT_TRUE(got);
    EXPECT_EQ(got.value_or(0), text.size());
    return text;
}

TEST(Medium, of_memory_is_the_cache_whatever_the_kernel_accepts) {
    TempDirectory tree;
    int fd = ::memfd_create("medium", MFD_CLOEXEC);
    ASSERT_EQ(::pwrite(fd, "hello", 5, 0), 5);
    auto medium = Medium::past_cache(*testing::open_root(tree.path()), fd, status_of(fd));
    EXPECT_EQ(medium->level(), EvidenceLevel::ReadBackCached);
    EXPECT_EQ(read_all(*medium, 1, 100), "ello");
    ::close(fd);
}

TEST(Medium, ends_where_the_file_ends) {
    TempDirectory tree;
    std::string text(10'000, 'a');
    tree.write("file", text);
    int fd = ::open((tree / "file").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::fsync(fd), 0);
    auto medium = Medium::past_cache(*testing::open_root(tree.path()), fd, status_of(fd));
    EXPECT_EQ(read_all(*medium, 0, 20'000).size(), 10'000u);
    EXPECT_EQ(read_all(*medium, 9'999, 20'000).size(), 1u);
    EXPECT_EQ(read_all(*medium, 10'000, 20'000).size(), 0u);
    EXPECT_EQ(read_all(*medium, 50'000, 1).size(), 0u);
    EXPECT_EQ(read_all(*medium, 5, 0).size(), 0u);
    ::close(fd);
}

TEST(Medium, reads_with_o_direct_where_the_file_system_keeps_it) {
    TempDirectory tree;
    tree.write("file", std::string(8192, 'a'));
    int fd = ::open((tree / "file").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::fsync(fd), 0);
    auto medium = Medium::past_cache(*testing::open_root(tree.path()), fd, status_of(fd));
    if (medium->level() != EvidenceLevel::ReadBack) GTEST_SKIP() << "no O_DIRECT on this file system";
    // O_DIRECT is on: a read of odd length into odd memory would be refused if it were not ours.
    EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_DIRECT);
    EXPECT_EQ(read_all(*medium, 4095, 2), "aa");
    ::close(fd);
}

TEST(Medium, falls_back_to_the_cache_and_says_so_when_the_device_refuses) {
    TempDirectory tree;
    tree.write("file", std::string(8192, 'a'));
    testing::FaultyOs os;
    auto root = testing::open_root(tree.path(), os);
    int fd = ::open((tree / "file").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::fsync(fd), 0);
    auto medium = Medium::past_cache(*root, fd, status_of(fd));
    if (medium->level() != EvidenceLevel::ReadBack) GTEST_SKIP() << "no O_DIRECT on this file system";
    os.fail("pread", EINVAL);
    EXPECT_EQ(read_all(*medium, 0, 8192).size(), 8192u);
    EXPECT_EQ(medium->level(), EvidenceLevel::ReadBackCached);
    EXPECT_FALSE(::fcntl(fd, F_GETFL) & O_DIRECT);
    ::close(fd);
}

}  // namespace
}  // namespace godwit::posix
