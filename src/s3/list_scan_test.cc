#include "s3/list_scan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace godwit::s3 {
namespace {

const Operation kList{.name = "list", .subject = "s3://bucket/", .region = "", .unix_time_ns = 0};

constexpr std::string_view kPage =
    R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix></Prefix><KeyCount>3</KeyCount>
  <MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
  <NextContinuationToken>1/+=%20t</NextContinuationToken>
  <Contents><Key>a%2Fb+c</Key><LastModified>2026-11-21T21:30:17.250Z</LastModified><ETag>&quot;9b2cf535&quot;</ETag>
    <ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>5</Size>
    <Owner><ID>me</ID><DisplayName></DisplayName></Owner><StorageClass>GLACIER</StorageClass></Contents>
  <Contents><Key>d</Key><LastModified>2026-11-21T21:30:17Z</LastModified><ETag>"plain"</ETag><Size>0</Size></Contents>
  <CommonPrefixes><Prefix>e%2F</Prefix></CommonPrefixes>
</ListBucketResult>
)";

// The same page with a comment in it, which is the parser's.
Result<ListPage> parsed(std::string_view body) {
    std::string text(body);
    std::size_t end = text.rfind("</ListBucketResult>");
    if (end != std::string::npos) text.insert(end, "<!-- -->");
    EXPECT_FALSE(scan_list_page(text));
    return parse_list_page(kList, AnswerHead{}, std::move(text));
}

// True when it was scanned; then the parser has read the same.
bool agrees(std::string_view body) {
    std::optional<ListPage> scanned = scan_list_page(body);
    if (!scanned) return false;
    Result<ListPage> page = parsed(body);
    EXPECT_TRUE(page) << page.error().message() << "\n" << body;
    if (page) EXPECT_EQ(*scanned, *page) << body;
    return true;
}

std::string with(std::string_view from, std::string_view to) {
    std::string text(kPage);
    std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(ListScan, reads_what_servers_write) {
    ASSERT_TRUE(agrees(kPage));
    std::optional<ListPage> page = scan_list_page(kPage);
    ASSERT_EQ(page->objects.size(), 2u);
    EXPECT_EQ(page->objects[0].key, "a/b c");
    EXPECT_EQ(page->objects[0].etag, "9b2cf535");
    EXPECT_EQ(page->objects[0].storage_class, "GLACIER");
    EXPECT_EQ(page->objects[1].etag, "plain");
    EXPECT_EQ(page->common_prefixes, std::vector<std::string>{"e/"});
    EXPECT_EQ(page->next_token, "1/+=%20t");
    EXPECT_TRUE(agrees(with("<EncodingType>url</EncodingType>", "")));
    EXPECT_TRUE(agrees(with("<IsTruncated>true</IsTruncated>", "<IsTruncated>false</IsTruncated>")));
    EXPECT_TRUE(agrees(with("<ETag>&quot;9b2cf535&quot;</ETag>", "<ETag>&quot;&quot;</ETag>")));
    // Of two the first counts in the page, the last in an object.
    EXPECT_TRUE(agrees(with("<IsTruncated>true", "<IsTruncated></IsTruncated><IsTruncated>true")));
    EXPECT_TRUE(agrees(with("<Size>5", "<Size>4</Size><Size>5")));
}

TEST(ListScan, leaves_what_is_unusual_to_the_parser) {
    for (const std::string& body : {with("<Name>", "<!-- --><Name>"),
                                    with("<Name>", "<![CDATA[x]]><Name>"),
                                    with("<Name>", "<?pi?><Name>"),
                                    with("<?xml", "<!DOCTYPE x><?xml"),
                                    with(" xmlns", " a='b' xmlns"),
                                    with("<Key>", "<Key a='b'>"),
                                    with("<Key>d", "<Key> d"),
                                    with("<Key>d", "<Key>\r\nd"),
                                    with("<Key>d", "<Key>d&amp;"),
                                    with("<Key>d</Key>", "<Key/>"),
                                    with("<Key>d</Key>", "<Key></Key>"),
                                    with("<Key>d</Key>", "<Key>d</Key >"),
                                    with("<Key>d", "<Key>%zz"),
                                    with("<Key>d", "<Key>\xff"),
                                    with("<Key>d", std::string("<Key>\0", 6)),
                                    with("&quot;9b2cf535&quot;", "&quot;\"9b2cf535\"&quot;"),
                                    with("&quot;9b2cf535&quot;", "&quot;9b2cf535"),
                                    with("<Size>5", "<Size>-5"),
                                    with("<Size>5", "<Size>5 "),
                                    with("<Size>0</Size>", "<Size>0<x/></Size>"),
                                    with("<Size>0</Size>", "<RestoreStatus></RestoreStatus><Size>0</Size>"),
                                    with("2026-11-21T21:30:17Z", "yesterday"),
                                    with("</ListBucketResult>", "</ListBucketResult>x"),
                                    with("</ListBucketResult>", ""),
                                    with("ListBucketResult", "Error"),
                                    std::string(),
                                    std::string("<")}) {
        EXPECT_FALSE(scan_list_page(body)) << body;
    }
}

TEST(ListScan, E47_reads_every_page_as_the_parser_does_or_not_at_all) {
    const std::vector<std::string_view> pieces = {
        "<",       ">",          "/",           "&",        ";",
        "\"",      " ",          "\n",          "\r",       "&quot;",
        "&amp;",   "&#10;",      "]]>",         "<!---->",  "<Key>",
        "</Key>",  "<Contents>", "</Contents>", "<ETag>",   "</ETag>",
        "<Owner>", "</Owner>",   "<Size>",      "</Size>",  "<IsTruncated>",
        "true",    "%41",        "+",           "\xc3\xa4", "\xff",
        "0",       "x",          "<x>",         "</x>",     "<x/>",
        "="};
    std::mt19937 random(7);
    auto below = [&](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
    };
    std::size_t scanned = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::string body(kPage);
        for (std::size_t edits = 1 + below(3); edits > 0; --edits) {
            std::size_t at = below(body.size());
            body.replace(at, std::min(below(3) * below(20), body.size() - at), pieces[below(pieces.size())]);
        }
        scanned += agrees(body);
    }
    EXPECT_GT(scanned, 1000u);
}

}  // namespace
}  // namespace godwit::s3
