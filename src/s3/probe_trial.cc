#include "s3/probe_trial.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "runtime/group.h"
#include "runtime/retry.h"
#include "s3/probe_remains.h"

namespace godwit::s3 {
namespace {

constexpr int kPartNumber = 1;

template <class T>
Result<Reaction> reaction(const Result<T>& done) {
    Reaction reaction;
    if (!done) {
        const Error& error = done.error();
        if (!is_refusal(error.kind())) return error.clone();
        reaction.refused_for = error.kind();
        reaction.refused_with = error.code().empty() ? to_string(error.kind()) : error.code();
        return reaction;
    }
    if constexpr (requires { done->etag; }) reaction.etag = done->etag;
    if constexpr (requires { done->version_id; }) reaction.version_id = done->version_id;
    return reaction;
}

// What comes of `write`, which is tried again while the server is busy.
template <class Write>
Task<Result<Reaction>> reaction_to(Context& context, const Bucket& bucket, Write& write) {
    auto attempt = [&write](int) -> Task<Result<Reaction>> {
        auto done = co_await write();
        co_return reaction(done);
    };
    co_return co_await runtime::retry(context, bucket.client->retry_policy(), attempt);
}

Task<void> keep_error(Task<Result<void>> task, std::optional<Error>& first_error) {
    Result<void> done = co_await std::move(task);
    if (!done && !first_error) first_error.emplace(std::move(done.error()));
}

}  // namespace

bool is_refusal(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Invalid:
        case ErrorKind::NotFound:
        case ErrorKind::Exists:
        case ErrorKind::Unsupported:
        case ErrorKind::Changed:
        case ErrorKind::Corrupt:
            return true;
        case ErrorKind::Denied:
        case ErrorKind::Busy:
        case ErrorKind::Lost:
        case ErrorKind::Full:
        case ErrorKind::Cancelled:
            return false;
    }
    GODWIT_CHECK(false, "no such error kind: {}", static_cast<int>(kind));
}

Task<Result<void>> both(runtime::Loop& loop, Task<Result<void>> one, Task<Result<void>> other) {
    std::optional<Error> first_error;
    runtime::TaskGroup group(loop);
    group.spawn(keep_error(std::move(one), first_error));
    group.spawn(keep_error(std::move(other), first_error));
    co_await group.wait();
    if (first_error) co_return std::move(*first_error);
    co_return {};
}

Task<Result<void>> Trial::make() {
    Condition none;
    GODWIT_CO_TRY(Reaction made, co_await put(none));
    if (made.taken()) co_return {};
    co_return Error(ErrorKind::Unsupported, "probe", patient_.client->uri(key_),
                    fmt::format("the server does not take a plain object ({})", made.refused_with));
}

Task<Result<Reaction>> Trial::put(Condition condition) {
    PutObject object;
    object.key = key_;
    object.bytes = bytes_of(kProbeText);
    object.condition = std::move(condition);
    object_is_there_ = true;  // as far as we know from here on
    auto write = [&] { return put_object(context_, once_, object); };
    GODWIT_CO_TRY(Reaction done, co_await reaction_to(context_, patient_, write));
    if (done.taken()) etag_ = done.etag;
    tells_versions_ |= !done.version_id.empty();
    keeps_versions_ |= !done.version_id.empty() && done.version_id != "null";
    co_return std::move(done);
}

Task<Result<Reaction>> Trial::remove(Condition condition) {
    const std::string newest;
    auto write = [&] { return delete_object(context_, once_, key_, condition, newest); };
    GODWIT_CO_TRY(Reaction done, co_await reaction_to(context_, patient_, write));
    if (done.taken()) object_is_there_ = false;
    co_return std::move(done);
}

Task<Result<void>> Trial::begin_upload(std::optional<DigestAlgorithm> algorithm) {
    Result<void> aborted = co_await abort_upload();
    if (!aborted) left_behind_.emplace(std::move(aborted.error()));
    const model::Metadata* no_metadata = nullptr;
    GODWIT_CO_TRY(upload_, co_await create_upload(context_, patient_, key_, no_metadata, algorithm));
    co_return {};
}

Task<Result<Reaction>> Trial::put_part(BodyChecks checks) {
    PutPart part;
    part.upload = &*upload_;
    part.number = kPartNumber;
    part.bytes = bytes_of(kProbeText);
    part.checks = checks;
    auto write = [&] { return upload_part(context_, once_, part); };
    GODWIT_CO_TRY(Reaction done, co_await reaction_to(context_, patient_, write));
    part_etag_ = done.etag;
    co_return std::move(done);
}

Task<Result<Reaction>> Trial::complete(Condition condition, std::optional<DigestAlgorithm> checksum) {
    CompletedPart part;
    part.number = kPartNumber;
    part.etag = part_etag_;
    if (checksum) part.checksum = digest_of(*checksum, bytes_of(kProbeText));
    CompleteUpload request;
    request.upload = &*upload_;
    request.parts = std::span(&part, 1);
    request.condition = std::move(condition);
    auto write = [&] { return complete_upload(context_, once_, request); };
    GODWIT_CO_TRY(Reaction done, co_await reaction_to(context_, patient_, write));
    if (done.taken()) {
        etag_ = done.etag;
        upload_.reset();
    }
    co_return std::move(done);
}

Task<Result<void>> Trial::abort_upload() {
    if (!upload_) co_return {};
    UploadId upload = std::move(*upload_);
    upload_.reset();
    part_etag_.clear();
    co_return co_await s3::abort_upload(context_, patient_, upload);
}

Task<Result<void>> Trial::remove_object() {
    if (!object_is_there_) co_return {};
    bool one_version = !etag_.empty() && !tells_versions_;
    if (!one_version) co_return co_await remove_versions(context_, patient_, key_);
    const Condition none;
    const std::string newest;
    co_return co_await delete_object(context_, patient_, key_, none, newest);
}

Task<Result<void>> Trial::clean_up() {
    Task<Result<void>> all = both(context_.loop(), abort_upload(), remove_object());
    GODWIT_CO_TRY_VOID(co_await std::move(all));
    if (left_behind_) co_return std::move(*left_behind_);
    co_return {};
}

}  // namespace godwit::s3
