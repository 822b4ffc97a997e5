// What a probe leaves when its process is killed, and how the run that carries on removes it.
//
// A run names its probe by its own token, so it finds its upload and its object again after a crash
// (I10). Nobody else can know the name, and nothing is removed that does not begin with it.
#pragma once

#include <array>
#include <string>

#include "s3/operations.h"

namespace godwit::s3 {

// Where the probe of the run `token` writes: this key and those that go on with a suffix. `prefix` is the
// store's; `token` is not empty.
std::string probe_key(const std::string& prefix, const std::string& token);
// Of the keys of its chains of questions. Uploads are begun under these alone.
inline constexpr std::array<std::string_view, 3> kProbeSuffixes{"", "-complete", "-delete"};
// Of the key that same_bucket.h writes.
inline constexpr std::string_view kSameBucketSuffix = "-same";

// Aborts the uploads under those keys and removes the objects, all versions of each, under the names that
// begin with `key`. Success when there is nothing. The client's kinds; Corrupt when a key keeps coming back.
Task<Result<void>> discard_probe(Context& context, const Bucket& bucket, const std::string& key);

// Removes `key` and what comes to light below it, so that a bucket with versions keeps nothing of it
// either, not even a delete marker. Success when there is nothing.
Task<Result<void>> remove_versions(Context& context, const Bucket& bucket, const std::string& key);

}  // namespace godwit::s3
