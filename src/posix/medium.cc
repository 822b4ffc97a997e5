#include "posix/medium.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "base/check.h"

namespace godwit::posix {
namespace {

constexpr std::uint64_t kZfsMagic = 0x2FC12FC1;  // accepts O_DIRECT and reads from its own cache

// File systems that take O_DIRECT for an answer and have no medium, or do not tell.
bool lives_in_memory(std::uint64_t type) {
    return type == TMPFS_MAGIC || type == RAMFS_MAGIC || type == HUGETLBFS_MAGIC || type == kZfsMagic;
}

// Most files are on their root's file system, which has been asked once.
std::uint64_t file_system_type(const Root& root, int fd, const struct stat& status) {
    if (status.st_dev == root.device()) return root.file_system_type();
    struct statfs file_system{};
    if (::fstatfs(fd, &file_system) != 0) return RAMFS_MAGIC;  // the weaker claim
    return static_cast<std::uint64_t>(file_system.f_type);
}

enum class Direct : std::uint8_t { Yes, No, Unknown };

// statx(2): alignment 0 means that this file is read through the page cache whatever we ask for, as
// ext4 does for journalled, inline, encrypted and verity files. Kernels before 6.1 do not tell.
Direct direct_support(int fd) {
#if defined(STATX_DIOALIGN)
    struct statx status{};
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) != 0) return Direct::Unknown;
    if ((status.stx_mask & STATX_DIOALIGN) == 0) return Direct::Unknown;
    bool fits = status.stx_dio_mem_align <= AlignedBuffer::kAlignmentBytes &&
                status.stx_dio_offset_align <= AlignedBuffer::kAlignmentBytes;
    return status.stx_dio_offset_align != 0 && fits ? Direct::Yes : Direct::No;
#else
    static_cast<void>(fd);
    return Direct::Unknown;
#endif
}

bool set_direct(int fd, bool on) {
    int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) return false;
    return ::fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

// Drops the file's clean pages and looks whether any is still there. mincore(2) says "all of them"
// to those who may not write the file, which errs to the safe side.
bool drop_cached_pages(int fd, std::uint64_t size_bytes) {
    constexpr std::uint64_t kWindowBytes = 1u << 30;
    if (::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) return false;
    std::vector<unsigned char> resident;
    for (std::uint64_t offset = 0; offset < size_bytes; offset += kWindowBytes) {
        std::size_t window = std::min(kWindowBytes, size_bytes - offset);
        void* mapped = ::mmap(nullptr, window, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset));
        if (mapped == MAP_FAILED) return false;
        resident.assign((window + 4095) / 4096, 0);
        bool told = ::mincore(mapped, window, resident.data()) == 0;
        ::munmap(mapped, window);
        if (!told || std::ranges::any_of(resident, [](unsigned char page) { return page & 1; })) return false;
    }
    return true;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t size_bytes) : size_(size_bytes) {
    std::size_t rounded = (size_bytes + kAlignmentBytes - 1) / kAlignmentBytes * kAlignmentBytes;
    auto* bytes =
        static_cast<std::byte*>(std::aligned_alloc(kAlignmentBytes, std::max(rounded, kAlignmentBytes)));
    GODWIT_CHECK(bytes != nullptr, "out of memory for {} bytes", size_bytes);
    bytes_.reset(bytes);
}

void AlignedBuffer::Free::operator()(std::byte* bytes) const {
    std::free(bytes);
}

std::unique_ptr<Medium> Medium::past_cache(const Root& root, int fd, const struct stat& status) {
    auto medium = std::make_unique<Medium>(root.os(), fd);
    if (lives_in_memory(file_system_type(root, fd, status))) return medium;
    Direct support = direct_support(fd);
    // Where nobody tells whether O_DIRECT is kept, an empty cache makes up for a broken promise.
    bool dropped =
        support != Direct::Yes && drop_cached_pages(fd, static_cast<std::uint64_t>(status.st_size));
    medium->direct_ = support != Direct::No && set_direct(fd, true);
    if (medium->direct_ || dropped) medium->level_ = model::EvidenceLevel::ReadBack;
    return medium;
}

void Medium::stop_direct() const {
    level_ = model::EvidenceLevel::ReadBackCached;
    direct_ = false;
    set_direct(fd_, false);
}

std::expected<std::uint64_t, int> Medium::read_direct(std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                                      const TakePiece& take) const {
    constexpr std::uint64_t kAlignment = AlignedBuffer::kAlignmentBytes;
    std::uint64_t end = offset_bytes + size_bytes, done = 0;
    AlignedBuffer buffer(std::min<std::uint64_t>(kDirectPieceBytes, size_bytes + 2 * kAlignment));
    while (offset_bytes + done < end) {
        std::uint64_t at = offset_bytes + done;
        std::uint64_t skip = at % kAlignment;
        std::uint64_t want =
            std::min<std::uint64_t>(buffer.span().size() / kAlignment * kAlignment,
                                    (end - at + skip + kAlignment - 1) / kAlignment * kAlignment);
        ssize_t got = os_.pread(fd_, buffer.span().data(), want, at - skip);
        if (got < 0) return std::unexpected(static_cast<int>(-got));
        if (static_cast<std::uint64_t>(got) <= skip) return done;
        std::uint64_t usable = std::min(static_cast<std::uint64_t>(got) - skip, end - at);
        take(buffer.span().subspan(skip, usable));
        done += usable;
        // A short answer that ends off the alignment can only be the file's end.
        if (static_cast<std::uint64_t>(got) % kAlignment != 0) return done;
    }
    return done;
}

std::expected<std::uint64_t, int> Medium::read(std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                               const TakePiece& take) const {
    if (direct_) {
        std::uint64_t taken = 0;
        auto counted = [&](std::span<const std::byte> piece) {
            taken += piece.size();
            take(piece);
        };
        auto outcome = read_direct(offset_bytes, size_bytes, counted);
        if (outcome || outcome.error() != EINVAL || taken != 0) return outcome;
        stop_direct();  // the device wants another alignment
    }
    AlignedBuffer buffer(std::min<std::uint64_t>(kReadPieceBytes, size_bytes));
    std::uint64_t done = 0;
    while (done < size_bytes) {
        std::size_t want = std::min<std::uint64_t>(buffer.span().size(), size_bytes - done);
        ssize_t got = os_.pread(fd_, buffer.span().data(), want, offset_bytes + done);
        if (got < 0) return std::unexpected(static_cast<int>(-got));
        if (got == 0) return done;
        take(buffer.span().first(static_cast<std::size_t>(got)));
        done += static_cast<std::uint64_t>(got);
    }
    return done;
}

std::expected<std::uint64_t, int> Medium::read_into(std::uint64_t offset_bytes, std::span<std::byte> out,
                                                    const TakePiece& take) const {
    std::uint64_t done = 0;
    if (direct_) {
        auto copied = [&](std::span<const std::byte> piece) {
            std::memcpy(out.data() + done, piece.data(), piece.size());
            done += piece.size();
            take(piece);
        };
        return read(offset_bytes, out.size(), copied);
    }
    while (done < out.size()) {
        std::size_t want = std::min<std::uint64_t>(kReadPieceBytes, out.size() - done);
        ssize_t got = os_.pread(fd_, out.data() + done, want, offset_bytes + done);
        if (got < 0) return std::unexpected(static_cast<int>(-got));
        if (got == 0) return done;
        take(out.subspan(done, static_cast<std::size_t>(got)));
        done += static_cast<std::uint64_t>(got);
    }
    return done;
}

}  // namespace godwit::posix
