// Rows A11, D34, D35, D37, E44, E45, E51, E55, E58, E59 of the fault catalogue: what an S3 store writes
// to a server that loses answers, lies and forgets.
#include <algorithm>

#include "conformance/s3_hostile.h"

namespace godwit::hostile {
namespace {

class HostileWrites : public HostileTest {
  protected:
    void start_with(ChecksumMode checksums, EtagMode etag = EtagMode::Md5) {
        s3double::Options options = server_options_;
        options.checksums = checksums;
        options.etag = etag;
        start(options);
    }
};

// D34: the request is cut anywhere.
TEST_F(HostileWrites, D34_a_request_that_is_cut_is_sent_again) {
    std::string text = pattern(65'536);
    for (std::uint64_t at : {0u, 1u, 4096u, 65'000u, 65'535u}) {
        server_->set_rules({});
        Effects cutting;
        cutting.cut_request_at = at;
        rule(Operation::PutObject, "object", cutting, 1);
        store::PutRequest request = put_request("object", text.size());
        if (server_->object("bucket", "object")) {
            request.replaces = Identity{text.size(), 0, server_->object("bucket", "object")->etag};
        }
        auto receipt = put(request, text);
        ASSERT_TRUE(receipt) << at << ": " << receipt.error().message();
        EXPECT_EQ(receipt->level, EvidenceLevel::Attested);
        EXPECT_TRUE(stored("object") == text) << at;
    }
}

// D35, I11: the answer is lost after the server has acted. The repetition meets its own object.
TEST_F(HostileWrites, D35_a_lost_answer_of_a_conditional_put_is_settled_by_looking) {
    lose_answer(Operation::PutObject, "object");
    auto receipt = put("object", "text");
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::Attested);
    EXPECT_EQ(receipt->identity.tag, server_->object("bucket", "object")->etag);
    EXPECT_EQ(successes(Operation::PutObject, "object"), 1u) << "not written twice";
}

TEST_F(HostileWrites, D35_somebody_elses_object_is_not_taken_for_ours) {
    Effects other;
    other.cut_reply_at = 0;
    other.first_put = "somebody else's";
    rule(Operation::PutObject, "object", other, 1);
    EXPECT_KIND(put("object", "ours, which are many"), ErrorKind::Changed);
    EXPECT_EQ(stored("object"), "somebody else's");
}

TEST_F(HostileWrites, D35_without_checksums_the_md5_settles_it) {
    start_with(ChecksumMode::Ignored);
    lose_answer(Operation::PutObject, "object");
    auto receipt = put("object", "text");
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::Attested);
    EXPECT_EQ(successes(Operation::PutObject, "object"), 1u);
}

TEST_F(HostileWrites, D35_where_nothing_tells_the_object_is_read) {
    start_with(ChecksumMode::Off, EtagMode::Opaque);
    lose_answer(Operation::PutObject, "object");
    auto receipt = put("object", "text");
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::ReadBack);
    EXPECT_EQ(successes(Operation::PutObject, "object"), 1u);
}

TEST_F(HostileWrites, D35_a_lost_answer_of_a_delete_is_no_error) {
    auto receipt = put("object", "text");
    ASSERT_OK(receipt);
    lose_answer(Operation::DeleteObject, "object");
    ASSERT_OK(run(store_->remove(context_, Key("object"), receipt->identity)));
    EXPECT_EQ(stored("object"), "(absent)");
}

// D37: bytes that change on the way up are refused by the server and sent again.
TEST_F(HostileWrites, D37_flipped_bytes_are_refused_and_sent_again) {
    std::string text = pattern(70'000);
    for (ChecksumMode mode : {ChecksumMode::On, ChecksumMode::Ignored}) {
        start_with(mode);
        Effects flipping;
        flipping.flip_request_at = 5000;
        rule(Operation::PutObject, "object", flipping, 1);
        auto receipt = put("object", text);
        ASSERT_OK(receipt);
        EXPECT_EQ(receipt->level, EvidenceLevel::Attested);
        EXPECT_TRUE(stored("object") == text);
    }
}

TEST_F(HostileWrites, D37_where_no_check_travels_the_read_back_finds_it) {
    options_.checksum = s3::ChecksumChoice::None;
    start(server_options_);
    Effects flipping;
    flipping.flip_request_at = 5000;
    rule(Operation::PutObject, "object", flipping);
    auto receipt = put("object", pattern(70'000));
    EXPECT_KIND(receipt, ErrorKind::Corrupt);
    EXPECT_EQ(receipt.error().code(), "Mismatch");
}

// E58: the server stores other bytes and says the right things.
TEST_F(HostileWrites, E58_a_demanded_read_back_finds_what_the_server_hides) {
    for (auto kind : {s3double::Lie::Kind::Flip, s3double::Lie::Kind::Zero, s3double::Lie::Kind::Truncate}) {
        server_->set_rules({});
        Effects lying;
        lying.stored.kind = kind;
        lying.stored.at = 777;
        rule(Operation::PutObject, "lied", lying);
        store::PutRequest request = put_request("lied", 5000);
        request.read_back = true;
        if (auto there = server_->object("bucket", "lied")) {
            request.replaces = Identity{there->size_bytes(), 0, there->etag};
        }
        auto receipt = put(request, pattern(5000));
        ASSERT_FALSE(receipt) << static_cast<int>(kind);
        bool caught = receipt.error().kind() == ErrorKind::Corrupt ||
                      receipt.error().kind() == ErrorKind::Changed ||
                      receipt.error().kind() == ErrorKind::Lost;
        EXPECT_TRUE(caught) << receipt.error().message();
    }
}

TEST_F(HostileWrites, E58_parts_that_are_stored_wrongly_are_found_by_the_read_back) {
    Effects lying;
    lying.stored.kind = s3double::Lie::Kind::Flip;
    lying.stored.at = 777;
    rule(Operation::UploadPart, "large", lying, 1);
    EXPECT_KIND(upload("large", pattern(2'500'000), true), ErrorKind::Corrupt);
}

// The answer cannot be true, so the object is looked at: it is ours.
TEST_F(HostileWrites, an_echoed_checksum_that_is_not_ours_is_not_believed) {
    Effects lying;
    lying.wrong_checksum = true;
    rule(Operation::PutObject, "object", lying);
    ASSERT_OK(put("object", "text"));
    EXPECT_EQ(server_->count(Operation::HeadObject), 1u);
    rule(Operation::HeadObject, "other", lying);
    rule(Operation::PutObject, "other", lying);
    EXPECT_KIND(put("other", "text"), ErrorKind::Changed);
}

// E51: an unequal ETag is neither evidence nor an error.
TEST_F(HostileWrites, E51_an_etag_that_is_no_md5_leads_to_a_read_back) {
    start_with(ChecksumMode::Ignored, EtagMode::Opaque);
    auto receipt = put("object", "text");
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::ReadBack);
    auto large = upload("large", pattern(2'500'000));
    ASSERT_OK(large);
    EXPECT_EQ(large->level, EvidenceLevel::ReadBack);
}

TEST_F(HostileWrites, E51_md5_etags_are_evidence_for_whole_objects_and_for_parts) {
    start_with(ChecksumMode::Ignored);
    auto receipt = put("object", "text");
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::Attested);
    EXPECT_EQ(receipt->stored_digest->algorithm(), DigestAlgorithm::Md5);
    auto large = upload("large", pattern(2'500'000));
    ASSERT_OK(large);
    EXPECT_EQ(large->level, EvidenceLevel::Attested);
    EXPECT_EQ(server_->count(Operation::GetObject), 0u) << "nothing had to be read";
}

// E55: a store that shows its own write late.
TEST_F(HostileWrites, E55_a_late_store_is_given_a_while) {
    options_.checksum = s3::ChecksumChoice::None;
    start(server_options_);
    Effects late;
    late.status = 404;
    late.code = "NoSuchKey";
    rule(Operation::GetObject, "object", late, 3);
    auto receipt = put("object", "text");
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::ReadBack);
}

TEST_F(HostileWrites, E55_a_store_that_stays_stale_proves_nothing) {
    options_.checksum = s3::ChecksumChoice::None;
    start(server_options_);
    Effects late;
    late.status = 404;
    late.code = "NoSuchKey";
    rule(Operation::GetObject, "object", late);
    EXPECT_KIND(put("object", "text"), ErrorKind::NotFound);
}

// E52: one loop of attempts, not one within another.
TEST_F(HostileWrites, E52_a_read_back_that_the_server_refuses_is_asked_for_as_often_as_any_request) {
    Effects busy;
    busy.status = 503;
    busy.code = "SlowDown";
    rule(Operation::GetObject, "object", busy);
    EXPECT_KIND(put("object", "text", true), ErrorKind::Busy);
    EXPECT_EQ(server_->count(Operation::GetObject), static_cast<std::uint64_t>(options_.retry.attempts_max));
}

// E44: only the right body is a success.
TEST_F(HostileWrites, E44_a_200_with_an_error_in_it_completes_nothing) {
    Effects error;
    error.status = 200;
    error.code = "InternalError";
    rule(Operation::CompleteMultipartUpload, "large", error, 2);
    std::string text = pattern(2'500'000);
    auto receipt = upload("large", text);
    ASSERT_OK(receipt);
    EXPECT_TRUE(stored("large") == text);
    EXPECT_EQ(store_->counts()[s3::RequestKind::CompleteUpload], 3u + 3u) << "three of them the probe's";

    server_->set_rules({});
    rule(Operation::CompleteMultipartUpload, "other", error);
    EXPECT_KIND(upload("other", text), ErrorKind::Busy);
    EXPECT_EQ(stored("other"), "(absent)");
}

TEST_F(HostileWrites, E44_blank_cut_and_foreign_bodies_complete_nothing) {
    for (const char* body : {"", "  \n", "<CompleteMultipartUploadRes", "<html>hello</html>",
                             "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"}) {
        server_->set_rules({});
        Effects wrong;
        wrong.status = 200;
        wrong.body = body;
        rule(Operation::CompleteMultipartUpload, "large", wrong);
        auto receipt = upload("large", pattern(2'000'000));
        ASSERT_FALSE(receipt) << body;
        EXPECT_EQ(receipt.error().kind(), ErrorKind::Corrupt) << receipt.error().message();
        EXPECT_EQ(stored("large"), "(absent)");
    }
}

TEST_F(HostileWrites, E44_copies_are_trusted_by_their_body_only) {
    auto original = put("from", pattern(50'000));
    ASSERT_OK(original);
    attach();
    Effects error;
    error.status = 200;
    error.code = "InternalError";
    rule(Operation::CopyObject, "to", error);
    store::CopyRequest copy;
    copy.source_key = Key("from");
    copy.source_identity = original->identity;
    copy.put = put_request("to", 50'000);
    EXPECT_KIND(run(store_->copy_from(context_, *store_, copy)), ErrorKind::Busy);
    EXPECT_EQ(stored("to"), "(absent)");
}

class HostileCopies : public HostileWrites {
  protected:
    // "from" as it is listed, and a server that can be copied in.
    Result<store::Receipt> source() {
        auto original = put("from", pattern(50'000));
        if (original) attach();
        return original;
    }
    Result<store::Receipt> copy(const store::Receipt& original) {
        store::CopyRequest copy;
        copy.source_key = Key("from");
        copy.source_identity = original.identity;
        copy.put = put_request("to", 50'000);
        return run(store_->copy_from(context_, *store_, copy));
    }
    // What stands in the answer in place of the new object's ETag.
    static Effects other_etag(const store::Receipt& original) {
        Effects other;
        other.replace = {{original.identity.tag, "5d41402abc4b2a76b9719d911017c592"}};
        return other;
    }
};

TEST_F(HostileCopies, a_copy_with_its_sources_etag_takes_one_request_and_claims_no_more) {
    auto original = source();
    ASSERT_OK(original);
    std::uint64_t before = server_->requests();
    auto receipt = copy(*original);
    ASSERT_OK(receipt);
    EXPECT_EQ(server_->requests() - before, 1u);
    EXPECT_EQ(receipt->level, EvidenceLevel::ServerCopy);
    EXPECT_FALSE(receipt->stored_digest);
    EXPECT_EQ(stored("to"), stored("from"));
}

TEST_F(HostileCopies, E51_a_copy_with_another_etag_is_attested_by_the_checksum_that_its_source_keeps) {
    auto original = source();
    ASSERT_OK(original);
    rule(Operation::CopyObject, "to", other_etag(*original));
    auto receipt = copy(*original);
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::Attested);
    EXPECT_EQ(receipt->stored_digest, original->stored_digest);
}

TEST_F(HostileCopies, E58_a_copy_with_another_etag_and_another_checksum_is_no_copy) {
    auto original = source();
    ASSERT_OK(original);
    Effects lying = other_etag(*original);
    lying.wrong_checksum = true;
    rule(Operation::CopyObject, "to", lying);
    auto receipt = copy(*original);
    EXPECT_KIND(receipt, ErrorKind::Corrupt);
    EXPECT_EQ(receipt.error().code(), "ChecksumMismatch");
}

TEST_F(HostileCopies, E51_a_copy_with_another_etag_and_no_checksum_claims_no_more_than_the_copy) {
    s3double::Options options = server_options_;
    options.checksums = ChecksumMode::Off;
    start(options);
    auto original = source();
    ASSERT_OK(original);
    rule(Operation::CopyObject, "to", other_etag(*original));
    auto receipt = copy(*original);
    ASSERT_OK(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::ServerCopy);
    EXPECT_EQ(server_->count(Operation::HeadObject), 1u) << "its source was looked at";
}

TEST_F(HostileCopies, A10_a_source_that_changes_between_its_listing_and_its_copy_is_not_copied) {
    for (bool ignores_conditions : {false, true}) {
        start(server_options_);
        auto original = source();
        ASSERT_OK(original);
        written("from", "another generation");
        Effects effects;
        effects.ignore_conditions = ignores_conditions;
        rule(Operation::Unknown, "*", effects);
        EXPECT_KIND(copy(*original), ErrorKind::Changed);
        if (!ignores_conditions) EXPECT_EQ(stored("to"), "(absent)");
    }
}

TEST_F(HostileCopies, E44_a_copy_without_an_etag_in_its_answer_has_not_happened) {
    for (const char* body :
         {"", "<CopyObjectRes", "<html>hello</html>", "<CopyObjectResult></CopyObjectResult>",
          "<CopyObjectResult><ETag></ETag></CopyObjectResult>"}) {
        start(server_options_);
        auto original = source();
        ASSERT_OK(original);
        Effects wrong;
        wrong.status = 200;
        wrong.body = body;
        rule(Operation::CopyObject, "to", wrong);
        EXPECT_KIND(copy(*original), ErrorKind::Corrupt);
        EXPECT_EQ(stored("to"), "(absent)");
    }
}

TEST_F(HostileWrites, large_objects_are_copied_in_parts_with_their_metadata) {
    options_.copy_bytes_max = 1u << 20;
    options_.copy_part_step_bytes = 1u << 20;
    start(server_options_);
    attach();
    std::string text = pattern(3'500'000);
    store::PutRequest request = put_request("from", text.size());
    request.metadata.user = {{"color", "green"}};
    request.metadata.tags = model::NamedValues{{"a", "b"}};
    auto original = put(request, text);
    ASSERT_OK(original);
    store::CopyRequest copy;
    copy.source_key = Key("from");
    copy.source_identity = original->identity;
    copy.put = put_request("to", text.size());
    auto receipt = run(store_->copy_from(context_, *store_, copy));
    ASSERT_OK(receipt);
    EXPECT_TRUE(stored("to") == text);
    EXPECT_EQ(server_->count(Operation::UploadPartCopy), 4u);
    auto info = run(store_->stat(context_, Key("to"), true));
    ASSERT_OK(info);
    EXPECT_EQ((*info)->metadata.user, request.metadata.user);
    EXPECT_EQ((*info)->metadata.tags, request.metadata.tags);
    EXPECT_TRUE(server_->open_uploads("bucket").empty());
}

// E45: Complete has happened, its answer is lost, the repetition hears NoSuchUpload.
TEST_F(HostileWrites, E45_a_lost_complete_is_settled_by_looking) {
    std::string text = pattern(2'500'000);
    struct Mode {
        ChecksumMode checksums;
        EtagMode etag;
        EvidenceLevel level;
    };
    for (Mode mode : {Mode{ChecksumMode::On, EtagMode::Md5, EvidenceLevel::Attested},
                      Mode{ChecksumMode::Ignored, EtagMode::Md5, EvidenceLevel::Attested},
                      Mode{ChecksumMode::Off, EtagMode::Opaque, EvidenceLevel::ReadBack}}) {
        start_with(mode.checksums, mode.etag);
        lose_answer(Operation::CompleteMultipartUpload, "large");
        auto receipt = upload("large", text);
        ASSERT_OK(receipt);
        EXPECT_EQ(receipt->level, mode.level);
        EXPECT_TRUE(stored("large") == text);
        EXPECT_EQ(successes(Operation::CompleteMultipartUpload, "large"), 1u);
    }
}

TEST_F(HostileWrites, E45_an_upload_that_was_really_gone_is_not_a_success) {
    ASSERT_OK(put("large", "the old one"));
    std::string text = pattern(2'500'000);
    store::PutRequest request = put_request("large", text.size());
    request.replaces = Identity{11, 0, server_->object("bucket", "large")->etag};
    auto sink = run(store_->begin(context_, request));
    ASSERT_OK(sink);
    for (std::size_t offset = 0; offset < text.size(); offset += (*sink)->part_size_bytes()) {
        auto bytes = bytes_of(std::string_view(text).substr(offset, (*sink)->part_size_bytes()));
        ASSERT_OK(run((*sink)->write(context_, offset, bytes, digest_of(request.digest, bytes))));
    }
    ASSERT_OK(run(store_->discard(context_, Key("large"), (*sink)->checkpoint(), 0)));
    auto receipt = run((*sink)->commit(context_, digest_of(request.digest, bytes_of(text))));
    EXPECT_KIND(receipt, ErrorKind::Lost);
    EXPECT_EQ(stored("large"), "the old one");
}

TEST_F(HostileWrites, a_put_in_between_stops_a_conditional_complete) {
    std::string text = pattern(2'500'000);
    Effects other;
    other.first_put = "somebody else's";
    rule(Operation::CompleteMultipartUpload, "large", other, 1);
    EXPECT_KIND(upload("large", text), ErrorKind::Changed);
    EXPECT_EQ(stored("large"), "somebody else's");
}

TEST_F(HostileWrites, E49_a_source_larger_than_any_object_is_not_copied_inside_the_server) {
    for (std::uint64_t size : {std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
        store::CopyRequest copy;
        copy.source_key = Key("from");
        copy.source_identity = Identity{size, 0, "etag"};
        copy.put = put_request("to", size);
        EXPECT_KIND(run(store_->copy_from(context_, *store_, copy)), ErrorKind::Unsupported);
    }
    EXPECT_TRUE(server_->open_uploads("bucket").empty());
}

TEST_F(HostileWrites, E59_more_uploads_of_one_key_than_can_be_true_are_not_collected) {
    std::string body = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>";
    for (int i = 0; i < 10'001; ++i) {
        body += fmt::format(
            "<Upload><Key>large</Key><UploadId>{}</UploadId>"
            "<Initiated>2026-01-01T00:00:00Z</Initiated></Upload>",
            i);
    }
    Effects many;
    many.status = 200;
    many.body = body + "</ListMultipartUploadsResult>";
    many.content_type = "application/xml";
    rule(Operation::ListMultipartUploads, "*", many);
    EXPECT_KIND(run(store_->discard(context_, Key("large"), "", 0)), ErrorKind::Corrupt);
    EXPECT_EQ(server_->count(Operation::AbortMultipartUpload), 0u);
}

// E59: the server ended between giving the object its name and removing the upload.
TEST_F(HostileWrites, E59_an_upload_that_is_left_of_a_complete_whose_answer_was_lost_is_aborted) {
    Effects ended;
    ended.after_act = true;
    ended.cut_reply_at = 0;
    ended.keep_upload = true;
    rule(Operation::CompleteMultipartUpload, "large", ended, 1);
    std::string text = pattern(2'500'000);
    ASSERT_OK(upload("large", text));
    EXPECT_TRUE(stored("large") == text);
    EXPECT_TRUE(server_->open_uploads("bucket").empty());
}

// E59: other people's uploads are theirs.
// E59, I11: a beginning whose answer was lost has begun an upload whose name nobody knows.
TEST_F(HostileWrites, E59_an_upload_whose_beginning_was_not_heard_of_is_aborted) {
    ASSERT_OK(run(store_->begin(context_, put_request("before", 2'500'000))));
    lose_answer(Operation::CreateMultipartUpload, "large");
    ASSERT_OK(upload("large", pattern(2'500'000)));
    EXPECT_EQ(server_->open_uploads("bucket").size(), 1u) << "that of another key, which is let alone";
}

TEST_F(HostileWrites, E59_discard_leaves_what_was_begun_before_and_what_is_of_other_keys) {
    std::string text = pattern(2'500'000);
    auto begin = [&](const std::string& key) {
        auto sink = run(store_->begin(context_, put_request(key, text.size())));
        EXPECT_TRUE(sink) << sink.error().message();
        return (*sink)->checkpoint();
    };
    begin("object");
    begin("object/below");
    begin("objec");
    EXPECT_EQ(server_->open_uploads("bucket").size(), 3u);
    std::int64_t later = loop_.unix_time_ns() + 60'000'000'000;
    ASSERT_OK(run(store_->discard(context_, Key("object"), "", later)));
    EXPECT_EQ(server_->open_uploads("bucket").size(), 3u) << "begun before the intent";
    ASSERT_OK(run(store_->discard(context_, Key("object"), "", loop_.unix_time_ns() - 60'000'000'000)));
    EXPECT_EQ(server_->open_uploads("bucket").size(), 2u);
}

TEST_F(HostileWrites, a_resumed_upload_sends_only_what_is_missing) {
    for (ChecksumMode mode : {ChecksumMode::On, ChecksumMode::Ignored}) {
        start_with(mode);
        std::string text = pattern(4'500'000);
        store::PutRequest request = put_request("large", text.size());
        auto sink = run(store_->begin(context_, request));
        ASSERT_OK(sink);
        std::uint64_t part = (*sink)->part_size_bytes();
        auto write = [&](store::Sink& to, std::size_t index) {
            auto bytes = bytes_of(std::string_view(text).substr(index * part, part));
            return run(to.write(context_, index * part, bytes, digest_of(request.digest, bytes)));
        };
        for (std::size_t i : {0u, 2u, 4u}) ASSERT_OK(write(**sink, i));
        std::string checkpoint = (*sink)->checkpoint();
        sink->reset();
        std::uint64_t sent = store_->counts()[s3::RequestKind::UploadPart];
        auto resumed = run(store_->resume(context_, request, checkpoint));
        ASSERT_OK(resumed);
        for (std::size_t i = 0; i < 5; ++i) ASSERT_OK(write(**resumed, i));
        EXPECT_EQ(store_->counts()[s3::RequestKind::UploadPart] - sent, 2u);
        ASSERT_OK(run((*resumed)->commit(context_, digest_of(request.digest, bytes_of(text)))));
        EXPECT_TRUE(stored("large") == text);
    }
}

// E59: the list of parts lies, so that no such upload can be completed, now or ever.
TEST_F(HostileWrites, E59_an_upload_whose_parts_are_not_what_the_store_said_is_begun_anew) {
    std::string text = pattern(1'500'000);
    store::PutRequest request = put_request("large", text.size());
    auto sink = run(store_->begin(context_, request));
    ASSERT_OK(sink);
    auto write = [&](store::Sink& to, std::size_t index) {
        std::uint64_t part = to.part_size_bytes();
        auto bytes = bytes_of(std::string_view(text).substr(index * part, part));
        return run(to.write(context_, index * part, bytes, digest_of(request.digest, bytes)));
    };
    ASSERT_OK(write(**sink, 0));
    Effects lying;
    lying.replace = {{"<ETag>", "<ETag>0"}};
    rule(Operation::ListParts, "large", lying);
    auto resumed = run(store_->resume(context_, request, (*sink)->checkpoint()));
    ASSERT_OK(resumed);
    for (std::size_t i : {0u, 1u}) ASSERT_OK(write(**resumed, i));
    EXPECT_KIND(run((*resumed)->commit(context_, digest_of(request.digest, bytes_of(text)))),
                ErrorKind::Lost);
    EXPECT_TRUE(server_->open_uploads("bucket").empty());
    EXPECT_EQ(stored("large"), "(absent)");
}

// A11: what is removed is what was listed.
TEST_F(HostileWrites, A11_an_object_that_changed_is_not_deleted) {
    auto receipt = put("object", "listed");
    ASSERT_OK(receipt);
    Effects other;
    other.first_put = "newer";
    rule(Operation::DeleteObject, "object", other, 1);
    EXPECT_KIND(run(store_->remove(context_, Key("object"), receipt->identity)), ErrorKind::Changed);
    EXPECT_EQ(stored("object"), "newer");
}

TEST_F(HostileWrites, A11_where_delete_knows_no_condition_the_object_is_looked_at_first) {
    Effects ignoring;
    ignoring.ignore_conditions = true;
    rule(Operation::DeleteObject, "*", ignoring);
    Identity old = written("object", "listed");
    written("object", "newer one");
    EXPECT_KIND(run(store_->remove(context_, Key("object"), old)), ErrorKind::Changed);
    EXPECT_EQ(stored("object"), "newer one");
}

TEST_F(HostileWrites, F64_keys_that_s3_cannot_hold_are_unrepresentable_and_cost_no_request) {
    for (const std::string& key :
         {std::string("bad\xff"), std::string(1025, 'k'), std::string("nul\0x", 5)}) {
        auto receipt = put(key, "text");
        ASSERT_FALSE(receipt);
        EXPECT_EQ(receipt.error().code(), "UnrepresentableKey");
        auto info = run(store_->stat(context_, Key(key), false));
        ASSERT_OK(info);
        EXPECT_FALSE(*info);
    }
    EXPECT_EQ(server_->requests(), 0u);
}

TEST_F(HostileWrites, lineage_is_written_with_the_object) {
    options_.lineage = [](const std::string& key) { return "/srv/data/" + key; };
    start(server_options_);
    ASSERT_OK(put("a/b.log", "text"));
    auto info = run(store_->stat(context_, Key("a/b.log"), false));
    ASSERT_OK(info);
    EXPECT_EQ((*info)->metadata.user, (model::NamedValues{{"source-path", "/srv/data/a/b.log"}}));
}

}  // namespace
}  // namespace godwit::hostile
