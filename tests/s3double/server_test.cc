// The honest server, request by request. What needs real clients (signatures, SDK checksums, tools)
// stands in honest_test.py.
#include "s3double/server.h"

#include <gtest/gtest.h>

#include <thread>

#include "s3double/test_client.h"

namespace godwit::s3double {
namespace {

std::string crc64(std::string_view text) {
    return godwit::digest_of(DigestAlgorithm::Crc64Nvme, std::as_bytes(std::span(text))).base64();
}
std::string md5(std::string_view text) {
    return godwit::digest_of(DigestAlgorithm::Md5, std::as_bytes(std::span(text))).hex();
}
std::string text_between(const std::string& text, const std::string& open, const std::string& close) {
    std::size_t begin = text.find(open);
    if (begin == std::string::npos) return "";
    begin += open.size();
    return text.substr(begin, text.find(close, begin) - begin);
}
std::string element(const Reply& reply, const std::string& name) {
    return text_between(reply.body, "<" + name + ">", "</" + name + ">");
}

class ServerTest : public testing::Test {
  protected:
    Options options_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<TestClient> client_;

    void SetUp() override {
        options_.auth = false;
        start();
    }
    void start() {
        auto server = Server::start(options_);
        ASSERT_TRUE(server) << server.error().message();
        server_ = std::move(*server);
        server_->make_bucket("b");
        client_ = std::make_unique<TestClient>(server_->port());
        ASSERT_TRUE(client_->connected());
    }
    Reply request(std::string_view method, std::string_view target, std::string_view headers = "",
                  std::string_view body = "") {
        return client_->request(method, target, headers, body);
    }
    std::string stored(std::string_view key) {
        VersionPtr version = server_->object("b", key);
        return version ? version->body->text() : "(none)";
    }
    std::string create_upload(const std::string& headers = "") {
        return element(request("POST", "/b/k?uploads", headers), "UploadId");
    }
};

TEST_F(ServerTest, gives_back_what_was_put_with_all_that_stands_beside_it) {
    Reply put = request("PUT", "/b/k", "Content-Type: text/x\r\nx-amz-meta-mine: 1\r\nCache-Control: no\r\n",
                        "hello");
    EXPECT_EQ(put.status, 200);
    EXPECT_EQ(put.header("etag"), "\"" + md5("hello") + "\"");
    EXPECT_EQ(put.header("x-amz-checksum-crc64nvme"), crc64("hello"));
    Reply get = request("GET", "/b/k", "x-amz-checksum-mode: ENABLED\r\n");
    EXPECT_EQ(get.body, "hello");
    EXPECT_EQ(get.header("content-type"), "text/x");
    EXPECT_EQ(get.header("x-amz-meta-mine"), "1");
    EXPECT_EQ(get.header("x-amz-checksum-crc64nvme"), crc64("hello"));
    EXPECT_EQ(get.header("x-amz-checksum-type"), "FULL_OBJECT");
    Reply head = request("HEAD", "/b/k");
    EXPECT_EQ(head.header("content-length"), "5");
    EXPECT_EQ(head.header("x-amz-checksum-crc64nvme"), "");
}

TEST_F(ServerTest, refuses_bodies_whose_checksum_is_another) {
    for (const char* header :
         {"x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n", "x-amz-checksum-crc32c: AAAAAA==\r\n",
          "Content-MD5: AAAAAAAAAAAAAAAAAAAAAA==\r\n"}) {
        Reply reply = request("PUT", "/b/k", header, "hello");
        EXPECT_EQ(reply.status, 400) << header;
        EXPECT_EQ(element(reply, "Code"), "BadDigest") << header;
    }
    EXPECT_EQ(element(request("PUT", "/b/k", "x-amz-checksum-crc32: nonsense\r\n", "hello"), "Code"),
              "InvalidRequest");
    EXPECT_EQ(stored("k"), "(none)");
}

TEST_F(ServerTest, takes_checksums_as_trailer_of_aws_chunked_bodies) {
    std::string headers =
        "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nContent-Encoding: aws-chunked\r\n"
        "x-amz-decoded-content-length: 5\r\nx-amz-trailer: x-amz-checksum-crc64nvme\r\n";
    auto body = [](const std::string& sum) {
        return "5\r\nhello\r\n0\r\nx-amz-checksum-crc64nvme:" + sum + "\r\n\r\n";
    };
    EXPECT_EQ(element(request("PUT", "/b/k", headers, body("AAAAAAAAAAA=")), "Code"), "BadDigest");
    EXPECT_EQ(element(request("PUT", "/b/k", headers, "5\r\nhello\r\n0\r\n\r\n"), "Code"),
              "MalformedTrailerError");
    EXPECT_EQ(element(request("PUT", "/b/k", headers, "4\r\nhell\r\n0\r\n\r\n"), "Code"), "IncompleteBody");
    EXPECT_EQ(request("PUT", "/b/k", headers, body(crc64("hello"))).status, 200);
    EXPECT_EQ(stored("k"), "hello");
    EXPECT_EQ(request("HEAD", "/b/k").header("content-encoding"), "");
}

TEST_F(ServerTest, ignores_or_refuses_checksums_when_set_so) {
    options_.checksums = ChecksumMode::Ignored;
    start();
    Reply ignored = request("PUT", "/b/k", "x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n", "hello");
    EXPECT_EQ(ignored.status, 200);
    EXPECT_EQ(ignored.header("x-amz-checksum-crc64nvme"), "");
    options_.checksums = ChecksumMode::Off;
    start();
    EXPECT_EQ(request("PUT", "/b/k", "x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n", "hello").status, 501);
    EXPECT_EQ(request("PUT", "/b/k", "", "hello").status, 200);
}

TEST_F(ServerTest, serves_ranges) {
    server_->put_object("b", "k", "0123456789");
    for (auto [range, body, content_range] : {std::tuple{"bytes=2-4", "234", "bytes 2-4/10"},
                                              {"bytes=7-", "789", "bytes 7-9/10"},
                                              {"bytes=-3", "789", "bytes 7-9/10"},
                                              {"bytes=8-99", "89", "bytes 8-9/10"}}) {
        Reply reply = request("GET", "/b/k", "Range: " + std::string(range) + "\r\n");
        EXPECT_EQ(reply.status, 206) << range;
        EXPECT_EQ(reply.body, body);
        EXPECT_EQ(reply.header("content-range"), content_range);
    }
    EXPECT_EQ(request("GET", "/b/k", "Range: bytes=10-\r\n").status, 416);
    EXPECT_EQ(request("GET", "/b/k", "Range: lines=1-2\r\n").body, "0123456789");
}

TEST_F(ServerTest, honours_conditions) {
    std::string etag = server_->put_object("b", "k", "one");
    EXPECT_EQ(request("GET", "/b/k", "If-Match: \"" + etag + "\"\r\n").status, 200);
    EXPECT_EQ(request("GET", "/b/k", "If-Match: \"other\"\r\n").status, 412);
    EXPECT_EQ(request("GET", "/b/k", "If-None-Match: \"" + etag + "\"\r\n").status, 304);
    EXPECT_EQ(request("PUT", "/b/k", "If-None-Match: *\r\n", "two").status, 412);
    EXPECT_EQ(request("PUT", "/b/k", "If-Match: \"other\"\r\n", "two").status, 412);
    EXPECT_EQ(request("PUT", "/b/none", "If-Match: \"other\"\r\n", "two").status, 404);
    EXPECT_EQ(stored("k"), "one");
    EXPECT_EQ(request("PUT", "/b/k", "If-Match: \"" + etag + "\"\r\n", "two").status, 200);
    EXPECT_EQ(request("PUT", "/b/new", "If-None-Match: *\r\n", "two").status, 200);
    EXPECT_EQ(request("DELETE", "/b/k", "If-Match: \"" + etag + "\"\r\n").status, 412);
    EXPECT_EQ(stored("k"), "two");
}

TEST_F(ServerTest, joins_parts_and_their_checksums) {
    options_.part_bytes_min = 1;
    start();
    std::string id = create_upload("x-amz-checksum-algorithm: CRC64NVME\r\n");
    std::string target = "/b/k?uploadId=" + id + "&partNumber=";
    Reply one =
        request("PUT", target + "1", "x-amz-checksum-crc64nvme: " + crc64("hello ") + "\r\n", "hello ");
    Reply two = request("PUT", target + "2", "", "world");
    EXPECT_EQ(one.header("x-amz-checksum-crc64nvme"), crc64("hello "));
    EXPECT_EQ(request("PUT", target + "3", "x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n", "bad").status, 400);
    EXPECT_NE(request("GET", "/b/k?uploadId=" + id).body.find("<PartNumber>2</PartNumber>"),
              std::string::npos);
    std::string complete = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" +
                           one.header("etag") + "</ETag></Part><Part><PartNumber>2</PartNumber><ETag>" +
                           two.header("etag") + "</ETag></Part></CompleteMultipartUpload>";
    Reply wrong =
        request("POST", "/b/k?uploadId=" + id, "x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n", complete);
    EXPECT_EQ(element(wrong, "Code"), "BadDigest");
    Reply done = request(
        "POST", "/b/k?uploadId=" + id,
        "x-amz-checksum-crc64nvme: " + crc64("hello world") + "\r\nx-amz-mp-object-size: 11\r\n", complete);
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(element(done, "ChecksumCRC64NVME"), crc64("hello world"));
    EXPECT_EQ(stored("k"), "hello world");
    EXPECT_TRUE(server_->open_uploads("b").empty());
    EXPECT_EQ(element(request("POST", "/b/k?uploadId=" + id, "", complete), "Code"), "NoSuchUpload");
    Reply part = request("GET", "/b/k?partNumber=2");
    EXPECT_EQ(part.body, "world");
    EXPECT_EQ(part.header("x-amz-mp-parts-count"), "2");
}

TEST_F(ServerTest, refuses_to_complete_what_does_not_fit) {
    std::string id = create_upload();
    std::string target = "/b/k?uploadId=" + id;
    Reply one = request("PUT", target + "&partNumber=1", "", "small");
    Reply two = request("PUT", target + "&partNumber=2", "", "last");
    auto part = [](int number, const std::string& etag) {
        return "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + etag +
               "</ETag></Part>";
    };
    auto complete = [&](const std::string& parts) {
        return element(
            request("POST", target, "", "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>"),
            "Code");
    };
    EXPECT_EQ(complete(part(1, one.header("etag")) + part(2, two.header("etag"))), "EntityTooSmall");
    EXPECT_EQ(complete(part(2, two.header("etag")) + part(1, one.header("etag"))), "InvalidPartOrder");
    EXPECT_EQ(complete(part(1, "\"wrong\"")), "InvalidPart");
    EXPECT_EQ(complete(part(3, two.header("etag"))), "InvalidPart");
    EXPECT_EQ(complete(""), "MalformedXML");
    EXPECT_EQ(request("DELETE", target).status, 204);
    EXPECT_EQ(request("DELETE", target).status, 404);
}

TEST_F(ServerTest, copies_within_itself) {
    server_->make_bucket("c");
    request("PUT", "/b/a%20b", "x-amz-meta-m: 1\r\nx-amz-tagging: t=1\r\n", "hello");
    Reply copy = request("PUT", "/c/copy", "x-amz-copy-source: /b/a%20b\r\n");
    EXPECT_EQ(copy.status, 200);
    EXPECT_NE(copy.body.find("<CopyObjectResult"), std::string::npos);
    EXPECT_EQ(element(copy, "ChecksumCRC64NVME"), crc64("hello"));
    Reply get = request("GET", "/c/copy");
    EXPECT_EQ(get.body, "hello");
    EXPECT_EQ(get.header("x-amz-meta-m"), "1");
    EXPECT_EQ(get.header("x-amz-tagging-count"), "1");
    request("PUT", "/c/replaced",
            "x-amz-copy-source: b/a%20b\r\nx-amz-metadata-directive: REPLACE\r\nx-amz-meta-n: 2\r\n");
    EXPECT_EQ(request("HEAD", "/c/replaced").header("x-amz-meta-m"), "");
    EXPECT_EQ(request("HEAD", "/c/replaced").header("x-amz-meta-n"), "2");
    EXPECT_EQ(
        request("PUT", "/c/no", "x-amz-copy-source: b/a%20b\r\nx-amz-copy-source-if-match: \"x\"\r\n").status,
        412);
    EXPECT_EQ(element(request("PUT", "/c/copy", "x-amz-copy-source: c/copy\r\n"), "Code"), "InvalidRequest");
    EXPECT_EQ(element(request("PUT", "/c/no", "x-amz-copy-source: b/none\r\n"), "Code"), "NoSuchKey");
}

TEST_F(ServerTest, copies_ranges_into_parts) {
    server_->put_object("b", "source", "0123456789");
    std::string id = create_upload();
    Reply copy = request("PUT", "/b/k?partNumber=1&uploadId=" + id,
                         "x-amz-copy-source: /b/source\r\nx-amz-copy-source-range: bytes=2-5\r\n");
    EXPECT_EQ(text_between(copy.body, "<ETag>&quot;", "&quot;"), md5("2345"));
    request("POST", "/b/k?uploadId=" + id, "",
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + md5("2345") +
                "</ETag></Part></CompleteMultipartUpload>");
    EXPECT_EQ(stored("k"), "2345");
}

TEST_F(ServerTest, keeps_versions_where_asked) {
    server_->make_bucket("v", true);
    std::string first = request("PUT", "/v/k", "", "one").header("x-amz-version-id");
    request("PUT", "/v/k", "", "two");
    EXPECT_EQ(request("GET", "/v/k").body, "two");
    EXPECT_EQ(request("GET", "/v/k?versionId=" + first).body, "one");
    EXPECT_EQ(request("DELETE", "/v/k").header("x-amz-delete-marker"), "true");
    EXPECT_EQ(request("GET", "/v/k").status, 404);
    EXPECT_EQ(request("GET", "/v/k?versionId=" + first).body, "one");
    EXPECT_NE(request("GET", "/v?versions").body.find("<DeleteMarker><Key>k</Key>"), std::string::npos);
    EXPECT_EQ(request("GET", "/v/k?versionId=none").status, 404);
}

TEST_F(ServerTest, lists_odd_keys_in_both_encodings) {
    server_->put_object("b", "a b+c&<>\x01", "x");
    EXPECT_EQ(element(request("GET", "/b?list-type=2&encoding-type=url"), "Key"), "a+b%2Bc%26%3C%3E%01");
    EXPECT_EQ(element(request("GET", "/b?list-type=2"), "Key"), "a b+c&amp;&lt;&gt;&#x1;");
}

TEST_F(ServerTest, deletes_in_bulk_key_by_key) {
    server_->put_object("b", "a", "1");
    server_->put_object("b", "c", "1");
    Reply reply = request(
        "POST", "/b?delete", "",
        "<Delete><Object><Key>a</Key></Object><Object><Key>c</Key><ETag>wrong</ETag></Object></Delete>");
    EXPECT_NE(reply.body.find("<Deleted><Key>a</Key></Deleted>"), std::string::npos);
    EXPECT_NE(reply.body.find("<Error><Key>c</Key><Code>PreconditionFailed</Code>"), std::string::npos);
    EXPECT_EQ(server_->keys("b"), std::vector<std::string>{"c"});
    auto log = server_->audit();
    ASSERT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0].key, "a");
    EXPECT_EQ(log[1].code, "PreconditionFailed");
}

TEST_F(ServerTest, the_audit_tells_headers_when_asked_but_never_a_signature) {
    for (bool wanted : {false, true}) {
        options_.audit_headers = wanted;
        start();
        request("PUT", "/b/k", "X-Amz-Storage-Class: GLACIER_IR\r\nAuthorization: AWS4 secret\r\n", "x");
        std::string line = request("GET", "/_double/audit").body;
        EXPECT_EQ(server_->audit().at(0).header("x-amz-storage-class"), wanted ? "GLACIER_IR" : "");
        EXPECT_EQ(line.contains(R"("x-amz-storage-class":"GLACIER_IR")"), wanted) << line;
        EXPECT_FALSE(line.contains("AWS4 secret"));
    }
}

TEST_F(ServerTest, tags_live_apart_from_the_object) {
    std::string etag = server_->put_object("b", "k", "x");
    EXPECT_EQ(request("PUT", "/b/k?tagging", "",
                      "<Tagging><TagSet><Tag><Key>a</Key><Value>1 2</Value></Tag></TagSet></Tagging>")
                  .status,
              200);
    EXPECT_EQ(element(request("GET", "/b/k?tagging"), "Value"), "1 2");
    EXPECT_EQ(request("HEAD", "/b/k").header("etag"), "\"" + etag + "\"");
    EXPECT_EQ(request("DELETE", "/b/k?tagging").status, 204);
    EXPECT_EQ(element(request("GET", "/b/k?tagging"), "Value"), "");
}

TEST_F(ServerTest, names_its_errors) {
    EXPECT_EQ(element(request("GET", "/nobucket/k"), "Code"), "NoSuchBucket");
    EXPECT_EQ(element(request("GET", "/b/none"), "Code"), "NoSuchKey");
    EXPECT_NE(element(request("GET", "/b/none"), "RequestId"), "");
    EXPECT_EQ(request("HEAD", "/b/none").status, 404);
    EXPECT_EQ(element(request("PUT", "/B_AD", "", ""), "Code"), "InvalidBucketName");
    EXPECT_EQ(element(request("PUT", "/b/" + std::string(1025, 'k'), "", "x"), "Code"), "KeyTooLongError");
    EXPECT_EQ(request("PUT", "/b/" + std::string(1024, 'k'), "", "x").status, 200);
    EXPECT_EQ(
        element(request("PUT", "/b/k", "x-amz-meta-a: " + std::string(2048, 'v') + "\r\n", "x"), "Code"),
        "MetadataTooLarge");
    EXPECT_EQ(element(request("GET", "/b?acl"), "Code"), "NotImplemented");
    client_->send_raw("PUT /b/k HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client_->read_reply().status, 411);
}

TEST_F(ServerTest, answers_archived_objects_with_their_state) {
    request("PUT", "/b/k", "x-amz-storage-class: GLACIER\r\n", "cold");
    EXPECT_EQ(element(request("GET", "/b/k"), "Code"), "InvalidObjectState");
    EXPECT_EQ(request("HEAD", "/b/k").header("x-amz-storage-class"), "GLACIER");
    EXPECT_EQ(element(request("GET", "/b?list-type=2"), "StorageClass"), "GLACIER");
}

TEST_F(ServerTest, refuses_a_bad_head_and_closes) {
    client_->send_raw("GET / HTTP/1.1\r\nHost: h\r\nbad header\r\n\r\n");
    EXPECT_EQ(client_->read_reply().status, 400);
    EXPECT_EQ(client_->read_all().end, Reply::End::Closed);
    TestClient other(server_->port());
    other.send_raw("GET / HTTP/1.1\r\nX: " + std::string(kHeadBytesMax, 'x'));
    EXPECT_EQ(other.read_reply().status, 400);
}

TEST_F(ServerTest, reads_requests_however_they_arrive) {
    std::string text =
        "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /b/k HTTP/1.1\r\nHost: h\r\n\r\n";
    for (std::size_t step : {std::size_t{1}, std::size_t{7}, text.size()}) {
        server_->remove_object("b", "k");
        TestClient client(server_->port());
        for (std::size_t at = 0; at < text.size(); at += step) client.send_raw(text.substr(at, step));
        EXPECT_EQ(client.read_reply().status, 200);
        EXPECT_EQ(client.read_reply().body, "hello") << step;
    }
}

TEST_F(ServerTest, reads_chunked_bodies_and_says_continue) {
    client_->send_raw(
        "PUT /b/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client_->read_reply().status, 100);
    client_->send_raw("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    EXPECT_EQ(client_->read_reply().status, 200);
    EXPECT_EQ(stored("k"), "hello");
}

TEST_F(ServerTest, moves_large_bodies_whole) {
    std::string big = Body::pattern(1, (9u << 20) + 3).text();
    EXPECT_EQ(request("PUT", "/b/big", "", big).header("etag"), "\"" + md5(big) + "\"");
    EXPECT_EQ(request("GET", "/b/big").body, big);
}

TEST_F(ServerTest, logs_what_happened_to_each_key) {
    request("PUT", "/b/k", "", "one");
    request("PUT", "/b/k", "", "two");
    request("GET", "/b/none");
    auto log = server_->audit();
    ASSERT_EQ(log.size(), 3u);
    EXPECT_EQ(log[0].operation, Operation::PutObject);
    EXPECT_EQ(log[0].etag_before, "");
    EXPECT_EQ(log[0].etag_after, md5("one"));
    EXPECT_EQ(log[1].etag_before, md5("one"));
    EXPECT_EQ(log[1].bytes, 3u);
    EXPECT_EQ(log[2].code, "NoSuchKey");
    EXPECT_EQ(log[2].number, 3u);
    EXPECT_EQ(server_->count(Operation::PutObject), 2u);
    EXPECT_EQ(server_->requests(), 3u);
}

TEST_F(ServerTest, shows_its_log_and_counts_on_its_own_pages) {
    request("PUT", "/b/odd%01%22%FF", "", "one");
    std::string line = request("GET", "/_double/audit").body;
    EXPECT_NE(line.find(R"("key":"odd\u0001\"\u00ff")"), std::string::npos) << line;
    EXPECT_EQ(request("GET", "/_double/audit?after=1").body, "");
    EXPECT_NE(request("GET", "/_double/stats").body.find(R"("PutObject":{"requests":1)"), std::string::npos);
    server_->put_object("b", "p/dir/", "");
    server_->put_object("b", "p/x", "12345");
    EXPECT_EQ(request("GET", "/_double/buckets/b?prefix=p/").body,
              "{\"objects\":1,\"markers\":1,\"bytes\":5,\"uploads\":0}\n");
    request("PUT", "/_double/buckets/syn?count=3&size=10");
    EXPECT_EQ(element(request("GET", "/syn?list-type=2"), "KeyCount"), "3");
    EXPECT_EQ(server_->requests(), 2u);
}

TEST_F(ServerTest, keeps_only_size_and_digest_when_it_discards) {
    options_.discard = true;
    options_.etag = EtagMode::Opaque;
    start();
    Reply put = request("PUT", "/b/k", "x-amz-checksum-crc64nvme: " + crc64("hello") + "\r\n", "hello");
    EXPECT_EQ(put.status, 200);
    EXPECT_EQ(request("PUT", "/b/k", "x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n", "hello").status, 400);
    EXPECT_EQ(request("HEAD", "/b/k", "x-amz-checksum-mode: ENABLED\r\n").header("x-amz-checksum-crc64nvme"),
              crc64("hello"));
    Reply get = request("GET", "/b/k", "x-amz-checksum-mode: ENABLED\r\n");
    EXPECT_EQ(get.body.size(), 5u);
    EXPECT_EQ(get.header("x-amz-checksum-crc64nvme"), crc64(get.body));
}

TEST_F(ServerTest, serves_computed_objects_with_true_digests) {
    server_->make_synthetic_bucket("s", {.count = 10, .size_bytes = 5000});
    Reply get = request("GET", "/s/d000000/f0000000007.bin", "x-amz-checksum-mode: ENABLED\r\n");
    EXPECT_EQ(get.body.size(), 5000u);
    EXPECT_EQ(get.header("x-amz-checksum-crc64nvme"), crc64(get.body));
    EXPECT_NE(get.body, request("GET", "/s/d000000/f0000000008.bin").body);
    EXPECT_EQ(request("GET", "/s/d000000/f0000000010.bin").status, 404);
    EXPECT_EQ(request("PUT", "/s/x", "", "x").status, 403);
}

TEST_F(ServerTest, demands_signatures_by_default) {
    options_.auth = true;
    start();
    EXPECT_EQ(element(request("GET", "/b/k"), "Code"), "AccessDenied");
    EXPECT_EQ(request("GET", "/_double/stats").status, 200);
    options_.anonymous = true;
    start();
    EXPECT_EQ(element(request("GET", "/b/k"), "Code"), "NoSuchKey");
}

}  // namespace
}  // namespace godwit::s3double
