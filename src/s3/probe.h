// What a bucket's server really does with checksums and conditions, found out by asking.
//
// Some servers accept x-amz-checksum-* and check nothing, some ignore If-None-Match on one operation
// and enforce it on another (E57). So a checksum counts as checked only after a *wrong* one was
// refused and a right one taken, and a condition only after it has stopped a write. Parts go to
// uploads that are then aborted, conditions are tried on tiny objects of our own under keys that
// nobody can guess, which are then removed; nothing else is touched. What does not need another
// answer is asked beside it, since a far server takes its time for each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "s3/multipart.h"

namespace godwit::s3 {

// Which checksum to let the store check.
enum class ChecksumChoice : std::uint8_t {
    Auto,  // the first of crc64nvme, crc32c, sha256 that it checks; else as Md5
    Crc64Nvme,
    Crc32c,
    Sha256,
    Md5,   // none of them: Content-MD5, and ETags compared with it
    None,  // nothing travels with the bytes: they are read back
};
// "auto", "crc64nvme", "crc32c", "sha256", "md5", "none".
std::optional<ChecksumChoice> checksum_choice_from(std::string_view name);

struct ProbeResult {
    // Refuses parts with a wrong one and takes them with the right one.
    std::optional<DigestAlgorithm> attests;
    // Gives a part its MD5 as ETag.
    bool etag_is_md5 = false;
    // Which writes are stopped by a condition that does not hold, and let through by one that does.
    bool put_if_absent = false;
    bool put_if_match = false;
    bool put_etag_bare = false;  // Condition::bare is what works
    bool complete_if_absent = false;
    bool complete_if_match = false;
    bool delete_if_match = false;
    // What is deleted stays as an older version.
    bool keeps_versions = false;
    // What was asked and what the server did, one line each, for `doctor`.
    std::vector<std::string> findings;
};

// Asks, with writes to `key` and its suffixes, which nobody else may use (probe_remains.h). Kinds: Denied
// when we may not write there, and the client's. What it wrote is removed before it returns; what could not
// be removed stands in findings.
Task<Result<ProbeResult>> probe_bucket(Context& context, const Bucket& bucket, const std::string& key,
                                       ChecksumChoice choice);

// Does the server keep keys with ".", ".." or empty segments as they are? Some take them for paths and
// store another key, which may be another object's, or lie outside the prefix (F61).
// Writes under `key`, as probe_bucket().
Task<Result<bool>> probe_paths(Context& context, const Bucket& bucket, const std::string& key);
// Is `key` one of those?
bool looks_like_path(std::string_view key);

// Results by endpoint, bucket and options, so that a process asks each server once. Made by main();
// must outlive the stores that use it.
class ProbeCache {
  public:
    const ProbeResult* find(const std::string& name) const;
    void keep(const std::string& name, ProbeResult result) { results_[name] = std::move(result); }

  private:
    std::map<std::string, ProbeResult> results_;
};

}  // namespace godwit::s3
