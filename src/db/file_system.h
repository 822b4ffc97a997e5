// Which file systems may hold state. SQLite's locks and shared memory do not work across machines,
// and a network file system that loses a lock loses the ledger, so those are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace godwit::db {

enum class FileSystemVerdict : std::uint8_t {
    Local,    // good
    Unknown,  // FUSE: may be local or not; allowed, with a warning
    Network,  // refused
};

struct FileSystemKind {
    // "nfs", "cifs", ...; empty for all that are not told apart.
    std::string_view name;
    FileSystemVerdict verdict = FileSystemVerdict::Local;
};

// By the magic number of statfs(2).
FileSystemKind classify_file_system(std::uint64_t magic);

// Success when state may live in `directory`, which must exist; with a warning for the user where
// that is not certain. Unsupported on a network file system: the message names the cure.
Result<std::optional<std::string>> check_state_file_system(const std::string& directory);

}  // namespace godwit::db
