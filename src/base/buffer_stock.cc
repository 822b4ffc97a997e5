#include "base/buffer_stock.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

#include "base/buffer.h"
#include "base/check.h"

namespace godwit {

namespace {

// Larger blocks are mapped, so that giving one up gives its pages up.
constexpr std::size_t kMappedBytesMin = 64 << 10;

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
// Memory that is used again hides from them what was used too long.
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

std::byte* allocate(std::size_t bytes) {
    if (bytes < kMappedBytesMin) return static_cast<std::byte*>(::operator new(bytes));
    void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    return static_cast<std::byte*>(block);
}

void release(void* block, std::size_t bytes) noexcept {
    if (bytes < kMappedBytesMin) {
        ::operator delete(block);
    } else {
        munmap(block, bytes);
    }
}

bool is_stocked(std::size_t capacity_bytes) {
    return kKeeps && capacity_bytes >= BufferStock::kBlockBytesMin &&
           capacity_bytes <= BufferStock::kBlockBytesMax;
}

}  // namespace

BufferStock& BufferStock::shared() {
    // Never destroyed: buffers of static objects may come back last.
    static BufferStock& stock = *std::make_unique<BufferStock>().release();
    return stock;
}

BufferStock::~BufferStock() {
    GODWIT_CHECK(in_use_bytes_ == 0, "{} bytes are still in use", in_use_bytes_);
    trim_locked(0);
}

std::size_t BufferStock::capacity_for(std::size_t size_bytes) {
    if (size_bytes > kBlockBytesMax || size_bytes < kBlockBytesMin) return size_bytes;
    std::size_t step = std::bit_floor(size_bytes) / 4;
    return (size_bytes + step - 1) / step * step;
}

// 4, 5, 6, 7, 8, 10, ... KiB are classes 0, 1, 2, 3, 4, 5, ...
std::size_t BufferStock::class_of(std::size_t capacity_bytes) {
    std::size_t floor = std::bit_floor(capacity_bytes);
    auto doublings = static_cast<std::size_t>(std::countr_zero(floor / kBlockBytesMin));
    return 4 * doublings + (capacity_bytes - floor) / (floor / 4);
}

std::byte* BufferStock::take(std::size_t capacity_bytes) {
    if (!is_stocked(capacity_bytes)) return allocate(capacity_bytes);
    {
        std::lock_guard lock(mutex_);
        in_use_bytes_ += capacity_bytes;
        if (auto& same = by_size_[class_of(capacity_bytes)]; !same.empty()) {
            Idle& idle = same.front();
            forget_locked(idle);
            return reinterpret_cast<std::byte*>(&idle);
        }
        make_room_locked();
    }
    return allocate(capacity_bytes);
}

void BufferStock::give(std::byte* block, std::size_t capacity_bytes) noexcept {
    if (!is_stocked(capacity_bytes)) {
        release(block, capacity_bytes);
        return;
    }
    std::lock_guard lock(mutex_);
    GODWIT_CHECK(capacity_bytes <= in_use_bytes_, "a block of {} bytes that was not taken is given",
                 capacity_bytes);
    in_use_bytes_ -= capacity_bytes;
    kept_bytes_ += capacity_bytes;
    auto* idle = new (block) Idle{};
    idle->capacity_bytes = capacity_bytes;
    by_age_.push_back(*idle);
    by_size_[class_of(capacity_bytes)].push_front(*idle);
    make_room_locked();
}

void BufferStock::set_content_bytes_max(std::size_t content_bytes_max) {
    std::lock_guard lock(mutex_);
    bytes_max_ = content_bytes_max + kBesideContentBytes;
    make_room_locked();
}

std::size_t BufferStock::kept_bytes() const {
    std::lock_guard lock(mutex_);
    return kept_bytes_;
}

void BufferStock::forget_locked(Idle& idle) {
    by_age_.erase(by_age_.iterator_to(idle));
    auto& same = by_size_[class_of(idle.capacity_bytes)];
    same.erase(same.iterator_to(idle));
    kept_bytes_ -= idle.capacity_bytes;
}

// Until what is in use and what is kept fit in the bound, or nothing is kept.
void BufferStock::make_room_locked() {
    trim_locked(bytes_max_ - std::min(bytes_max_, in_use_bytes_));
}

void BufferStock::trim_locked(std::size_t kept_bytes_max) {
    while (kept_bytes_ > kept_bytes_max) {
        Idle& oldest = by_age_.front();
        std::size_t bytes = oldest.capacity_bytes;
        forget_locked(oldest);
        release(&oldest, bytes);
    }
}

Buffer::Buffer(std::size_t size_bytes) : size_(size_bytes), capacity_(BufferStock::capacity_for(size_bytes)) {
    if (size_bytes > 0) bytes_ = BufferStock::shared().take(capacity_);
}

Buffer::~Buffer() {
    if (bytes_) BufferStock::shared().give(bytes_, capacity_);
}

}  // namespace godwit
