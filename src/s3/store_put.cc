#include "s3/store_put.h"

#include "base/sabotage.h"

namespace godwit::s3 {

namespace {

// The write failed, or seemed to.
Task<Result<store::Receipt>> settle(Context& context, const Bucket& bucket, const WritePolicy& policy,
                                    const Sent& sent, Error error) {
    if (!may_have_happened(error)) co_return std::move(error);
    if (GODWIT_SABOTAGE(assume_put_happened)) {
        co_return store::Receipt{
            {sent.request.size_bytes, 0, {}}, model::EvidenceLevel::Attested, sent.digest};
    }
    auto found = co_await find_sent(context, bucket, policy, sent);
    if (found && *found) co_return std::move(**found);
    co_return std::move(error);
}

}  // namespace

Task<Result<store::Receipt>> put_whole(Context& context, const Bucket& bucket, const WritePolicy& policy,
                                       const store::PutRequest& request, const std::string& key,
                                       std::span<const std::byte> bytes, const Digest& digest) {
    PutObject put;
    put.key = key;
    put.metadata = &request.metadata;
    put.bytes = bytes;
    put.condition = put_condition(policy.probe, request.replaces);
    put.checks = checks_for(policy, bytes, digest, request.verify);
    bool sends_md5 = travelling_digest(policy, request.verify) == DigestAlgorithm::Md5;
    if (sends_md5) put.checks.md5 = co_await bucket.client->md5().digest_of(bytes);
    auto stored = co_await put_object(context, bucket, put);
    if (!stored) {
        Error error = condition_error(put.condition, std::move(stored.error()));
        std::string no_etag;
        Sent sent{request, key, digest, put.checks, no_etag};
        co_return co_await settle(context, bucket, policy, sent, std::move(error));
    }
    Proof proof = proof_of_put(policy, put.checks, *stored);
    bool lacking = proof.level == model::EvidenceLevel::None && request.verify && policy.may_read_back;
    if (request.read_back || lacking) {
        GetObject get;
        get.key = key;
        get.etag = stored->etag;
        get.object_bytes = bytes.size();
        get.digest = digest.algorithm();
        GODWIT_CO_TRY(proof, co_await read_back(context, bucket, get, digest));
    }
    model::Identity identity{bytes.size(), 0, std::move(stored->etag)};
    co_return store::Receipt{std::move(identity), proof.level, proof.digest};
}

}  // namespace godwit::s3
