// The id of an object's file as one line of user metadata, and back.
//
//   x-amz-meta-godwit-hardlink: 1.6b86b273ff34fce1.2a3f
//                               VERSION.DEVICE.INODE, hexadecimal, lower case, without leading zeros
//
// Objects with the same line were names of one file when each was stored. No line: it had no other names, or
// nobody tells.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/object.h"

namespace godwit::s3 {

inline constexpr std::string_view kHardLinkName = "godwit-hardlink";

std::string encode_file_id(const model::FileId& id);

// Absent for what encode_file_id() cannot have written.
std::optional<model::FileId> decode_file_id(std::string_view value);

}  // namespace godwit::s3
