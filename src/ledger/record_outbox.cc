#include "ledger/record_outbox.h"

namespace godwit::ledger {

void RecordOutbox::Write::await_suspend(std::coroutine_handle<> handle) {
    resume_.handle = handle;
    outbox_.writes_.push_back(this);
    outbox_.loop_.at_turn_end(outbox_);
}

Result<void> RecordOutbox::Write::await_resume() {
    if (error_) return std::move(*error_);
    return {};
}

void RecordOutbox::turn_ended() {
    auto writes = std::make_shared<const Writes>(std::move(writes_));
    writes_.clear();
    auto work = [this, writes](db::Connection&) { return insert(*writes); };
    auto done = [this, writes](Result<void> committed) { finish(*writes, committed); };
    writer_.submit(db::Lane::Bulk, writes->size(), std::move(work), std::move(done));
}

// On the writer's thread, perhaps twice.
Result<void> RecordOutbox::insert(const Writes& writes) {
    for (Write* write : writes) GODWIT_TRY_VOID(tables_.record(write->record_, write->evidence_));
    return {};
}

void RecordOutbox::finish(const Writes& writes, const Result<void>& committed) {
    runtime::RemoteResumes finished;
    for (Write* write : writes) {
        if (!committed) write->error_.emplace(committed.error().clone());
        finished.add(write->resume_);
    }
    loop_.resume_from_thread(finished);
}

}  // namespace godwit::ledger
