#include "s3/xml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/time_format.h"

namespace godwit::s3 {
namespace {

using namespace std::string_view_literals;

const Operation kList{.name = "list", .subject = "s3://bucket/", .region = "eu-west-1", .unix_time_ns = 0};

AnswerHead ok() {
    AnswerHead head;
    head.status = 200;
    head.request_id = "R1";
    return head;
}

constexpr std::string_view kObject =
    "<Contents><Key>{}</Key><LastModified>2026-11-21T21:30:17.250Z</LastModified>"
    "<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>{}</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>";

std::string object(std::string_view key, std::string_view size = "5") {
    return fmt::format(fmt::runtime(kObject), key, size);
}
std::string page(std::string_view inside) {
    return fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>{}</ListBucketResult>)",
                       inside);
}
Result<ListPage> list(std::string_view inside) {
    return parse_list_page(kList, ok(), page(inside));
}
// The message of what must be refused as Corrupt.
std::string refused(std::string_view body) {
    auto parsed = parse_list_page(kList, ok(), std::string(body));
    if (parsed) return "parsed";
    EXPECT_EQ(parsed.error().kind(), ErrorKind::Corrupt);
    EXPECT_EQ(parsed.error().code(), "MalformedAnswer");
    EXPECT_EQ(parsed.error().request_id(), "R1");
    return parsed.error().cause();
}

TEST(ListPage, reads_objects_prefixes_and_the_token) {
    auto parsed =
        list("<IsTruncated>true</IsTruncated><NextContinuationToken>1/+=%20t</NextContinuationToken>" +
             object("a/b") + object("c", "1125899906842624") +
             "<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>");
    ASSERT_TRUE(parsed) << parsed.error().message();
    ASSERT_EQ(parsed->objects.size(), 2u);
    const ListedObject& first = parsed->objects[0];
    EXPECT_EQ(first.key, "a/b");
    EXPECT_EQ(first.size_bytes, 5u);
    EXPECT_EQ(first.etag, "9b2cf535f27731c974343645a3985328");
    EXPECT_EQ(format_rfc3339(first.mtime_ns, TimePrecision::Milliseconds), "2026-11-21T21:30:17.250Z");
    EXPECT_EQ(first.storage_class, "STANDARD");
    EXPECT_FALSE(first.restored);
    EXPECT_EQ(parsed->objects[1].size_bytes, 1125899906842624u);
    EXPECT_EQ(parsed->common_prefixes, std::vector<std::string>{"d/"});
    EXPECT_TRUE(parsed->truncated);
    EXPECT_EQ(parsed->next_token, "1/+=%20t");
}

TEST(ListPage, empty_is_a_page) {
    for (std::string_view inside : {"", "<KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>"}) {
        auto parsed = list(inside);
        ASSERT_TRUE(parsed);
        EXPECT_TRUE(parsed->objects.empty());
        EXPECT_FALSE(parsed->truncated);
    }
}

TEST(ListPage, F62_decodes_keys_exactly_once_and_only_when_told) {
    std::string encoded = "<EncodingType>url</EncodingType>";
    struct Row {
        std::string_view written, meant;
    };
    for (Row row : {Row{"a%20b", "a b"}, Row{"a+b", "a b"}, Row{"a%2Bb", "a+b"}, Row{"a%2520b", "a%20b"},
                    Row{"a%2fb", "a/b"}, Row{"%C3%A9", "\xc3\xa9"}, Row{"%FF", "\xff"}, Row{"a%0Ab", "a\nb"},
                    Row{"%26amp%3B", "&amp;"}, Row{"plain", "plain"}}) {
        auto parsed = list(encoded + object(row.written));
        ASSERT_TRUE(parsed) << row.written;
        EXPECT_EQ(parsed->objects[0].key, row.meant);
        EXPECT_EQ(list(object(row.written))->objects[0].key, row.written);
    }
    EXPECT_EQ(list(encoded + object("a%00b"))->objects[0].key, std::string_view("a\0b", 3));
    EXPECT_EQ(list(encoded + "<CommonPrefixes><Prefix>a%20/</Prefix></CommonPrefixes>")->common_prefixes[0],
              "a /");
}

TEST(ListPage, refuses_bad_escapes) {
    for (std::string_view key : {"a%", "a%2", "%zz", "a%2g"}) {
        EXPECT_EQ(refused(page("<EncodingType>url</EncodingType>" + object(key))),
                  fmt::format("the answer cannot be true: Key is '{}', not percent-encoding", key));
    }
}

TEST(ListPage, E56_entities_in_keys_are_text) {
    EXPECT_EQ(list(object("a&amp;b&lt;c&gt;&quot;&apos;&#x41;&#13;&#xD;"))->objects[0].key, "a&b<c>\"'A\r\r");
    EXPECT_EQ(list(object("<![CDATA[a<b&c]]>"))->objects[0].key, "a<b&c");
}

// An unknown entity would need a DTD; it stays as it is written and expands to nothing.
TEST(ListPage, unknown_entities_expand_to_nothing) {
    EXPECT_EQ(list(object("&xxe;"))->objects[0].key, "&xxe;");
}

TEST(ListPage, E56_references_that_would_cut_a_key_short_are_refused) {
    for (std::string_view key :
         {"a&#0;b", "a&#x0;b", "a&#x00000000;b", "a&#4294967296;b", "a&#x110000;b", "a&#b"}) {
        EXPECT_EQ(refused(page(object(key))), "the answer holds a reference to no character");
    }
}

TEST(ListPage, E49_values_that_cannot_be_true_name_their_element) {
    EXPECT_EQ(refused(page(object("k", "-1"))), "the answer cannot be true: Size is '-1', not 0 to 2^50");
    for (std::string_view size :
         {"9223372036854775808", "1e30", "", "5 ", "0x5", "99999999999999999999999"}) {
        EXPECT_TRUE(refused(page(object("k", size))).contains("Size is")) << size;
    }
    EXPECT_TRUE(
        refused(page("<Contents><Key>k</Key><Size>1</Size></Contents>")).contains("LastModified is ''"));
    EXPECT_TRUE(
        refused(page("<Contents><Key>k</Key><Size>1</Size><LastModified>9999-01-01T00:00:00Z</LastModified>"
                     "</Contents>"))
            .contains("LastModified is '9999-01-01T00:00:00Z'"));
    EXPECT_TRUE(refused(page(object(""))).contains("Key is ''"));
    EXPECT_TRUE(refused(page("<IsTruncated>yes</IsTruncated>")).contains("IsTruncated is 'yes'"));
}

// E46: a listing that says "more" without saying how would be taken for complete, or never end.
TEST(ListPage, E46_truncated_without_a_token_is_refused) {
    EXPECT_TRUE(refused(page("<IsTruncated>true</IsTruncated>")).contains("NextContinuationToken is ''"));
    EXPECT_TRUE(
        refused(page("<IsTruncated>true</IsTruncated><NextContinuationToken/>")).contains("Continuation"));
}

TEST(ListPage, restored_copies_of_archived_objects_are_seen) {
    auto archived = [](std::string_view status) {
        auto parsed = list(
            "<Contents><Key>k</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified>"
            "<ETag>W/&quot;x&quot;</ETag><StorageClass>GLACIER</StorageClass>" +
            std::string(status) + "</Contents>");
        EXPECT_TRUE(parsed);
        EXPECT_EQ(parsed->objects[0].etag, "W/\"x\"");
        return parsed->objects[0].restored;
    };
    EXPECT_FALSE(archived(""));
    EXPECT_FALSE(archived("<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"));
    EXPECT_TRUE(
        archived("<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
                 "<RestoreExpiryDate>2026-12-01T00:00:00Z</RestoreExpiryDate></RestoreStatus>"));
}

// E41: what a captive portal or a proxy says is no empty listing.
TEST(Xml, other_documents_are_no_answers) {
    EXPECT_TRUE(refused("<html><body>Sign in</body></html>").contains("is <html>, not <ListBucketResult>"));
    EXPECT_TRUE(refused("").contains("no root element") || refused("").contains("is no XML"));
    EXPECT_TRUE(refused("Sign in").contains("is no XML") || refused("Sign in").contains("no root"));
    EXPECT_TRUE(refused("<ListBucketResult><Contents>").contains("is no XML"));
    EXPECT_TRUE(refused(page("<Contents></Wrong>")).contains("is no XML"));
}

// E56.
TEST(Xml, E56_hostile_documents_are_refused) {
    EXPECT_EQ(refused("<!DOCTYPE a [<!ENTITY b \"c\">]>" + page("")),
              "the answer has a DTD, which is refused");
    EXPECT_EQ(refused(R"(<!DOCTYPE x SYSTEM "file:///etc/passwd">)" + page("")),
              "the answer has a DTD, which is refused");
    EXPECT_EQ(refused(std::string("<a>\0</a>", 8)), "the answer holds a NUL byte");
    EXPECT_EQ(refused(page(object("a\xff"))), "the answer is not valid UTF-8");
    EXPECT_EQ(refused(page(object("\xed\xa0\x80"))), "the answer is not valid UTF-8");
    EXPECT_EQ(refused(std::string(kXmlBytesMax + 1, ' ')),
              "the answer has 8388609 bytes, at most 8388608 are read");
    std::string wide;
    for (std::size_t i = 0; i <= 2 * kXmlElementsMax; ++i) wide += "<a/>";
    EXPECT_EQ(refused(page(wide)), "the answer has more than 65536 elements");
    std::string deep;
    for (int i = 0; i < 40'000; ++i) deep += "<a>";
    for (int i = 0; i < 40'000; ++i) deep += "</a>";
    EXPECT_EQ(refused(page(deep)), "the answer is nested deeper than 32 levels");
}

TEST(Xml, E56_thirty_two_levels_are_read) {
    auto nested = [](int levels) {
        std::string inside;
        for (int i = 0; i < levels; ++i) inside += "<a>";
        for (int i = 0; i < levels; ++i) inside += "</a>";
        return page(inside + "<b/>");
    };
    EXPECT_TRUE(parse_list_page(kList, ok(), nested(31)));
    EXPECT_FALSE(parse_list_page(kList, ok(), nested(32)));
}

// A short stand-in for the fuzz target: under the sanitizers every mutation must be judged, none may break.
TEST(Xml, E56_mutated_documents_are_judged_and_never_break) {
    const std::string whole = page(
        "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>t</NextContinuationToken>" +
        object("a%20b&#x41;&amp;") + "<!-- c --><![CDATA[x]]>" + object("Ã©"));
    constexpr std::string_view kBytes = "<>&;#/!?[]\"'=-%x0\0\xff\xc3 \n"sv;
    std::mt19937 random(7);
    int read = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string body = whole;
        for (unsigned i = 0; i <= random() % 4; ++i) {
            std::size_t at = random() % body.size();
            if (random() % 4 == 0)
                body.erase(at, random() % 40);
            else
                body[at] = kBytes[random() % kBytes.size()];
            if (body.empty()) body = "<";
        }
        auto parsed = parse_list_page(kList, ok(), body);
        if (parsed)
            ++read;
        else
            EXPECT_EQ(parsed.error().kind(), ErrorKind::Corrupt) << body;
    }
    EXPECT_GT(read, 0);
    EXPECT_LT(read, 20'000);
}

// E44: only the right root element with an ETag is a success, whatever the status.
TEST(StoredResult, error_in_a_200_is_that_error) {
    auto parsed =
        parse_completed(kList, ok(),
                        "<?xml version=\"1.0\"?>\n   \n<Error><Code>InternalError</Code><Message>We failed"
                        "</Message><RequestId>R2</RequestId></Error>");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().kind(), ErrorKind::Busy);
    EXPECT_EQ(parsed.error().code(), "InternalError");
    EXPECT_TRUE(parsed.error().message().contains("We failed"));
    for (auto* parse : {parse_copied, parse_copied_part}) {
        auto copied = parse(kList, ok(), "<Error><Code>NoSuchKey</Code></Error>");
        ASSERT_FALSE(copied);
        EXPECT_EQ(copied.error().kind(), ErrorKind::NotFound);
    }
}

TEST(StoredResult, anything_but_the_right_root_with_an_etag_is_corrupt) {
    for (std::string_view body : {"", "   ", "<CompleteMultipartUploadResult/>",
                                  "<CompleteMultipartUploadResult><ETag/>"
                                  "</CompleteMultipartUploadResult>",
                                  "<CopyObjectResult><ETag>x</ETag></CopyObjectResult>",
                                  "<CompleteMultipartUploadResult><ETag>\"x\"</ETag>"}) {
        auto parsed = parse_completed(kList, ok(), std::string(body));
        ASSERT_FALSE(parsed) << body;
        EXPECT_EQ(parsed.error().kind(), ErrorKind::Corrupt) << body;
    }
}

TEST(StoredResult, whole_checksums_and_composites_are_told_apart) {
    auto complete = [](std::string_view more) {
        auto parsed =
            parse_completed(kList, ok(),
                            fmt::format("<CompleteMultipartUploadResult><ETag>&quot;e-2&quot;</ETag>{}"
                                        "</CompleteMultipartUploadResult>",
                                        more));
        EXPECT_TRUE(parsed);
        EXPECT_EQ(parsed->etag, "e-2");
        return *parsed;
    };
    StoredResult whole = complete(
        "<ChecksumCRC64NVME>rosUhgp5mYg=</ChecksumCRC64NVME>"
        "<ChecksumType>FULL_OBJECT</ChecksumType>");
    EXPECT_EQ(whole.checksum, Digest::from_base64(DigestAlgorithm::Crc64Nvme, "rosUhgp5mYg="));
    EXPECT_EQ(whole.composite_checksum, "");
    StoredResult composite = complete("<ChecksumCRC32C>AAAAAA==-2</ChecksumCRC32C>");
    EXPECT_FALSE(composite.checksum);
    EXPECT_EQ(composite.composite_checksum, "AAAAAA==-2");
    // Said to be composite, in the form of a whole one: not trusted.
    EXPECT_FALSE(
        complete("<ChecksumCRC32C>AAAAAA==</ChecksumCRC32C><ChecksumType>COMPOSITE</ChecksumType>").checksum);
    EXPECT_FALSE(complete("<ChecksumSHA256>AAAA</ChecksumSHA256>").checksum);
}

TEST(StoredResult, copies_tell_their_time) {
    auto parsed = parse_copied(kList, ok(),
                               "<CopyObjectResult><LastModified>2026-01-01T00:00:00Z</LastModified>"
                               "<ETag>\"e\"</ETag></CopyObjectResult>");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->etag, "e");
    EXPECT_EQ(format_rfc3339(*parsed->mtime_ns, TimePrecision::Seconds), "2026-01-01T00:00:00Z");
    EXPECT_TRUE(parse_copied_part(kList, ok(), "<CopyPartResult><ETag>e</ETag></CopyPartResult>"));
}

TEST(PartsPage, reads_parts_with_their_checksums) {
    auto parsed = parse_parts_page(
        kList, ok(),
        "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>"
        "<Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag><Size>8388608</Size></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag><Size>3</Size>"
        "<ChecksumCRC64NVME>rosUhgp5mYg=</ChecksumCRC64NVME></Part></ListPartsResult>");
    ASSERT_TRUE(parsed) << parsed.error().message();
    ASSERT_EQ(parsed->parts.size(), 2u);
    EXPECT_EQ(parsed->parts[0].number, 1);
    EXPECT_EQ(parsed->parts[0].etag, "a");
    EXPECT_FALSE(parsed->parts[0].checksum);
    EXPECT_EQ(parsed->parts[1].size_bytes, 3u);
    EXPECT_TRUE(parsed->parts[1].checksum);
    EXPECT_TRUE(parsed->truncated);
    EXPECT_EQ(parsed->next_part_number_marker, 2);
}

TEST(PartsPage, E49_part_numbers_outside_1_to_10000_are_refused) {
    for (std::string_view number : {"0", "10001", "-1", "", "4294967297"}) {
        auto parsed =
            parse_parts_page(kList, ok(),
                             fmt::format("<ListPartsResult><Part><PartNumber>{}</PartNumber><ETag>e</ETag>"
                                         "<Size>1</Size></Part></ListPartsResult>",
                                         number));
        ASSERT_FALSE(parsed) << number;
        EXPECT_TRUE(parsed.error().cause().contains("not 1 to 10000"));
    }
}

TEST(UploadsPage, reads_pending_uploads) {
    auto parsed = parse_uploads_page(
        kList, ok(),
        "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
        "<NextKeyMarker>a%20b</NextKeyMarker><NextUploadIdMarker>u+1</NextUploadIdMarker>"
        "<Upload><Key>a%20b</Key><UploadId>u+1</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></"
        "Upload>"
        "</ListMultipartUploadsResult>");
    ASSERT_TRUE(parsed) << parsed.error().message();
    ASSERT_EQ(parsed->uploads.size(), 1u);
    EXPECT_EQ(parsed->uploads[0].key, "a b");
    EXPECT_EQ(parsed->uploads[0].upload_id, "u+1");
    EXPECT_EQ(parsed->next_key_marker, "a b");
    EXPECT_EQ(parsed->next_upload_id_marker, "u+1");
    EXPECT_FALSE(parse_uploads_page(
        kList, ok(),
        "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>"));
}

TEST(Initiated, needs_an_upload_id) {
    EXPECT_EQ(*parse_initiated(kList, ok(),
                               "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                               "</InitiateMultipartUploadResult>"),
              "u");
    EXPECT_FALSE(parse_initiated(kList, ok(), "<InitiateMultipartUploadResult/>"));
}

TEST(Location, empty_and_eu_mean_what_s3_means) {
    EXPECT_EQ(*parse_location(kList, ok(), "<LocationConstraint xmlns=\"x\"/>"), "us-east-1");
    EXPECT_EQ(*parse_location(kList, ok(), "<LocationConstraint>EU</LocationConstraint>"), "eu-west-1");
    EXPECT_EQ(*parse_location(kList, ok(), "<LocationConstraint>ap-south-1</LocationConstraint>"),
              "ap-south-1");
}

TEST(Tagging, survives_the_round_trip) {
    model::NamedValues tags{{"a", "b"}, {"empty", ""}, {"<&>\"'", "\xc3\xa9\r\n x"}};
    auto parsed = parse_tagging(kList, ok(), write_tagging(tags));
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(*parsed, tags);
    EXPECT_TRUE(parse_tagging(kList, ok(), "<Tagging><TagSet/></Tagging>")->empty());
}

TEST(Complete, writes_parts_with_their_checksums) {
    const CompletedPart parts[] = {
        {.number = 1, .etag = "a", .checksum = {}},
        {.number = 2,
         .etag = "b&",
         .checksum = Digest::from_base64(DigestAlgorithm::Crc64Nvme, "rosUhgp5mYg=")}};
    EXPECT_EQ(write_complete(parts),
              "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
              "<Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part>"
              "<Part><PartNumber>2</PartNumber><ETag>&quot;b&amp;&quot;</ETag>"
              "<ChecksumCRC64NVME>rosUhgp5mYg=</ChecksumCRC64NVME></Part></CompleteMultipartUpload>");
}

TEST(ErrorBody, is_read_from_s3_and_from_sts) {
    auto s3 = parse_error_body(
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-west-1</Region>"
        "<BucketName>b</BucketName><Endpoint>e</Endpoint><RequestId>r</RequestId>"
        "<ServerTime>2026-01-01T00:00:00Z</ServerTime></Error>");
    ASSERT_TRUE(s3);
    EXPECT_EQ(s3->code, "AuthorizationHeaderMalformed");
    EXPECT_EQ(s3->region, "eu-west-1");
    EXPECT_EQ(s3->bucket, "b");
    EXPECT_EQ(s3->endpoint, "e");
    EXPECT_EQ(s3->request_id, "r");
    EXPECT_TRUE(s3->server_time_ns);
    auto sts = parse_error_body(
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no"
        "</Message></Error><RequestId>r2</RequestId></ErrorResponse>");
    ASSERT_TRUE(sts);
    EXPECT_EQ(sts->code, "AccessDenied");
    EXPECT_EQ(sts->request_id, "r2");
    EXPECT_FALSE(parse_error_body("<html/>"));
    EXPECT_FALSE(parse_error_body(""));
}

}  // namespace
}  // namespace godwit::s3
