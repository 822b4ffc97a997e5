// S3's operations on objects, typed: what goes in, what comes out, and which answers are believed.
// Source: Amazon S3 API Reference.
//
// Each is one client.call(), so retries and lessons are below and nothing loops here. A success is
// believed only with its proof: an ETag for what was stored or read, the right root element for XML
// (E41, E44). Multipart uploads are in multipart.h, reading bodies in operations_get.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "model/object.h"
#include "s3/client.h"
#include "s3/request_options.h"
#include "s3/xml.h"

namespace godwit::s3 {

// Whom to ask, and what to say with every request. Cheap to copy.
struct Bucket {
    std::shared_ptr<Client> client;
    std::shared_ptr<const ObjectOptions> options;
    // False: one attempt only, for probes.
    bool retries = true;

    Task<Result<void>> call(Context& context, const Request& request, AnswerReader& reader) const {
        return retries ? client->call(context, request, reader) : client->call_once(context, request, reader);
    }
};

// What HEAD and GET tell of an object.
struct ObjectHead {
    std::uint64_t size_bytes = 0;
    std::string etag;  // without quotes; empty where the store gives none
    std::int64_t mtime_ns = 0;
    std::string version_id;
    model::Metadata metadata;  // without tags
    std::uint64_t tag_count = 0;
    // Of the whole object, where the store keeps one.
    std::optional<Digest> stored_digest;
    std::string storage_class;
    bool archived = false;

    model::Identity identity() const { return {size_bytes, mtime_ns, etag}; }
};
// Fails with Corrupt when the answer has neither ETag nor Last-Modified, or no length: then it is
// not an object store's (E41). `wanted` is the digest looked for first.
Result<ObjectHead> object_head(const Answer& answer, DigestAlgorithm wanted);

// What must be at a key for a write to happen.
struct Condition {
    std::string etag;  // this generation; empty: no such condition
    bool absent = false;
    // The ETag without its quotes, which some servers compare it without (RGW 16, PutObject).
    bool bare = false;

    bool any() const { return absent || !etag.empty(); }
};
void add_condition(const Condition& condition, HeaderList& headers);

struct ListRequest {
    std::string prefix;
    std::string start_after;  // of the first page
    std::string token;        // of the others
    int keys_max = 1000;
};
Task<Result<ListPage>> list_objects(Context& context, const Bucket& bucket, const ListRequest& list);

// Absent when there is no such object. With `etag`, fails with Changed for another generation.
Task<Result<std::optional<ObjectHead>>> head_object(Context& context, const Bucket& bucket,
                                                    const std::string& key, const std::string& etag,
                                                    DigestAlgorithm wanted);

// The checks that travel with a body: each present one is sent, and the server may refuse by it.
struct BodyChecks {
    std::optional<Digest> checksum;  // x-amz-checksum-*
    std::optional<Digest> md5;       // Content-MD5
};
void add_body_checks(const BodyChecks& checks, HeaderList& headers);

struct PutObject {
    std::string key;
    const model::Metadata* metadata = nullptr;  // null: none
    std::span<const std::byte> bytes;
    Condition condition;
    BodyChecks checks;
};
// What a store says of bytes that it has taken.
struct Stored {
    std::string etag;  // without quotes, never empty
    std::string version_id;
    std::optional<Digest> checksum;  // as the store echoes it
};
// Fails with Corrupt when the store echoes another checksum than was sent.
Task<Result<Stored>> put_object(Context& context, const Bucket& bucket, const PutObject& put);

// Success also when nothing was there. `version_id` empty: the newest.
Task<Result<void>> delete_object(Context& context, const Bucket& bucket, const std::string& key,
                                 const Condition& condition, const std::string& version_id);

struct CopyObject {
    std::string key;
    // Of the source, in its own bucket.
    const Bucket* source_bucket = nullptr;
    std::string source_key;
    std::string source_etag;
    // Null: metadata and tags stay as the source's. Tags that are absent in it stay as well.
    const model::Metadata* metadata = nullptr;
    Condition condition;
    // Instead of the options'; empty: the options'.
    std::string storage_class;
    std::optional<DigestAlgorithm> checksum;
};
Task<Result<StoredResult>> copy_object(Context& context, const Bucket& bucket, const CopyObject& copy);

Task<Result<model::NamedValues>> get_tagging(Context& context, const Bucket& bucket, const std::string& key);
// An empty set removes the tags.
Task<Result<void>> put_tagging(Context& context, const Bucket& bucket, const std::string& key,
                               const model::NamedValues& tags);
// Sets `tags` unless the object has them already: some servers forget those that came with an upload's
// beginning or a copy. Where tags may not be read, the server is taken at its word.
Task<Result<void>> ensure_tags(Context& context, const Bucket& bucket, const std::string& key,
                               const model::NamedValues& tags);

// For readers of answers that are XML: bytes to typed result, root element checked.
template <class T>
class XmlReader final : public AnswerReader {
  public:
    using Parse = Result<T> (*)(const Operation&, const AnswerHead&, std::string);
    explicit XmlReader(Parse parse) : parse_(parse) {}

    Task<Result<void>> read(Context& context, Answer& answer) override {
        GODWIT_CO_TRY(std::string body, co_await answer.response.read_text(context, kXmlBytesMax));
        std::string subject = answer.subject();
        Operation operation{.name = verb(answer.request.kind),
                            .subject = subject,
                            .region = answer.client.address().region(),
                            .unix_time_ns = answer.client.unix_time_ns()};
        head_ = answer_head(answer.response);
        GODWIT_CO_TRY(value_, parse_(operation, head_, std::move(body)));
        co_return {};
    }
    T take() { return std::move(value_); }
    const AnswerHead& head() const { return head_; }

  private:
    Parse parse_;
    AnswerHead head_;
    T value_{};
};

// For answers that say all in their headers: proves that it is the store's and drains the body.
class StoredReader final : public AnswerReader {
  public:
    // `sent` is compared with what the answer echoes.
    explicit StoredReader(const BodyChecks& sent) : sent_(sent) {}
    Task<Result<void>> read(Context& context, Answer& answer) override;
    Stored take() { return std::move(stored_); }

  private:
    const BodyChecks& sent_;
    Stored stored_;
};
class DoneReader final : public AnswerReader {
  public:
    Task<Result<void>> read(Context& context, Answer& answer) override;
};

}  // namespace godwit::s3
