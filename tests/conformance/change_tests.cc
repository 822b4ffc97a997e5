// What changes an object that is there: conditional replacing, metadata, removal, copies.
#include <algorithm>

#include "base/encoding.h"
#include "conformance/store_conformance.h"

namespace godwit::conformance {

using model::EvidenceLevel;
using model::Identity;
using model::Key;

namespace {

model::Metadata full_metadata() {
    model::Metadata metadata;
    metadata.posix =
        model::PosixAttributes{0100640, 1234, 567, 1'234'567'890'123'456'789, 1'234'567'890'000'000'001};
    metadata.headers.content_type = "text/x-log; charset=utf-8";
    metadata.headers.content_encoding = "x-plain";
    metadata.headers.content_language = "de";
    metadata.headers.content_disposition = "attachment; filename=\"a b\"";
    metadata.headers.cache_control = "max-age=60";
    metadata.user = {{"color", "green & blue"}, {"umlaut", "gr\xc3\xbcn"}};
    metadata.tags = model::NamedValues{{"class", "a=b+c:/@"}, {"stage", "raw data"}};
    return metadata;
}

// Stores tell user metadata and tags in an order of their own.
model::NamedValues sorted(model::NamedValues values) {
    std::ranges::sort(values);
    return values;
}
std::optional<model::NamedValues> sorted(const std::optional<model::NamedValues>& values) {
    if (!values) return std::nullopt;
    return sorted(*values);
}

}  // namespace

TEST_P(StoreConformance, C30_a_put_that_expects_nothing_does_not_overwrite) {
    if (!deviations().enforces_replaces) GTEST_SKIP() << "cannot enforce it";
    written("object", "old");
    store::PutRequest request;
    request.key = Key("object");
    request.size_bytes = 3;
    auto receipt = put(request, "new");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Changed) << receipt.error().message();
    EXPECT_EQ(text_at("object"), "old");
}

TEST_P(StoreConformance, C30_a_put_that_expects_another_generation_does_not_overwrite) {
    if (!deviations().enforces_replaces) GTEST_SKIP() << "cannot enforce it";
    store::PutRequest request;
    request.key = Key("object");
    request.size_bytes = 3;
    request.replaces = written("object", "older").identity;
    written("object", "the newer one");
    auto receipt = put(request, "new");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Changed) << receipt.error().message();
    EXPECT_EQ(text_at("object"), "the newer one");
}

TEST_P(StoreConformance, metadata_round_trips) {
    model::Metadata metadata = full_metadata();
    const store::Capabilities& can = store().capabilities();
    if (!can.keeps_tags) metadata.tags.reset();
    if (!can.keeps_user_metadata) metadata.user.clear();
    written("object", "text", metadata);
    auto info = stat("object", true);
    ASSERT_TRUE(info);
    if (deviations().keeps_posix) {
        ASSERT_TRUE(info->metadata.posix);
        EXPECT_EQ(info->metadata.posix->mode, metadata.posix->mode);
        EXPECT_EQ(info->metadata.posix->uid, metadata.posix->uid);
        EXPECT_EQ(info->metadata.posix->gid, metadata.posix->gid);
        EXPECT_EQ(info->metadata.posix->mtime_ns, metadata.posix->mtime_ns);
    }
    if (deviations().keeps_content_headers) EXPECT_EQ(info->metadata.headers, metadata.headers);
    EXPECT_EQ(sorted(info->metadata.user), sorted(metadata.user));
    if (can.keeps_tags) {
        EXPECT_EQ(sorted(info->metadata.tags), sorted(metadata.tags));
        EXPECT_FALSE(stat("object", false)->metadata.tags) << "not asked for, not told";
    }
}

TEST_P(StoreConformance, metadata_round_trips_through_a_sink) {
    model::Metadata metadata = full_metadata();
    const store::Capabilities& can = store().capabilities();
    if (!can.keeps_tags) metadata.tags.reset();
    if (!can.keeps_user_metadata) metadata.user.clear();
    std::string text = pattern(GetParam().large_bytes);
    store::PutRequest request = request_for("large", text.size());
    request.metadata = metadata;
    auto sink = filled_sink(request, text);
    ASSERT_TRUE(sink);
    auto committed = run(sink->commit(context(), digest_of(request.digest, bytes_of(text))));
    ASSERT_TRUE(committed) << committed.error().message();
    auto info = stat("large", true);
    ASSERT_TRUE(info);
    if (deviations().keeps_posix) {
        ASSERT_TRUE(info->metadata.posix);
        EXPECT_EQ(info->metadata.posix->mtime_ns, metadata.posix->mtime_ns);
        EXPECT_EQ(info->metadata.posix->mode, metadata.posix->mode);
    }
    if (deviations().keeps_content_headers) EXPECT_EQ(info->metadata.headers, metadata.headers);
    EXPECT_EQ(sorted(info->metadata.user), sorted(metadata.user));
    if (can.keeps_tags) EXPECT_EQ(sorted(info->metadata.tags), sorted(metadata.tags));
}

TEST_P(StoreConformance, set_metadata_keeps_the_bytes) {
    const store::Capabilities& can = store().capabilities();
    store::Receipt receipt = written("object", "the bytes");
    store::PutRequest request = request_for("object", 9);
    request.metadata = full_metadata();
    if (!can.keeps_tags) request.metadata.tags.reset();
    if (!can.keeps_user_metadata) request.metadata.user.clear();
    auto changed = run(store().set_metadata(context(), request, receipt.identity));
    ASSERT_TRUE(changed) << changed.error().message();
    auto info = stat("object", true);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->entry.identity.tag, changed->identity.tag);
    EXPECT_EQ(sorted(info->metadata.user), sorted(request.metadata.user));
    if (can.keeps_tags) EXPECT_EQ(sorted(info->metadata.tags), sorted(request.metadata.tags));
    if (deviations().keeps_posix) {
        ASSERT_TRUE(info->metadata.posix);
        EXPECT_EQ(info->metadata.posix->mtime_ns, request.metadata.posix->mtime_ns);
        EXPECT_EQ(info->metadata.posix->mode, request.metadata.posix->mode);
    }
    EXPECT_EQ(text_at("object"), "the bytes");
}

TEST_P(StoreConformance, set_metadata_of_another_generation_changes_nothing) {
    Identity old = written("object", "older").identity;
    written("object", "the newer one");
    store::PutRequest request = request_for("object", 5);
    request.metadata = full_metadata();
    if (!store().capabilities().keeps_tags) request.metadata.tags.reset();
    auto changed = run(store().set_metadata(context(), request, old));
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind(), ErrorKind::Changed) << changed.error().message();
    EXPECT_EQ(text_at("object"), "the newer one");
}

TEST_P(StoreConformance, tells_what_may_be_newer_than_a_moment) {
    written("object", "text");
    Identity identity = stat("object")->entry.identity;
    constexpr std::int64_t kHourNs = 3'600'000'000'000;
    EXPECT_FALSE(store().may_be_newer(identity, location_->loop().unix_time_ns() + kHourNs));
    EXPECT_TRUE(store().may_be_newer(identity, 0));
}

TEST_P(StoreConformance, B18_a_root_is_the_one_that_was_attached) {
    Result<void> same = run(store().verify_root(context()));
    EXPECT_TRUE(same) << same.error().message();
}

TEST_P(StoreConformance, says_whether_it_removes_exactly_what_it_is_told) {
    Result<bool> exact = run(store().removes_exactly(context()));
    ASSERT_TRUE(exact) << exact.error().message();
    if (*exact) EXPECT_TRUE(deviations().removes_exactly);
}

TEST_P(StoreConformance, A4_remove_takes_exactly_what_was_listed) {
    Identity old = written("object", "older").identity;
    Identity now = written("object", "the newer one").identity;
    Key key("object");
    if (deviations().removes_exactly) {
        auto refused = run(store().remove(context(), key, old));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind(), ErrorKind::Changed) << refused.error().message();
        EXPECT_EQ(text_at("object"), "the newer one");
    }
    auto removed = run(store().remove(context(), key, now));
    ASSERT_TRUE(removed) << removed.error().message();
    EXPECT_FALSE(stat("object"));
    EXPECT_TRUE(run(store().remove(context(), key, now))) << "absent is success";
}

TEST_P(StoreConformance, a_copy_inside_the_store_equals_its_source) {
    if (store().capabilities().copy_domain.empty()) GTEST_SKIP() << "cannot copy inside";
    std::string text = pattern(200'000);
    store::CopyRequest request;
    request.source_key = Key("from here");
    request.source_identity = written("from here", text, full_metadata()).identity;
    request.put.key = Key("to/there");
    request.put.size_bytes = text.size();
    auto receipt = run(store().copy_from(context(), store(), request));
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_GE(receipt->level, EvidenceLevel::ServerCopy);
    EXPECT_EQ(receipt->identity.size_bytes, text.size());
    EXPECT_TRUE(text_at("to/there") == text);
}

TEST_P(StoreConformance, a_copy_of_another_generation_publishes_nothing) {
    if (store().capabilities().copy_domain.empty()) GTEST_SKIP() << "cannot copy inside";
    store::CopyRequest request;
    request.source_key = Key("from");
    request.source_identity = written("from", "older").identity;
    written("from", "the newer one");
    request.put.key = Key("to");
    request.put.size_bytes = 5;
    auto receipt = run(store().copy_from(context(), store(), request));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Changed) << receipt.error().message();
    if (deviations().copies_exactly) EXPECT_FALSE(stat("to"));
}

TEST_P(StoreConformance, a_root_keeps_its_identity_over_restarts) {
    auto first = run(store().attach(context(), store::Role::Source));
    ASSERT_TRUE(first) << first.error().message();
    written("object", "x");
    restart();
    auto second = run(store().attach(context(), store::Role::Source));
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(first->canonical, second->canonical);
    EXPECT_EQ(first->identity, second->identity);
    EXPECT_FALSE(first->canonical.empty());
}

}  // namespace godwit::conformance
