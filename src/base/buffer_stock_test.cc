#include "base/buffer_stock.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/buffer.h"

namespace godwit {
namespace {

constexpr std::size_t kKiB = 1 << 10, kMiB = 1 << 20;

TEST(BufferStock, rounds_sizes_up_by_a_fourth_at_most) {
    EXPECT_EQ(BufferStock::capacity_for(4 * kKiB), 4 * kKiB);
    EXPECT_EQ(BufferStock::capacity_for(4 * kKiB + 1), 5 * kKiB);
    EXPECT_EQ(BufferStock::capacity_for(8 * kKiB - 1), 8 * kKiB);
    EXPECT_EQ(BufferStock::capacity_for(16 * kMiB), 16 * kMiB);
    EXPECT_EQ(BufferStock::capacity_for(16 * kMiB + 1), 16 * kMiB + 1);
    EXPECT_EQ(BufferStock::capacity_for(100), 100u);
    for (std::size_t size = 4 * kKiB; size <= 16 * kMiB; size += size / 7) {
        std::size_t capacity = BufferStock::capacity_for(size);
        EXPECT_GE(capacity, size);
        EXPECT_LE(capacity, size + size / 4);
        EXPECT_EQ(BufferStock::capacity_for(capacity), capacity);
    }
}

TEST(BufferStock, gives_the_block_that_came_back_last) {
    BufferStock stock(kMiB);
    std::byte* a = stock.take(8 * kKiB);
    std::byte* b = stock.take(8 * kKiB);
    stock.give(a, 8 * kKiB);
    stock.give(b, 8 * kKiB);
    if (stock.kept_bytes() == 0) GTEST_SKIP() << "under a sanitizer nothing is kept";
    EXPECT_EQ(stock.kept_bytes(), 16 * kKiB);
    EXPECT_EQ(stock.take(8 * kKiB), b);
    EXPECT_EQ(stock.take(8 * kKiB), a);
    EXPECT_EQ(stock.kept_bytes(), 0u);
    stock.give(a, 8 * kKiB);
    stock.give(b, 8 * kKiB);
}

TEST(BufferStock, keeps_no_more_than_the_bound_leaves_beside_what_is_in_use) {
    BufferStock stock(kMiB);
    std::vector<std::byte*> small;
    for (int i = 0; i < 100; ++i) small.push_back(stock.take(8 * kKiB));
    for (std::byte* block : small) stock.give(block, 8 * kKiB);
    if (stock.kept_bytes() == 0) GTEST_SKIP() << "under a sanitizer nothing is kept";
    EXPECT_EQ(stock.kept_bytes(), 800 * kKiB);
    std::byte* large = stock.take(512 * kKiB);
    EXPECT_EQ(stock.kept_bytes(), 512 * kKiB);
    std::byte* huge = stock.take(4 * kMiB);
    EXPECT_EQ(stock.kept_bytes(), 0u);
    stock.give(large, 512 * kKiB);
    EXPECT_EQ(stock.kept_bytes(), 0u) << "more than the bound is in use";
    stock.give(huge, 4 * kMiB);
    EXPECT_EQ(stock.kept_bytes(), 0u) << "larger than the bound";
}

TEST(BufferStock, keeps_as_much_as_content_may_come_to_from_now_on) {
    BufferStock stock(kMiB);
    stock.give(stock.take(kMiB), kMiB);
    if (stock.kept_bytes() == 0) GTEST_SKIP() << "under a sanitizer nothing is kept";
    std::vector<std::byte*> blocks;
    for (int i = 0; i < 2; ++i) blocks.push_back(stock.take(8 * kMiB));
    stock.set_content_bytes_max(8 * kMiB);
    for (std::byte* block : blocks) stock.give(block, 8 * kMiB);
    EXPECT_EQ(stock.kept_bytes(), 16 * kMiB);
    stock.set_content_bytes_max(0);
    EXPECT_EQ(stock.kept_bytes(), 8 * kMiB);
}

TEST(BufferStock, serves_threads_at_once) {
    constexpr std::size_t kThreads = 4;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([t] {
            for (std::size_t i = 0; i < 5'000; ++i) {
                Buffer buffer(1 + (i * 7919 + t) % (300 * kKiB));
                buffer.data()[0] = buffer.data()[buffer.size() - 1] = std::byte(t);
                Buffer other = std::move(buffer);
                ASSERT_EQ(other.data()[0], std::byte(t));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(BufferStock::shared().kept_bytes(), BufferStock::kBytesMax);
}

TEST(Buffer, of_nothing_has_no_memory_and_moves_leave_nothing) {
    Buffer nothing(0);
    EXPECT_TRUE(nothing.empty());
    Buffer a(10);
    Buffer b(std::move(a));
    EXPECT_EQ(b.size(), 10u);
    b = Buffer();
    EXPECT_TRUE(b.empty());
}

}  // namespace
}  // namespace godwit
