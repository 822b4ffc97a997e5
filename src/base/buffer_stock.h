// Where the memory of Buffers comes from and goes back to. Any thread.
//
// Blocks come in size classes, four to a doubling, so that at most a fifth of one is idle. A block that is
// given back is kept for the next taker of its class, as long as what is in use and what is kept
// come to no more than a bound; the ones that were idle longest go first. Small blocks are the
// allocator's business.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <mutex>

namespace godwit {

class BufferStock {
  public:
    static constexpr std::size_t kBlockBytesMin = 4 << 10;
    static constexpr std::size_t kBlockBytesMax = 16 << 20;
    // Buffers beside an execution's content, and its content by default (engine/options.h).
    static constexpr std::size_t kBesideContentBytes = 8 << 20;
    static constexpr std::size_t kBytesMax = (64 << 20) + kBesideContentBytes;

    explicit BufferStock(std::size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}
    ~BufferStock();
    BufferStock(const BufferStock&) = delete;
    BufferStock& operator=(const BufferStock&) = delete;

    // The one of the process.
    static BufferStock& shared();

    // What a block for `size_bytes` holds: at least as much.
    static std::size_t capacity_for(std::size_t size_bytes);

    // A block of capacity_for() a size. Its bytes are anything.
    std::byte* take(std::size_t capacity_bytes);
    void give(std::byte* block, std::size_t capacity_bytes) noexcept;

    // From now on so much content may be in use at once.
    void set_content_bytes_max(std::size_t content_bytes_max);

    std::size_t kept_bytes() const;

  private:
    struct ByAge;
    struct BySize;
    template <class Tag>
    using Hook = boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>>;
    // Stands at the beginning of an idle block.
    struct Idle : Hook<ByAge>, Hook<BySize> {
        std::size_t capacity_bytes;
    };
    template <class Tag>
    using List = boost::intrusive::list<Idle, boost::intrusive::base_hook<Hook<Tag>>,
                                        boost::intrusive::constant_time_size<false>>;

    static constexpr std::size_t kClasses = 4 * 12 + 1;
    static std::size_t class_of(std::size_t capacity_bytes);
    void forget_locked(Idle& idle);
    void make_room_locked();
    void trim_locked(std::size_t kept_bytes_max);

    mutable std::mutex mutex_;
    std::size_t bytes_max_;
    List<ByAge> by_age_;  // longest idle first
    // By class; the last one given first, for its bytes may still be in a cache.
    std::array<List<BySize>, kClasses> by_size_;
    std::size_t in_use_bytes_ = 0;
    std::size_t kept_bytes_ = 0;
};

}  // namespace godwit
