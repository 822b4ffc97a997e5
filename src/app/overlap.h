// Do two paths of this machine denote the same bytes (I3)? A copy into its own source never ends, or
// destroys what it reads.
//
// Three looks: the paths without symbolic links; device and inode of every directory on the way down
// to each; and, for what is mounted twice, where in its file system each path is.
#pragma once

#include <optional>
#include <string>

#include "app/location.h"
#include "base/result.h"

namespace godwit::app {

// Fails with Invalid, code EndsOverlap, when one of the two is, or lies within, the other. `source`
// exists; `destination` may not yet.
Result<void> check_directories_apart(const std::string& source, const std::string& destination);

// Is `directory`, which may not exist yet, `root` or within it? By the same three looks.
bool is_at_or_within(const std::string& directory, const std::string& root);

// Fails in the same way when both paths are one file.
Result<void> check_files_apart(const std::string& source, const std::string& destination);

// Would keys below both meet if they were prefixes of one bucket? False where one is none.
bool prefixes_meet(const Location& a, const Location& b);

// The same by what two stores say of themselves (RootIdentity::canonical), which is enough in S3.
Result<void> check_roots_apart(const std::string& source_canonical, const std::string& source,
                               const std::string& destination_canonical, const std::string& destination);

// The key ("a/b/") of a directory beneath a root; absent when it does not lie beneath it. Neither must
// exist.
std::optional<std::string> key_beneath(const std::string& root, const std::string& directory);

// Where a path is: "8:1" and the path below that file system's own root. From the text of
// /proc/self/mountinfo (proc(5)); `path` is absolute and without symbolic links.
struct DevicePath {
    std::string device;
    std::string path;  // empty when no mount holds it
};
DevicePath device_path(const std::string& mountinfo, const std::string& path);

// The error that says so.
Error ends_overlap(const std::string& destination, const std::string& source, const std::string& how);

}  // namespace godwit::app
