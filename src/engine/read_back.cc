#include "engine/read_back.h"

#include <algorithm>

#include "engine/part_stream.h"
#include "engine/parts.h"

namespace godwit::engine {

Task<Result<ReadBack>> read_back(Context& context, TransferContext& shared, store::Store& store,
                                 const model::Key& key, model::ObjectType type,
                                 const model::Identity& expected, bool from_medium) {
    store::OpenRequest request;
    request.key = key;
    request.expected = expected;
    request.type = type;
    request.digest = shared.options.digest;
    request.whole_bytes_max = kWholeBytesMax;
    request.from_medium = from_medium;
    GODWIT_CO_TRY(runtime::Permit room,
                  co_await shared.memory.acquire(context, whole_room_bytes(request, expected.size_bytes)));
    GODWIT_CO_TRY(std::unique_ptr<store::Source> source, co_await store.open(context, request));
    if (std::optional<store::Part> whole = source->take_whole()) {
        co_return ReadBack{whole->digest, source->read_level()};
    }
    room.release();
    PartLayout layout(expected.size_bytes, std::min(kReadBackPartBytes, shared.options.piece_bytes_max));
    PartDigests digests(layout);
    store::Sink* nobody = nullptr;
    GODWIT_CO_TRY_VOID(co_await stream_parts(context, shared, *source, layout, digests, nobody));
    GODWIT_CO_TRY_VOID(co_await source->verify_unchanged(context));
    co_return ReadBack{digests.whole(), source->read_level()};
}

}  // namespace godwit::engine
