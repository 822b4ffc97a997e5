// A batch's planned objects as bytes, as they are kept until the batch is done.
//
//   byte    format version, 1
//   number  count of objects
//   for each object:
//     byte    1: destination follows, 2: known digest follows, 4: hard link follows
//     byte    action    byte  reason    byte  type
//     number  bytes that the key shares with the key before, then bytes: the rest of the key
//     identity source [identity destination] [digest]
//     [numbers device, inode, names, names of the destination's file]
//     number  deferrals
//
// Numbers, bytes, identities and digests are packed as in packed.h. Listings come in key order, so
// that most of each key is in the one before.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/plan.h"

namespace godwit::ledger {

// Bounds of what is decoded. An S3 key has at most 1,024 bytes, a path under Linux any number.
inline constexpr std::size_t kBatchObjectsMax = 65'536;
inline constexpr std::size_t kKeyBytesMax = std::size_t{1} << 20;

// At most kBatchObjectsMax objects.
std::string encode_batch(std::span<const model::PlannedObject> objects);

// Fails with Corrupt, naming `subject`, for anything that encode_batch() cannot have written.
Result<std::vector<model::PlannedObject>> decode_batch(std::string_view encoded, const std::string& subject);

}  // namespace godwit::ledger
