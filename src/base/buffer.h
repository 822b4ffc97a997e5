// A run of bytes on the heap that is not zeroed first: 8 MiB of zeros for every part would be the
// dearest thing that a copy does.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace godwit {

class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(std::size_t size_bytes)
        : bytes_(std::make_unique_for_overwrite<std::byte[]>(size_bytes)), size_(size_bytes) {}

    std::byte* data() { return bytes_.get(); }
    const std::byte* data() const { return bytes_.get(); }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::span<std::byte> span() { return {bytes_.get(), size_}; }
    std::span<const std::byte> span() const { return {bytes_.get(), size_}; }
    // Forgets the tail; the memory stays as it is. `size_bytes` must not exceed size().
    void shrink(std::size_t size_bytes) { size_ = size_bytes < size_ ? size_bytes : size_; }

  private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_ = 0;
};

}  // namespace godwit
