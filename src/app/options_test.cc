#include <gtest/gtest.h>

#include "app/data_directory.h"
#include "app/delete_options.h"
#include "app/doctor_checks.h"
#include "app/end_options.h"
#include "app/exit_code.h"
#include "app/run_options.h"
#include "app/testing_terminal.h"
#include "app/trace_command.h"

namespace godwit::app {
namespace {

Values values_of(std::map<std::string, std::string> given) {
    Values values;
    for (const auto& [name, value] : given) values.set(name, value);
    return values;
}

TEST(EndOptions, what_is_given_for_one_end_beats_what_is_given_for_both) {
    Values values = values_of({{"region", "both"}, {"source-region", "mine"}, {"anonymous", "true"}});
    EXPECT_EQ(end_options(values, End::Source).region, "mine");
    EXPECT_EQ(end_options(values, End::Destination).region, "both");
    EXPECT_TRUE(end_options(values, End::Destination).anonymous);
}

TEST(EndOptions, tls_is_verified_unless_that_end_says_otherwise) {
    Values values = values_of({{"destination-no-verify-tls", "true"}});
    EXPECT_TRUE(end_options(values, End::Source).verify_tls);
    EXPECT_FALSE(end_options(values, End::Destination).verify_tls);
}

TEST(DeleteOptions, bounds_hold_in_place_of_half_and_beside_one_another) {
    struct Case {
        std::vector<std::string> bounds;
        std::uint64_t objects_max;
        std::uint32_t percent_max;
    };
    constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
    for (const Case& each :
         {Case{{}, kAny, 50}, Case{{"7"}, 7, 100}, Case{{"0"}, 0, 100}, Case{{"20%"}, kAny, 20},
          Case{{"7", "20%"}, 7, 20}, Case{{"20%", "7"}, 7, 20}, Case{{"100%"}, kAny, 100}}) {
        Values values = values_of({{"delete", "true"}});
        for (const std::string& bound : each.bounds) values.set("max-delete", bound);
        auto options = delete_options(values);
        ASSERT_TRUE(options && *options);
        EXPECT_EQ((*options)->objects_max, each.objects_max);
        EXPECT_EQ((*options)->percent_max, each.percent_max);
    }
}

TEST(DeleteOptions, what_makes_no_sense_is_refused) {
    for (const char* bound : {"", "%", "-1", "1.5", "101%", "many", "5 %", "99999999999999999999"}) {
        EXPECT_FALSE(delete_options(values_of({{"delete", "true"}, {"max-delete", bound}}))) << bound;
    }
    EXPECT_FALSE(delete_options(values_of({{"max-delete", "5"}})));
    EXPECT_FALSE(delete_options(values_of({{"delete-despite-failures", "true"}})));
    EXPECT_FALSE(delete_options(values_of({{"delete", "true"}, {"transfer-all", "true"}})));
    auto none = delete_options(values_of({}));
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
}

TEST(WriteOptions, modes_and_owners_are_checked) {
    Result<WriteOptions> write =
        write_options(values_of({{"default-mode", "640"}, {"default-owner", "10:20"}}));
    ASSERT_TRUE(write);
    EXPECT_EQ(write->attributes.default_file_mode, 0640u);
    EXPECT_EQ(write->attributes.default_directory_mode, 0750u);
    EXPECT_EQ(write->attributes.default_owner->gid, 20u);
    for (const char* mode : {"", "8", "rw", "77777", "-1"}) {
        EXPECT_FALSE(write_options(values_of({{"default-mode", mode}}))) << mode;
    }
    for (const char* owner : {"root", "1", "1:", ":1", "1:2:3", "4294967295:0"}) {
        EXPECT_FALSE(write_options(values_of({{"default-owner", owner}}))) << owner;
    }
}

TEST(WriteOptions, a_key_without_its_encryption_is_a_usage_error) {
    Result<WriteOptions> write = write_options(values_of({{"sse-kms-key-id", "k"}}));
    ASSERT_FALSE(write);
    EXPECT_EQ(exit_code_for(write.error()), ExitCode::Usage);
}

TEST(CopyOptions, extended_attributes_are_three_classes_and_none_by_default) {
    EXPECT_FALSE(copy_options({})->policy.xattrs.any());
    EXPECT_EQ(copy_options(values_of({{"preserve-xattrs", "true"}}))->policy.xattrs.bits(), 1);
    EXPECT_EQ(copy_options(values_of({{"preserve-acls", "true"}}))->policy.xattrs.bits(), 2);
    EXPECT_EQ(copy_options(values_of({{"preserve-privileged-xattrs", "true"}}))->policy.xattrs.bits(), 4);
}

TEST(CopyOptions, permission_bits_are_a_part_of_every_access_control_list) {
    auto options = copy_options(values_of({{"preserve-acls", "true"}, {"no-preserve-mode", "true"}}));
    ASSERT_FALSE(options);
    EXPECT_EQ(exit_code_for(options.error()), ExitCode::Usage);
}

TEST(CompareOptions, contents_alone_have_no_extended_attributes) {
    EXPECT_TRUE(compare_options(values_of({{"preserve-xattrs", "true"}, {"by", "metadata"}})));
    auto options = compare_options(values_of({{"preserve-xattrs", "true"}, {"by", "checksum"}}));
    ASSERT_FALSE(options);
    EXPECT_EQ(exit_code_for(options.error()), ExitCode::Usage);
}

TEST(CopyOptions, words_of_datasync_are_understood) {
    EXPECT_EQ(verify_mode(values_of({{"verify", "ONLY_FILES_TRANSFERRED"}})), VerifyMode::Transferred);
    EXPECT_EQ(verify_mode(values_of({{"verify", "POINT_IN_TIME_CONSISTENT"}})), VerifyMode::Everything);
    EXPECT_EQ(verify_mode(values_of({{"verify", "NONE"}})), VerifyMode::Nothing);
    EXPECT_FALSE(copy_options(values_of({{"verify", "off"}}))->verify);
}

TEST(CopyOptions, comparing_contents_does_not_ask_the_index) {
    EXPECT_TRUE(copy_options(values_of({{"compare", "metadata"}}))->policy.use_index);
    EXPECT_TRUE(copy_options(values_of({{"compare", "index,size"}}))->policy.use_index);
    EXPECT_EQ(copy_options(values_of({{"compare", "index,size"}}))->policy.compare, model::CompareMode::Size);
    EXPECT_FALSE(copy_options(values_of({{"compare", "bytes"}}))->policy.use_index);
}

TEST(CopyOptions, contradictions_and_ranges_are_refused) {
    EXPECT_FALSE(copy_options(values_of({{"no-overwrite", "true"}, {"transfer-all", "true"}})));
    EXPECT_FALSE(copy_options(values_of({{"verify", "off"}, {"read-back", "true"}})));
}

TEST(DataDirectory, follows_the_order_of_the_specification) {
    Heard heard;
    heard.variables = {{"HOME", "/home/u"}};
    EXPECT_EQ(*data_directory({}, heard.environment), "/home/u/.local/share/godwit");
    heard.variables["XDG_DATA_HOME"] = "relative";
    EXPECT_EQ(*data_directory({}, heard.environment), "/home/u/.local/share/godwit");
    heard.variables["XDG_DATA_HOME"] = "/data";
    EXPECT_EQ(*data_directory({}, heard.environment), "/data/godwit");
    EXPECT_EQ(*data_directory(values_of({{"data-dir", "/srv/g"}}), heard.environment), "/srv/g");
    heard.variables.clear();
    EXPECT_FALSE(data_directory({}, heard.environment));
}

TEST(Doctor, reads_effective_capabilities) {
    EXPECT_EQ(effective_capabilities("Name:\tx\nCapEff:\t000001ffffffffff\n"), 0x1ffffffffffull);
    EXPECT_EQ(effective_capabilities("CapEff:\t0000000000000005"), 5u);
    EXPECT_EQ(effective_capabilities("CapPrm:\t01\n"), 0u);
}

TEST(Trace, finds_keys_below_a_root) {
    EXPECT_EQ(key_below("/a", "/a/b/c"), "b/c");
    EXPECT_EQ(key_below("/", "/a"), "a");
    EXPECT_EQ(key_below("s3://b", "s3://b/k"), "k");
    EXPECT_EQ(key_below("/a", "/ab"), std::nullopt);
    EXPECT_EQ(key_below("/a", "/a"), std::nullopt);
}

}  // namespace
}  // namespace godwit::app
