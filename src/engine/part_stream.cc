#include "engine/part_stream.h"

#include <algorithm>
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
    store::Sink* sink;
    std::optional<Error> first_error;

    std::uint64_t held_bytes(const PartRange& part) const {
        return std::min(part.size_bytes, shared.options.piece_bytes_max);
    }

    void fail(Error error) {
        if (first_error) return;
        context.cancel(error.clone());
        first_error.emplace(std::move(error));
    }
};

// A part of which `memory` holds a piece. What is read again counts again for the rate.
class PartInPieces final : public store::PartBytes {
  public:
    PartInPieces(PartRun& run, const PartRange& part, std::span<std::byte> memory)
        : run_(run), part_(part), memory_(memory) {}

    std::uint64_t size_bytes() const override { return part_.size_bytes; }

    Task<Result<store::Piece>> read(Context& context, std::uint64_t offset_bytes) override {
        std::uint64_t left = part_.size_bytes - offset_bytes;
        std::span<std::byte> piece = memory_.first(std::min<std::uint64_t>(left, memory_.size()));
        std::uint64_t offset = part_.offset_bytes + offset_bytes;
        GODWIT_CO_TRY_VOID(co_await run_.shared.rate.take(context, piece.size()));
        GODWIT_CO_TRY(Digest digest, co_await run_.source.read(context, offset, piece));
        co_return store::Piece{piece, digest};
    }

  private:
    PartRun& run_;
    const PartRange& part_;
    std::span<std::byte> memory_;
};

Task<Result<Digest>> move_held(PartRun& run, const PartRange& part, std::span<std::byte> memory) {
    GODWIT_CO_TRY_VOID(co_await run.shared.rate.take(run.context, part.size_bytes));
    GODWIT_CO_TRY(Digest digest, co_await run.source.read(run.context, part.offset_bytes, memory));
    if (run.sink) {
        GODWIT_CO_TRY_VOID(co_await run.sink->write(run.context, part.offset_bytes, memory, digest));
    }
    co_return digest;
}

Task<Result<void>> move_part(PartRun& run, const PartRange& part) {
    Buffer memory(run.held_bytes(part));
    std::span<std::byte> span = memory.span();
    PartInPieces pieces(run, part, span);
    bool is_held = memory.size() == part.size_bytes;
    auto moving = is_held ? move_held(run, part, span)
                          : run.sink->write_streamed(run.context, part.offset_bytes, pieces);
    GODWIT_CO_TRY(Digest digest, co_await std::move(moving));
    run.digests.set(part.number, digest);
    run.shared.progress.moved_bytes += part.size_bytes;
    co_return {};
}

// Holds the permits that its caller took, so that parts start in order and memory is bounded.
Task<void> part_task(PartRun& run, PartRange part, runtime::Permit memory,
                     runtime::AdaptiveLimit::Slot slot) {
    Result<void> moved = co_await move_part(run, part);
    if (moved) {
        slot.succeeded();
    } else {
        run.fail(std::move(moved.error()));
    }
    memory.release();
    slot.release();
}

Task<Result<void>> start_part(PartRun& run, runtime::TaskGroup& group, PartRange part) {
    GODWIT_CO_TRY(runtime::Permit memory,
                  co_await run.shared.memory.acquire(run.context, run.held_bytes(part)));
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await run.shared.requests.acquire(run.context));
    group.spawn(part_task(run, part, std::move(memory), std::move(slot)));
    co_return {};
}

}  // namespace

std::uint64_t whole_room_bytes(const store::OpenRequest& request, std::uint64_t object_bytes) {
    return object_bytes <= request.whole_bytes_max ? object_bytes : 0;
}

Task<Result<void>> stream_parts(Context& context, TransferContext& shared, store::Source& source,
                                const PartLayout& layout, PartDigests& digests, store::Sink* sink) {
    PartRun run{Context(context), shared, source, layout, digests, sink, {}};
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
