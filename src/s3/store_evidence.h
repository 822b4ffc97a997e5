// What proves that the bytes which an S3 store holds are those that were sent (DESIGN "Evidence").
//
//   attested   a checksum travelled with the bytes, and the probe saw that wrong ones are refused;
//              or the ETag is the MD5 that we computed
//   read_back  the object was read again, pinned to its new ETag, and its digest compared
//
// An unequal ETag is neither evidence nor an error: it is the MD5 only of plain objects (E51).
#pragma once

#include "model/evidence.h"
#include "s3/operations_get.h"
#include "s3/probe.h"
#include "store/store.h"

namespace godwit::s3 {

// How this store's writes are sent and proved; fixed by the probe.
struct WritePolicy {
    ProbeResult probe;
    // Nothing is attested: send Content-MD5 and compare ETags.
    bool use_md5 = false;
    // Read back what nothing else proves.
    bool may_read_back = true;
};

// The condition on the destination that this store can enforce; none where it cannot.
Condition put_condition(const ProbeResult& probe, const std::optional<model::Identity>& replaces);
Condition complete_condition(const ProbeResult& probe, const std::optional<model::Identity>& replaces);

// The digest that is to travel with bytes; none where nothing would come of it. MD5 is the one dear
// hash, so it is computed only where it will be evidence.
std::optional<DigestAlgorithm> travelling_digest(const WritePolicy& policy, bool verify);
// It, where it belongs.
BodyChecks checks_of(const std::optional<Digest>& travelling);
// What to send with `bytes`, whose digest is known. Without an MD5, which is computed in company: where it
// is the one that travels, Client::md5() gives it.
BodyChecks checks_for(const WritePolicy& policy, std::span<const std::byte> bytes, const Digest& digest,
                      bool verify);

struct Proof {
    model::EvidenceLevel level = model::EvidenceLevel::None;
    std::optional<Digest> digest;
};
// What a put's answer proves.
Proof proof_of_put(const WritePolicy& policy, const BodyChecks& sent, const Stored& stored);

// The digest of what is stored under `get`, read in ranges where the algorithm combines. A store that
// shows its own write late (E55) is given a bounded while.
Task<Result<Digest>> digest_stored(Context& context, const Bucket& bucket, const GetObject& get);

// Reads back and compares. Fails with Corrupt, naming both digests.
Task<Result<Proof>> read_back(Context& context, const Bucket& bucket, const GetObject& get,
                              const Digest& expected);

// What was sent, to recognise it after its answer was lost (I11).
struct Sent {
    const store::PutRequest& request;
    const std::string& key;
    Digest digest;  // of all bytes
    // The same in other algorithms, where we know it.
    BodyChecks checks;
    // The ETag that only these bytes can have got from this store; empty where we cannot tell.
    std::string etag;
};
// Looks whether what is stored now is what was sent: by size, attributes and a digest; reads it when
// nothing cheaper tells. Nothing when it is something else, or is not there.
Task<Result<std::optional<store::Receipt>>> find_sent(Context& context, const Bucket& bucket,
                                                      const WritePolicy& policy, const Sent& sent);

// May the write that ended with `error` have happened all the same?
bool may_have_happened(const Error& error);
// A condition on the destination that failed: also 404, which S3 says when If-Match finds nothing.
Error condition_error(const Condition& condition, Error error);

}  // namespace godwit::s3
