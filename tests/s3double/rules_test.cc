#include "s3double/rules.h"

#include <gtest/gtest.h>

namespace godwit::s3double {
namespace {

class RulesTest : public testing::Test {
  protected:
    Request request_;
    Rules rules_;

    void SetUp() override { ASSERT_TRUE(request_.parse("GET /?prefix=a HTTP/1.1\r\nHost: h\r\n\r\n")); }
    bool due(Operation operation, std::string_view key, int part = 0) {
        return rules_.due({operation, "b", key, part, request_}) != nullptr;
    }
    std::string pattern(int requests, std::string_view key = "k") {
        std::string fired;
        for (int i = 0; i < requests; ++i) fired += due(Operation::PutObject, key) ? 'x' : '.';
        return fired;
    }
};

TEST(Glob, matches_runs_and_single_bytes) {
    EXPECT_TRUE(glob_matches("*", ""));
    EXPECT_TRUE(glob_matches("a*c", "abbbc"));
    EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
    EXPECT_TRUE(glob_matches("?b", "ab"));
    EXPECT_FALSE(glob_matches("?", ""));
    EXPECT_FALSE(glob_matches("a*c", "abcd"));
    EXPECT_FALSE(glob_matches("", "a"));
}

TEST_F(RulesTest, fires_on_the_nth_that_fits) {
    rules_.add({.name = "r", .match = {.operation = Operation::PutObject, .key = "k*", .nth = 2}});
    EXPECT_FALSE(due(Operation::GetObject, "k"));
    EXPECT_FALSE(due(Operation::PutObject, "other"));
    EXPECT_EQ(pattern(4), ".x..");
    EXPECT_EQ(rules_.fired()[0].second, 1u);
}

TEST_F(RulesTest, counts_each_key_apart_when_asked) {
    rules_.add({.name = "r", .match = {.nth = 1, .per_key = true}});
    EXPECT_EQ(pattern(2, "a"), "x.");
    EXPECT_EQ(pattern(2, "b"), "x.");
}

TEST_F(RulesTest, fires_every_kth_and_at_most_so_often) {
    rules_.add({.name = "r", .match = {.every = 2, .times = 2}});
    EXPECT_EQ(pattern(8), ".x.x....");
}

TEST_F(RulesTest, matches_parts_and_parameters) {
    rules_.add({.name = "part", .match = {.part = 3}});
    rules_.add({.name = "page", .match = {.operation = Operation::ListObjectsV2, .parameter = "prefix"}});
    EXPECT_FALSE(due(Operation::UploadPart, "k", 2));
    EXPECT_TRUE(due(Operation::UploadPart, "k", 3));
    EXPECT_TRUE(due(Operation::ListObjectsV2, "a"));
}

TEST_F(RulesTest, repeats_its_chances_with_its_seed) {
    Rule rule{.name = "r", .match = {.probability = 0.5, .seed = 42}};
    rules_.add(rule);
    std::string first = pattern(64);
    rules_.replace_all({rule});
    EXPECT_EQ(pattern(64), first);
    EXPECT_NE(first.find('x'), std::string::npos);
    EXPECT_NE(first.find('.'), std::string::npos);
}

TEST_F(RulesTest, never_touches_the_servers_own_pages) {
    rules_.add({.name = "all"});
    EXPECT_FALSE(due(Operation::Double, ""));
}

TEST(RulesJson, reads_every_kind_of_member) {
    auto rules = rules_from_json(R"([{"name":"E44","operation":"CompleteMultipartUpload","key":"a*","nth":2,
        "probability":1,"per_key":true,"status":200,"code":"InternalError","after_act":true,"cut_reply_at":7,
        "headers":{"ETag":"\"x\""},"drop_headers":["Date"],"stored":"flip:3","list_endless_token":"",
        "body":"<html>"}])");
    ASSERT_TRUE(rules) << rules.error().message();
    const Rule& rule = rules->at(0);
    EXPECT_EQ(rule.match.operation, Operation::CompleteMultipartUpload);
    EXPECT_EQ(rule.match.nth, 2u);
    EXPECT_TRUE(rule.match.per_key);
    EXPECT_EQ(rule.effects.status, 200);
    EXPECT_EQ(rule.effects.cut_reply_at, 7u);
    EXPECT_EQ(rule.effects.headers.at(0).second, "\"x\"");
    EXPECT_EQ(rule.effects.stored.kind, Lie::Kind::Flip);
    EXPECT_EQ(rule.effects.stored.at, 3u);
    EXPECT_EQ(rule.effects.list.endless_token, "");
    EXPECT_EQ(rule.effects.body, "<html>");
}

TEST(RulesJson, names_the_member_that_is_wrong) {
    for (auto [text, member] : {std::pair{R"([{"statuss":1}])", "statuss"},
                                {R"([{"status":"x"}])", "status"},
                                {R"([{"nth":-1}])", "nth"},
                                {R"([{"operation":"Put"}])", "operation"},
                                {R"([{"stored":"melt"}])", "stored"},
                                {R"({})", "rules"},
                                {"[", "rules"}}) {
        auto rules = rules_from_json(text);
        ASSERT_FALSE(rules) << text;
        EXPECT_EQ(rules.error().subject(), member) << text;
    }
}

}  // namespace
}  // namespace godwit::s3double
