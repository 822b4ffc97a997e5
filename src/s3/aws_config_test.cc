#include "s3/aws_config.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "s3/fake_surroundings.h"

namespace godwit::s3 {
namespace {

constexpr const char* kConfig = "/home/u/.aws/config";
constexpr const char* kCredentials = "/home/u/.aws/credentials";

class AwsConfigTest : public testing::Test {
  protected:
    AwsConfig load(const std::string& profile = "") {
        auto loaded = AwsConfig::load(fake.view(), profile);
        EXPECT_TRUE(loaded) << loaded.error().message();
        return *loaded;
    }
    std::string problem(const std::string& profile = "") {
        auto loaded = AwsConfig::load(fake.view(), profile);
        return loaded ? "loaded" : loaded.error().message();
    }
    FakeSurroundings fake;
};

TEST_F(AwsConfigTest, missing_files_are_empty) {
    AwsConfig config = load();
    EXPECT_EQ(config.profile(), "default");
    EXPECT_EQ(config.region(), std::nullopt);
    EXPECT_EQ(config.endpoint_url("s3"), std::nullopt);
    EXPECT_EQ(config.merged_section("default"), nullptr);
    fake.variables.clear();
    EXPECT_EQ(load().region(), std::nullopt);
}

TEST_F(AwsConfigTest, unreadable_files_are_errors) {
    Surroundings view = fake.view();
    view.read_file = [](const std::string& path) -> Result<std::string> {
        return Error(ErrorKind::Denied, "read", path, "Permission denied");
    };
    auto loaded = AwsConfig::load(view, "");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().subject(), kConfig);
}

TEST_F(AwsConfigTest, files_are_where_the_environment_says) {
    fake.variables["AWS_CONFIG_FILE"] = "~/conf";
    fake.variables["AWS_SHARED_CREDENTIALS_FILE"] = "/etc/creds";
    fake.files["/home/u/conf"] = "[default]\nregion = r1\n";
    fake.files["/etc/creds"] = "[default]\naws_access_key_id = A\n";
    AwsConfig config = load();
    EXPECT_EQ(config.region(), "r1");
    EXPECT_EQ(config.credentials_section("default")->find("aws_access_key_id"), "A");
}

TEST_F(AwsConfigTest, profile_comes_from_option_then_environment) {
    fake.files[kConfig] = "[profile a]\nregion = ra\n[profile b]\nregion = rb\n[default]\nregion = rd\n";
    EXPECT_EQ(load().region(), "rd");
    fake.variables["AWS_DEFAULT_PROFILE"] = "a";
    EXPECT_EQ(load().region(), "ra");
    fake.variables["AWS_PROFILE"] = "b";
    EXPECT_EQ(load().region(), "rb");
    EXPECT_FALSE(load().profile_is_option());
    EXPECT_EQ(load("a").region(), "ra");
    EXPECT_TRUE(load("a").profile_is_option());
}

TEST_F(AwsConfigTest, a_named_profile_must_exist) {
    fake.files[kConfig] = "[profile a]\n[profile b]\n[other]\n";
    EXPECT_EQ(problem("c"),
              "use profile c: no such profile in /home/u/.aws/config and /home/u/.aws/credentials; there "
              "are: a, b");
    fake.variables["AWS_PROFILE"] = "other";
    EXPECT_TRUE(problem().contains("no such profile"));
    fake.files.clear();
    EXPECT_TRUE(problem().contains("there are no profiles"));
    fake.files[kCredentials] = "[other]\n";
    EXPECT_EQ(problem(), "loaded");
}

TEST_F(AwsConfigTest, section_names_may_be_quoted_and_the_prefix_counts) {
    fake.files[kConfig] =
        "[profile \"my prof\"]\nregion=r\n[profile 'x y' z]\nregion=bad\n[profile  two]\nregion=r3\n"
        "[default]\nregion=d\n[profile default]\nregion=d2\n";
    EXPECT_EQ(load("my prof").region(), "r");
    EXPECT_EQ(load("two").region(), "r3");
    EXPECT_EQ(load().region(), "d2");
    EXPECT_TRUE(problem("x y").contains("no such profile"));
}

TEST_F(AwsConfigTest, credentials_file_stands_over_config_file) {
    fake.files[kConfig] = "[default]\nregion = r\nrole_arn = one\n";
    fake.files[kCredentials] = "[default]\nrole_arn = two\n";
    AwsConfig config = load();
    EXPECT_EQ(config.setting("role_arn"), "two");
    EXPECT_EQ(config.setting("region"), "r");
    EXPECT_EQ(config.config_section("default")->find("role_arn"), "one");
}

TEST_F(AwsConfigTest, region_comes_from_the_environment_first) {
    fake.files[kConfig] = "[default]\nregion = r\n";
    fake.variables["AWS_DEFAULT_REGION"] = "r2";
    EXPECT_EQ(load().region(), "r2");
    fake.variables["AWS_REGION"] = "r1";
    EXPECT_EQ(load().region(), "r1");
    fake.variables["AWS_REGION"] = "";
    EXPECT_EQ(load().region(), "r2");
}

TEST_F(AwsConfigTest, endpoint_is_found_in_the_documented_order) {
    fake.files[kConfig] =
        "[default]\nservices = mine\nendpoint_url = http://profile\n[services mine]\n"
        "s3 =\n  endpoint_url = http://services\n";
    EXPECT_EQ(load().endpoint_url("s3"), "http://services");
    EXPECT_EQ(load().endpoint_url("sts"), "http://profile");
    fake.variables["AWS_ENDPOINT_URL"] = "http://all";
    EXPECT_EQ(load().endpoint_url("s3"), "http://all");
    fake.variables["AWS_ENDPOINT_URL_S3"] = "http://s3";
    EXPECT_EQ(load().endpoint_url("s3"), "http://s3");
    EXPECT_EQ(load().endpoint_url("sts"), "http://all");
    fake.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
    EXPECT_EQ(load().endpoint_url("s3"), std::nullopt);
}

TEST_F(AwsConfigTest, ca_bundle_and_addressing_style) {
    fake.files[kConfig] = "[default]\nca_bundle = /ca\ns3 =\n  addressing_style = virtual\n";
    EXPECT_EQ(load().ca_bundle(), "/ca");
    fake.variables["AWS_CA_BUNDLE"] = "/ca2";
    EXPECT_EQ(load().ca_bundle(), "/ca2");
    EXPECT_EQ(*load().address_style(), AddressStyle::Virtual);
    fake.files[kConfig] = "[default]\ns3 =\n  addressing_style = odd\n";
    EXPECT_EQ(load().address_style().error().message(),
              "use profile default: addressing_style is 'odd'; allowed are auto, path and virtual");
    fake.files.clear();
    EXPECT_EQ(*load().address_style(), AddressStyle::Auto);
}

TEST_F(AwsConfigTest, reload_sees_what_has_changed) {
    fake.files[kCredentials] = "[a]\naws_access_key_id = one\n";
    AwsConfig config = load("a");
    fake.files[kCredentials] = "[a]\naws_access_key_id = two\n";
    auto fresh = config.reload();
    ASSERT_TRUE(fresh);
    EXPECT_EQ(fresh->credentials_section("a")->find("aws_access_key_id"), "two");
    EXPECT_TRUE(fresh->profile_is_option());
    EXPECT_EQ(config.credentials_section("a")->find("aws_access_key_id"), "one");
}

TEST(SystemSurroundings, read_real_files_and_variables) {
    std::string path = testing::TempDir() + "godwit_aws_config_test";
    std::FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_TRUE(file);
    std::fputs("[default]\n", file);
    std::fclose(file);
    Surroundings real = system_surroundings();
    EXPECT_EQ(*real.read_file(path), "[default]\n");
    std::remove(path.c_str());
    EXPECT_EQ(real.read_file(path).error().kind(), ErrorKind::NotFound);
    EXPECT_FALSE(real.read_file("/"));
    EXPECT_EQ(real.read_file("/dev/zero").error().kind(), ErrorKind::Invalid);
    EXPECT_TRUE(real.variable("PATH"));
    EXPECT_EQ(real.variable("GODWIT_TEST_NOBODY_SETS_THIS"), std::nullopt);
}

}  // namespace
}  // namespace godwit::s3
