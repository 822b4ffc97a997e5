// Mirror deletes: what only the destination has goes, or it stays, and why. The one place that decides it.
//
//   listings -> candidates in the ledger -> reason_to_withhold(): may anything go in this run?
//                                        -> delete_extra():      may this object go, now?
//
// Nothing goes on the word of a listing that is not complete, from a root that is empty or not the one that
// it was, or in numbers that nobody has allowed (I4). Of an object exactly the generation goes that was
// listed, when the source, asked once more, does not have it, and unless it may have come during the run.
#pragma once

#include "engine/transfer.h"
#include "ledger/journal.h"
#include "model/outcome.h"

namespace godwit::engine {

// What is known of a run when its listings have come to their end.
struct Listed {
    std::uint64_t source_objects = 0;
    std::uint64_t failed_objects = 0;  // that could not be copied
    ledger::Extras extras;
};
// Why nothing may be deleted, as far as that tells. A plan asks the same.
std::optional<Error> reason_in_listings(const DeleteOptions& options, const Listed& listed,
                                        const store::Store& source, const store::Store& destination);

// Why nothing may be deleted in this run; absent when deletes may go on. Asked when all that the source has
// is where it should be, as `counts` tell; of a run that is carried on, too. Fails when it cannot be told:
// the journal failed, or the run is to end.
Task<Result<std::optional<Error>>> reason_to_withhold(Context& context, TransferContext& shared,
                                                      ledger::Journal& journal, const model::Counts& counts);

// Brings a candidate to its end: DELETED, KEPT with a reason, or NOT_DELETED with an error. Fails as
// transfer() does, and with Corrupt, code "IncompleteListing", when the source turns out to have what its
// listing did not give: then nothing more may be deleted. `start` is released as soon as it begins.
Task<Result<ObjectEnd>> delete_extra(Context& context, TransferContext& shared,
                                     const model::PlannedObject& object, runtime::Permit& start);

// Of a candidate that stays: what a killed process had begun to remove has its name again. Only a failure
// that ends the run is one.
Task<Result<void>> undo_delete(Context& context, TransferContext& shared, const model::PlannedObject& object);

// Ends all candidates, none of which is to go. `carried_on`: a killed process may have begun with some of
// them.
Task<Result<void>> withhold_deletes(Context& context, TransferContext& shared, ledger::Journal& journal,
                                    bool carried_on);

}  // namespace godwit::engine
