// Names of one file where every object has one name alone, and can only tell of a file that it belongs to.
#pragma once

#include <optional>
#include <string_view>

#include "model/object.h"

namespace godwit::model {

// The id of `file` for copies of it at `place`, the destination as the user names it. Inodes are counted
// anew in every file system, and whole machines are cloned: what was copied to one place is never taken for a
// name of what was copied to another.
FileId file_id(std::string_view place, const HardLink& file);

// The file that an object says it is a name of. Two of one file say that they have the same id, size, POSIX
// attributes (but the access time) and extended attributes; nothing is said of their bytes. Absent for what
// is no regular file, tells no id or no POSIX attributes, or has extended attributes that nobody understands.
std::optional<HardLink> told_hard_link(const ObjectInfo& object);

}  // namespace godwit::model
