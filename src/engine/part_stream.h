// Reads a large object part by part, several at once, and hands each to a sink.
//
// A part that can be held is read once. Of a larger one only a piece is in memory at any time; the
// sink goes through it as often as it needs, and says which bytes it stored in the end.
#pragma once

#include "engine/parts.h"
#include "engine/transfer.h"

namespace godwit::engine {

// Objects up to this size are held whole: one request, one hop, the checksum known before the head
// is sent.
inline constexpr std::uint64_t kWholeBytesMax = 8ull << 20;
inline constexpr std::uint64_t kReadBackPartBytes = 8ull << 20;

// The memory that an object of this size takes if the request has it read whole; what is larger goes by
// parts, which take their own.
std::uint64_t whole_room_bytes(const store::OpenRequest& request, std::uint64_t object_bytes);

// Reads all parts of `layout`, as many at once as memory and request permits allow, gives each to
// `sink` (null: nobody) and sets the digests of what was read, which is what was stored. Ends when all
// parts have; the first error stops the others and is returned.
Task<Result<void>> stream_parts(Context& context, TransferContext& shared, store::Source& source,
                                const PartLayout& layout, PartDigests& digests, store::Sink* sink);

}  // namespace godwit::engine
