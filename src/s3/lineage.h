// Lineage: where a stored object came from, written on the object itself, so that whoever finds it in
// ten years needs no database of ours.
//
//   x-amz-meta-source-path          the full source path
//   x-amz-meta-source-path-sha256   SHA-256 of the full path, in hexadecimal; present exactly when
//                                   source-path is not the full path byte for byte
#pragma once

#include <string_view>

#include "model/object.h"

namespace godwit::s3 {

// Adds `source-path` to the user metadata, replacing one that is there. A path that does not fit beside
// the rest within S3's 2 KB is cut and ends in "..."; one that is no printable UTF-8 has those bytes
// as \xNN. Never fails: without room for a useful piece nothing is added.
void add_lineage(std::string_view source_path, model::Metadata& metadata);

}  // namespace godwit::s3
