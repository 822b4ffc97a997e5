// An object's metadata as HTTP headers, both ways.
//
// POSIX attributes travel in the user-metadata keys that AWS DataSync uses, so that trees which it
// wrote are recognised as unchanged and trees of ours can be read by it:
//
//   x-amz-meta-file-owner: 1000            decimal uid
//   x-amz-meta-file-group: 1000            decimal gid
//   x-amz-meta-file-permissions: 0100644   st_mode in octal; the type bits mark symlinks (0120777)
//   x-amz-meta-file-mtime: 1595002920000000000ns
//   x-amz-meta-file-atime: 1595002920000000000ns
//
// Times are read in three forms: with "ns"; plain digits, which are milliseconds; "seconds/nanoseconds".
// They are taken out of the user metadata only when owner, group, permissions and mtime are all there
// and well-formed. Otherwise they stay where they are, and only fallback_mtime_ns is read: from
// file-mtime, rclone's `mtime` (seconds with decimals), s3cmd's `s3cmd-attrs`.
//
// Extended attributes stand in one line more, `godwit-xattrs` (xattr_header.h); one that is not well-formed
// stays user metadata, and is known to be malformed.
//
// Holes of a file stand in `godwit-holes` (hole_header.h), where the rest leaves room for them; which file it
// is one of several names of, in `godwit-hardlink` (hard_link_header.h).
//
// Values that are not printable ASCII are written as RFC 2047 encoded words, which is how S3 itself
// returns them; control characters cannot travel and are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/object.h"
#include "net/http_client.h"
#include "s3/header_list.h"

namespace godwit::s3 {

// S3's bound on all user metadata of an object: the bytes of names (without "x-amz-meta-") and values.
inline constexpr std::size_t kUserMetadataBytesMax = 2048;
inline constexpr std::size_t kTagsMax = 10;
inline constexpr std::string_view kUserMetadataPrefix = "x-amz-meta-";
// What the five file-* headers take at most, prefix included.
inline constexpr std::size_t kPosixHeadersBytesMax = 200;

// Adds content headers, file-* keys, user metadata and x-amz-tagging (when `tags` is not empty).
// Fails with Invalid, naming header and limit, when a name is no header name, a value holds a control
// character, or a bound is exceeded; with Unsupported, code "UnrepresentableMetadata", when extended
// attributes or the id of its file do not fit beside the rest. `subject` is for the message. On failure `out`
// may hold a part.
Result<void> add_metadata(const model::Metadata& metadata, std::string_view subject, HeaderList& out);

// The same without tags; tags go by their own request after a multipart upload was begun without them.
Result<void> add_metadata_without_tags(const model::Metadata& metadata, std::string_view subject,
                                       HeaderList& out);

// What an answer to GET or HEAD tells. Nothing in it can fail: what is malformed is kept as user
// metadata, not interpreted. `tags` stays absent.
model::Metadata metadata_from(const std::vector<net::HttpHeader>& headers);

// Directory when the key ends in '/', as listings see it; Symlink by the type bits of
// file-permissions; else File.
model::ObjectType type_of(std::string_view key, const model::Metadata& metadata);

// Can the object not be read without a restore? From x-amz-storage-class, x-amz-restore and
// x-amz-archive-status.
bool is_archived(const std::vector<net::HttpHeader>& headers);
// The same from a listing's word alone (GLACIER and DEEP_ARCHIVE; GLACIER_IR is read like others).
bool is_archive_class(std::string_view storage_class);

// The value of x-amz-tagging: "a=1&b=2", percent-encoded.
std::string tagging_value(const model::NamedValues& tags);

// One time in any of the forms above; absent when it is none, or does not fit 64 bits of nanoseconds.
std::optional<std::int64_t> parse_file_time(std::string_view text);

}  // namespace godwit::s3
