#include "posix/file_status.h"

#include <gtest/gtest.h>

#include <limits>

namespace godwit::posix {
namespace {

TEST(FileTimes, G69_survive_the_round_trip_at_both_ends_of_time) {
    for (std::int64_t time :
         {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{-1'000'000'000},
          std::int64_t{-2'147'483'648'000'000'001}, std::numeric_limits<std::int64_t>::min(),
          std::numeric_limits<std::int64_t>::max()}) {
        struct timespec spec = timespec_of(time);
        EXPECT_GE(spec.tv_nsec, 0);
        EXPECT_LT(spec.tv_nsec, 1'000'000'000);
        EXPECT_EQ(nanoseconds(spec), time);
    }
    EXPECT_EQ(timespec_of(-1).tv_sec, -1);
}

// G69: XFS and tmpfs hold years that 64 bits of nanoseconds do not.
TEST(FileTimes, G69_stop_at_the_last_that_can_be_counted) {
    EXPECT_EQ(nanoseconds({.tv_sec = 253'402'300'799, .tv_nsec = 0}),
              std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(nanoseconds({.tv_sec = -62'167'219'200, .tv_nsec = 5}),
              std::numeric_limits<std::int64_t>::min());
}

TEST(Identity, A3_tells_a_rewrite_of_equal_size_and_mtime_apart) {
    struct stat a{};
    a.st_mode = S_IFREG | 0644;
    a.st_ino = 7;
    a.st_size = 3;
    struct stat b = a;
    EXPECT_EQ(identity_of(a), identity_of(b));
    EXPECT_TRUE(same_generation(a, b));
    b.st_ctim.tv_nsec = 1;
    EXPECT_NE(identity_of(a), identity_of(b));
    EXPECT_FALSE(same_generation(a, b));
    struct stat c = a;
    c.st_ino = 8;
    EXPECT_NE(identity_of(a), identity_of(c));
}

TEST(Identity, A8_of_a_file_that_lost_another_name_differs_in_ctime_alone) {
    struct stat before{};
    before.st_mode = S_IFREG | 0644;
    before.st_ino = 7;
    before.st_size = 3;
    struct stat after = before;
    after.st_ctim.tv_nsec = 1;
    EXPECT_TRUE(same_but_ctime(identity_of(before), identity_of(after)));
    for (auto change :
         {+[](struct stat& status) { status.st_ino = 70; }, +[](struct stat& status) { status.st_size = 4; },
          +[](struct stat& status) { status.st_mtim.tv_nsec = 1; }}) {
        struct stat other = after;
        change(other);
        EXPECT_FALSE(same_but_ctime(identity_of(before), identity_of(other)));
    }
}

TEST(Identity, of_a_directory_has_no_size) {
    struct stat directory{};
    directory.st_mode = S_IFDIR | 0755;
    directory.st_size = 4096;
    EXPECT_EQ(identity_of(directory).size_bytes, 0u);
    EXPECT_EQ(object_type(directory), model::ObjectType::Directory);
}

}  // namespace
}  // namespace godwit::posix
