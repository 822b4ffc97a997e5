#include "ledger/record_outbox.h"

#include <algorithm>

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
    writer_.submit(lane_for(*writes), writes->size(), std::move(work), std::move(done));
}

// Directories end level by level, each waiting for the one below: a row that waited for company would hold
// up everybody.
db::Lane RecordOutbox::lane_for(const Writes& writes) {
    auto is_directory = [](const Write* write) {
        return write->record_.type == model::ObjectType::Directory;
    };
    return std::ranges::all_of(writes, is_directory) ? db::Lane::Urgent : db::Lane::Bulk;
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
