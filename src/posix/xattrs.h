// Extended attributes of files, directories and links: reading those of the classes asked for, and making
// those of a copy the same. Always by descriptor, which for a link is one opened with O_PATH.
//
// An access control list is an extended attribute in the kernel's form (linux/posix_acl_xattr.h): bytes
// that mean the same on every machine.
#pragma once

#include <string>

#include "base/result.h"
#include "model/xattrs.h"
#include "posix/os.h"

namespace godwit::posix {

// Of one object, names and values together. More are Unsupported: memory is bounded, and hardly any file
// system or store could keep them.
inline constexpr std::size_t kXattrsBytesMax = 128u << 10;

// Those of `classes`, in byte order of their names. None where the file system knows none.
// `subject` is for messages.
Result<model::NamedValues> read_xattrs(Os& os, int fd, model::XattrClasses classes,
                                       const std::string& subject);

// Makes those of `classes` equal to `wanted`, which holds no others, and looks whether they are: what
// differs is set, what is too many is removed. Fails with Unsupported, code "UnrepresentableMetadata", for
// what the file system or the lack of privilege refuses.
Result<void> apply_xattrs(Os& os, int fd, model::XattrClasses classes, const model::NamedValues& wanted,
                          const std::string& subject);

}  // namespace godwit::posix
