#include "s3/read_check.h"

namespace godwit::s3 {

ReadCheck::ReadCheck(const std::optional<Digest>& stored, std::uint64_t object_bytes)
    : object_bytes_(object_bytes) {
    if (stored && digests_combine(stored->algorithm())) stored_ = stored;
}

void ReadCheck::add(std::uint64_t offset_bytes, std::span<const std::byte> bytes, const Digest& digest) {
    if (!stored_ || bytes.empty()) return;
    std::uint64_t end_bytes = offset_bytes + bytes.size();
    auto after = runs_.lower_bound(offset_bytes);
    auto before = after == runs_.begin() ? runs_.end() : std::prev(after);
    bool overlaps = (after != runs_.end() && after->first < end_bytes) ||
                    (before != runs_.end() && before->second.end_bytes > offset_bytes);
    if (overlaps) return;
    bool same = digest.algorithm() == stored_->algorithm();
    Run run{end_bytes, same ? digest : digest_of(stored_->algorithm(), bytes)};
    if (after != runs_.end() && after->first == end_bytes) {
        run.digest = combine(run.digest, after->second.digest, after->second.end_bytes - end_bytes);
        run.end_bytes = after->second.end_bytes;
        runs_.erase(after);
    }
    if (before != runs_.end() && before->second.end_bytes == offset_bytes) {
        before->second.digest = combine(before->second.digest, run.digest, run.end_bytes - offset_bytes);
        before->second.end_bytes = run.end_bytes;
    } else {
        runs_.emplace(offset_bytes, run);
    }
}

std::optional<Digest> ReadCheck::mismatch() const {
    if (!stored_ || runs_.empty()) return std::nullopt;
    const auto& [offset_bytes, run] = *runs_.begin();
    bool is_whole = offset_bytes == 0 && run.end_bytes == object_bytes_;
    if (!is_whole || run.digest == *stored_) return std::nullopt;
    return run.digest;
}

}  // namespace godwit::s3
