#include "posix/holes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "base/encoding.h"
#include "posix/testing.h"

namespace godwit::posix {
namespace {

using model::Hole;
using model::Holes;
using testing::StoreFixture;

constexpr std::uint64_t kBlock = model::kHoleBlockBytes;

// A byte a block: 'x' for one with something in it, '.' for zeros; what was not left out of each is told in
// capitals and as '0'.
std::string written(std::string_view blocks, const std::optional<Holes>& holes, std::uint64_t first_block = 0,
                    std::size_t cut_bytes = 0) {
    std::string bytes;
    for (char block : blocks) bytes += std::string(kBlock - 1, '\0') + (block == 'x' ? 'x' : '\0');
    bytes.resize(bytes.size() - cut_bytes);
    std::string told(blocks);
    auto write = [&](std::uint64_t offset, std::span<const std::byte> run) -> Result<void> {
        EXPECT_EQ(offset % kBlock, 0u);
        EXPECT_FALSE(run.empty());
        std::size_t begin = offset / kBlock - first_block, count = (run.size() + kBlock - 1) / kBlock;
        EXPECT_EQ(std::memcmp(run.data(), bytes.data() + begin * kBlock, run.size()), 0);
        for (std::size_t i = begin; i < begin + count; ++i) told[i] = told[i] == 'x' ? 'X' : '0';
        return {};
    };
    EXPECT_TRUE(write_around_holes(first_block * kBlock, bytes_of(bytes), holes, write));
    return told;
}

TEST(WriteAroundHoles, bytes_win_over_the_map) {
    EXPECT_EQ(written("x..x.", Holes{{0, 5}}), "X..X.");
    EXPECT_EQ(written("x..x.", Holes{{1, 1}}), "X.0X0");
    EXPECT_EQ(written("x..x.", Holes{}), "X00X0");
    EXPECT_EQ(written("", Holes{{0, 5}}), "");
}

TEST(WriteAroundHoles, without_a_map_every_block_of_zeros_is_left_out) {
    EXPECT_EQ(written("..xx..x", std::nullopt), "..XX..X");
}

TEST(WriteAroundHoles, the_map_counts_from_the_beginning_of_the_file) {
    EXPECT_EQ(written("....", Holes{{9, 2}}, 8), "0..0");
    EXPECT_EQ(written("....", Holes{{0, 2}, {20, 5}}, 8), "0000");
}

TEST(WriteAroundHoles, a_last_block_that_is_cut_is_a_block) {
    EXPECT_EQ(written("x.", Holes{{1, 1}}, 0, 100), "X.");
    EXPECT_EQ(written("x.", Holes{}, 0, 100), "X0");
}

TEST(WriteAroundHoles, ends_with_the_first_failure) {
    int calls = 0;
    auto fail = [&](std::uint64_t, std::span<const std::byte>) -> Result<void> {
        ++calls;
        return Error(ErrorKind::Full, "", "", "");
    };
    std::string bytes(3 * kBlock, 'x');
    bytes.replace(kBlock, kBlock, kBlock, '\0');
    EXPECT_FALSE(write_around_holes(0, bytes_of(bytes), std::nullopt, fail));
    EXPECT_EQ(calls, 1);
}

// What the kernel says of a file, in blocks.
Holes holes_of(const std::string& path) {
    Descriptor fd(system_os(), ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    auto size = static_cast<std::uint64_t>(::lseek(fd.get(), 0, SEEK_END));
    auto holes = read_holes(system_os(), fd.get(), size, path);
    EXPECT_TRUE(holes && *holes);
    return **holes;
}

class SparseTest : public StoreFixture {
  protected:
    SparseTest() {
        PosixOptions options;
        options.sparse = true;
        connect(options);
    }
    void SetUp() override {
        make("probe", "..x");
        if (holes_of(tree_ / "probe") != Holes{{0, 2}}) GTEST_SKIP() << "NOT TESTED: no holes here";
    }
    // As written(); '0' is written zeros.
    void make(const std::string& name, std::string_view blocks) const {
        std::string path = tree_ / name;
        Descriptor fd(system_os(), ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
        ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(blocks.size() * kBlock)), 0);
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            if (blocks[i] == '.') continue;
            std::string block(kBlock, blocks[i] == 'x' ? 'x' : '\0');
            ASSERT_EQ(::pwrite(fd.get(), block.data(), kBlock, static_cast<off_t>(i * kBlock)),
                      ssize_t{kBlock});
        }
        ASSERT_EQ(::fsync(fd.get()), 0);
    }
};

TEST_F(SparseTest, A9_a_source_tells_its_holes_and_a_copy_has_the_same) {
    make("file", "..x0.x..");
    Holes expected{{0, 2}, {4, 1}, {6, 2}};
    auto source = open("file", 1 << 20);
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->info().metadata.holes, expected);
    std::string bytes = tree_.read("file");
    store::PutRequest request = request_for("copy", bytes);
    request.metadata = (*source)->info().metadata;
    auto receipt = put(request, bytes);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(tree_.read("copy"), bytes);
    EXPECT_EQ(holes_of(tree_ / "copy"), expected);
}

TEST_F(SparseTest, A9_a_map_that_lies_costs_no_byte) {
    make("file", "xxx0");
    std::string bytes = tree_.read("file");
    store::PutRequest request = request_for("copy", bytes);
    request.metadata.holes = Holes{{0, 1}, {2, 1000}};
    ASSERT_TRUE(put(request, bytes));
    EXPECT_EQ(tree_.read("copy"), bytes);
    EXPECT_EQ(holes_of(tree_ / "copy"), (Holes{{3, 1}}));
}

TEST_F(SparseTest, A9_zeros_are_written_unless_holes_are_asked_for) {
    connect();
    make("file", "..x");
    auto source = open("file", 1 << 20);
    ASSERT_TRUE(source);
    EXPECT_FALSE((*source)->info().metadata.holes);
    std::string bytes = tree_.read("file");
    ASSERT_TRUE(put("copy", bytes));
    EXPECT_EQ(holes_of(tree_ / "copy"), Holes{});
}

TEST_F(SparseTest, a_file_with_more_holes_than_are_remembered_tells_none) {
    std::string blocks;
    for (std::size_t i = 0; i <= model::kHolesMax; ++i) blocks += ".x";
    make("file", blocks);
    auto source = open("file", 0);
    ASSERT_TRUE(source);
    EXPECT_FALSE((*source)->info().metadata.holes);
}

TEST_F(SparseTest, a_file_system_that_knows_no_holes_tells_of_data_from_end_to_end) {
    make("file", "x");
    os_.fail("seek", EINVAL);
    auto source = open("file", 0);
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->info().metadata.holes, Holes{});
}

TEST_F(SparseTest, A9_holes_that_do_not_end_on_a_block_count_as_far_as_their_whole_blocks) {
    std::string path = tree_ / "file";
    make("file", "x....x");
    ASSERT_EQ(::truncate(path.c_str(), 5 * kBlock + 100), 0);
    ASSERT_EQ(::truncate(path.c_str(), 8 * kBlock + 100), 0);
    EXPECT_EQ(holes_of(path), (Holes{{1, 4}, {6, 3}}));
}

}  // namespace
}  // namespace godwit::posix
