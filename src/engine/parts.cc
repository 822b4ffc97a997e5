#include "engine/parts.h"

#include <algorithm>

#include "base/check.h"
#include "base/sabotage.h"

namespace godwit::engine {

PartLayout::PartLayout(std::uint64_t object_bytes, std::uint64_t part_bytes)
    : object_bytes_(object_bytes), part_bytes_(part_bytes) {
    GODWIT_CHECK(part_bytes > 0, "parts of no size");
    count_ = std::max<std::uint64_t>(1, object_bytes / part_bytes + (object_bytes % part_bytes != 0));
}

PartRange PartLayout::operator[](std::size_t number) const {
    GODWIT_CHECK(number < count_, "part {} of {}", number, count_);
    std::uint64_t offset = number * part_bytes_;
    return {number, offset,
            std::min(part_bytes_, object_bytes_ - offset - (GODWIT_SABOTAGE(last_part_short) ? 1 : 0))};
}

void PartDigests::set(std::size_t number, const Digest& digest) {
    GODWIT_CHECK(number >= next_ && number < layout_.count(), "part {} of {} again", number, layout_.count());
    ahead_.insert_or_assign(number, digest);
    for (auto first = ahead_.begin();
         first != ahead_.end() && (first->first == next_ || GODWIT_SABOTAGE(combine_as_they_come));
         first = ahead_.erase(first), ++next_) {
        std::uint64_t size_bytes = layout_[next_].size_bytes;
        whole_ = whole_ ? combine(*whole_, first->second, size_bytes) : first->second;
    }
}

Digest PartDigests::whole() const {
    GODWIT_CHECK(next_ == layout_.count(), "part {} of {} has no digest", next_, layout_.count());
    return *whole_;
}

}  // namespace godwit::engine
