// Each way of being hostile, once, as a client sees it; and that the log still tells the truth.
#include <gtest/gtest.h>

#include <chrono>

#include "s3double/server.h"
#include "s3double/test_client.h"

namespace godwit::s3double {
namespace {

class Hostile : public testing::Test {
  protected:
    std::unique_ptr<Server> server_;
    std::unique_ptr<TestClient> client_;

    void SetUp() override {
        Options options;
        options.auth = false;
        auto server = Server::start(options);
        ASSERT_TRUE(server);
        server_ = std::move(*server);
        server_->make_bucket("b");
        reconnect();
    }
    void reconnect() { client_ = std::make_unique<TestClient>(server_->port()); }
    void rule(Operation operation, Effects effects) {
        server_->set_rules(
            {{.name = "rule", .match = {.operation = operation}, .effects = std::move(effects)}});
    }
    Reply get(std::string_view headers = "") { return client_->request("GET", "/b/k", headers); }
    Reply put(std::string_view body = "hello") { return client_->request("PUT", "/b/k", "", body); }
    std::string list() { return client_->request("GET", "/b?list-type=2&max-keys=2").body; }
    std::string stored() {
        VersionPtr version = server_->object("b", "k");
        return version ? version->body->text() : "(none)";
    }
};

TEST_F(Hostile, answers_an_error_instead_of_acting) {
    rule(Operation::PutObject, {.status = 503, .code = "SlowDown", .headers = {{"Retry-After", "7"}}});
    Reply reply = put();
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.header("retry-after"), "7");
    EXPECT_NE(reply.body.find("<Code>SlowDown</Code>"), std::string::npos);
    EXPECT_EQ(stored(), "(none)");
    EXPECT_EQ(server_->fired("rule"), 1u);
    EXPECT_EQ(server_->audit().at(0).rule, "rule");
    EXPECT_EQ(server_->audit().at(0).status, 503);
}

TEST_F(Hostile, answers_200_with_an_error_inside_after_acting) {
    rule(Operation::PutObject, {.status = 200, .code = "InternalError", .after_act = true});
    Reply reply = put();
    EXPECT_EQ(reply.status, 200);
    EXPECT_NE(reply.body.find("<Error><Code>InternalError</Code>"), std::string::npos);
    EXPECT_EQ(stored(), "hello");
    EXPECT_EQ(server_->audit().at(0).code, "");
}

TEST_F(Hostile, answers_with_a_page_of_a_captive_portal) {
    rule(Operation::ListObjectsV2, {.body = "<html>Please log in</html>", .content_type = "text/html"});
    Reply reply = client_->request("GET", "/b?list-type=2");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("content-type"), "text/html");
    EXPECT_EQ(reply.body, "<html>Please log in</html>");
}

TEST_F(Hostile, cuts_the_reply_at_any_byte) {
    server_->put_object("b", "k", "hello");
    std::size_t whole = get().head.size() + 5;
    for (std::uint64_t at : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{whole - 1}}) {
        rule(Operation::GetObject, {.cut_reply_at = at});
        reconnect();
        client_->send_raw("GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n");
        Reply reply = client_->read_all();
        EXPECT_EQ(reply.body.size(), at);
        EXPECT_EQ(reply.end, Reply::End::Closed);
    }
}

TEST_F(Hostile, swallows_the_reply_after_acting) {
    rule(Operation::PutObject, {.cut_reply_at = 0, .reset = true});
    Reply reply = put();
    EXPECT_EQ(reply.head, "");
    EXPECT_EQ(reply.end, Reply::End::Reset);
    EXPECT_EQ(stored(), "hello");
}

TEST_F(Hostile, falls_silent_in_the_middle_of_a_reply) {
    server_->put_object("b", "k", "hello");
    rule(Operation::GetObject, {.stall_reply_at = 20});
    client_->wait_at_most(200);
    Reply reply = get();
    EXPECT_EQ(reply.head.size(), 20u);
    EXPECT_EQ(reply.end, Reply::End::Silent);
}

TEST_F(Hostile, cuts_and_stalls_the_request) {
    rule(Operation::PutObject, {.cut_request_at = 3});
    EXPECT_EQ(put().end, Reply::End::Closed);
    reconnect();
    rule(Operation::PutObject, {.cut_request_at = 0, .reset = true});
    EXPECT_EQ(put().end, Reply::End::Reset);
    reconnect();
    rule(Operation::PutObject, {.stall_request_at = 3});
    client_->wait_at_most(200);
    EXPECT_EQ(put().end, Reply::End::Silent);
    EXPECT_EQ(stored(), "(none)");
    EXPECT_EQ(server_->count(Operation::PutObject), 0u);
}

TEST_F(Hostile, delays_and_drips) {
    server_->put_object("b", "k", "hello");
    auto timed = [&](Effects effects) {
        rule(Operation::GetObject, std::move(effects));
        auto start = std::chrono::steady_clock::now();
        EXPECT_EQ(get().body, "hello");
        return std::chrono::steady_clock::now() - start;
    };
    EXPECT_GE(timed({.delay_ms = 60}), std::chrono::milliseconds(60));
    EXPECT_GE(timed({.drip_ms = 1}), std::chrono::milliseconds(100));
}

TEST_F(Hostile, stores_other_bytes_under_the_right_etag) {
    Effects honest;
    std::string etag = put("hello world").header("etag");
    rule(Operation::PutObject, {.stored = {Lie::Kind::Truncate, 5}});
    EXPECT_EQ(put("hello world").header("etag"), etag);
    EXPECT_EQ(stored(), "hello");
    rule(Operation::PutObject, {.stored = {Lie::Kind::Zero, 5}});
    EXPECT_EQ(put("hello world").header("etag"), etag);
    EXPECT_EQ(stored(), std::string("hello\0\0\0\0\0\0", 11));
}

TEST_F(Hostile, serves_other_bytes_than_it_holds) {
    server_->put_object("b", "k", "hello");
    rule(Operation::GetObject, {.served = {Lie::Kind::Flip, 0}});
    EXPECT_EQ(get().body, "iello");
    rule(Operation::GetObject, {.served = {Lie::Kind::Truncate, 2}});
    Reply reply = get();
    EXPECT_EQ(reply.header("content-length"), "5");
    EXPECT_EQ(reply.body, "he");
    EXPECT_EQ(reply.end, Reply::End::Closed);
    EXPECT_EQ(stored(), "hello");
}

TEST_F(Hostile, flips_a_bit_on_the_way_in_and_then_refuses_honestly) {
    rule(Operation::PutObject, {.flip_request_at = 0});
    auto sum = godwit::digest_of(DigestAlgorithm::Crc64Nvme, std::as_bytes(std::span("hello", 5))).base64();
    Reply reply = client_->request("PUT", "/b/k", "x-amz-checksum-crc64nvme: " + sum + "\r\n", "hello");
    EXPECT_EQ(reply.status, 400);
    EXPECT_NE(reply.body.find("BadDigest"), std::string::npos);
}

TEST_F(Hostile, answers_a_wrong_checksum) {
    std::string right = put().header("x-amz-checksum-crc64nvme");
    rule(Operation::PutObject, {.wrong_checksum = true});
    std::string wrong = put().header("x-amz-checksum-crc64nvme");
    EXPECT_EQ(wrong.size(), right.size());
    EXPECT_NE(wrong, right);
}

TEST_F(Hostile, ignores_conditions_checksums_and_ranges) {
    server_->put_object("b", "k", "hello");
    rule(Operation::GetObject, {.ignore_conditions = true, .ignore_range = true});
    Reply reply = get("If-Match: \"other\"\r\nRange: bytes=1-2\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "hello");
    rule(Operation::PutObject, {.ignore_conditions = true, .ignore_checksums = true});
    EXPECT_EQ(client_->request("PUT", "/b/k", "If-None-Match: *\r\nx-amz-checksum-crc32: AAAAAA==\r\n", "two")
                  .status,
              200);
    EXPECT_EQ(stored(), "two");
}

TEST_F(Hostile, reads_stale) {
    rule(Operation::GetObject, {.stale = true});
    put("one");
    EXPECT_EQ(get().status, 404);
    put("two");
    EXPECT_EQ(get().body, "one");
    client_->request("DELETE", "/b/k");
    EXPECT_EQ(get().body, "two");
    EXPECT_EQ(stored(), "(none)");
}

TEST_F(Hostile, lets_another_client_act_first) {
    server_->put_object("b", "k", "old");
    rule(Operation::GetObject, {.first_put = "changed"});
    EXPECT_EQ(get().body, "changed");
    rule(Operation::GetObject, {.first_delete = true});
    EXPECT_EQ(get().status, 404);
}

TEST_F(Hostile, bends_listings) {
    for (const char* key : {"a", "b", "c", "d"}) server_->put_object("b", key, "x");
    auto keys = [&](ListLie lie) {
        rule(Operation::ListObjectsV2, {.list = std::move(lie)});
        std::string text = list(), found;
        for (std::size_t at = text.find("<Key>"); at != std::string::npos; at = text.find("<Key>", at + 1))
            found += text[at + 5];
        found += text.find("<IsTruncated>true") != std::string::npos ? "+" : ".";
        if (text.find("<NextContinuationToken>") != std::string::npos) found += "t";
        return found;
    };
    EXPECT_EQ(keys({}), "ab+t");
    EXPECT_EQ(keys({.repeat = true}), "aab+t");
    EXPECT_EQ(keys({.omit = true}), "b+t");
    EXPECT_EQ(keys({.reverse = true}), "ba+t");
    EXPECT_EQ(keys({.empty = true}), "+t");
    EXPECT_EQ(keys({.cut_short = true}), "ab.");
    EXPECT_EQ(keys({.endless_without_token = true}), "ab+");
    EXPECT_EQ(keys({.foreign_key = "z"}), "zab+t");
    rule(Operation::ListObjectsV2, {.list = {.endless_token = "", .size = "-1"}});
    EXPECT_NE(list().find("<NextContinuationToken></NextContinuationToken>"), std::string::npos);
    EXPECT_NE(list().find("<Size>-1</Size>"), std::string::npos);
}

TEST_F(Hostile, rewrites_heads_and_bodies) {
    server_->put_object("b", "k", "hello");
    rule(Operation::GetObject,
         {.headers = {{"ETag", "W/\"x\""}, {"Content-Length", "9"}}, .drop_headers = {"Last-Modified"}});
    client_->wait_at_most(200);
    Reply reply = get();
    EXPECT_EQ(reply.header("etag"), "W/\"x\"");
    EXPECT_EQ(reply.header("last-modified"), "");
    EXPECT_EQ(reply.header("content-length"), "9");
    EXPECT_EQ(reply.body, "hello");
    reconnect();
    rule(Operation::ListObjectsV2, {.replace = {{"<Name>b</Name>", "<!DOCTYPE x>"}}});
    EXPECT_NE(list().find("<!DOCTYPE x>"), std::string::npos);
}

TEST_F(Hostile, surrounds_replies_and_chunks_them) {
    server_->put_object("b", "k", "hello");
    rule(Operation::GetObject, {.raw_before = "HTTP/1.1 103 Early Hints\r\n\r\n", .raw_after = "junk"});
    EXPECT_EQ(get().status, 103);
    EXPECT_EQ(client_->read_reply().body, "hello");
    reconnect();
    rule(Operation::GetObject, {.chunked_without_end = true});
    client_->send_raw("GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n");
    Reply reply = client_->read_all();
    EXPECT_TRUE(reply.body.ends_with("\r\n5\r\nhello\r\n")) << reply.body;
    EXPECT_EQ(reply.end, Reply::End::Closed);
}

TEST_F(Hostile, takes_rules_from_other_processes) {
    EXPECT_EQ(
        client_
            ->request("PUT", "/_double/rules", "", R"([{"name":"x","operation":"PutObject","status":500}])")
            .status,
        200);
    EXPECT_EQ(put().status, 500);
    EXPECT_EQ(client_->request("GET", "/_double/rules").body, "[{\"name\":\"x\",\"fired\":1}]\n");
    EXPECT_EQ(client_->request("PUT", "/_double/rules", "", R"([{"nmae":"x"}])").status, 400);
    EXPECT_EQ(client_->request("DELETE", "/_double/rules").status, 200);
    EXPECT_EQ(put().status, 200);
}

}  // namespace
}  // namespace godwit::s3double
