// Backup: where what a mirror removes is copied to before it goes (--backup-dir).
//
// A copy there is made as any other is, and proved; only then may the object go. It keeps its key, below a
// place that no other execution writes to.
#pragma once

#include "engine/transfer.h"

namespace godwit::engine {

class Backup {
  public:
    // Of what is in the destination of `shared`. `place` is attached as a destination; both outlive this.
    Backup(TransferContext& shared, store::Store& place);

    // Copies the generation that is planned to go. VERIFIED, or GONE where nothing is left to be copied: then
    // it may go; any other end says why it may not. What a killed process had copied is replaced. Fails as
    // transfer(). `start` is released as soon as it begins.
    Task<Result<ObjectEnd>> copy(Context& context, const model::PlannedObject& object,
                                 runtime::Permit& start);

    // Removes what a killed process may have left half made for the object. Only a failure that ends the run
    // is one.
    Task<Result<void>> discard(Context& context, const model::PlannedObject& object);

  private:
    ExecutionOptions options_;
    store::Store& place_;
    NoUploads uploads_;
    TransferContext shared_;
};

}  // namespace godwit::engine
