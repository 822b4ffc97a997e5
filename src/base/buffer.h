// A run of bytes on the heap that is not zeroed first: 8 MiB of zeros for every part would be the
// dearest thing that a copy does.
//
// Buffers of content come and go by the thousand, in all sizes and between threads. Their memory is
// kept for the next one (buffer_stock.h) within a bound, so that the kernel need not be asked for fresh pages
// each time.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace godwit {

class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(std::size_t size_bytes);
    Buffer(Buffer&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    ~Buffer();

    std::byte* data() { return bytes_; }
    const std::byte* data() const { return bytes_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::span<std::byte> span() { return {bytes_, size_}; }
    std::span<const std::byte> span() const { return {bytes_, size_}; }
    // Forgets the tail; the memory stays as it is. `size_bytes` must not exceed size().
    void shrink(std::size_t size_bytes) { size_ = size_bytes < size_ ? size_bytes : size_; }

  private:
    std::byte* bytes_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace godwit
