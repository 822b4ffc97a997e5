#include "ledger/batch_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "db/testing/databases.h"
#include "ledger/testing/generators.h"
#include "ledger/testing/samples.h"

namespace godwit::ledger {
namespace {

using db::testing::failed_with;
using db::testing::succeeded;
using model::PlannedObject;
using testing::arbitrary_object;

bool same(const PlannedObject& a, const PlannedObject& b) {
    return a.key == b.key && a.action == b.action && a.reason == b.reason && a.type == b.type &&
           a.source == b.source && a.destination == b.destination && a.known_digest == b.known_digest &&
           a.list_line == b.list_line && a.deferrals == b.deferrals;
}

RC_GTEST_PROP(BatchCodec, objects_come_back_as_they_were, ()) {
    const auto objects = *rc::gen::container<std::vector<PlannedObject>>(arbitrary_object());
    auto decoded = decode_batch(encode_batch(objects), "batch 1");
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(std::ranges::equal(*decoded, objects, same));
}

RC_GTEST_PROP(BatchCodec, batch_cut_off_anywhere_is_corrupt, ()) {
    const auto objects = *rc::gen::container<std::vector<PlannedObject>>(3, arbitrary_object());
    std::string encoded = encode_batch(objects);
    std::size_t size = *rc::gen::inRange<std::size_t>(0, encoded.size());
    auto decoded = decode_batch(std::string_view(encoded).substr(0, size), "batch 1");
    RC_ASSERT(!decoded && decoded.error().kind() == ErrorKind::Corrupt);
}

RC_GTEST_PROP(BatchCodec, flipped_bits_do_no_harm, ()) {
    const auto objects = *rc::gen::container<std::vector<PlannedObject>>(3, arbitrary_object());
    std::string encoded = encode_batch(objects);
    auto place = *rc::gen::inRange<std::size_t>(0, encoded.size());
    encoded[place] = static_cast<char>(encoded[place] ^ (1 << *rc::gen::inRange(0, 8)));
    // It may be read as another batch; it never crashes, and what is read can be written.
    auto decoded = decode_batch(encoded, "batch 1");
    if (decoded) RC_ASSERT(decode_batch(encode_batch(*decoded), "batch 1").has_value());
}

RC_GTEST_PROP(BatchCodec, any_bytes_are_read_without_harm, (const std::string& bytes)) {
    (void)decode_batch('\1' + bytes, "batch 1");
}

TEST(BatchCodec, empty_batch_is_a_batch) {
    auto decoded = decode_batch(encode_batch({}), "batch 1");
    ASSERT_TRUE(succeeded(decoded));
    EXPECT_TRUE(decoded->empty());
}

TEST(BatchCodec, A8_what_was_put_aside_comes_back_with_its_file_and_digest) {
    PlannedObject object = testing::sample_object(1);
    object.hard_link = model::HardLink{.device = 1, .inode = ~std::uint64_t{0}, .names = 3};
    for (bool known : {false, true}) {
        object.source_digest = Digest::of_crc64(2);
        object.known_digest = known ? std::optional(Digest::of_crc64(3)) : std::nullopt;
        auto decoded = decode_batch(encode_batch(std::span(&object, 1)), "batch 1");
        ASSERT_TRUE(succeeded(decoded));
        EXPECT_TRUE(same(decoded->front(), object));
        EXPECT_EQ(decoded->front().hard_link, object.hard_link);
        EXPECT_EQ(decoded->front().source_digest, object.source_digest);
    }
}

TEST(BatchCodec, keys_of_a_listing_share_what_is_common) {
    std::vector<PlannedObject> objects;
    std::size_t keys = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        objects.push_back(testing::sample_object(i));
        objects.back().source.tag.clear();
        keys += objects.back().key.size();
    }
    EXPECT_LT(encode_batch(objects).size(), keys * 2 / 3);
}

TEST(BatchCodec, refuses_what_it_did_not_write_and_names_the_batch) {
    std::string good = encode_batch(std::vector{testing::sample_object(1)});
    std::string other_version = good;
    other_version[0] = 2;
    std::string trailing = good + "x";
    std::string huge_count = std::string("\1") + "\xff\xff\xff\xff\x0f";
    std::string bad_action = good;
    bad_action[3] = 99;
    // Two keys whose common beginning is told twice.
    std::string own_beginning("\1\2\0\1\0\1\0\2ab\0\0\0\0\0\1\0\1\1\2bc\0\0\0\0", 26);
    for (const std::string& bad :
         {std::string(), other_version, trailing, huge_count, bad_action, own_beginning}) {
        auto decoded = decode_batch(bad, "batch 17");
        ASSERT_TRUE(failed_with(decoded, ErrorKind::Corrupt));
        EXPECT_EQ(decoded.error().subject(), "batch 17");
    }
}

}  // namespace
}  // namespace godwit::ledger
