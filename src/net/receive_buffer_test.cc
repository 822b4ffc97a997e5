#include "net/receive_buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "base/buffer_stock.h"

namespace godwit::net {
namespace {

void put(ReceiveBuffer& buffer, std::string_view text, std::size_t bytes_max) {
    std::span<std::byte> room = buffer.room(bytes_max);
    ASSERT_GE(room.size(), text.size());
    std::memcpy(room.data(), text.data(), text.size());
    buffer.filled(text.size());
}

std::string text_of(const ReceiveBuffer& buffer) {
    return {reinterpret_cast<const char*>(buffer.data().data()), buffer.data().size()};
}

TEST(ReceiveBuffer, gives_out_bytes_in_order_and_in_pieces) {
    ReceiveBuffer buffer;
    put(buffer, "hello ", 100);
    put(buffer, "world", 100);
    buffer.take(3);
    std::byte out[4];
    EXPECT_EQ(buffer.move_to(out), 4u);
    EXPECT_EQ(std::memcmp(out, "lo w", 4), 0);
    put(buffer, "!", 100);
    EXPECT_EQ(text_of(buffer), "orld!");
}

TEST(ReceiveBuffer, grows_for_a_large_head_up_to_its_bound) {
    ReceiveBuffer buffer;
    const std::string half(ReceiveBuffer::kBytesAtFirst, 'a');
    put(buffer, half, 2 * half.size());
    put(buffer, half, 2 * half.size());
    EXPECT_EQ(text_of(buffer), half + half);
    EXPECT_TRUE(buffer.room(2 * half.size()).empty());
}

TEST(ReceiveBuffer, holds_no_memory_while_it_is_empty) {
    ReceiveBuffer one, two;
    const std::byte* lent = one.room(100).data();
    one.filled(0);
    if (BufferStock::shared().kept_bytes() == 0) GTEST_SKIP() << "under a sanitizer nothing is kept";
    EXPECT_EQ(two.room(100).data(), lent);
    two.filled(5);
    two.take(5);
    EXPECT_EQ(one.room(100).data(), lent);
    one.filled(0);
}

}  // namespace
}  // namespace godwit::net
