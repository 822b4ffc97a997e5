// Bringing owner, mode and times over to what was stored.
//
// Everything is set by descriptor, or by name in a held directory without following a link, and only
// after the content is complete (G70). What the file system or the lack of privilege refuses becomes
// a warning, not a failure, unless the options demand it: the bytes are worth more (G71).
// Extended attributes are only ever set by request, so one that is refused fails the object.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "model/object.h"
#include "model/xattrs.h"
#include "posix/os.h"

namespace godwit::posix {

struct Owner {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

struct AttributeOptions {
    // For objects that carry no POSIX attributes. Absent: as the umask says, and the process's own
    // owner. Permission bits only.
    std::optional<std::uint32_t> default_file_mode;
    std::optional<std::uint32_t> default_directory_mode;
    std::optional<Owner> default_owner;
    // What to take over where the object carries it.
    bool keep_owner = true;
    bool keep_mode = true;
    bool keep_times = true;
    // Take setuid and setgid over too. Off: cleared, since a store that others write to could make
    // a privileged program appear here.
    bool keep_set_id_bits = false;
    // Read these at a source; at a destination make them those that the object carries, and none else.
    model::XattrClasses xattrs = {};
    // A refused owner fails the object instead of being a warning.
    bool demand_owner = false;
};

// What is to be set on one object; absent means: leave as it is.
struct WantedAttributes {
    std::optional<std::uint32_t> mode;  // permission bits
    std::optional<Owner> owner;
    std::optional<std::int64_t> mtime_ns;
    std::optional<std::int64_t> atime_ns;
    // All that are to be there of the classes in the options.
    std::optional<model::NamedValues> xattrs;
    bool xattrs_malformed = false;
};
WantedAttributes wanted_attributes(const AttributeOptions& options, model::ObjectType type,
                                   const model::Metadata& metadata);

// The mode to make a staged file with: nobody else reads it before its final mode is set; where none
// will be set, 0666, which the kernel cuts by the umask.
std::uint32_t staging_mode(const WantedAttributes& wanted);

// Sets them on the open file or directory, owner first, since chown clears set-id bits and capabilities;
// access control lists before the mode, which is a part of them; times last. An extended attribute that is
// refused fails it after all the rest is set.
// `status` is how it is now. Success with an Error inside: done, but the owner was refused.
// `subject` is for messages.
Result<std::optional<Error>> apply_attributes(Os& os, const AttributeOptions& options,
                                              const WantedAttributes& wanted, int fd,
                                              const struct stat& status, const std::string& subject);

// The same for a symbolic link, which has no mode, by its name in `directory`.
Result<std::optional<Error>> apply_link_attributes(Os& os, const AttributeOptions& options,
                                                   const WantedAttributes& wanted, int directory,
                                                   const char* name, const std::string& subject);

}  // namespace godwit::posix
