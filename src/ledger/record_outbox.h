// RecordOutbox: the ends that objects come to in one turn of the loop go to the writer as one job. At tens
// of thousands of objects a second a job for each would cost more than its row.
#pragma once

#include <memory>
#include <vector>

#include "db/group_commit.h"
#include "ledger/execution_tables.h"
#include "ledger/journal.h"
#include "runtime/loop.h"

namespace godwit::ledger {

class RecordOutbox : private runtime::TurnEnd {
  public:
    // All outlive this. `tables` is touched by the writer's thread only.
    RecordOutbox(runtime::Loop& loop, db::GroupCommit& writer, ExecutionTables& tables)
        : loop_(loop), writer_(writer), tables_(tables) {}

    // Resumes once the row is durable, or with why nothing of this turn's rows was kept.
    class Write {
      public:
        Write(RecordOutbox& outbox, const ObjectRecord& record, const std::string& evidence)
            : outbox_(outbox), record_(record), evidence_(evidence) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle);
        Result<void> await_resume();

      private:
        friend class RecordOutbox;
        RecordOutbox& outbox_;
        const ObjectRecord& record_;
        const std::string& evidence_;
        std::optional<Error> error_;
        runtime::RemoteResume resume_;
    };

    // `record` and its packed `evidence` live until then.
    Write write(const ObjectRecord& record, const std::string& evidence) { return {*this, record, evidence}; }

  private:
    using Writes = std::vector<Write*>;
    void turn_ended() override;
    static db::Lane lane_for(const Writes& writes);
    Result<void> insert(const Writes& writes);
    void finish(const Writes& writes, const Result<void>& committed);

    runtime::Loop& loop_;
    db::GroupCommit& writer_;
    ExecutionTables& tables_;
    Writes writes_;  // of this turn
};

}  // namespace godwit::ledger
