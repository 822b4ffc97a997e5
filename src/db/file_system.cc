#include "db/file_system.h"

#include <fmt/format.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <utility>

namespace godwit::db {

// The numbers are those of statfs(2) and of linux/magic.h.
FileSystemKind classify_file_system(std::uint64_t magic) {
    static constexpr auto kKinds = std::to_array<std::pair<std::uint64_t, FileSystemKind>>({
        {0x6969, {"nfs", FileSystemVerdict::Network}},
        {0x517B, {"smb", FileSystemVerdict::Network}},
        {0xFE534D42, {"smb2", FileSystemVerdict::Network}},
        {0xFF534D42, {"cifs", FileSystemVerdict::Network}},
        {0x5346414F, {"afs", FileSystemVerdict::Network}},
        {0x6B414653, {"afs", FileSystemVerdict::Network}},
        {0x01021997, {"9p", FileSystemVerdict::Network}},
        {0x00C36400, {"ceph", FileSystemVerdict::Network}},
        {0x0BD00BD0, {"lustre", FileSystemVerdict::Network}},
        {0x73757245, {"coda", FileSystemVerdict::Network}},
        {0x564C, {"ncp", FileSystemVerdict::Network}},
        {0x47504653, {"gpfs", FileSystemVerdict::Network}},
        {0x01161970, {"gfs2", FileSystemVerdict::Network}},
        {0x7461636F, {"ocfs2", FileSystemVerdict::Network}},
        {0x20030528, {"orangefs", FileSystemVerdict::Network}},
        {0x65735546, {"fuse", FileSystemVerdict::Unknown}},
    });
    for (const auto& [number, kind] : kKinds) {
        if (number == magic) return kind;
    }
    return {};
}

Result<std::optional<std::string>> check_state_file_system(const std::string& directory) {
    struct statfs status{};
    if (::statfs(directory.c_str(), &status) != 0)
        return errno_error(errno, "look at the file system of", directory);
    // f_type is signed and as wide as a register: only its low 32 bits are the magic number.
    FileSystemKind kind = classify_file_system(static_cast<std::uint32_t>(status.f_type));
    if (kind.verdict == FileSystemVerdict::Network) {
        return Error(ErrorKind::Unsupported, "keep state in", directory,
                     fmt::format("it is on a network file system ({}), where a database can't be locked "
                                 "safely; put it on a local disk with --data-dir",
                                 kind.name));
    }
    std::optional<std::string> warning;
    if (kind.verdict == FileSystemVerdict::Unknown)
        warning =
            fmt::format("{} is on FUSE; unless that is a local disk, use --data-dir", printable(directory));
    return warning;
}

}  // namespace godwit::db
