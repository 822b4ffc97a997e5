#include "posix/file_status.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/check.h"
#include "base/sabotage.h"

namespace godwit::posix {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// "INODE.CTIME_NS", both hexadecimal.
std::string generation_tag(std::uint64_t inode, std::int64_t ctime_ns) {
    char text[2 * 17 + 1];
    char* end = std::to_chars(text, text + sizeof text, inode, 16).ptr;
    *end++ = '.';
    end = std::to_chars(end, text + sizeof text, ctime_ns, 16).ptr;
    return std::string(text, end);
}

}  // namespace

std::int64_t nanoseconds(const struct timespec& time) {
    // Counted down from the next second before 1970, so that the last nanosecond does not overflow.
    bool past = time.tv_sec < 0 && time.tv_nsec > 0;
    std::int64_t seconds = std::int64_t{time.tv_sec} + (past ? 1 : 0);
    std::int64_t rest = std::int64_t{time.tv_nsec} - (past ? kSecondNs : 0);
    std::int64_t total = 0;
    if (!__builtin_mul_overflow(seconds, kSecondNs, &total) && !__builtin_add_overflow(total, rest, &total)) {
        return total;
    }
    return time.tv_sec < 0 ? std::numeric_limits<std::int64_t>::min()
                           : std::numeric_limits<std::int64_t>::max();
}

struct timespec timespec_of(std::int64_t unix_time_ns) {
    std::int64_t nanosecond = ((unix_time_ns % kSecondNs) + kSecondNs) % kSecondNs;
    struct timespec time{};
    // Not (unix_time_ns - nanosecond) / kSecondNs, which overflows at the far end of the past.
    time.tv_sec = unix_time_ns / kSecondNs - (unix_time_ns % kSecondNs < 0 ? 1 : 0);
    time.tv_nsec = nanosecond;
    return time;
}

model::ObjectType object_type(const struct stat& status) {
    if (S_ISREG(status.st_mode)) return model::ObjectType::File;
    if (S_ISDIR(status.st_mode)) return model::ObjectType::Directory;
    if (S_ISLNK(status.st_mode)) return model::ObjectType::Symlink;
    return model::ObjectType::Special;
}

model::Identity identity_of(const struct stat& status) {
    bool has_content = S_ISREG(status.st_mode) || S_ISLNK(status.st_mode);
    model::Identity identity;
    identity.size_bytes = has_content ? static_cast<std::uint64_t>(status.st_size) : 0;
    identity.mtime_ns = nanoseconds(status.st_mtim);
    identity.tag = generation_tag(status.st_ino, nanoseconds(status.st_ctim));
    return identity;
}

std::int64_t ctime_ns(const model::Identity& identity) {
    std::int64_t ctime_ns = 0;
    std::string_view digits = std::string_view(identity.tag).substr(identity.tag.find('.') + 1);
    auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), ctime_ns, 16);
    bool is_ours = failed == std::errc() && end == digits.data() + digits.size();
    GODWIT_CHECK(is_ours, "'{}' is no tag of a file", identity.tag);
    return ctime_ns;
}

bool same_but_ctime(const model::Identity& a, const model::Identity& b) {
    auto inode = [](const model::Identity& identity) {
        return std::string_view(identity.tag).substr(0, identity.tag.find('.'));
    };
    return a.size_bytes == b.size_bytes && a.mtime_ns == b.mtime_ns && inode(a) == inode(b);
}

model::PosixAttributes attributes_of(const struct stat& status) {
    return {.mode = status.st_mode,
            .uid = status.st_uid,
            .gid = status.st_gid,
            .mtime_ns = nanoseconds(status.st_mtim),
            .atime_ns = nanoseconds(status.st_atim)};
}

std::optional<model::HardLink> hard_link_of(const struct stat& status) {
    if (!S_ISREG(status.st_mode) || status.st_nlink < 2) return {};
    return model::HardLink{.device = status.st_dev,
                           .inode = status.st_ino,
                           .names = static_cast<std::uint32_t>(std::min<std::uint64_t>(
                               status.st_nlink, std::numeric_limits<std::uint32_t>::max()))};
}

model::Entry entry_of(model::Key key, const struct stat& status) {
    model::Entry entry;
    entry.key = std::move(key);
    entry.type = object_type(status);
    entry.identity = identity_of(status);
    entry.posix = attributes_of(status);
    entry.hard_link = hard_link_of(status);
    return entry;
}

bool same_generation(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
           nanoseconds(a.st_mtim) == nanoseconds(b.st_mtim) &&
           (nanoseconds(a.st_ctim) == nanoseconds(b.st_ctim) || GODWIT_SABOTAGE(ignore_ctime));
}

}  // namespace godwit::posix
