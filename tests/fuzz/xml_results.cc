// Answers that say "it is stored": CompleteMultipartUpload, CopyObject, UploadPartCopy.
#include "fuzz/s3_answers.h"
#include "fuzz/target.h"
#include "s3/xml_document.h"

namespace godwit::fuzz {
namespace {

using Parse = Result<s3::StoredResult>(const s3::Operation&, const s3::AnswerHead&, std::string);

// What is believed of an answer is written into the request that completes an upload, and must arrive.
void check_completion(const s3::StoredResult& stored) {
    s3::CompletedPart part{.number = 1, .etag = stored.etag, .checksum = stored.checksum};
    s3::XmlDocument document;
    std::string body = s3::write_complete({&part, 1});
    GODWIT_CHECK(!document.parse(body), "{}", body);
    pugi::xml_node node = document.root().child("Part");
    GODWIT_CHECK(s3::text_of(node, "ETag") == "\"" + stored.etag + "\"", "{}", body);
    GODWIT_CHECK(s3::read_checksum(node) == stored.checksum, "{}", body);
}

void check(Parse& parse, const std::string& body) {
    Result<s3::StoredResult> stored = parse(kOperation, answer_head(), body);
    if (!stored) return check_message(stored.error());
    GODWIT_CHECK(!stored->etag.empty());
    check_etag(stored->etag);
    GODWIT_CHECK(stored->composite_checksum.empty() || stored->composite_checksum.contains('-'));
    check_completion(*stored);
}

}  // namespace

void run(Input input) {
    std::string body(input.rest());
    check(s3::parse_completed, body);
    check(s3::parse_copied, body);
    check(s3::parse_copied_part, body);
}

}  // namespace godwit::fuzz
