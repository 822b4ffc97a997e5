#include "engine/give_up.h"

#include "engine/uploads.h"

namespace godwit::engine {
namespace {

using ledger::Batch;
using ledger::BatchKind;
using runtime::Context;
using runtime::Task;

Task<Result<void>> sweep(Context& context, store::Store& destination, const Batch& batch) {
    const std::string no_checkpoint;
    // Uploads have been released by their intent; what is left stands under names of our own.
    std::int64_t now = context.loop().unix_time_ns();
    for (const Batch::Item& item : batch.items) {
        if (item.object.type == model::ObjectType::Directory) continue;
        // What cannot be released now carries our name and is no object: it is left.
        Result<void> swept = co_await destination.discard(context, item.object.key, no_checkpoint, now);
        if (!swept && context.is_cancelled()) co_return std::move(swept);
    }
    co_return {};
}

}  // namespace

Task<Result<void>> give_up(Context& context, ledger::Journal& journal, store::Store& destination) {
    JournalUploads uploads(context, journal, destination);
    GODWIT_CO_TRY_VOID(co_await uploads.load());
    GODWIT_CO_TRY_VOID(co_await uploads.discard_rest(context));
    for (BatchKind kind : {BatchKind::Ordinary, BatchKind::Retry, BatchKind::HardLinks, BatchKind::Deletes}) {
        for (;;) {
            GODWIT_CO_TRY(std::optional<Batch> batch, co_await journal.lease_batch(kind));
            if (!batch) break;
            if (batch->leased_before) GODWIT_CO_TRY_VOID(co_await sweep(context, destination, *batch));
        }
    }
    co_return co_await journal.set_status(model::ExecutionStatus::Cancelled);
}

}  // namespace godwit::engine
