// The holes of a file as one line of user metadata, and back.
//
//   x-amz-meta-godwit-holes: 0.3f,10.1      in blocks of 4,096 bytes, hexadecimal: DATA.HOLE,DATA.HOLE,...
//   x-amz-meta-godwit-holes: none           data from end to end
//
// What follows the last hole is data. No line: nobody tells.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/holes.h"

namespace godwit::s3 {

inline constexpr std::string_view kHolesName = "godwit-holes";

std::string encode_holes(const model::Holes& holes);

// Absent for what encode_holes() cannot have written.
std::optional<model::Holes> decode_holes(std::string_view value);

}  // namespace godwit::s3
