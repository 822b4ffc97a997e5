// Objects that need no transfer, and those that need another look before one.
#pragma once

#include <optional>

#include "engine/transfer.h"

namespace godwit::engine {

// The end of an object that is planned to be left alone; absent for one to be transferred.
std::optional<ObjectEnd> end_without_transfer(const TransferContext& shared,
                                              const model::PlannedObject& object);

// That the object which a list asks for on this line is not at the source, which calls it `uri`.
Error missing_error(std::string uri, std::uint64_t line);

// An object that changed while it was read gets quiet time before it is tried again.
Duration retry_pause(std::uint32_t deferrals);

// Plans a deferred object anew from what both stores say now; the result may be a Skip. Gives its end when
// they cannot say. Fails with Cancelled.
Task<Result<std::optional<ObjectEnd>>> look_again(Context& context, TransferContext& shared,
                                                  model::PlannedObject& object);

}  // namespace godwit::engine
