#include "s3/store_evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"
#include "runtime/retry.h"
#include "s3/checksum_headers.h"

namespace godwit::s3 {

using model::EvidenceLevel;

namespace {

// One request's worth of reading back; a failure repeats no more than this.
constexpr std::uint64_t kReadBackRangeBytes = 256u << 20;
// For a store that shows its own write late.
constexpr int kStaleReadsMax = 6;

Condition condition(bool absent_enforced, bool match_enforced,
                    const std::optional<model::Identity>& replaces) {
    Condition condition;
    if (GODWIT_SABOTAGE(drop_conditions)) return condition;
    if (!replaces) condition.absent = absent_enforced;
    if (replaces && match_enforced) condition.etag = replaces->tag;
    return condition;
}

Task<Result<Digest>> digest_in_ranges(Context& context, const Bucket& bucket, const GetObject& get) {
    std::uint64_t step = digests_combine(get.digest) ? kReadBackRangeBytes : get.object_bytes;
    std::uint64_t size = std::min(step, get.object_bytes);
    GODWIT_CO_TRY(Digest whole, co_await get_range_digest(context, bucket, get, 0, size));
    for (std::uint64_t offset = size; offset < get.object_bytes; offset += size) {
        size = std::min(step, get.object_bytes - offset);
        GODWIT_CO_TRY(Digest part, co_await get_range_digest(context, bucket, get, offset, size));
        whole = combine(whole, part, size);
    }
    co_return whole;
}

bool is_stale(ErrorKind kind) {
    return kind == ErrorKind::NotFound || kind == ErrorKind::Changed;
}

// Does `head` carry the attributes that were sent? Another writer's equal bytes would not.
bool same_attributes(const ObjectHead& head, const store::PutRequest& request) {
    if (request.metadata.posix && head.metadata.posix != request.metadata.posix) return false;
    if (request.metadata.file_id && head.metadata.file_id != request.metadata.file_id) return false;
    return std::ranges::all_of(request.metadata.user, [&](const auto& pair) {
        return std::ranges::find(head.metadata.user, pair) != head.metadata.user.end();
    });
}

enum class Match : std::uint8_t { Etag, Checksum, Differs, Unknown };

// What `head` tells without reading.
Match match(const ObjectHead& head, const Sent& sent) {
    if (!sent.etag.empty() && head.etag == sent.etag) return Match::Etag;
    if (sent.checks.md5 && etag_equals(head.etag, *sent.checks.md5)) return Match::Etag;
    if (!head.stored_digest) return Match::Unknown;
    for (const std::optional<Digest>& known : {std::optional(sent.digest), sent.checks.checksum}) {
        if (!known || known->algorithm() != head.stored_digest->algorithm()) continue;
        return *known == *head.stored_digest ? Match::Checksum : Match::Differs;
    }
    return Match::Unknown;
}

}  // namespace

Condition put_condition(const ProbeResult& probe, const std::optional<model::Identity>& replaces) {
    Condition wanted = condition(probe.put_if_absent, probe.put_if_match, replaces);
    wanted.bare = probe.put_etag_bare;
    return wanted;
}

Condition complete_condition(const ProbeResult& probe, const std::optional<model::Identity>& replaces) {
    return condition(probe.complete_if_absent, probe.complete_if_match, replaces);
}

std::optional<DigestAlgorithm> travelling_digest(const WritePolicy& policy, bool verify) {
    if (policy.probe.attests) return policy.probe.attests;
    if (policy.use_md5 && verify) return DigestAlgorithm::Md5;
    return std::nullopt;
}

BodyChecks checks_of(const std::optional<Digest>& travelling) {
    BodyChecks checks;
    if (!travelling) return checks;
    (travelling->algorithm() == DigestAlgorithm::Md5 ? checks.md5 : checks.checksum) = travelling;
    return checks;
}

BodyChecks checks_for(const WritePolicy& policy, std::span<const std::byte> bytes, const Digest& digest,
                      bool verify) {
    std::optional<DigestAlgorithm> algorithm = travelling_digest(policy, verify);
    if (!algorithm || *algorithm == DigestAlgorithm::Md5) return {};
    return checks_of(*algorithm == digest.algorithm() ? digest : digest_of(*algorithm, bytes));
}

Proof proof_of_put(const WritePolicy& policy, const BodyChecks& sent, const Stored& stored) {
    if (policy.probe.attests && sent.checksum) return {EvidenceLevel::Attested, sent.checksum};
    if (sent.md5 && (etag_equals(stored.etag, *sent.md5) || GODWIT_SABOTAGE(trust_any_etag)))
        return {EvidenceLevel::Attested, sent.md5};
    return {};
}

Task<Result<Digest>> digest_stored(Context& context, const Bucket& bucket, const GetObject& get) {
    runtime::RetryPolicy policy = bucket.client->retry_policy();
    policy.attempts_max = std::min(policy.attempts_max, kStaleReadsMax);
    ErrorKind stale = ErrorKind::NotFound;
    // The requests have had their attempts: only what the store may yet come to show is waited for here.
    std::optional<Error> failure;
    auto attempt = [&](int) -> Task<Result<std::optional<Digest>>> {
        auto digest = co_await digest_in_ranges(context, bucket, get);
        if (digest) co_return std::optional<Digest>(*digest);
        if (!is_stale(digest.error().kind())) {
            failure.emplace(std::move(digest.error()));
            co_return std::optional<Digest>();
        }
        stale = digest.error().kind();
        co_return std::move(digest.error()).with_kind(ErrorKind::Busy);
    };
    auto digest = co_await runtime::retry(context, policy, attempt);
    if (failure) co_return std::move(*failure);
    if (digest) co_return **digest;
    bool cancelled = digest.error().kind() == ErrorKind::Cancelled;
    if (cancelled) co_return std::move(digest.error());
    co_return std::move(digest.error()).with_kind(stale);
}

Task<Result<Proof>> read_back(Context& context, const Bucket& bucket, const GetObject& get,
                              const Digest& expected) {
    GODWIT_CO_TRY(Digest stored, co_await digest_stored(context, bucket, get));
    if (stored == expected || GODWIT_SABOTAGE(skip_s3_read_back_compare))
        co_return Proof{EvidenceLevel::ReadBack, stored};
    co_return Error(ErrorKind::Corrupt, "verify", bucket.client->uri(get.key),
                    fmt::format("sent {}, read back {}", expected.display(), stored.display()))
        .with_code("Mismatch");
}

Task<Result<std::optional<store::Receipt>>> find_sent(Context& context, const Bucket& bucket,
                                                      const WritePolicy& policy, const Sent& sent) {
    std::optional<store::Receipt> receipt;
    std::string any_generation;
    GODWIT_CO_TRY(auto head,
                  co_await head_object(context, bucket, sent.key, any_generation, sent.digest.algorithm()));
    if (!head || head->size_bytes != sent.request.size_bytes || !same_attributes(*head, sent.request)) {
        co_return receipt;
    }
    Match found = match(*head, sent);
    if (found == Match::Differs) co_return receipt;
    // A checksum that nobody was seen to check is only a word.
    bool proved = found == Match::Etag || (found == Match::Checksum && policy.probe.attests);
    if (proved && !sent.request.read_back) {
        receipt.emplace(store::Receipt{head->identity(), EvidenceLevel::Attested, sent.digest});
        co_return receipt;
    }
    GetObject get;
    get.key = sent.key;
    get.etag = head->etag;
    get.object_bytes = head->size_bytes;
    get.digest = sent.digest.algorithm();
    GODWIT_CO_TRY(Digest stored, co_await digest_stored(context, bucket, get));
    if (stored == sent.digest) {
        receipt.emplace(store::Receipt{head->identity(), EvidenceLevel::ReadBack, stored});
    }
    co_return receipt;
}

bool may_have_happened(const Error& error) {
    if (error.kind() == ErrorKind::Lost) return error.code() != "ConnectFailed" || error.attempt() > 1;
    // A repetition of a write that had succeeded meets its own condition.
    bool refused = error.kind() == ErrorKind::Changed || error.kind() == ErrorKind::NotFound;
    return refused && error.attempt() > 1;
}

Error condition_error(const Condition& condition, Error error) {
    bool missing = error.kind() == ErrorKind::NotFound && error.code() == "NoSuchKey";
    if (condition.etag.empty() || !missing) return error;
    return std::move(error).with_kind(ErrorKind::Changed);
}

}  // namespace godwit::s3
