// What Godwit knows of an object: identity, POSIX attributes, metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/digest.h"
#include "model/holes.h"
#include "model/key.h"
#include "model/named_values.h"
#include "model/xattrs.h"

namespace godwit::model {

// Stored in the ledger: never renumber.
enum class ObjectType : std::uint8_t {
    File = 1,
    Directory = 2,  // a directory, or a stored object whose key ends in '/'
    Symlink = 3,    // its content is the target path
    Special = 4,    // FIFO, socket or device: never opened, always skipped with a reason
};

std::string_view to_string(ObjectType type);
std::optional<ObjectType> object_type_from(std::string_view name);

// What pins one generation of an object. Two equal identities mean "nothing was written between",
// as far as that store can tell.
struct Identity {
    std::uint64_t size_bytes = 0;
    // POSIX: st_mtim. S3: LastModified, which a PUT does not return; so S3 identities are compared
    // by size and tag alone (same_generation).
    std::int64_t mtime_ns = 0;
    // Opaque to all but the store that made it. POSIX: inode and ctime. S3: ETag and version id.
    std::string tag;

    friend bool operator==(const Identity&, const Identity&) = default;
};

// Permission bits, owner and times as stat(2) gives them.
struct PosixAttributes {
    std::uint32_t mode = 0;  // st_mode: type and permission bits
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t atime_ns = 0;

    friend bool operator==(const PosixAttributes&, const PosixAttributes&) = default;
};

// A file that has several names.
struct HardLink {
    // Which: the same for all of its names, and only for them (POSIX: st_dev and st_ino; where objects tell
    // it of themselves: told_hard_link()).
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint32_t names = 0;  // how many it has, known to us or not; 0: nobody tells

    bool is_of(const HardLink& other) const { return device == other.device && inode == other.inode; }
    friend bool operator==(const HardLink&, const HardLink&) = default;
};

// Which file an object is one of several names of, as it is told beside it in a store where all objects have
// one name. Anybody may have written it: it proves nothing (model/hard_links.h).
struct FileId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    friend bool operator==(const FileId&, const FileId&) = default;
};

// HTTP content headers that a stored object carries. Empty means absent.
struct ContentHeaders {
    std::string content_type;
    std::string content_encoding;
    std::string content_language;
    std::string content_disposition;
    std::string cache_control;
    std::string expires;

    friend bool operator==(const ContentHeaders&, const ContentHeaders&) = default;
};

// All that travels with an object's bytes.
struct Metadata {
    std::optional<PosixAttributes> posix;
    // Its mtime, of an object without POSIX attributes: as another tool has written it beside the object.
    // When it is to be stored: the mtime to give it.
    std::optional<std::int64_t> fallback_mtime_ns;
    ContentHeaders headers;
    // User metadata without the "x-amz-meta-" prefix, names in lower case, without the file-* keys
    // that stand in `posix`.
    NamedValues user;
    // Absent: not read. Empty: read, and there are none.
    std::optional<NamedValues> tags;
    // Extended attributes by their full names ("user.comment"), in byte order, each once; values are
    // any bytes. A store tells those that it keeps, or is asked for (model/xattrs.h).
    NamedValues xattrs;
    // Of these classes `xattrs` has all that there are; of the others it says nothing.
    XattrClasses told_xattrs = {};
    // It has some, in a form that nobody understands.
    bool xattrs_malformed = false;
    // Absent: nobody tells where its holes are.
    std::optional<Holes> holes;
    // Absent: it has no other names, or nobody tells.
    std::optional<FileId> file_id;
};

// One line of a listing.
struct Entry {
    Key key;
    ObjectType type = ObjectType::File;
    Identity identity;
    // Present when the listing itself tells them (POSIX).
    std::optional<PosixAttributes> posix;
    // The store holds it where it cannot be read without a restore (S3 Glacier classes).
    bool archived = false;
    // The file that this is one of several names of. Regular files alone.
    std::optional<HardLink> hard_link = {};
    // Not 0: this line of a list asks for the key, and it is not there. Nothing else is told of it.
    std::uint64_t missing_line = 0;
};

// All that a store tells about one object when asked for it by name.
struct ObjectInfo {
    Entry entry;
    Metadata metadata;
    // A digest of the whole object that the store keeps, where it keeps one.
    std::optional<Digest> stored_digest;
    // Empty where the store has no such thing.
    std::string storage_class;
};

}  // namespace godwit::model
