#include "engine/parts.h"

#include <algorithm>

#include "base/check.h"

namespace godwit::engine {

PartLayout::PartLayout(std::uint64_t object_bytes, std::uint64_t part_bytes)
    : object_bytes_(object_bytes), part_bytes_(part_bytes) {
    GODWIT_CHECK(part_bytes > 0, "parts of no size");
    count_ = std::max<std::uint64_t>(1, object_bytes / part_bytes + (object_bytes % part_bytes != 0));
}

PartRange PartLayout::operator[](std::size_t number) const {
    GODWIT_CHECK(number < count_, "part {} of {}", number, count_);
    std::uint64_t offset = number * part_bytes_;
    return {number, offset, std::min(part_bytes_, object_bytes_ - offset)};
}

Digest PartDigests::whole() const {
    GODWIT_CHECK(digests_[0].has_value(), "the first part has no digest");
    Digest digest = *digests_[0];
    for (std::size_t i = 1; i < digests_.size(); ++i) {
        GODWIT_CHECK(digests_[i].has_value(), "part {} has no digest", i);
        digest = combine(digest, *digests_[i], layout_[i].size_bytes);
    }
    return digest;
}

}  // namespace godwit::engine
