#include "ledger/packed.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.h"
#include "ledger/testing/generators.h"

namespace godwit::ledger {
namespace {

using testing::arbitrary_evidence;
using testing::arbitrary_identity;

RC_GTEST_PROP(Packed, identity_comes_back_as_it_was, ()) {
    const model::Identity identity = *arbitrary_identity();
    RC_ASSERT(unpack_identity(pack(identity)) == identity);
}

RC_GTEST_PROP(Packed, evidence_comes_back_as_it_was, ()) {
    const model::Evidence evidence = *arbitrary_evidence();
    std::optional<model::Evidence> back = unpack_evidence(pack(evidence), evidence.level);
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->level == evidence.level);
    RC_ASSERT(back->source == evidence.source);
    RC_ASSERT(back->destination == evidence.destination);
    RC_ASSERT(back->source_digest == evidence.source_digest);
    RC_ASSERT(back->destination_digest == evidence.destination_digest);
    RC_ASSERT(back->xattrs == evidence.xattrs);
}

RC_GTEST_PROP(Packed, evidence_cut_off_or_lengthened_is_absent, ()) {
    const model::Evidence evidence = *arbitrary_evidence();
    std::string packed = pack(evidence);
    for (std::size_t size = 0; size < packed.size(); ++size)
        RC_ASSERT(!unpack_evidence(packed.substr(0, size), evidence.level));
    RC_ASSERT(!unpack_evidence(packed + '\0', evidence.level));
}

RC_GTEST_PROP(Packed, any_bytes_are_read_without_harm, (const std::string& bytes)) {
    std::optional<model::Evidence> evidence = unpack_evidence(bytes, model::EvidenceLevel::None);
    // What can be read was written: it packs into something that reads the same.
    if (evidence) RC_ASSERT(unpack_evidence(pack(*evidence), model::EvidenceLevel::None).has_value());
    unpack_identity(bytes);
}

TEST(Packed, numbers_take_few_bytes_when_they_are_small) {
    auto size_of = [](std::uint64_t value) {
        Packer packer;
        packer.number(value);
        return packer.take().size();
    };
    EXPECT_EQ(size_of(0), 1u);
    EXPECT_EQ(size_of(127), 1u);
    EXPECT_EQ(size_of(128), 2u);
    EXPECT_EQ(size_of(~std::uint64_t{0}), 10u);
}

TEST(Packed, number_with_too_many_bits_is_absent) {
    Unpacker largest("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    EXPECT_EQ(largest.number(), ~std::uint64_t{0});
    EXPECT_TRUE(largest.is_finished());
    Unpacker too_large("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    EXPECT_FALSE(too_large.number());
    Unpacker endless("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    EXPECT_FALSE(endless.number());
}

TEST(Packed, number_with_idle_bytes_is_absent) {
    Unpacker idle(std::string_view("\x81\x00", 2));
    EXPECT_FALSE(idle.number());
    Unpacker zero(std::string_view("\x00", 1));
    EXPECT_EQ(zero.number(), 0u);
}

// A flipped bit must not turn two digests that differ into equal ones.
TEST(Packed, flags_of_digests_that_no_packer_sets_are_absent) {
    model::Evidence evidence;
    evidence.source_digest = Digest::of_crc64(1);
    evidence.destination_digest = Digest::of_crc64(2);
    std::string packed = pack(evidence);
    EXPECT_TRUE(unpack_evidence(packed, model::EvidenceLevel::None));
    packed[0] = 7;
    EXPECT_FALSE(unpack_evidence(packed, model::EvidenceLevel::None));
    std::string none = pack(model::Evidence());
    none[0] = 4;
    EXPECT_FALSE(unpack_evidence(none, model::EvidenceLevel::None));
}

TEST(Packed, length_beyond_the_end_is_absent) {
    Unpacker unpacker(
        "\x05"
        "abc");
    EXPECT_FALSE(unpacker.bytes(100));
    EXPECT_FALSE(unpacker.byte()) << "nothing is read after a refusal";
    EXPECT_FALSE(unpacker.is_finished());
}

TEST(Packed, tag_longer_than_any_store_makes_is_absent) {
    model::Identity identity;
    identity.tag = std::string(kTagBytesMax, 't');
    EXPECT_EQ(unpack_identity(pack(identity)), identity);
    identity.tag += 't';
    EXPECT_FALSE(unpack_identity(pack(identity)));
}

// The format on disk: a change here must not happen by accident.
TEST(Packed, bytes_on_disk_stay_what_they_are) {
    model::Evidence evidence;
    evidence.source = {.size_bytes = 300, .mtime_ns = -1, .tag = "a"};
    evidence.destination = {.size_bytes = 300, .mtime_ns = 1, .tag = "bc"};
    evidence.source_digest = Digest::of_crc64(0x0102030405060708);
    evidence.destination_digest = evidence.source_digest;
    EXPECT_EQ(hex_encode(bytes_of(pack(evidence))),
              "05"
              "ac02"
              "01"
              "0161"
              "ac02"
              "02"
              "026263"
              "010102030405060708");
}

}  // namespace
}  // namespace godwit::ledger
