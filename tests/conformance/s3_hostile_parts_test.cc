// Parts that are not held: read twice, sent once, never taken for more than they are.
#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/s3_hostile.h"
#include "conformance/text_part.h"

namespace godwit::hostile {
namespace {

using conformance::TextPart;

class HostileParts : public HostileTest {
  protected:
    // Without the probe's own parts.
    std::uint64_t parts_sent(const std::string& key) const {
        auto records = server_->audit();
        return static_cast<std::uint64_t>(std::ranges::count_if(records, [&](const auto& record) {
            return record.operation == Operation::UploadPart && record.key == key;
        }));
    }
    void start_with(ChecksumMode mode, EtagMode etag = EtagMode::Md5) {
        s3double::Options options = server_options_;
        options.checksums = mode;
        options.etag = etag;
        start(options);
        attach();
    }
    std::unique_ptr<store::Sink> begin(const std::string& text) {
        auto sink = run(store_->begin(context_, put_request("large", text.size())));
        GODWIT_CHECK(sink, "{}", sink.error().message());
        return std::move(*sink);
    }
    Result<Digest> write(store::Sink& sink, const std::string& text, std::size_t index,
                         int* readings = nullptr) {
        std::size_t bytes = sink.part_size_bytes();
        TextPart part(text.substr(index * bytes, bytes));
        auto written = run(sink.write_streamed(context_, index * bytes, part));
        if (readings) *readings = part.readings;
        return written;
    }
    Result<store::Receipt> commit(store::Sink& sink, const std::string& text) {
        return run(sink.commit(context_, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(text))));
    }
};

constexpr std::size_t kParts = 3;
std::string three_parts() {
    return pattern(2'500'000);
}

TEST_F(HostileParts, are_read_twice_where_a_checksum_goes_ahead_and_once_where_none_does) {
    struct Mode {
        ChecksumMode checksums;
        EtagMode etag;
        s3::ChecksumChoice choice;
        int readings;
        EvidenceLevel level;
    };
    for (Mode mode :
         {Mode{ChecksumMode::On, EtagMode::Md5, s3::ChecksumChoice::Auto, 2, EvidenceLevel::Attested},
          Mode{ChecksumMode::On, EtagMode::Md5, s3::ChecksumChoice::Sha256, 2, EvidenceLevel::Attested},
          Mode{ChecksumMode::Off, EtagMode::Md5, s3::ChecksumChoice::Auto, 2, EvidenceLevel::Attested},
          Mode{ChecksumMode::Off, EtagMode::Opaque, s3::ChecksumChoice::None, 1, EvidenceLevel::ReadBack}}) {
        options_.checksum = mode.choice;
        start_with(mode.checksums, mode.etag);
        std::string text = three_parts();
        auto sink = begin(text);
        for (std::size_t i = 0; i < kParts; ++i) {
            int readings = 0;
            ASSERT_OK(write(*sink, text, i, &readings));
            EXPECT_EQ(readings, mode.readings);
        }
        auto receipt = commit(*sink, text);
        ASSERT_OK(receipt);
        EXPECT_EQ(receipt->level, mode.level);
        EXPECT_TRUE(stored("large") == text);
    }
}

// D35, I11: the store has the part, its answer is lost, and it is read and sent again.
TEST_F(HostileParts, D35_a_lost_answer_means_reading_and_sending_it_again) {
    start_with(ChecksumMode::On);
    std::string text = three_parts();
    auto sink = begin(text);
    lose_answer(Operation::UploadPart, "large");
    int readings = 0;
    ASSERT_OK(write(*sink, text, 0, &readings));
    EXPECT_EQ(readings, 3);
    for (std::size_t i = 1; i < kParts; ++i) ASSERT_OK(write(*sink, text, i));
    ASSERT_OK(commit(*sink, text));
    EXPECT_TRUE(stored("large") == text);
}

TEST_F(HostileParts, D34_a_connection_that_dies_in_the_middle_of_a_part_is_overcome) {
    start_with(ChecksumMode::On);
    std::string text = three_parts();
    auto sink = begin(text);
    Effects cut;
    cut.cut_request_at = 500'000;
    cut.reset = true;
    rule(Operation::UploadPart, "large", cut, 2);
    for (std::size_t i = 0; i < kParts; ++i) ASSERT_OK(write(*sink, text, i));
    ASSERT_OK(commit(*sink, text));
    EXPECT_TRUE(stored("large") == text);
}

// D37: a bit flips on the wire; the store refuses, and what is sent again is read again.
TEST_F(HostileParts, D37_a_bit_that_flips_on_the_way_is_refused_and_sent_again) {
    start_with(ChecksumMode::On);
    std::string text = three_parts();
    auto sink = begin(text);
    Effects flip;
    flip.flip_request_at = 77'777;
    rule(Operation::UploadPart, "large", flip, 1);
    for (std::size_t i = 0; i < kParts; ++i) ASSERT_OK(write(*sink, text, i));
    ASSERT_OK(commit(*sink, text));
    EXPECT_TRUE(stored("large") == text);
}

TEST_F(HostileParts, a_source_that_changes_while_it_is_sent_again_is_noticed_on_every_reading) {
    start_with(ChecksumMode::On);
    std::string text = three_parts();
    auto sink = begin(text);
    lose_answer(Operation::UploadPart, "large");
    TextPart part(text.substr(0, sink->part_size_bytes()));
    part.on_reading = [](int reading, std::string& bytes) -> Result<void> {
        if (reading == 3) bytes.front() = static_cast<char>(bytes.front() ^ 1);
        return {};
    };
    auto written = run(sink->write_streamed(context_, 0, part));
    EXPECT_KIND(written, ErrorKind::Changed);
    EXPECT_EQ(written.error().code(), "SourceDiffers");
    EXPECT_EQ(part.readings, 3);
}

TEST_F(HostileParts, a_resumed_upload_reads_once_what_is_there_and_sends_what_is_missing) {
    for (ChecksumMode mode : {ChecksumMode::On, ChecksumMode::Ignored}) {
        start_with(mode);
        std::string text = three_parts();
        auto sink = begin(text);
        for (std::size_t i : {0u, 2u}) ASSERT_OK(write(*sink, text, i));
        std::string checkpoint = sink->checkpoint();
        sink.reset();
        EXPECT_EQ(parts_sent("large"), 2u);
        auto resumed = run(store_->resume(context_, put_request("large", text.size()), checkpoint));
        ASSERT_OK(resumed);
        for (std::size_t i = 0; i < kParts; ++i) {
            int readings = 0;
            ASSERT_OK(write(**resumed, text, i, &readings));
            EXPECT_EQ(readings, i == 1 ? 2 : 1);
        }
        EXPECT_EQ(parts_sent("large"), 3u);
        ASSERT_OK(commit(**resumed, text));
        EXPECT_TRUE(stored("large") == text);
    }
}

// Checksums that do not combine: parts carry their own, the store keeps the digest of the digests.
TEST_F(HostileParts, hashes_prove_large_objects_part_by_part) {
    options_.checksum = s3::ChecksumChoice::Sha256;
    start_with(ChecksumMode::On);
    EXPECT_EQ(run(store_->probe(context_))->attests, DigestAlgorithm::Sha256);
    std::string text = three_parts();
    auto receipt = upload("large", text);
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::Attested);
    EXPECT_EQ(receipt->stored_digest, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(text)));
    EXPECT_TRUE(stored("large") == text);
    // What the store keeps is no digest of the object, and is not taken for one.
    auto info = run(store_->stat(context_, Key("large"), false));
    ASSERT_OK(info);
    EXPECT_FALSE((*info)->stored_digest);
    auto small = put("small", "in one piece");
    ASSERT_OK(small);
    EXPECT_EQ(small->stored_digest, digest_of(DigestAlgorithm::Sha256, bytes_of("in one piece")));
}

TEST_F(HostileParts, hashes_that_the_store_puts_together_otherwise_are_a_mismatch) {
    options_.checksum = s3::ChecksumChoice::Sha256;
    start_with(ChecksumMode::On);
    Effects lie;
    lie.wrong_checksum = true;
    rule(Operation::CompleteMultipartUpload, "large", lie);
    auto receipt = upload("large", three_parts());
    EXPECT_KIND(receipt, ErrorKind::Corrupt);
    EXPECT_EQ(receipt.error().code(), "ChecksumMismatch");
}

TEST_F(HostileParts, E45_a_lost_complete_of_hashed_parts_is_settled_by_looking) {
    options_.checksum = s3::ChecksumChoice::Sha256;
    for (EtagMode etag : {EtagMode::Md5, EtagMode::Opaque}) {
        start_with(ChecksumMode::On, etag);
        lose_answer(Operation::CompleteMultipartUpload, "large");
        std::string text = three_parts();
        auto receipt = upload("large", text);
        ASSERT_OK(receipt);
        EXPECT_EQ(receipt->level, etag == EtagMode::Md5 ? EvidenceLevel::Attested : EvidenceLevel::ReadBack);
        EXPECT_TRUE(stored("large") == text);
    }
}

TEST_F(HostileParts, hashed_objects_are_copied_in_parts_inside_the_server) {
    options_.checksum = s3::ChecksumChoice::Sha256;
    options_.copy_bytes_max = options_.copy_part_step_bytes = 1u << 20;
    start_with(ChecksumMode::On);
    std::string text = three_parts();
    auto original = upload("from", text);
    ASSERT_OK(original);
    store::CopyRequest copy;
    copy.source_key = Key("from");
    copy.source_identity = original->identity;
    copy.put = put_request("to", text.size());
    auto receipt = run(store_->copy_from(context_, *store_, copy));
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::ServerCopy) << "composites prove no equality";
    EXPECT_TRUE(stored("to") == text);
}

// Plain HTTP to another machine: the signature covers the SHA-256 of the body, known before the head.
TEST_F(HostileParts, are_signed_by_their_hash_where_the_connection_is_plain) {
    server_options_.audit_headers = true;
    start_with(ChecksumMode::On);
    // The same address under a name that is not taken for this machine.
    std::string port = options_.endpoint.url.substr(options_.endpoint.url.rfind(':'));
    options_.endpoint.url = "http://[::ffff:127.0.0.1]" + port;
    store_ = connect();
    attach();
    std::string text = three_parts();
    auto sink = begin(text);
    for (std::size_t i = 0; i < kParts; ++i) ASSERT_OK(write(*sink, text, i));
    ASSERT_OK(commit(*sink, text));
    EXPECT_TRUE(stored("large") == text);
    auto records = server_->audit();
    auto part = std::ranges::find_if(records, [](const auto& record) {
        return record.operation == Operation::UploadPart && record.key == "large";
    });
    ASSERT_NE(part, records.end());
    Digest sha256 = digest_of(DigestAlgorithm::Sha256, bytes_of(text.substr(0, 1u << 20)));
    EXPECT_EQ(part->header("x-amz-content-sha256"), sha256.hex());
}

}  // namespace
}  // namespace godwit::hostile
