// S3's XML bodies: typed results from answers, bodies for requests.
// Source: Amazon S3 API Reference, each operation's "Response Syntax".
//
// Answers are hostile until parsed: at most 8 MiB, 65,536 elements, 32 levels, valid UTF-8, no NUL,
// no DTD. The root element decides what an answer is, not the status: <Error> in a 200 is an error
// (its kind by error_table.h), and anything else unexpected is Corrupt, naming the element.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/object.h"
#include "s3/error_table.h"

namespace godwit::s3 {

inline constexpr std::size_t kXmlBytesMax = 8u << 20;
// No store holds a larger object; who says so is not believed, and nothing is sized by it.
inline constexpr std::uint64_t kBelievedBytesMax = 1ull << 50;
// Longer ETags are not sent back in conditions.
inline constexpr std::size_t kEtagBytesMax = 1024;
// An ETag can stand in a header: no control character could forge another one.
bool is_etag(std::string_view text);
inline constexpr std::size_t kXmlElementsMax = 65'536;
inline constexpr int kXmlDepthMax = 32;

struct ListedObject {
    // Decoded bytes. May hold NUL or bad UTF-8 where the server's key does: the caller judges.
    std::string key;
    std::uint64_t size_bytes = 0;  // at most 2^63-1
    std::int64_t mtime_ns = 0;     // LastModified
    std::string etag;              // opaque, without quotes; "W/" stays
    std::string storage_class;     // empty: STANDARD
    // A restored copy of an archived object can be read now.
    bool restored = false;

    friend bool operator==(const ListedObject&, const ListedObject&) = default;
};

struct ListPage {
    // The server says that it percent-encoded the keys, so all of their bytes have come through.
    bool encoded = false;
    std::vector<ListedObject> objects;  // in the server's order
    std::vector<std::string> common_prefixes;
    // True only with a next_token that is not empty.
    bool truncated = false;
    std::string next_token;
    // The Date header: when the server answered, by its own clock, to the second. Absent: it did not say.
    std::optional<std::int64_t> server_time_ns = {};

    friend bool operator==(const ListPage&, const ListPage&) = default;
};

struct UploadedPart {
    int number = 0;  // 1 to 10,000
    std::uint64_t size_bytes = 0;
    std::string etag;
    // Whichever the server keeps of the part.
    std::optional<Digest> checksum;
};

struct PartsPage {
    std::vector<UploadedPart> parts;
    bool truncated = false;
    int next_part_number_marker = 0;
};

struct PendingUpload {
    std::string key;
    std::string upload_id;
    std::int64_t initiated_ns = 0;
};

struct UploadsPage {
    std::vector<PendingUpload> uploads;
    bool truncated = false;
    std::string next_key_marker;
    std::string next_upload_id_marker;
};

// CompleteMultipartUpload, CopyObject, UploadPartCopy: proof that the server did it.
struct StoredResult {
    std::string etag;                      // never empty
    std::optional<std::int64_t> mtime_ns;  // the copies tell it
    std::optional<Digest> checksum;        // of the whole object (or part); composites are not
    std::string composite_checksum;        // "base64-N", when that is what the server keeps
};

struct ErrorBody {
    std::string code;
    std::string message;
    std::string request_id;
    std::string bucket;
    std::string region;
    std::string endpoint;
    std::optional<std::int64_t> server_time_ns;
};

// `operation` and `head` go into the error, if there is one. Bodies are taken: parsing is in place.
Result<ListPage> parse_list_page(const Operation& operation, const AnswerHead& head, std::string body);
Result<PartsPage> parse_parts_page(const Operation& operation, const AnswerHead& head, std::string body);
Result<UploadsPage> parse_uploads_page(const Operation& operation, const AnswerHead& head, std::string body);
// The upload id; never empty.
Result<std::string> parse_initiated(const Operation& operation, const AnswerHead& head, std::string body);
Result<StoredResult> parse_completed(const Operation& operation, const AnswerHead& head, std::string body);
Result<StoredResult> parse_copied(const Operation& operation, const AnswerHead& head, std::string body);
Result<StoredResult> parse_copied_part(const Operation& operation, const AnswerHead& head, std::string body);
// The region; "us-east-1" for the empty constraint and "eu-west-1" for "EU", as S3 means them.
Result<std::string> parse_location(const Operation& operation, const AnswerHead& head, std::string body);
Result<model::NamedValues> parse_tagging(const Operation& operation, const AnswerHead& head,
                                         std::string body);

// Absent when the body is no S3 error (HTML of a proxy, nothing at all).
std::optional<ErrorBody> parse_error_body(std::string body);

// The body of PutObjectTagging.
std::string write_tagging(const model::NamedValues& tags);

struct CompletedPart {
    int number = 0;
    std::string etag;  // without quotes
    std::optional<Digest> checksum;
};
// The body of CompleteMultipartUpload; parts in ascending order.
std::string write_complete(std::span<const CompletedPart> parts);

}  // namespace godwit::s3
