#include "engine/part_stream.h"

#include <optional>

#include "runtime/group.h"

namespace godwit::engine {
namespace {

// One run of stream_parts(): what its part tasks share.
struct PartRun {
    Context context;
    TransferContext& shared;
    store::Source& source;
    const PartLayout& layout;
    PartDigests& digests;
    const PartConsumer& consumer;
    std::optional<Error> first_error;

    void fail(Error error) {
        if (first_error) return;
        context.cancel(error.clone());
        first_error.emplace(std::move(error));
    }
};

Task<Result<void>> move_part(PartRun& run, const PartRange& part) {
    Buffer buffer(part.size_bytes);
    GODWIT_CO_TRY_VOID(co_await run.shared.rate.take(run.context, part.size_bytes));
    GODWIT_CO_TRY(Digest digest, co_await run.source.read(run.context, part.offset_bytes, buffer.span()));
    run.digests.set(part.number, digest);
    GODWIT_CO_TRY_VOID(co_await run.consumer(run.context, part, buffer.span(), digest));
    run.shared.progress.moved_bytes += part.size_bytes;
    co_return {};
}

// Holds the permits that its caller took, so that parts start in order and memory is bounded.
Task<void> part_task(PartRun& run, PartRange part, runtime::Permit memory, runtime::Permit slot) {
    Result<void> moved = co_await move_part(run, part);
    if (moved) {
        run.shared.requests.succeeded();
    } else {
        if (moved.error().kind() == ErrorKind::Busy) run.shared.requests.overloaded();
        run.fail(std::move(moved.error()));
    }
    memory.release();
    slot.release();
}

Task<Result<void>> start_part(PartRun& run, runtime::TaskGroup& group, PartRange part) {
    GODWIT_CO_TRY(runtime::Permit memory, co_await run.shared.memory.acquire(run.context, part.size_bytes));
    GODWIT_CO_TRY(runtime::Permit slot, co_await run.shared.requests.acquire(run.context));
    group.spawn(part_task(run, part, std::move(memory), std::move(slot)));
    co_return {};
}

}  // namespace

std::uint64_t whole_room_bytes(std::uint64_t object_bytes) {
    return object_bytes <= kWholeBytesMax ? object_bytes : 0;
}

Task<Result<void>> stream_parts(Context& context, TransferContext& shared, store::Source& source,
                                const PartLayout& layout, PartDigests& digests,
                                const PartConsumer& consumer) {
    PartRun run{Context(context), shared, source, layout, digests, consumer, {}};
    runtime::TaskGroup group(context.loop());
    for (std::size_t number = 0; number < layout.count() && !run.first_error; ++number) {
        Result<void> started = co_await start_part(run, group, layout[number]);
        if (!started) run.fail(std::move(started.error()));
    }
    co_await group.wait();
    if (run.first_error) co_return std::move(*run.first_error);
    co_return {};
}

}  // namespace godwit::engine
