// The way of one object, from the plan to its end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/object_end.h"
#include "engine/options.h"
#include "engine/progress.h"
#include "model/plan.h"
#include "runtime/adaptive_limit.h"
#include "runtime/permits.h"
#include "runtime/rate_limit.h"
#include "store/store.h"

namespace godwit::engine {

using runtime::Context;
using runtime::Task;

// Remembers uploads that a crash must not lose. The ledger implements it.
class UploadLog {
  public:
    virtual ~UploadLog() = default;
    // The checkpoint of an upload of exactly this source generation; empty when there is none.
    virtual Task<Result<std::string>> find(const model::PlannedObject& object) = 0;
    // Durable before the store is told to begin: what is begun after this and has no checkpoint
    // may be ours.
    virtual Task<Result<void>> intend(const model::PlannedObject& object) = 0;
    virtual Task<Result<void>> begun(const model::PlannedObject& object, const std::string& checkpoint) = 0;
    // Committed, or discarded.
    virtual Task<Result<void>> ended(const model::PlannedObject& object) = 0;
};

// For work that begins no uploads, or need not remember them.
class NoUploads final : public UploadLog {
  public:
    Task<Result<std::string>> find(const model::PlannedObject&) override { co_return std::string(); }
    Task<Result<void>> intend(const model::PlannedObject&) override { co_return {}; }
    Task<Result<void>> begun(const model::PlannedObject&, const std::string&) override { co_return {}; }
    Task<Result<void>> ended(const model::PlannedObject&) override { co_return {}; }
};

class Backup;

// What all transfers of one execution share. Everything outlives every transfer.
struct TransferContext {
    runtime::Loop& loop;
    // Ends when no object may begin any more; those under way go on.
    Context& new_work;
    const ExecutionOptions& options;
    store::Store& source;
    store::Store& destination;
    runtime::Permits& memory;          // bytes of content held
    runtime::AdaptiveLimit& requests;  // object or part operations in flight
    runtime::RateLimit& rate;
    UploadLog& uploads;
    Progress& progress;
    // Where what is deleted is copied to before it goes; null: nowhere.
    Backup* backup = nullptr;
};

// Brings one planned object to its end. Never fails as a whole, except when the context ends
// (Cancelled, the object has no end yet) or room runs out (Full, nobody can go on). `object` is brought
// up to date: what a first try published, a second one replaces. `start` is released as soon as the
// object has what it needs to begin.
Task<Result<ObjectEnd>> transfer(Context& context, TransferContext& shared, model::PlannedObject& object,
                                 runtime::Permit& start);
// The same, but an object that tells of itself that it is one of several names of a file (HardLinkMode::Told)
// is put aside before anything is written (ObjectEnd::put_aside), and `object` is what is known of it.
Task<Result<ObjectEnd>> transfer_or_put_aside(Context& context, TransferContext& shared,
                                              model::PlannedObject& object, runtime::Permit& start);

// What the source says of the bytes of a large object, as far as that is believed: bytes that are small, or
// are to be read again, are read.
std::optional<Digest> believed_digest(const TransferContext& shared, const model::ObjectInfo& source);

// The end of an object that met `error` in an operation of `scope`. Fails with it where it concerns
// everybody, as transfer() does.
Result<ObjectEnd> end_of_error(const Context& context, Scope scope, Error error);

}  // namespace godwit::engine
