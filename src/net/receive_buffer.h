// Received bytes that nobody has taken yet: the answer's head, and what of its body came with it.
//
// There is memory only while there are bytes in it: a thousand connections that wait for their answers
// hold no buffers.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/check.h"

namespace godwit::net {

class ReceiveBuffer {
  public:
    // One read of this size takes a whole small answer. For large bodies it bounds what is copied
    // once more on its way to the caller.
    static constexpr std::size_t kBytesAtFirst = 16 << 10;

    std::span<const std::byte> data() const { return memory_.span().subspan(begin_, end_ - begin_); }
    bool empty() const { return begin_ == end_; }

    // Forgets the first `bytes` bytes.
    void take(std::size_t bytes) {
        begin_ += bytes;
        if (empty()) release();
    }
    // Moves as many bytes to `out` as both allow.
    std::size_t move_to(std::span<std::byte> out) {
        std::size_t count = std::min(out.size(), end_ - begin_);
        if (count == 0) return 0;
        std::memcpy(out.data(), memory_.data() + begin_, count);
        take(count);
        return count;
    }

    // Free space behind the data, at least one byte while there is less data than `bytes_max`.
    std::span<std::byte> room(std::size_t bytes_max) {
        if (memory_.empty()) memory_ = Buffer(kBytesAtFirst);
        if (begin_ > 0) {
            std::memmove(memory_.data(), memory_.data() + begin_, end_ - begin_);
            end_ -= std::exchange(begin_, 0);
        }
        if (end_ == memory_.size() && memory_.size() < bytes_max) grow(bytes_max);
        return memory_.span().subspan(end_);
    }
    void filled(std::size_t bytes) {
        end_ += bytes;
        if (empty()) release();
    }

  private:
    void grow(std::size_t bytes) {
        Buffer larger(bytes);
        std::memcpy(larger.data(), memory_.data(), end_);
        memory_ = std::move(larger);
    }
    void release() {
        memory_ = Buffer();
        begin_ = end_ = 0;
    }

    Buffer memory_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace godwit::net
