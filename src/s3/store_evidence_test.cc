#include "s3/store_evidence.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace godwit::s3 {
namespace {

using model::EvidenceLevel;

const Digest& crc_of_text() {
    static const Digest digest = digest_of(DigestAlgorithm::Crc64Nvme, bytes_of("text"));
    return digest;
}

WritePolicy attesting(DigestAlgorithm algorithm) {
    WritePolicy policy;
    policy.probe.attests = algorithm;
    return policy;
}

WritePolicy by_md5() {
    WritePolicy policy;
    policy.use_md5 = true;
    return policy;
}

TEST(ChecksFor, an_attesting_store_gets_the_digest_that_is_known) {
    BodyChecks checks =
        checks_for(attesting(DigestAlgorithm::Crc64Nvme), bytes_of("text"), crc_of_text(), true);
    EXPECT_EQ(checks.checksum, crc_of_text());
    EXPECT_FALSE(checks.md5);
}

TEST(ChecksFor, another_algorithm_is_computed_when_the_store_checks_another) {
    BodyChecks checks = checks_for(attesting(DigestAlgorithm::Sha256), bytes_of("text"), crc_of_text(), true);
    EXPECT_EQ(checks.checksum, digest_of(DigestAlgorithm::Sha256, bytes_of("text")));
}

TEST(TravellingDigest, is_md5_only_where_it_will_be_evidence) {
    EXPECT_EQ(travelling_digest(by_md5(), true), DigestAlgorithm::Md5);
    EXPECT_FALSE(travelling_digest(by_md5(), false));
    EXPECT_FALSE(travelling_digest(WritePolicy(), true));
    EXPECT_EQ(travelling_digest(attesting(DigestAlgorithm::Sha256), false), DigestAlgorithm::Sha256);
}

TEST(ProofOfPut, a_checksum_attests_only_where_the_probe_saw_it_checked) {
    BodyChecks sent;
    sent.checksum = crc_of_text();
    Stored stored;
    stored.etag = "opaque";
    Proof proof = proof_of_put(attesting(DigestAlgorithm::Crc64Nvme), sent, stored);
    EXPECT_EQ(proof.level, EvidenceLevel::Attested);
    EXPECT_EQ(proof.digest, crc_of_text());
    EXPECT_EQ(proof_of_put(by_md5(), sent, stored).level, EvidenceLevel::None);
}

TEST(ProofOfPut, an_etag_proves_when_it_is_the_md5_and_says_nothing_when_not) {
    BodyChecks sent;
    sent.md5 = digest_of(DigestAlgorithm::Md5, bytes_of("text"));
    Stored stored;
    stored.etag = "1cb251ec0d568de6a929b520c4aed8d1";
    EXPECT_EQ(proof_of_put(by_md5(), sent, stored).level, EvidenceLevel::Attested);
    stored.etag = "1cb251ec0d568de6a929b520c4aed8d2";
    EXPECT_EQ(proof_of_put(by_md5(), sent, stored).level, EvidenceLevel::None);
    stored.etag = "1cb251ec0d568de6a929b520c4aed8d1-1";
    EXPECT_EQ(proof_of_put(by_md5(), sent, stored).level, EvidenceLevel::None);
}

TEST(Conditions, are_sent_only_where_they_were_seen_to_work) {
    model::Identity listed{4, 0, "etag"};
    ProbeResult probe;
    EXPECT_FALSE(put_condition(probe, std::nullopt).any());
    EXPECT_FALSE(put_condition(probe, listed).any());
    probe.put_if_absent = true;
    probe.put_if_match = true;
    EXPECT_TRUE(put_condition(probe, std::nullopt).absent);
    EXPECT_EQ(put_condition(probe, listed).etag, "etag");
    EXPECT_FALSE(complete_condition(probe, std::nullopt).any());
    probe.complete_if_match = true;
    EXPECT_EQ(complete_condition(probe, listed).etag, "etag");
}

Error failed(ErrorKind kind, std::string code, int attempt) {
    return Error(kind, "put", "s3://b/k", "cause").with_code(std::move(code)).with_attempt(attempt);
}

TEST(MayHaveHappened, only_what_can_have_reached_the_server) {
    EXPECT_TRUE(may_have_happened(failed(ErrorKind::Lost, "Timeout", 1)));
    EXPECT_FALSE(may_have_happened(failed(ErrorKind::Lost, "ConnectFailed", 1)));
    EXPECT_TRUE(may_have_happened(failed(ErrorKind::Lost, "ConnectFailed", 3)));
    EXPECT_FALSE(may_have_happened(failed(ErrorKind::Changed, "PreconditionFailed", 1)));
    EXPECT_TRUE(may_have_happened(failed(ErrorKind::Changed, "PreconditionFailed", 2)));
    EXPECT_FALSE(may_have_happened(failed(ErrorKind::Denied, "AccessDenied", 2)));
}

TEST(LooksLikePath, F61_finds_segments_that_paths_swallow) {
    for (const char* key : {".", "..", "./a", "../a", "a/./b", "a/../b", "a/..", "a//b", "/a", "//"}) {
        EXPECT_TRUE(looks_like_path(key)) << key;
    }
    for (const char* key : {"", "a", "a/", "a/b", ".a", "..a", "a.", "a..", "...", "a/.../b", "a b/"}) {
        EXPECT_FALSE(looks_like_path(key)) << key;
    }
}

TEST(ChecksumChoice, has_the_names_of_the_option) {
    EXPECT_EQ(checksum_choice_from("auto"), ChecksumChoice::Auto);
    EXPECT_EQ(checksum_choice_from("none"), ChecksumChoice::None);
    EXPECT_FALSE(checksum_choice_from("CRC64NVME"));
}

}  // namespace
}  // namespace godwit::s3
