#include "engine/uploads.h"

#include "base/sabotage.h"

namespace godwit::engine {

using ledger::Upload;
using model::PlannedObject;

Task<Result<void>> JournalUploads::load() {
    GODWIT_CO_TRY(std::vector<Upload> uploads, co_await journal_.uploads());
    for (Upload& upload : uploads) {
        std::string key = upload.key.bytes();
        uploads_.insert_or_assign(std::move(key), std::move(upload));
    }
    co_return {};
}

Task<Result<std::string>> JournalUploads::find(const PlannedObject& object) {
    auto found = uploads_.find(object.key.bytes());
    if (found == uploads_.end()) co_return std::string();
    Upload upload = found->second;
    bool same =
        GODWIT_SABOTAGE(resume_other_generation) || model::same_generation(upload.source, object.source);
    if (!upload.checkpoint.empty() && same) {
        co_return std::move(upload.checkpoint);
    }
    // Of another generation, or begun without our having learned its name: not to be carried on.
    GODWIT_CO_TRY_VOID(co_await discard(context_, upload));
    co_return std::string();
}

Task<Result<void>> JournalUploads::intend(const PlannedObject& object) {
    Upload upload;
    upload.key = object.key;
    upload.intent_unix_ns = context_.loop().unix_time_ns();
    upload.source = object.source;
    uploads_.insert_or_assign(object.key.bytes(), upload);
    if (GODWIT_SABOTAGE(forget_upload_intent)) co_return {};
    co_return co_await journal_.put_upload(std::move(upload));
}

Task<Result<void>> JournalUploads::begun(const PlannedObject& object, const std::string& checkpoint) {
    Upload& upload = uploads_.at(object.key.bytes());
    upload.checkpoint = checkpoint;
    co_return co_await journal_.put_upload(upload);
}

Task<Result<void>> JournalUploads::ended(const PlannedObject& object) {
    uploads_.erase(object.key.bytes());
    co_return co_await journal_.remove_upload(object.key);
}

Task<Result<void>> JournalUploads::discard(Context& context, const Upload& upload) {
    GODWIT_CO_TRY_VOID(
        co_await destination_.discard(context, upload.key, upload.checkpoint, upload.intent_unix_ns));
    model::Key key = upload.key;
    uploads_.erase(key.bytes());
    co_return co_await journal_.remove_upload(std::move(key));
}

Task<Result<void>> JournalUploads::discard_rest(Context& context) {
    while (!uploads_.empty()) {
        Upload upload = uploads_.begin()->second;
        GODWIT_CO_TRY_VOID(co_await discard(context, upload));
    }
    co_return {};
}

}  // namespace godwit::engine
