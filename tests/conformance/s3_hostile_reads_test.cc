// Rows A10, D34, D37, D38, D41, E46 to E51, E60 of the fault catalogue: what an S3 store reads from a server
// that changes, cuts, lies and forgets.
#include "conformance/s3_hostile.h"

namespace godwit::hostile {
namespace {

class HostileReads : public HostileTest {};

std::string portal() {
    return "<html><body>Please accept the terms of this network</body></html>";
}

Effects captive_portal() {
    Effects effects;
    effects.status = 200;
    effects.body = portal();
    effects.content_type = "text/html";
    return effects;
}

Effects cut_reply(std::uint64_t at) {
    Effects effects;
    effects.cut_reply_at = at;
    return effects;
}

// A10: the object changes between two ranges.
TEST_F(HostileReads, A10_a_new_generation_between_ranges_is_changed) {
    std::string before = pattern(300'000, 1);
    auto source = open("object", written("object", before), 0);
    ASSERT_OK(source);
    std::string read(100'000, '\0');
    auto out = std::as_writable_bytes(std::span(read));
    ASSERT_OK(run((*source)->read(context_, 0, out)));
    written("object", pattern(300'000, 2));
    EXPECT_KIND(run((*source)->read(context_, 100'000, out)), ErrorKind::Changed);
}

TEST_F(HostileReads, A10_a_server_that_ignores_if_match_is_caught_by_its_etag) {
    Effects ignoring;
    ignoring.ignore_conditions = true;
    rule(Operation::Unknown, "*", ignoring);
    Identity old = written("object", pattern(300'000, 1));
    auto source = open("object", old, 0);
    ASSERT_OK(source);
    written("object", pattern(300'000, 2));
    std::string read(1000, '\0');
    EXPECT_KIND(run((*source)->read(context_, 0, std::as_writable_bytes(std::span(read)))),
                ErrorKind::Changed);
    EXPECT_KIND(get("object", old), ErrorKind::Changed);
}

// Something on the way tells the old ETag with the new bytes: only the server can notice.
TEST_F(HostileReads, A10_a_stale_etag_in_the_answer_hides_no_new_generation) {
    Identity old = written("object", pattern(300'000, 1));
    auto source = open("object", old, 0);
    ASSERT_OK(source);
    written("object", pattern(300'000, 2));
    Effects stale;
    stale.headers = {{"ETag", '"' + old.tag + '"'}};
    rule(Operation::GetObject, "object", stale);
    std::string read(1000, '\0');
    EXPECT_KIND(run((*source)->read(context_, 0, std::as_writable_bytes(std::span(read)))),
                ErrorKind::Changed);
}

// The same bytes, and so the same ETag, but perhaps other metadata.
TEST_F(HostileReads, A10_equal_bytes_of_another_version_are_changed) {
    Identity identity = written("object", pattern(300'000, 1));
    Effects first, second;
    first.headers = {{"x-amz-version-id", "v1"}};
    second.headers = {{"x-amz-version-id", "v2"}};
    rule(Operation::HeadObject, "object", first);
    rule(Operation::GetObject, "object", first, 1);
    rule(Operation::GetObject, "object", second);
    auto source = open("object", identity, 0);
    ASSERT_OK(source);
    std::string read(1000, '\0');
    auto out = std::as_writable_bytes(std::span(read));
    ASSERT_OK(run((*source)->read(context_, 0, out)));
    EXPECT_KIND(run((*source)->read(context_, 1000, out)), ErrorKind::Changed);
}

TEST_F(HostileReads, A5_what_vanished_after_listing_is_not_found) {
    Identity identity = written("object", "text");
    server_->remove_object("bucket", "object");
    EXPECT_KIND(get("object", identity), ErrorKind::NotFound);
}

// D34, D38: replies cut anywhere.
TEST_F(HostileReads, D34_a_reply_that_is_cut_is_read_again) {
    std::string text = pattern(70'000);
    Identity identity = written("object", text);
    for (std::uint64_t at : {0u, 1u, 17u, 120u, 300u, 500u, 1000u, 65'000u, 70'100u}) {
        server_->set_rules({});
        rule(Operation::GetObject, "object", cut_reply(at), 1);
        auto read = get("object", identity);
        ASSERT_TRUE(read) << at << ": " << read.error().message();
        EXPECT_TRUE(*read == text) << at;
    }
}

TEST_F(HostileReads, D38_a_reply_that_is_always_cut_is_an_error_and_never_a_short_object) {
    Identity identity = written("object", pattern(70'000));
    rule(Operation::GetObject, "object", cut_reply(30'000));
    EXPECT_KIND(get("object", identity), ErrorKind::Lost);
}

TEST_F(HostileReads, D38_a_chunked_reply_is_the_object_and_one_without_its_end_is_not) {
    std::string text = pattern(70'000);
    Identity identity = written("object", text);
    Effects endless;
    endless.chunked = true;
    endless.chunked_without_end = true;
    rule(Operation::GetObject, "object", endless, 1);
    auto read = get("object", identity);
    ASSERT_OK(read);
    EXPECT_TRUE(*read == text);
    EXPECT_GE(store_->counts().retries, 1u);
}

// D37: bytes that change on the way down are caught by the checksum that the store keeps.
TEST_F(HostileReads, D37_flipped_bytes_are_read_again) {
    std::string text = pattern(70'000);
    auto receipt = put("object", text);
    ASSERT_OK(receipt);
    Identity identity = receipt->identity;
    Effects flipping;
    flipping.served.kind = s3double::Lie::Kind::Flip;
    flipping.served.at = 12'345;
    rule(Operation::GetObject, "object", flipping, 1);
    auto read = get("object", identity);
    ASSERT_OK(read);
    EXPECT_TRUE(*read == text);
    server_->set_rules({});
    rule(Operation::GetObject, "object", flipping);
    EXPECT_KIND(get("object", identity), ErrorKind::Corrupt);
}

// D37: a range carries no checksum, so that only all of them together can be compared.
TEST_F(HostileReads, D37_flipped_bytes_of_one_range_are_noticed_when_all_are_read) {
    std::string text = pattern(70'000);
    auto receipt = put("object", text);
    ASSERT_OK(receipt);
    for (bool flips : {false, true}) {
        Effects flipping;
        flipping.served.kind = s3double::Lie::Kind::Flip;
        flipping.served.at = 12'345;
        server_->set_rules({});
        if (flips) rule(Operation::GetObject, "object", flipping);
        auto source = open("object", receipt->identity, 0);
        ASSERT_OK(source);
        std::string range(10'000, '\0');
        auto out = std::as_writable_bytes(std::span(range));
        for (std::uint64_t at : {30'000u, 0u, 60'000u, 10'000u, 20'000u, 50'000u, 40'000u}) {
            ASSERT_OK(run((*source)->read(context_, at, out)));
        }
        auto unchanged = run((*source)->verify_unchanged(context_));
        EXPECT_EQ(unchanged.has_value(), !flips);
        if (flips) EXPECT_EQ(unchanged.error().code(), "ChecksumMismatch") << unchanged.error().message();
    }
}

// D41: what answers is not the store.
TEST_F(HostileReads, D41_a_captive_portal_is_never_a_success) {
    Identity identity = written("object", portal());
    rule(Operation::Unknown, "*", captive_portal());
    EXPECT_KIND(run(store_->attach(context_, store::Role::Source)), ErrorKind::Corrupt);
    EXPECT_KIND(list(), ErrorKind::Corrupt);
    EXPECT_KIND(get("object", identity), ErrorKind::Corrupt);
    EXPECT_KIND(run(store_->stat(context_, Key("object"), true)), ErrorKind::Corrupt);
}

class HostileListings : public HostileTest {
  protected:
    void SetUp() override {
        HostileTest::SetUp();
        for (int i = 0; i < 2500; ++i) server_->put_object("bucket", fmt::format("k{:05}", i), "x");
    }
    void lie(s3double::ListLie lie, std::uint64_t nth = 0) {
        Rule rule;
        rule.name = "lie";
        rule.match.operation = Operation::ListObjectsV2;
        rule.match.nth = nth;
        rule.effects.list = std::move(lie);
        server_->set_rules({rule});
    }
};

TEST_F(HostileListings, an_honest_listing_is_whole) {
    auto entries = list();
    ASSERT_OK(entries);
    EXPECT_EQ(entries->size(), 2500u);
    EXPECT_EQ(server_->count(Operation::ListObjectsV2), 3u);
    EXPECT_EQ(server_->requests(), 3u);
}

TEST_F(HostileListings, E46_tokens_that_do_not_go_forward_end_the_listing) {
    for (const char* token : {"", "=", "the same for ever"}) {
        s3double::ListLie endless;
        endless.endless_token = token;
        lie(endless);
        EXPECT_KIND(list(), ErrorKind::Corrupt);
    }
    s3double::ListLie without;
    without.endless_without_token = true;
    lie(without);
    EXPECT_KIND(list(), ErrorKind::Corrupt);
}

TEST_F(HostileListings, E46_endless_empty_pages_are_bounded) {
    s3double::ListLie lying;
    lying.empty = true;
    lie(lying);
    auto entries = list();
    // An honest token takes an empty listing to its end; it must then be really empty, not endless.
    if (entries) EXPECT_TRUE(entries->empty());
}

TEST_F(HostileListings, E47_pages_that_cannot_be_true_end_the_listing) {
    std::vector<s3double::ListLie> lies(4);
    lies[0].repeat = true;
    lies[1].reverse = true;
    lies[2].replay = true;
    lies[3].foreign_key = "elsewhere/x";
    for (std::size_t i = 0; i < lies.size(); ++i) {
        if (i == 3) {
            options_.prefix = "k0";
            server_->put_object("bucket", "k0/a", "x");
            store_ = connect();
        }
        lie(lies[i]);
        auto entries = list();
        ASSERT_FALSE(entries) << i;
        EXPECT_EQ(entries.error().kind(), ErrorKind::Corrupt) << entries.error().message();
        EXPECT_EQ(entries.error().code(), "ImpossibleListing") << entries.error().message();
    }
}

TEST_F(HostileListings, E47_a_page_that_fails_once_is_asked_for_again) {
    Rule busy;
    busy.name = "busy";
    busy.match.operation = Operation::ListObjectsV2;
    busy.match.nth = 2;
    busy.effects.status = 503;
    busy.effects.code = "SlowDown";
    server_->set_rules({busy});
    auto entries = list();
    ASSERT_OK(entries);
    EXPECT_EQ(entries->size(), 2500u);
    EXPECT_EQ(store_->counts().busy, 1u);
}

TEST_F(HostileListings, E49_sizes_and_dates_that_do_not_exist_end_the_listing) {
    std::vector<s3double::ListLie> lies(6);
    lies[0].size = "-1";
    lies[1].size = "9223372036854775808";
    lies[2].size = "1e30";
    lies[3].last_modified = "0000-00-00T00:00:00Z";
    lies[4].last_modified = "tomorrow";
    lies[5].size = "4611686018427387904";
    for (const s3double::ListLie& each : lies) {
        lie(each);
        EXPECT_KIND(list(), ErrorKind::Corrupt);
    }
}

// E51: what a listing calls an ETag goes into headers, where it must not forge another one.
TEST_F(HostileListings, E51_an_etag_that_no_header_can_carry_ends_the_listing) {
    for (const std::string& etag :
         {std::string("\"a\nx-evil: 1\""), std::string("\"a\tb\""), "\"" + std::string(2000, 'a') + "\""}) {
        s3double::ListLie wrong;
        wrong.etag = etag;
        lie(wrong);
        EXPECT_KIND(list(), ErrorKind::Corrupt);
    }
}

TEST_F(HostileListings, E48_a_listing_that_lies_about_an_object_makes_it_changed) {
    s3double::ListLie wrong;
    wrong.size = "77";
    lie(wrong);
    auto entries = list();
    ASSERT_OK(entries);
    EXPECT_KIND(get("k00000", entries->front().identity), ErrorKind::Changed);
    s3double::ListLie etag;
    etag.etag = "\"00000000000000000000000000000000\"";
    lie(etag);
    entries = list();
    ASSERT_OK(entries);
    EXPECT_KIND(get("k00000", entries->front().identity), ErrorKind::Changed);
}

TEST_F(HostileListings, one_page_is_read_ahead_and_no_more) {
    auto listing = store_->list(KeyRange{});
    ASSERT_OK(run(listing->next(context_)));
    auto settle = [](Context& context) -> Task<Result<void>> {
        co_return co_await runtime::sleep(context, std::chrono::milliseconds(50));
    };
    ASSERT_OK(run(settle(context_)));
    EXPECT_EQ(server_->count(Operation::ListObjectsV2), 2u);
}

TEST_F(HostileListings, a_range_asks_for_no_page_beyond_its_end) {
    auto entries = list(KeyRange{"k00499", "k00510"});
    ASSERT_OK(entries);
    EXPECT_EQ(entries->size(), 10u);
    EXPECT_EQ(server_->count(Operation::ListObjectsV2), 1u);
}

// E50: ranges.
TEST_F(HostileReads, E50_a_server_that_ignores_ranges_is_refused) {
    Effects ignoring;
    ignoring.ignore_range = true;
    rule(Operation::GetObject, "object", ignoring);
    auto source = open("object", written("object", pattern(300'000)), 0);
    ASSERT_OK(source);
    std::string read(1000, '\0');
    auto digest = run((*source)->read(context_, 500, std::as_writable_bytes(std::span(read))));
    EXPECT_KIND(digest, ErrorKind::Unsupported);
}

TEST_F(HostileReads, E50_a_wrong_content_range_is_corrupt) {
    for (const char* range :
         {"bytes 0-999/300000", "bytes 500-1499/299999", "bytes 500-1498/300000", "nonsense"}) {
        server_->set_rules({});
        Effects lying;
        lying.headers = {{"content-range", range}};
        rule(Operation::GetObject, "object", lying);
        auto source = open("object", written("object", pattern(300'000)), 0);
        ASSERT_OK(source);
        std::string read(1000, '\0');
        auto digest = run((*source)->read(context_, 500, std::as_writable_bytes(std::span(read))));
        ASSERT_FALSE(digest) << range;
        bool refused =
            digest.error().kind() == ErrorKind::Corrupt || digest.error().kind() == ErrorKind::Changed;
        EXPECT_TRUE(refused) << digest.error().message();
    }
}

TEST_F(HostileReads, E50_a_range_of_another_generation_is_changed) {
    Effects lying;
    lying.headers = {{"etag", "\"11111111111111111111111111111111\""}};
    rule(Operation::GetObject, "object", lying);
    auto source = open("object", written("object", pattern(300'000)), 0);
    ASSERT_OK(source);
    std::string read(1000, '\0');
    EXPECT_KIND(run((*source)->read(context_, 500, std::as_writable_bytes(std::span(read)))),
                ErrorKind::Changed);
}

// E51: a store without ETags is held to size and time.
TEST_F(HostileReads, E51_without_an_etag_the_source_is_looked_at_again) {
    Effects without;
    without.drop_headers = {"etag"};
    rule(Operation::GetObject, "object", without);
    rule(Operation::HeadObject, "object", without);
    Identity identity = written("object", pattern(300'000));
    identity.tag.clear();
    auto source = open("object", identity, 0);
    ASSERT_OK(source);
    ASSERT_OK(run((*source)->verify_unchanged(context_)));
    std::uint64_t heads = server_->count(Operation::HeadObject);
    EXPECT_EQ(heads, 2u);
    written("object", pattern(300'001));
    EXPECT_KIND(run((*source)->verify_unchanged(context_)), ErrorKind::Changed);
}

TEST_F(HostileReads, pinned_reads_need_no_second_look) {
    auto source = open("object", written("object", pattern(300'000)), 0);
    ASSERT_OK(source);
    ASSERT_OK(run((*source)->verify_unchanged(context_)));
    EXPECT_EQ(server_->count(Operation::HeadObject), 1u);
}

// E60: bytes are taken as they are stored.
TEST_F(HostileReads, E60_content_encoding_is_metadata_and_changes_no_byte) {
    store::PutRequest request = put_request("packed", 5);
    request.metadata.headers.content_encoding = "gzip";
    auto receipt = put(request, "\x1f\x8b no");
    ASSERT_OK(receipt);
    auto read = get("packed", receipt->identity);
    ASSERT_OK(read);
    EXPECT_EQ(*read, "\x1f\x8b no");
}

TEST_F(HostileReads, archived_objects_are_told_and_not_read) {
    s3double::Attributes frozen;
    frozen.storage_class = "GLACIER";
    std::string etag = server_->put_object("bucket", "frozen", "text", frozen);
    auto entries = list();
    ASSERT_OK(entries);
    EXPECT_TRUE(entries->front().archived);
    auto info = run(store_->stat(context_, Key("frozen"), false));
    ASSERT_OK(info);
    EXPECT_TRUE((*info)->entry.archived);
    EXPECT_EQ((*info)->storage_class, "GLACIER");
}

}  // namespace
}  // namespace godwit::hostile
