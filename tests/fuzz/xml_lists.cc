// Pages of ListObjectsV2, ListParts and ListMultipartUploads, and the small answers (upload id, region,
// tags). The root decides which of them a body is, so every body is given to every reader.
#include <fmt/format.h>

#include "fuzz/s3_answers.h"
#include "fuzz/target.h"
#include "s3/list_scan.h"
#include "s3/listing.h"

namespace godwit::fuzz {
namespace {

using s3::ListPage;

void check_page(const ListPage& page) {
    for (const s3::ListedObject& object : page.objects) {
        GODWIT_CHECK(!object.key.empty());
        GODWIT_CHECK(object.size_bytes <= s3::kBelievedBytesMax, "{}", object.size_bytes);
        check_etag(object.etag);
    }
    GODWIT_CHECK(page.truncated == !page.next_token.empty());
    GODWIT_CHECK(page.objects.size() <= s3::kXmlElementsMax);
}

// What a listing believes: keys below the prefix and inside the range, ascending.
void check_taken(const ListPage& page, const std::string& prefix, const model::KeyRange& range) {
    s3::PageCheck check("s3://bucket/" + prefix, prefix, range);
    Result<store::Page> taken = check.take(page);
    if (!taken) return check_message(taken.error());
    std::string before = range.after;
    for (const model::Entry& entry : taken->entries) {
        const std::string& key = entry.key.bytes();
        GODWIT_CHECK(range.contains(key) && key > before, "{} after {}", printable(key), printable(before));
        before = key;
    }
    if (taken->last) return;
    GODWIT_CHECK(check.next_request().token == page.next_token);
    GODWIT_CHECK(!check.take(page), "a page was believed twice");
}

// A comment is the parser's.
void check_scan(std::string body) {
    std::optional<ListPage> scanned = s3::scan_list_page(body);
    if (!scanned) return;
    body.insert(body.rfind("</ListBucketResult>"), "<!-- -->");
    GODWIT_CHECK(!s3::scan_list_page(body));
    Result<ListPage> parsed = s3::parse_list_page(kOperation, answer_head(), body);
    GODWIT_CHECK(parsed && *parsed == *scanned, "read in two ways: {}", printable(body));
}

void check_list(const std::string& body) {
    check_scan(body);
    Result<ListPage> page = s3::parse_list_page(kOperation, answer_head(), body);
    if (!page) return check_message(page.error());
    check_page(*page);
    check_taken(*page, "", {});
    check_taken(*page, "p/", {.after = "b", .before = "x"});
}

void check_parts(const std::string& body) {
    Result<s3::PartsPage> page = s3::parse_parts_page(kOperation, answer_head(), body);
    if (!page) return check_message(page.error());
    for (const s3::UploadedPart& part : page->parts) {
        GODWIT_CHECK(part.number >= 1 && part.number <= 10'000, "{}", part.number);
        GODWIT_CHECK(part.size_bytes <= s3::kBelievedBytesMax && !part.etag.empty());
        check_etag(part.etag);
    }
    GODWIT_CHECK(!page->truncated || page->next_part_number_marker >= 1);
}

void check_uploads(const std::string& body) {
    Result<s3::UploadsPage> page = s3::parse_uploads_page(kOperation, answer_head(), body);
    if (!page) return check_message(page.error());
    for (const s3::PendingUpload& upload : page->uploads) GODWIT_CHECK(!upload.upload_id.empty());
    GODWIT_CHECK(page->truncated == !page->next_key_marker.empty());
}

// What is written from tags is read as the same tags.
void check_tagging(const std::string& body) {
    Result<model::NamedValues> tags = s3::parse_tagging(kOperation, answer_head(), body);
    if (!tags) return check_message(tags.error());
    Result<model::NamedValues> again = s3::parse_tagging(kOperation, answer_head(), s3::write_tagging(*tags));
    GODWIT_CHECK(again && *again == *tags, "{}", s3::write_tagging(*tags));
}

}  // namespace

void run(Input input) {
    std::string body(input.rest());
    check_list(body);
    check_parts(body);
    check_uploads(body);
    check_tagging(body);
    Result<std::string> upload = s3::parse_initiated(kOperation, answer_head(), body);
    GODWIT_CHECK(!upload || !upload->empty());
    Result<std::string> region = s3::parse_location(kOperation, answer_head(), body);
    GODWIT_CHECK(!region || !region->empty());
}

}  // namespace godwit::fuzz
