// A trial: one object of the probe's own with an upload to its key, and what a server does with writes to
// them. One task at a time may write its object, and one its upload; the two know nothing of one another
// until complete().
#pragma once

#include <optional>
#include <string>

#include "s3/multipart.h"

namespace godwit::s3 {

// The bytes of every object and part.
inline constexpr std::string_view kProbeText = "A probe of godwit; it can be removed.\n";

// Refusals by which a server shows that it understood and did not want to.
bool is_refusal(ErrorKind kind);

// What a server did with a write: took it, or refused it with this code.
struct Reaction {
    std::string etag;
    std::string version_id;
    std::optional<ErrorKind> refused_for;  // absent: taken
    std::string refused_with;              // never empty when refused
    bool taken() const { return !refused_for; }
};

// Runs them side by side. Fails, when both have ended, with the error that came first.
Task<Result<void>> both(runtime::Loop& loop, Task<Result<void>> one, Task<Result<void>> other);

class Trial {
  public:
    // All outlive the trial but `key`.
    Trial(Context& context, const Bucket& bucket, std::string key)
        : context_(context), patient_(bucket), once_(bucket), key_(std::move(key)) {
        once_.retries = false;
    }

    // The object, without any condition. Fails with Unsupported when the server does not take it.
    Task<Result<void>> make();
    // Errors that are no refusals (Denied, Lost and the like) fail; a busy server is asked again.
    Task<Result<Reaction>> put(Condition condition);
    Task<Result<Reaction>> remove(Condition condition);

    // In place of the upload that there is.
    Task<Result<void>> begin_upload(std::optional<DigestAlgorithm> algorithm);
    // Always the same part.
    Task<Result<Reaction>> put_part(BodyChecks checks);
    // Of that part, which was put with `checksum`.
    Task<Result<Reaction>> complete(Condition condition, std::optional<DigestAlgorithm> checksum);

    // Removes what is left, as far as we know. Fails with what could not be removed.
    Task<Result<void>> clean_up();

    // Of the object as it stands.
    const std::string& etag() const { return etag_; }
    // Empty: the last one was not taken.
    const std::string& part_etag() const { return part_etag_; }
    bool keeps_versions() const { return keeps_versions_; }

  private:
    Task<Result<void>> abort_upload();
    Task<Result<void>> remove_object();

    Context& context_;
    const Bucket& patient_;
    Bucket once_;
    std::string key_;
    std::optional<UploadId> upload_;
    std::string part_etag_;
    std::string etag_;
    bool object_is_there_ = false;
    // What the answers to put() tell of the bucket.
    bool keeps_versions_ = false;
    bool tells_versions_ = false;
    std::optional<Error> left_behind_;
};

}  // namespace godwit::s3
