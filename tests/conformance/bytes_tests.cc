// Whole objects in and out: put(), stat(), open() with whole_bytes_max, kinds of objects, odd keys.
#include <algorithm>

#include "base/encoding.h"
#include "conformance/store_conformance.h"

namespace godwit::conformance {

using model::EvidenceLevel;
using model::Key;
using model::ObjectType;

TEST_P(StoreConformance, put_and_open_give_the_same_bytes) {
    for (std::size_t size : {0u, 1u, 511u, 4096u, 65'537u, 1'000'000u}) {
        std::string text = pattern(size, size + 1);
        store::Receipt receipt = written("object", text);
        EXPECT_EQ(receipt.identity.size_bytes, size);
        auto read = get("object", receipt.identity);
        ASSERT_TRUE(read) << read.error().message();
        EXPECT_TRUE(*read == text) << size << " bytes differ";
    }
}

TEST_P(StoreConformance, an_object_of_put_bytes_max_goes_through_put) {
    std::string text = pattern(store().capabilities().put_bytes_max);
    store::Receipt receipt = written("largest", text);
    auto read = get("largest", receipt.identity);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(*read == text);
}

TEST_P(StoreConformance, a_receipt_carries_the_promised_evidence) {
    std::string text = pattern(70'000);
    store::Receipt receipt = written("object", text);
    EXPECT_GE(receipt.level, store().capabilities().commit_evidence);
    EXPECT_EQ(receipt.level == EvidenceLevel::None, !receipt.stored_digest);
    if (receipt.stored_digest) {
        EXPECT_EQ(*receipt.stored_digest, digest_of(receipt.stored_digest->algorithm(), bytes_of(text)));
    }
}

TEST_P(StoreConformance, a_demanded_read_back_is_a_read_back) {
    std::string text = pattern(70'000);
    store::PutRequest request = request_for("object", text.size());
    request.read_back = true;
    auto receipt = put(request, text);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_GE(receipt->level, EvidenceLevel::ReadBackCached);
    ASSERT_TRUE(receipt->stored_digest);
    EXPECT_EQ(*receipt->stored_digest, digest_of(request.digest, bytes_of(text)));
}

TEST_P(StoreConformance, verification_off_still_stores_the_bytes) {
    store::PutRequest request = request_for("object", 5);
    request.verify = false;
    ASSERT_TRUE(put(request, "hello"));
    EXPECT_EQ(text_at("object"), "hello");
}

TEST_P(StoreConformance, an_overwrite_replaces_the_whole_object) {
    written("object", pattern(100'000, 1));
    store::Receipt second = written("object", "short");
    EXPECT_EQ(text_at("object"), "short");
    EXPECT_EQ(second.identity.size_bytes, 5u);
}

TEST_P(StoreConformance, absent_objects_are_absent) {
    EXPECT_FALSE(stat("nothing"));
    EXPECT_FALSE(stat("nothing/below"));
    model::Identity identity;
    identity.size_bytes = 3;
    identity.tag = "none";
    auto opened = open("nothing", identity, 1 << 20);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind(), ErrorKind::NotFound) << opened.error().message();
}

TEST_P(StoreConformance, every_way_of_asking_tells_the_same_generation) {
    std::string text = pattern(9000);
    store::Receipt receipt = written("object", text);
    auto listed = list();
    ASSERT_TRUE(listed);
    ASSERT_EQ(listed->size(), 1u);
    auto told = stat("object");
    ASSERT_TRUE(told);
    auto opened = open("object", listed->front().identity, 1 << 20);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(listed->front().identity.tag, receipt.identity.tag);
    EXPECT_EQ(told->entry.identity.tag, receipt.identity.tag);
    EXPECT_EQ((*opened)->info().entry.identity.tag, receipt.identity.tag);
    EXPECT_EQ(listed->front().identity.size_bytes, text.size());
    EXPECT_EQ(told->entry.identity.size_bytes, text.size());
    EXPECT_EQ((*opened)->info().entry.identity, listed->front().identity);
}

TEST_P(StoreConformance, a_same_size_change_shows_in_the_identity) {
    store::Receipt first = written("object", pattern(5000, 1));
    store::Receipt second = written("object", pattern(5000, 2));
    if (store().capabilities().tag_shows_change) EXPECT_NE(first.identity.tag, second.identity.tag);
}

TEST_P(StoreConformance, directory_markers_keep_their_key_and_kind) {
    if (!holds("empty/")) GTEST_SKIP() << "no markers";
    written("empty/", "");
    auto entries = list();
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 1u);
    EXPECT_EQ(entries->front().key.bytes(), "empty/");
    EXPECT_EQ(entries->front().type, ObjectType::Directory);
    auto info = stat("empty/");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->entry.type, ObjectType::Directory);
}

TEST_P(StoreConformance, symlinks_are_objects_whose_bytes_are_the_target) {
    if (!deviations().keeps_posix) GTEST_SKIP() << "no symlinks";
    std::string target = "../else where/\xc3\xa9";
    store::PutRequest request = request_for("link", target.size());
    request.type = ObjectType::Symlink;
    request.metadata.posix = model::PosixAttributes{0120777, 0, 0, 1'600'000'000'123'456'789, 1};
    auto receipt = put(request, target);
    ASSERT_TRUE(receipt) << receipt.error().message();
    auto info = stat("link");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->entry.type, ObjectType::Symlink);
    store::OpenRequest reading;
    reading.key = Key("link");
    reading.expected = info->entry.identity;
    reading.type = ObjectType::Symlink;
    reading.whole_bytes_max = 4096;
    auto source = run(store().open(context(), reading));
    ASSERT_TRUE(source) << source.error().message();
    EXPECT_EQ((*source)->info().entry.type, ObjectType::Symlink);
    auto whole = (*source)->take_whole();
    ASSERT_TRUE(whole);
    EXPECT_EQ(text_of(whole->bytes.span()), target);
}

namespace {

// F61 to F64, F67, F68: keys that have broken other tools.
std::vector<std::string> odd_keys() {
    std::vector<std::string> keys = {
        "space in name",
        " leading",
        "trailing ",
        "plus+plus",
        "percent%41%2F",
        "a&b=c;d?e#f",
        "quote\"'<>`",
        "back\\slash",
        "tilde~",
        "-rf",
        "--help",
        "=1+1",
        "colon:semi",
        "star*[x]{y}",
        "comma,at@dollar$",
        "caf\xc3\xa9",
        "cafe\xcc\x81",
        "\xe6\x97\xa5\xe6\x9c\xac",
        "\xf0\x9f\x90\xa6",
        ".hidden",
        "..double",
        "new\nline",
        "tab\tcr\r",
        "esc\x1b[31m",
        "del\x7f",
        "sub/dir/deep/x",
        "UPPER",
        "upper",
        "dots...",
        "a.b/c.d",
        ".godwit-looks-ours",
        "nul-free\x01",
        "entity&amp;&lt;x",
        "100%",
        "uni\xe2\x80\xa8sep",
    };
    keys.push_back(std::string(255, 'n'));
    std::string deep;
    while (deep.size() < 900) deep += "component/";
    keys.push_back(deep + "leaf");
    return keys;
}

// Keys that are fine on a flat store and impossible or dangerous on a tree.
std::vector<std::string> hostile_keys() {
    return {"../x",
            "a/../../x",
            "dir/..",
            "dir/.",
            ".",
            "..",
            "/etc/x",
            "//",
            "a//b",
            "./x",
            "bad\xff",
            "bad\xc3\x28utf8",
            std::string(1024, 'k')};
}

}  // namespace

TEST_P(StoreConformance, F67_odd_keys_round_trip) {
    std::vector<std::string> expected;
    for (const std::string& key : odd_keys()) {
        if (!holds(key)) continue;
        written(key, "text of " + key);
        expected.push_back(key);
    }
    std::ranges::sort(expected);
    EXPECT_GT(expected.size(), 20u);
    EXPECT_EQ(keys(), expected);
    for (const std::string& key : expected) {
        EXPECT_EQ(text_at(key), "text of " + key) << printable(key);
        auto info = stat(key);
        ASSERT_TRUE(info);
        EXPECT_TRUE(run(store().remove(context(), Key(key), info->entry.identity)));
    }
    EXPECT_TRUE(keys().empty());
}

TEST_P(StoreConformance, F61_hostile_keys_are_kept_or_refused_and_never_merged) {
    std::vector<std::string> expected;
    for (const std::string& key : hostile_keys()) {
        store::PutRequest request;
        request.key = Key(key);
        request.size_bytes = key.size();
        auto receipt = put(request, key);
        EXPECT_EQ(bool(receipt), holds(key)) << printable(key) << (receipt ? "" : receipt.error().message());
        if (receipt) expected.push_back(key);
    }
    std::ranges::sort(expected);
    EXPECT_EQ(keys(), expected);
    for (const std::string& key : expected) EXPECT_EQ(text_at(key), key) << printable(key);
}

}  // namespace godwit::conformance
