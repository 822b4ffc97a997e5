// Uploads of large objects that must not be lost or left behind, kept in the journal.
#pragma once

#include <unordered_map>

#include "engine/transfer.h"
#include "ledger/journal.h"

namespace godwit::engine {

class JournalUploads final : public UploadLog {
  public:
    JournalUploads(Context& context, ledger::Journal& journal, store::Store& destination)
        : context_(context), journal_(journal), destination_(destination) {}

    // Reads what an interrupted run left. Before anything else.
    Task<Result<void>> load();
    // Discards what nobody came back for. When every object has its end.
    Task<Result<void>> discard_rest(Context& context);

    Task<Result<std::string>> find(const model::PlannedObject& object) override;
    Task<Result<void>> intend(const model::PlannedObject& object) override;
    Task<Result<void>> begun(const model::PlannedObject& object, const std::string& checkpoint) override;
    Task<Result<void>> ended(const model::PlannedObject& object) override;

  private:
    Task<Result<void>> discard(Context& context, const ledger::Upload& upload);

    Context& context_;
    ledger::Journal& journal_;
    store::Store& destination_;
    // One for each large object under way: bounded by what is in flight.
    std::unordered_map<std::string, ledger::Upload> uploads_;
};

}  // namespace godwit::engine
