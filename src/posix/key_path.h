// From a key to a path below the root, and which keys have none.
//
// A key is a path as it stands; nothing is escaped or folded, so two keys never meet in one name
// (F61 to F65 of the fault catalogue). What can't be a path is refused by name.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "model/key.h"

namespace godwit::posix {

struct KeyPath {
    // Relative to the root, without a slash at either end: "a/b/c".
    std::string path;
    // Where the last component begins in `path`.
    std::size_t name_offset = 0;
    // The key ended in '/'.
    bool is_directory = false;

    // The last component; lives as long as this.
    const char* name() const { return path.c_str() + name_offset; }
    // The directory that holds it; "" is the root.
    std::string parent() const { return name_offset == 0 ? std::string() : path.substr(0, name_offset - 1); }
};

inline constexpr std::size_t kComponentBytesMax = 255;  // NAME_MAX of every common file system

// Fails with Unsupported, code "UnrepresentableKey", when the key is empty, begins with '/', holds a
// NUL, or has a component that is empty, ".", ".." or longer than kComponentBytesMax.
Result<KeyPath> key_path(const model::Key& key);

}  // namespace godwit::posix
