#include "report/items.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>

#include "base/encoding.h"
#include "base/utf8.h"
#include "ledger/testing/samples.h"
#include "model/evidence.h"

namespace godwit::report {
namespace {

using ledger::ObjectRecord;
using ledger::testing::sample_record;
using model::Outcome;

ObjectRecord row(Outcome outcome, std::string reason = {}) {
    ObjectRecord record = sample_record(1, 0, 7);
    record.outcome = outcome;
    record.reason = std::move(reason);
    return record;
}

ObjectRecord failed(std::string code, std::string message) {
    ObjectRecord record = row(Outcome::Failed);
    record.evidence = {};
    record.error_kind = "denied";
    record.error_code = std::move(code);
    record.error_message = std::move(message);
    return record;
}

// "TRANSFERRED+ VERIFIED-": + is a success.
std::string places(const ObjectRecord& record) {
    std::string text;
    for (Kind kind : kKinds) {
        auto status = status_in(kind, record);
        if (!status) continue;
        text += text.empty() ? "" : " ";
        text += to_string(kind);
        text += *status == Status::Success ? '+' : '-';
    }
    return text;
}

boost::json::object parsed(Kind kind, const ObjectRecord& record) {
    return boost::json::parse(item_json(kind, record, *status_in(kind, record))).as_object();
}

TEST(Items, every_outcome_has_its_place) {
    EXPECT_EQ(places(row(Outcome::Verified)), "TRANSFERRED+ VERIFIED+");
    EXPECT_EQ(places(row(Outcome::Copied)), "TRANSFERRED+");
    EXPECT_EQ(places(row(Outcome::Metadata)), "TRANSFERRED+");
    EXPECT_EQ(places(row(Outcome::Unchanged)), "SKIPPED+");
    EXPECT_EQ(places(row(Outcome::Gone)), "SKIPPED+");
    EXPECT_EQ(places(row(Outcome::Skipped, "not_overwritten")), "SKIPPED+");
    EXPECT_EQ(places(row(Outcome::Deferred)), "TRANSFERRED-");
    EXPECT_EQ(places(row(Outcome::Unrepresentable)), "TRANSFERRED-");
    EXPECT_EQ(places(row(Outcome::Conflict)), "TRANSFERRED-");
    EXPECT_EQ(places(failed("EACCES", "open a: no")), "TRANSFERRED-");
    EXPECT_EQ(places(row(Outcome::Deleted)), "DELETED+");
    EXPECT_EQ(places(row(Outcome::Kept, "newer")), "DELETED-");
    EXPECT_EQ(places(row(Outcome::NotDeleted)), "DELETED-");
}

TEST(Items, what_the_source_alone_has_is_an_error_also_where_it_was_skipped) {
    EXPECT_EQ(places(row(Outcome::Skipped, "archived")), "SKIPPED-");
    EXPECT_EQ(places(row(Outcome::Skipped, "special")), "SKIPPED-");
}

TEST(Items, other_bytes_than_were_read_are_a_failure_of_verification_too) {
    EXPECT_EQ(places(failed("Mismatch", "verify a: other bytes")), "TRANSFERRED- VERIFIED-");
}

TEST(Items, a_verified_object_tells_both_digests_and_its_evidence) {
    EXPECT_EQ(
        item_json(Kind::Verified, row(Outcome::Verified), Status::Success),
        R"({"RelativePath":"/projects/000/run-0000/frame-00000007.tif",)"
        R"("SrcMetadata":{"Type":"Regular","ContentSize":4096,"Mtime":"2025-10-09T08:53:20.000000007Z"},)"
        R"("SrcChecksum":"CRC64NVME:0000000000000007",)"
        R"("DstMetadata":{"Type":"Regular","ContentSize":4096,"Mtime":"2025-10-09T08:53:20.000000008Z"},)"
        R"("DstChecksum":"CRC64NVME:0000000000000007",)"
        R"("VerifyTimestamp":"2025-11-13T02:13:20.012352678Z","VerifyStatus":"SUCCESS",)"
        R"("Outcome":"verified","EvidenceLevel":"attested"})");
}

TEST(Items, a_failure_tells_code_and_reason_and_nothing_that_is_not_known) {
    EXPECT_EQ(item_json(Kind::Transferred, failed("EACCES", "open /a: no"), Status::Failed),
              R"({"RelativePath":"/projects/000/run-0000/frame-00000007.tif",)"
              R"("SrcMetadata":{"Type":"Regular"},"TransferType":"CONTENT_AND_METADATA",)"
              R"("TransferTimestamp":"2025-11-13T02:13:20.012352678Z","TransferStatus":"FAILED",)"
              R"("Outcome":"failed","FailureReason":"open /a: no","ErrorCode":"EACCES"})");
}

TEST(Items, attributes_alone_are_a_transfer_of_metadata) {
    EXPECT_EQ(parsed(Kind::Transferred, row(Outcome::Metadata)).at("TransferType"), "METADATA");
}

TEST(Items, directories_have_no_size_and_no_slash_at_their_end) {
    ObjectRecord record = row(Outcome::Copied);
    record.key = model::Key("a/b/");
    record.type = model::ObjectType::Directory;
    boost::json::object item = parsed(Kind::Transferred, record);
    EXPECT_EQ(item.at("RelativePath"), "/a/b");
    EXPECT_EQ(item.at("SrcMetadata").at("Type"), "Directory");
    EXPECT_FALSE(item.at("SrcMetadata").as_object().contains("ContentSize"));
}

TEST(Items, what_stays_at_the_destination_tells_why) {
    boost::json::object item = parsed(Kind::Deleted, row(Outcome::Kept, "newer"));
    EXPECT_EQ(item.at("DeleteStatus"), "FAILED");
    EXPECT_EQ(item.at("FailureReason"), "newer");
    EXPECT_EQ(item.at("Outcome"), "kept");
}

TEST(Items, F62_control_characters_are_the_names_own) {
    ObjectRecord record = row(Outcome::Copied);
    record.key = model::Key("a\nb\x1b[2J\"\\");
    std::string text = item_json(Kind::Transferred, record, Status::Success);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(parsed(Kind::Transferred, record).at("RelativePath"), "/a\nb\x1b[2J\"\\");
}

TEST(Items, F63_a_name_that_is_no_utf8_keeps_its_exact_bytes) {
    ObjectRecord record = row(Outcome::Copied);
    record.key = model::Key("a\xff");
    boost::json::object item = parsed(Kind::Transferred, record);
    EXPECT_EQ(item.at("RelativePath"), "/a\\xff");
    EXPECT_EQ(item.at("RelativePathBase64").as_string(), base64_encode(bytes_of("/a\xff")));
}

TEST(Items, long_reasons_are_cut) {
    std::string text = item_json(Kind::Transferred, failed("E", std::string(100'000, 'x')), Status::Failed);
    EXPECT_LT(text.size(), kReasonBytesMax + 1000);
}

RC_GTEST_PROP(Items, F63_are_json_and_give_the_name_back_whatever_it_is, ()) {
    ObjectRecord record = failed(*rc::gen::arbitrary<std::string>(), *rc::gen::arbitrary<std::string>());
    record.key = model::Key(*rc::gen::arbitrary<std::string>());
    boost::json::object item = parsed(Kind::Transferred, record);
    std::string path(item.at("RelativePath").as_string());
    if (const auto* exact = item.if_contains("RelativePathBase64")) {
        auto bytes = base64_decode(std::string_view(exact->as_string()));
        RC_ASSERT(bytes.has_value());
        path.assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    }
    RC_ASSERT(path == "/" + record.key.bytes());
    RC_ASSERT(is_utf8(item_json(Kind::Transferred, record, Status::Failed)));
}

}  // namespace
}  // namespace godwit::report
