// What stat(2) tells, in Godwit's words.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "model/object.h"

namespace godwit::posix {

// Times that 64 bits can't count (before 1677, after 2262) become the first or the last that they
// can, at both ends of a copy alike (G69).
std::int64_t nanoseconds(const struct timespec& time);
// Rounds down, so that times before 1970 come out right.
struct timespec timespec_of(std::int64_t unix_time_ns);

model::ObjectType object_type(const struct stat& status);

// size: the bytes of a file or of a link's target; 0 for all others. tag: inode and ctime, which
// every write, chmod or rename moves on, even where mtime was put back (A3).
model::Identity identity_of(const struct stat& status);

// When the inode was last changed, by the file system's clock. Of an identity_of().
std::int64_t ctime_ns(const model::Identity& identity);

// The same inode with the same size and mtime: at most ctime has moved, as it does for all names of a file
// when one of them goes.
bool same_but_ctime(const model::Identity& a, const model::Identity& b);

// Of a regular file with several names.
std::optional<model::HardLink> hard_link_of(const struct stat& status);

model::PosixAttributes attributes_of(const struct stat& status);

model::Entry entry_of(model::Key key, const struct stat& status);

// The same inode, unchanged between the two looks (I7).
bool same_generation(const struct stat& a, const struct stat& b);

}  // namespace godwit::posix
