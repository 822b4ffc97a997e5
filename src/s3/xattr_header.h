// Extended attributes as one line of user metadata, and back.
//
//   x-amz-meta-godwit-xattrs: system.posix_acl_access=AgAAAAEABgD/////...,user.comment=aGVsbG8=
//
// NAME=VALUE, commas between them, in byte order of the names, each name once. Names have every byte but
// A-Z a-z 0-9 - . _ ~ as %XX (RFC 3986), values are base64 (RFC 4648 §4, padded). An access control list is
// the kernel's own form (linux/posix_acl_xattr.h, version 2, little-endian). No line: there are none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/object.h"

namespace godwit::s3 {

inline constexpr std::string_view kXattrsName = "godwit-xattrs";

// The value. `xattrs` are in byte order and not empty.
std::string encode_xattrs(const model::NamedValues& xattrs);

// Absent for what encode_xattrs() cannot have written.
std::optional<model::NamedValues> decode_xattrs(std::string_view value);

}  // namespace godwit::s3
