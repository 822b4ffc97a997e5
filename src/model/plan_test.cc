#include "model/plan.h"

#include <gtest/gtest.h>

namespace godwit::model {
namespace {

constexpr Plan kCopy{PlanAction::Copy, SkipReason::None};
constexpr Plan kExamine{PlanAction::Examine, SkipReason::None};
constexpr Plan kRecheck{PlanAction::Recheck, SkipReason::None};
constexpr Plan kMetadata{PlanAction::Metadata, SkipReason::None};
constexpr Plan kUnchanged{PlanAction::Skip, SkipReason::Unchanged};
constexpr Plan kAdopted{PlanAction::Skip, SkipReason::Adopted};

Entry file(std::uint64_t size, std::int64_t mtime, std::string tag, bool posix) {
    Entry entry;
    entry.key = Key("k");
    entry.identity = {size, mtime, std::move(tag)};
    if (posix) entry.posix = PosixAttributes{0100644, 1, 2, mtime, 0};
    return entry;
}

class PlanTest : public testing::Test {
  protected:
    PlanPolicy policy;
    Entry source = file(10, 100, "s1", true);
    Entry stored = file(10, 500, "e1", false);   // as S3 lists it
    Entry mirrored = file(10, 100, "d1", true);  // as a file system lists it
    IndexRow row{
        Key("k"), source.identity, stored.identity, Digest::of_crc64(7), EvidenceLevel::Attested, "exec", 1};

    Plan indexed() { return plan(&source, &stored, &row, policy); }
};

TEST_F(PlanTest, what_the_destination_lacks_is_copied) {
    EXPECT_EQ(plan(&source, nullptr, nullptr, policy), kCopy);
}

TEST_F(PlanTest, what_was_indexed_but_vanished_at_the_destination_is_copied) {
    EXPECT_EQ(plan(&source, nullptr, &row, policy), kCopy);
}

TEST_F(PlanTest, what_only_the_destination_has_is_extra) {
    EXPECT_EQ(plan(nullptr, &stored, &row, policy).action, PlanAction::Delete);
}

TEST_F(PlanTest, two_known_generations_are_unchanged) {
    EXPECT_EQ(indexed(), kUnchanged);
}

TEST_F(PlanTest, a_changed_destination_is_copied_over) {
    stored.identity.tag = "e2";
    EXPECT_EQ(indexed(), kCopy);
}

TEST_F(PlanTest, F65_a_directory_marker_with_bytes_is_not_taken_for_equal_to_a_directory) {
    source = file(8, 100, "s1", false);
    source.type = mirrored.type = ObjectType::Directory;
    mirrored.identity.size_bytes = 0;
    policy.destination_hierarchical = true;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kCopy);
    policy.overwrite = false;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy),
              (Plan{PlanAction::Skip, SkipReason::NotOverwritten}));
}

TEST_F(PlanTest, an_empty_directory_marker_is_as_good_as_a_directory) {
    source = file(0, 100, "s1", false);
    source.type = mirrored.type = ObjectType::Directory;
    mirrored.identity.size_bytes = 0;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kAdopted);
}

// The same-size change of an S3 source that DataSync misses.
TEST_F(PlanTest, a_same_size_change_of_a_source_with_another_tag_is_copied) {
    source = file(10, 100, "s2", false);
    EXPECT_EQ(indexed(), kCopy);
}

// Catalogue 3 and B14: size and mtime alone prove nothing when ctime moved.
TEST_F(PlanTest, A3_same_size_and_mtime_with_another_ctime_is_rechecked_by_bytes) {
    source.identity.tag = "s2";
    EXPECT_EQ(indexed(), kRecheck);
    row.digest.reset();
    EXPECT_EQ(indexed(), kCopy);
}

TEST_F(PlanTest, unknown_pair_with_a_store_that_lists_no_mtime_is_examined) {
    EXPECT_EQ(plan(&source, &stored, nullptr, policy), kExamine);
}

class Md5TagPlanTest : public PlanTest {
  protected:
    const std::string md5 = "900150983cd24fb0d6963f7d28e17f72",
                      other_md5 = "d41d8cd98f00b204e9800998ecf8427e";
    Entry from = file(10, 100, md5, false), to = file(10, 500, md5, false);

    Plan listed() { return plan(&from, &to, nullptr, policy); }
};

TEST_F(Md5TagPlanTest, decide_where_they_were_seen_to_be_the_one_of_the_bytes) {
    EXPECT_EQ(listed(), kExamine);
    policy.tags_are_md5 = true;
    EXPECT_EQ(listed(), kAdopted);
    to.identity.tag = other_md5;
    EXPECT_EQ(listed(), kCopy);
}

TEST_F(Md5TagPlanTest, E51_decide_nothing_where_one_is_of_another_form) {
    policy.tags_are_md5 = true;
    for (std::string tag :
         {md5 + "-2", md5.substr(1), "\"" + md5.substr(2) + "\"", std::string("W/") + md5}) {
        to.identity.tag = tag;
        EXPECT_EQ(listed(), kExamine) << tag;
        from.identity.tag = tag;
        EXPECT_EQ(listed(), kExamine) << tag;
        from.identity.tag = md5;
    }
}

TEST_F(Md5TagPlanTest, leave_sizes_and_other_ways_to_compare_their_word) {
    policy.tags_are_md5 = true;
    to.identity.size_bytes = 11;
    EXPECT_EQ(listed(), kCopy);
    to.identity.size_bytes = 10;
    policy.compare = CompareMode::Bytes;
    EXPECT_EQ(listed(), kExamine);
}

TEST_F(Md5TagPlanTest, save_a_copy_of_what_somebody_has_brought_over_already) {
    row.source.tag = row.destination.tag = other_md5;
    EXPECT_EQ(plan(&from, &to, &row, policy), kCopy);
    policy.tags_are_md5 = true;
    EXPECT_EQ(plan(&from, &to, &row, policy), kAdopted);
    policy.compare = CompareMode::Size;
    to.identity.tag = "900150983cd24fb0d6963f7d28e17f00";
    EXPECT_EQ(plan(&from, &to, &row, policy), kCopy) << "a changed object of the same size";
}

TEST_F(PlanTest, unknown_pair_of_files_is_adopted_by_size_mtime_and_attributes) {
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kAdopted);
    mirrored.posix->uid = 9;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kMetadata);
    policy.preserve_owner = false;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kAdopted);
    mirrored.posix->mtime_ns = 101;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kCopy);
}

class XattrPlanTest : public PlanTest {
  protected:
    XattrPlanTest() { policy.xattrs = *XattrClasses::from_bits(1); }
    ObjectInfo info(const Entry& entry, NamedValues xattrs) {
        ObjectInfo info;
        info.entry = entry;
        info.metadata.posix = entry.posix;
        info.metadata.xattrs = std::move(xattrs);
        return info;
    }
};

TEST_F(XattrPlanTest, what_listings_call_equal_is_examined) {
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kExamine);
    policy.compare = CompareMode::Size;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kExamine);
    source.type = mirrored.type = ObjectType::Directory;
    source.identity.size_bytes = mirrored.identity.size_bytes = 0;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kExamine);
    policy.xattrs = {};
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kAdopted);
}

TEST_F(XattrPlanTest, an_index_row_vouches_for_those_that_it_was_made_with) {
    EXPECT_EQ(indexed(), kExamine);
    row.xattrs = *XattrClasses::from_bits(3);
    EXPECT_EQ(indexed(), kUnchanged);
    policy.xattrs = *XattrClasses::from_bits(5);
    EXPECT_EQ(indexed(), kExamine);
}

TEST_F(XattrPlanTest, a_source_stored_anew_with_the_same_etag_is_examined) {
    source = file(10, 100, "s1", false);
    row.xattrs = policy.xattrs;
    row.unix_ns = 100 + 2'000'000'000;
    EXPECT_EQ(indexed(), kUnchanged);
    row.unix_ns -= 1;
    EXPECT_EQ(indexed(), kExamine) << "LastModified has whole seconds";
    row.unix_ns += 1;
    source.identity.mtime_ns += 1;
    EXPECT_EQ(indexed(), kExamine);
    policy.xattrs = {};
    EXPECT_EQ(indexed(), kUnchanged);
}

TEST_F(XattrPlanTest, objects_that_differ_in_them_alone_need_no_bytes) {
    for (CompareMode mode : {CompareMode::Metadata, CompareMode::Size}) {
        policy.compare = mode;
        EXPECT_EQ(plan_examined(info(source, {{"user.a", "1"}}), info(mirrored, {{"user.a", "1"}}), policy),
                  kAdopted);
        EXPECT_EQ(plan_examined(info(source, {{"user.a", "1"}}), info(mirrored, {}), policy), kMetadata);
        EXPECT_EQ(plan_examined(info(source, {}), info(mirrored, {{"user.a", "1"}}), policy), kMetadata);
        EXPECT_EQ(plan_examined(info(source, {{"trusted.a", "1"}}), info(mirrored, {}), policy), kAdopted);
    }
    source.type = mirrored.type = ObjectType::Directory;
    source.identity.size_bytes = mirrored.identity.size_bytes = 0;
    EXPECT_EQ(plan_examined(info(source, {{"user.a", "1"}}), info(mirrored, {}), policy), kMetadata);
}

// G70: bits that are not brought over must not be compared, or each run would find them missing.
class ToldPlanTest : public PlanTest {
  protected:
    ToldPlanTest() {
        policy.hard_links = HardLinkMode::Told;
        source = file(10, 100, "e1", false);
        mirrored.identity.mtime_ns = 100;
        row.source = source.identity;
        row.destination = mirrored.identity;
        row.unix_ns = 10'000'000'000;
    }
    Plan told() { return plan(&source, &mirrored, &row, policy); }
};

TEST_F(ToldPlanTest, A8_an_index_row_vouches_only_for_what_was_asked_then) {
    EXPECT_EQ(told(), kExamine);
    row.hard_links = HardLinks::Kept;
    EXPECT_EQ(told(), kUnchanged);
    source.identity.mtime_ns = 200;
    EXPECT_EQ(told(), kExamine) << "stored anew with the same ETag";
    row.hard_links = HardLinks::Refused;
    EXPECT_EQ(told(), kUnchanged) << "what cannot be linked is not tried again";
    source.identity.mtime_ns = row.source.mtime_ns = row.unix_ns - 1'000'000'000;
    row.hard_links = HardLinks::Kept;
    EXPECT_EQ(told(), kExamine) << "may have been stored anew in the same second";
    policy.hard_links = HardLinkMode::Apart;
    EXPECT_EQ(told(), kUnchanged);
}

TEST_F(ToldPlanTest, A8_no_listing_is_believed_without_a_look) {
    policy.compare = CompareMode::Size;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kExamine);
    source.type = mirrored.type = ObjectType::Directory;
    source.identity.size_bytes = mirrored.identity.size_bytes = 0;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kAdopted) << "a directory has one name";
}

TEST_F(PlanTest, A8_names_of_a_file_are_looked_at_once_when_their_id_is_to_be_carried) {
    policy.hard_links = HardLinkMode::Carried;
    EXPECT_EQ(indexed(), kUnchanged);
    source.hard_link = HardLink{1, 2, 3};
    EXPECT_EQ(indexed(), kExamine);
    row.hard_links = HardLinks::Kept;
    EXPECT_EQ(indexed(), kUnchanged);
}

TEST_F(PlanTest, A8_an_id_that_is_missing_or_wrong_needs_no_bytes) {
    ObjectInfo a, b;
    a.entry = b.entry = source;
    a.metadata.posix = b.metadata.posix = source.posix;
    a.metadata.file_id = FileId{1, 2};
    b.entry.hard_link = HardLink{5, 6, 0};
    EXPECT_EQ(plan_examined(a, b, policy), kAdopted);
    policy.hard_links = HardLinkMode::Carried;
    EXPECT_EQ(plan_examined(a, b, policy), kMetadata);
    b.metadata.file_id = FileId{1, 3};
    EXPECT_EQ(plan_examined(a, b, policy), kMetadata);
    EXPECT_EQ(plan_examined(b, a, policy), kMetadata);
    b.metadata.file_id = FileId{1, 2};
    EXPECT_EQ(plan_examined(a, b, policy), kAdopted);
    a.metadata.file_id.reset();
    EXPECT_EQ(plan_examined(a, b, policy), kMetadata) << "it has no other names any more";
}

TEST_F(PlanTest, set_id_bits_are_compared_only_where_they_are_brought_over) {
    source.posix->mode |= 04000;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kAdopted);
    policy.preserve_set_id = true;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kMetadata);
}

TEST_F(PlanTest, another_size_is_always_copied) {
    mirrored.identity.size_bytes = 11;
    policy.compare = CompareMode::Size;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kCopy);
}

TEST_F(PlanTest, B14_comparing_by_bytes_or_checksum_examines_what_metadata_calls_equal) {
    for (CompareMode mode : {CompareMode::Bytes, CompareMode::Checksum}) {
        policy.compare = mode;
        EXPECT_EQ(plan(&source, &mirrored, nullptr, policy), kExamine);
    }
}

TEST_F(PlanTest, no_overwrite_leaves_what_is_there) {
    policy.overwrite = false;
    stored.identity.tag = "e2";
    EXPECT_EQ(indexed().reason, SkipReason::NotOverwritten);
    EXPECT_EQ(plan(&source, nullptr, nullptr, policy), kCopy);
}

TEST_F(PlanTest, transfer_all_copies_what_is_equal) {
    policy.transfer_all = true;
    EXPECT_EQ(indexed(), kCopy);
}

TEST_F(PlanTest, archived_and_special_objects_are_skipped_with_their_reason) {
    source.archived = true;
    EXPECT_EQ(plan(&source, nullptr, nullptr, policy).reason, SkipReason::Archived);
    source.type = ObjectType::Special;
    EXPECT_EQ(plan(&source, nullptr, nullptr, policy).reason, SkipReason::Special);
}

TEST_F(PlanTest, F65_a_directory_in_the_way_of_a_file_is_a_conflict_in_a_file_system) {
    policy.destination_hierarchical = true;
    mirrored.type = ObjectType::Directory;
    EXPECT_EQ(plan(&source, &mirrored, nullptr, policy).action, PlanAction::Conflict);
}

TEST_F(PlanTest, examined_objects_are_compared_by_their_own_mtime_or_the_stores) {
    ObjectInfo from, to;
    from.entry = source;
    from.metadata.posix = source.posix;
    to.entry = stored;
    EXPECT_EQ(plan_examined(from, to, policy), kCopy);
    to.metadata.posix = source.posix;
    EXPECT_EQ(plan_examined(from, to, policy), kAdopted);
    to.metadata.posix->mode = 0100600;
    EXPECT_EQ(plan_examined(from, to, policy), kMetadata);
}

TEST_F(PlanTest, examined_objects_have_the_mtime_that_another_tool_has_kept) {
    ObjectInfo from, to;
    from.entry = source;
    from.metadata.posix = source.posix;
    to.entry = stored;
    EXPECT_EQ(plan_examined(from, to, policy), kCopy);
    to.metadata.fallback_mtime_ns = source.posix->mtime_ns;
    EXPECT_EQ(plan_examined(from, to, policy), kAdopted);
    to.metadata.fallback_mtime_ns = source.posix->mtime_ns + 1;
    EXPECT_EQ(plan_examined(from, to, policy), kCopy);
}

TEST_F(PlanTest, examined_by_checksum_needs_equal_digests_of_one_kind) {
    policy.compare = CompareMode::Checksum;
    ObjectInfo from, to;
    from.entry = source;
    to.entry = stored;
    EXPECT_EQ(plan_examined(from, to, policy), kRecheck);
    from.stored_digest = to.stored_digest = Digest::of_crc64(7);
    EXPECT_EQ(plan_examined(from, to, policy), kAdopted);
    to.stored_digest = Digest::of_crc64(8);
    EXPECT_EQ(plan_examined(from, to, policy), kRecheck);
}

}  // namespace
}  // namespace godwit::model
