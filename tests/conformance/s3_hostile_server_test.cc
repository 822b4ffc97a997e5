// Rows E52 to E54 and E57 of the fault catalogue, and what a store finds out about its server: clocks,
// regions, storms, redirects, credentials, the probe.
#include <algorithm>

#include "conformance/s3_hostile.h"
#include "runtime/group.h"

namespace godwit::hostile {
namespace {

class HostileServer : public HostileTest {
  protected:
    Result<s3::ProbeResult> probe() { return run(store_->probe(context_)); }
};

// E52: storms.
TEST_F(HostileServer, E52_a_busy_server_is_asked_again) {
    Effects busy;
    busy.status = 503;
    busy.code = "SlowDown";
    rule(Operation::PutObject, "object", busy, 3);
    ASSERT_OK(put("object", "text"));
    EXPECT_EQ(store_->counts().retries, 3u);
    EXPECT_EQ(store_->counts().busy, 3u);
}

TEST_F(HostileServer, E52_a_server_that_stays_busy_is_given_up_on_with_its_words) {
    Effects busy;
    busy.status = 503;
    busy.code = "SlowDown";
    rule(Operation::PutObject, "object", busy);
    auto receipt = put("object", "text");
    EXPECT_KIND(receipt, ErrorKind::Busy);
    EXPECT_EQ(receipt.error().attempt(), options_.retry.attempts_max);
    EXPECT_EQ(receipt.error().code(), "SlowDown");
    EXPECT_FALSE(receipt.error().request_id().empty());
    EXPECT_EQ(receipt.error().subject(), "s3://bucket/object");
}

TEST_F(HostileServer, E52_retry_after_is_obeyed) {
    Effects busy;
    busy.status = 503;
    busy.code = "SlowDown";
    busy.headers = {{"retry-after", "1"}};
    rule(Operation::PutObject, "object", busy, 1);
    ASSERT_OK(probe());
    Instant before = loop_.now();
    ASSERT_OK(put("object", "text"));
    EXPECT_GE(loop_.now() - before, std::chrono::seconds(1));
}

// E53: clocks.
TEST_F(HostileServer, E53_the_servers_clock_is_learned_from_its_refusal) {
    for (std::int64_t skew_s : {1200, -1200}) {
        s3double::Options options = server_options_;
        options.clock_offset_s = skew_s;
        start(options);
        attach();
        EXPECT_EQ(store_->counts().total(), 2u) << "one lesson";
        ASSERT_OK(list());
        EXPECT_EQ(store_->counts().total(), 3u) << "learned for good";
        ASSERT_OK(put("object", "text"));
    }
}

TEST_F(HostileServer, E53_an_uploads_beginning_is_compared_on_the_servers_clock) {
    // Two hours are refused and learned; a minute is served without a word.
    for (std::int64_t skew_s : {-7200, -60, 60, 7200}) {
        s3double::Options options = server_options_;
        options.clock_offset_s = skew_s;
        start(options);
        attach();
        std::int64_t intent = loop_.unix_time_ns();
        ASSERT_OK(run(store_->begin(context_, put_request("object", 2'500'000))));
        ASSERT_OK(run(store_->discard(context_, Key("object"), "", intent + 10'000'000'000)));
        EXPECT_EQ(server_->open_uploads("bucket").size(), 1u) << "begun before that intent, skew " << skew_s;
        ASSERT_OK(run(store_->discard(context_, Key("object"), "", intent)));
        EXPECT_TRUE(server_->open_uploads("bucket").empty()) << skew_s;
    }
}

// E54: regions and redirects.
TEST_F(HostileServer, E54_the_buckets_region_is_learned_from_its_refusal) {
    s3double::Options options = server_options_;
    options.region = "eu-west-3";
    start(options);
    auto root = run(store_->attach(context_, store::Role::Source));
    ASSERT_OK(root);
    EXPECT_EQ(store_->describe().region, "eu-west-3");
    EXPECT_NE(root->identity.find("eu-west-3"), std::string::npos);
    ASSERT_OK(list());
    EXPECT_EQ(store_->counts().total(), 3u);
}

TEST_F(HostileServer, E54_a_redirect_is_never_followed) {
    auto elsewhere = s3double::Server::start(server_options_);
    ASSERT_OK(elsewhere);
    (*elsewhere)->make_bucket("bucket");
    for (int status : {301, 302, 307, 308}) {
        server_->set_rules({});
        Effects redirect;
        redirect.status = status;
        redirect.headers = {{"location", (*elsewhere)->endpoint() + "/bucket/object"}};
        rule(Operation::PutObject, "object", redirect);
        EXPECT_FALSE(put("object", "text")) << status;
    }
    EXPECT_EQ((*elsewhere)->connections().accepted, 0u);
}

TEST_F(HostileServer, E54_a_region_that_is_no_region_is_not_believed) {
    Effects redirect;
    redirect.status = 301;
    redirect.code = "PermanentRedirect";
    redirect.headers = {{"x-amz-bucket-region", "evil.example.com/"}};
    rule(Operation::ListObjectsV2, "*", redirect);
    EXPECT_KIND(run(store_->attach(context_, store::Role::Source)), ErrorKind::Invalid);
    EXPECT_EQ(server_->requests(), 1u);
}

TEST_F(HostileServer, E54_a_server_that_names_new_regions_for_ever_is_given_up_on) {
    Effects redirect;
    redirect.status = 301;
    redirect.code = "PermanentRedirect";
    redirect.headers = {{"x-amz-bucket-region", "eu-north-1"}};
    rule(Operation::ListObjectsV2, "*", redirect);
    EXPECT_KIND(run(store_->attach(context_, store::Role::Source)), ErrorKind::Invalid);
    EXPECT_LE(server_->requests(), 4u);
}

// Bad input (issue item 10).
TEST_F(HostileServer, a_bucket_that_is_not_there_is_named_with_the_cure) {
    options_.bucket = "no-such-bucket";
    store_ = connect();
    auto root = run(store_->attach(context_, store::Role::Destination));
    EXPECT_KIND(root, ErrorKind::NotFound);
    EXPECT_EQ(root.error().code(), "NoSuchBucket");
    EXPECT_NE(root.error().message().find("no-such-bucket"), std::string::npos);
    EXPECT_NE(root.error().message().find("make the bucket first"), std::string::npos);
}

TEST_F(HostileServer, wrong_credentials_are_denied_at_once) {
    options_.credentials->secret_access_key = "not the secret";
    store_ = connect();
    auto root = run(store_->attach(context_, store::Role::Destination));
    EXPECT_KIND(root, ErrorKind::Denied);
    EXPECT_EQ(server_->requests(), 1u);
    EXPECT_EQ(root.error().message().find("not the secret"), std::string::npos);
}

TEST_F(HostileServer, an_anonymous_store_signs_nothing) {
    s3double::Options options = server_options_;
    options.anonymous = true;
    start(options);
    options_.credentials.reset();
    options_.anonymous = true;
    store_ = connect();
    written("public", "text");
    auto entries = list();
    ASSERT_OK(entries);
    auto text = get("public", entries->front().identity);
    ASSERT_OK(text);
    EXPECT_EQ(*text, "text");
}

TEST_F(HostileServer, session_tokens_travel) {
    s3double::Options options = server_options_;
    options.credentials = {{"ASIATEST", "secret", "the-token"}};
    start(options);
    options_.credentials = s3::Credentials{"ASIATEST", "secret", "the-token", std::nullopt};
    store_ = connect();
    attach();
}

TEST_F(HostileServer, nothing_to_do_costs_listing_requests_only) {
    attach();
    ASSERT_OK(list());
    EXPECT_EQ(server_->requests(), server_->count(Operation::ListObjectsV2));
}

// E57: the probe.
TEST_F(HostileServer, E57_an_honest_server_attests_and_enforces) {
    auto found = probe();
    ASSERT_OK(found);
    EXPECT_EQ(found->attests, DigestAlgorithm::Crc64Nvme);
    EXPECT_EQ(store_->capabilities().attests, DigestAlgorithm::Crc64Nvme);
    EXPECT_TRUE(found->put_if_absent);
    EXPECT_TRUE(found->put_if_match);
    EXPECT_FALSE(found->put_etag_bare);
    EXPECT_TRUE(found->complete_if_absent);
    EXPECT_TRUE(found->complete_if_match);
    EXPECT_TRUE(found->delete_if_match);
    EXPECT_FALSE(found->findings.empty());
}

TEST_F(HostileServer, E57_the_probe_leaves_nothing_behind) {
    for (bool versioned : {false, true}) {
        start(server_options_);
        server_->make_bucket("probed", versioned);
        options_.bucket = "probed";
        options_.prefix = "in/side";
        store_ = connect();
        ASSERT_OK(probe());
        EXPECT_TRUE(server_->keys("probed").empty());
        EXPECT_TRUE(server_->open_uploads("probed").empty());
    }
}

TEST_F(HostileServer, E57_the_probe_leaves_nothing_behind_when_it_fails_anywhere) {
    ASSERT_OK(probe());
    std::uint64_t requests = server_->requests();
    ASSERT_GT(requests, 8u);
    for (std::uint64_t nth = 1; nth <= requests; ++nth) {
        start(server_options_);
        Rule once;
        once.name = "nth";
        once.match.nth = nth;
        once.effects.status = 403;
        once.effects.code = "AccessDenied";
        server_->add_rule(once);
        (void)probe();
        // Only a clean-up that was itself refused can leave something.
        std::size_t left = server_->keys("bucket").size() + server_->open_uploads("bucket").size();
        EXPECT_LE(left, 1u) << nth;
        if (left == 1) {
            auto records = server_->audit();
            bool clean_up_failed = std::ranges::any_of(records, [](const auto& record) {
                bool clean_up = record.operation == Operation::DeleteObject ||
                                record.operation == Operation::AbortMultipartUpload;
                return clean_up && !record.rule.empty();
            });
            EXPECT_TRUE(clean_up_failed) << nth;
        }
    }
}

// A far server takes its time for each answer, so no chain of questions waits for another. What is asked at
// the same time needs a connection each: three objects and two uploads are begun.
TEST_F(HostileServer, E57_what_needs_no_other_answer_is_asked_at_once) {
    ASSERT_OK(probe());
    EXPECT_GE(server_->connections().accepted, 5u);
}

TEST_F(HostileServer, E57_no_question_is_settled_by_the_answer_to_another) {
    struct Ignored {
        Operation operation;
        std::string key;
        bool s3::ProbeResult::* found;
    };
    std::vector<Ignored> all = {
        {Operation::PutObject, "*-delete", &s3::ProbeResult::put_if_absent},
        {Operation::PutObject, "*-0c0ffee", &s3::ProbeResult::put_if_match},
        {Operation::CompleteMultipartUpload, "*-0c0ffee", &s3::ProbeResult::complete_if_absent},
        {Operation::CompleteMultipartUpload, "*-complete", &s3::ProbeResult::complete_if_match},
        {Operation::DeleteObject, "*-delete", &s3::ProbeResult::delete_if_match}};
    options_.probe_token = "0c0ffee";
    for (const Ignored& one : all) {
        start(server_options_);
        Effects ignoring;
        ignoring.ignore_conditions = true;
        rule(one.operation, one.key, ignoring);
        auto result = probe();
        ASSERT_OK(result);
        for (const Ignored& each : all) {
            EXPECT_EQ((*result).*each.found, &each != &one) << one.key << ' ' << each.key;
        }
        EXPECT_TRUE(result->attests);
        EXPECT_TRUE(server_->keys("bucket").empty()) << one.key;
        EXPECT_TRUE(server_->open_uploads("bucket").empty()) << one.key;
    }
}

// From the end of the nth request on nothing reaches the server: as it sees a client that was killed.
void die_after(s3double::Server& server, std::uint64_t nth) {
    Rule alive, last, dead;
    alive.name = "alive";
    alive.match.times = nth - 1;
    last.match.times = 1;
    last.effects.after_act = true;
    for (Rule* rule : {&last, &dead}) {
        rule->name = "dead";
        rule->effects.status = 403;
        rule->effects.code = "AccessDenied";
    }
    if (nth > 1) server.add_rule(alive);
    server.add_rule(last);
    server.add_rule(dead);
}

TEST_F(HostileServer, E57_what_a_killed_probe_left_is_removed_by_the_run_that_carries_on) {
    options_.probe_token = "00c0ffee";
    store_ = connect();
    ASSERT_OK(probe());
    std::uint64_t requests = server_->requests(), left_sum = 0;
    for (bool versioned : {false, true}) {
        for (std::uint64_t nth = 1; nth <= requests; ++nth) {
            start(server_options_);
            server_->make_bucket("probed", versioned);
            options_.bucket = "probed";
            store_ = connect();
            die_after(*server_, nth);
            (void)probe();
            left_sum += server_->keys("probed").size() + server_->open_uploads("probed").size();
            server_->set_rules({});
            store_ = connect();
            ASSERT_OK(put("object", "text"));
            EXPECT_EQ(server_->keys("probed"), std::vector<std::string>{"object"}) << nth;
            EXPECT_TRUE(server_->open_uploads("probed").empty()) << nth;
        }
    }
    EXPECT_GT(left_sum, 8u) << "or nothing was shown";
}

TEST_F(HostileServer, E57_nothing_is_looked_for_under_a_name_that_is_new) {
    options_.probe_token = "00c0ffee";
    options_.probe_token_is_new = true;
    store_ = connect();
    ASSERT_OK(put("object", "text"));
    EXPECT_EQ(server_->count(Operation::ListMultipartUploads), 0u);
    EXPECT_EQ(server_->count(Operation::ListObjectsV2), 0u);
}

TEST_F(HostileServer, E57_a_server_that_lists_no_uploads_can_be_written_to) {
    options_.probe_token = "00c0ffee";
    for (auto [status, code] : {std::pair(501, "NotImplemented"), std::pair(403, "AccessDenied")}) {
        start(server_options_);
        Effects refusing;
        refusing.status = status;
        refusing.code = code;
        rule(Operation::ListMultipartUploads, "*", refusing);
        ASSERT_OK(put("object", "text"));
        EXPECT_GE(server_->count(Operation::ListMultipartUploads), 1u) << "or nothing was shown";
    }
}

TEST_F(HostileServer, E57_what_a_killed_probe_left_is_removed_with_a_run_that_is_given_up) {
    options_.probe_token = "00c0ffee";
    store_ = connect();
    die_after(*server_, 6);
    ASSERT_FALSE(probe());
    server_->set_rules({});
    store_ = connect();
    ASSERT_OK(run(store_->discard(context_, Key("object"), "", 0)));
    EXPECT_TRUE(server_->keys("bucket").empty());
    EXPECT_TRUE(server_->open_uploads("bucket").empty());
}

TEST_F(HostileServer, E57_a_checksum_that_is_not_checked_attests_nothing) {
    Effects ignoring;
    ignoring.ignore_checksums = true;
    rule(Operation::UploadPart, "*", ignoring);
    auto found = probe();
    ASSERT_OK(found);
    EXPECT_FALSE(found->attests);
    EXPECT_TRUE(found->etag_is_md5);
}

TEST_F(HostileServer, E57_conditions_that_are_ignored_are_not_relied_on) {
    Effects ignoring;
    ignoring.ignore_conditions = true;
    rule(Operation::Unknown, "*", ignoring);
    auto found = probe();
    ASSERT_OK(found);
    EXPECT_FALSE(found->put_if_absent || found->put_if_match || found->complete_if_absent ||
                 found->complete_if_match || found->delete_if_match);
    ASSERT_OK(put("object", "one"));
    EXPECT_TRUE(server_->keys("bucket").size() == 1);
}

TEST_F(HostileServer, E57_conditions_that_are_not_implemented_are_not_sent) {
    Effects refusing;
    refusing.status = 501;
    refusing.code = "NotImplemented";
    Rule rule;
    rule.name = "501";
    rule.match.operation = Operation::PutObject;
    rule.match.nth = 2;  // the first conditional one of each chain
    rule.match.per_key = true;
    rule.effects = refusing;
    server_->add_rule(rule);
    auto found = probe();
    ASSERT_OK(found);
    EXPECT_FALSE(found->put_if_absent);
    EXPECT_FALSE(found->put_if_match);
    EXPECT_TRUE(found->complete_if_absent);
}

TEST_F(HostileServer, the_checksum_can_be_chosen) {
    for (auto [choice, wanted] : {std::pair(s3::ChecksumChoice::Crc32c, DigestAlgorithm::Crc32c),
                                  std::pair(s3::ChecksumChoice::Sha256, DigestAlgorithm::Sha256)}) {
        options_.checksum = choice;
        start(server_options_);
        auto found = probe();
        ASSERT_OK(found);
        EXPECT_EQ(found->attests, wanted);
        auto receipt = put("object", pattern(10'000));
        ASSERT_OK(receipt);
        EXPECT_EQ(receipt->level, EvidenceLevel::Attested);
        EXPECT_EQ(receipt->stored_digest->algorithm(), wanted);
        auto large = upload("large", pattern(2'500'000));
        ASSERT_OK(large);
        EXPECT_EQ(large->level, EvidenceLevel::Attested);
    }
}

TEST_F(HostileServer, a_process_asks_each_server_once) {
    s3::ProbeCache cache;
    options_.probes = &cache;
    store_ = connect();
    ASSERT_OK(put("one", "text"));
    auto second = connect();
    std::uint64_t before = server_->requests();
    store_ = std::move(second);
    ASSERT_OK(put("two", "text"));
    EXPECT_EQ(server_->requests() - before, 1u);
}

TEST_F(HostileServer, many_first_writers_share_one_probe) {
    auto write = [](Context& context, store::Store& store, int number, int& failed) -> Task<void> {
        store::PutRequest request;
        request.key = Key(fmt::format("k{}", number));
        std::span<const std::byte> nothing;
        Digest digest = digest_of(request.digest, nothing);
        auto receipt = co_await store.put(context, request, nothing, digest);
        if (!receipt) ++failed;
    };
    auto all = [&write](Context& context, store::Store& store) -> Task<int> {
        int failed = 0;
        runtime::TaskGroup group(context.loop());
        for (int i = 0; i < 50; ++i) group.spawn(write(context, store, i, failed));
        co_await group.wait();
        co_return failed;
    };
    EXPECT_EQ(run(all(context_, *store_)), 0);
    EXPECT_EQ(server_->keys("bucket").size(), 50u);
    EXPECT_EQ(server_->count(Operation::CreateMultipartUpload), 2u);
}

TEST_F(HostileServer, connections_are_used_again) {
    ASSERT_OK(probe());
    std::uint64_t before = server_->connections().accepted;
    for (int i = 0; i < 50; ++i) ASSERT_OK(put(fmt::format("k{}", i), pattern(4096)));
    auto entries = list();
    ASSERT_OK(entries);
    for (const Entry& entry : *entries) ASSERT_OK(get(entry.key.bytes(), entry.identity));
    EXPECT_EQ(server_->connections().accepted, before);
}

TEST_F(HostileServer, cancelling_ends_a_request_under_way) {
    Effects slow;
    slow.delay_ms = 5000;
    rule(Operation::GetObject, "object", slow);
    Identity identity = written("object", "text");
    auto reading = [this, &identity](Context& context) -> Task<Result<std::unique_ptr<store::Source>>> {
        store::OpenRequest request;
        request.key = Key("object");
        request.expected = identity;
        request.whole_bytes_max = 100;
        Context limited(context, std::chrono::milliseconds(100), "a test's patience");
        co_return co_await store_->open(limited, request);
    };
    Instant before = loop_.now();
    auto source = run(reading(context_));
    ASSERT_FALSE(source);
    EXPECT_LT(loop_.now() - before, std::chrono::seconds(2));
}

}  // namespace
}  // namespace godwit::hostile
